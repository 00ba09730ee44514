"""Paths and what to do with them come in; a web server that cuts, waits and refuses runs on this machine meanwhile."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Asked:
    """The server's address, and every path that it was asked for, in order."""

    url: str
    paths: list[str] = field(default_factory=list)


@contextmanager
def serving(data: bytes, faults: Mapping[str, str]) -> Iterator[Asked]:
    """Answers each path with the same bytes.

    Args:
        data: the bytes.
        faults: path → a status such as 503 (`503 once` but the first time), `cut`, `cut once`, `hang` until the end,
            or a number of bytes that is told as the length.
    """
    ended = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: Any) -> None:
            pass

        def do_GET(self) -> None:
            path = self.path.partition("?")[0]
            fault = faults.get(path, "")
            is_again = path in asked.paths
            asked.paths.append(path)
            if fault.endswith(" once"):
                fault = "" if is_again else fault.removesuffix(" once")
            if fault == "hang":
                ended.wait()
            elif fault.isdecimal() and len(fault) == 3:
                self._begin(int(fault), 0)
            elif fault == "cut":
                self._begin(200, len(data))
                self.wfile.write(data[: len(data) // 2])
                self.wfile.flush()
                self.connection.close()
            else:
                self._begin(200, int(fault or len(data)))
                self.wfile.write(data)

        def do_PROPFIND(self) -> None:
            asked.paths.append(self.path)
            self._begin(405, 0)

        def _begin(self, status: int, length: int) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(length))
            self.end_headers()

    class Server(ThreadingHTTPServer):
        def handle_error(self, *_: Any) -> None:
            """A client that went away is part of what is tried."""

    with Server(("127.0.0.1", 0), Handler) as server:
        asked = Asked(f"http://127.0.0.1:{server.server_port}")
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield asked
        finally:
            ended.set()
            server.shutdown()
            thread.join()
