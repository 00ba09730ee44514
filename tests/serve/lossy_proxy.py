"""The address of a server comes in; a place that passes requests on, loses an answer, or is away, goes out."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from urllib.parse import urlsplit


@dataclass
class LossyProxy:
    """Stands between a browser and a server.

    `lose_answer_to`: the answer to the next request that begins so is lost once the server has given it, and from then
    on the server `is_away`.
    """

    server: tuple[str, int]
    listening: socket.socket
    lose_answer_to: bytes = b""
    is_away: bool = False
    lost: int = 0
    _open: list[socket.socket] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.listening.getsockname()[1]}"

    def be_away(self) -> None:
        """Closes every connection, and takes none."""
        self.is_away = True
        for one in self._open:
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def serve(self) -> None:
        while True:
            try:
                browser, _ = self.listening.accept()
            except OSError:
                return
            if self.is_away:
                browser.close()
                continue
            threading.Thread(target=self._pass_on, args=(browser,), daemon=True).start()

    def _pass_on(self, browser: socket.socket) -> None:
        with suppress(OSError), browser, socket.create_connection(self.server) as server:
            self._open += [browser, server]
            doomed = threading.Event()
            back = threading.Thread(target=self._answer, args=(server, browser, doomed), daemon=True)
            back.start()
            while part := browser.recv(1 << 16):
                if self.lose_answer_to and part.startswith(self.lose_answer_to):
                    doomed.set()
                server.sendall(part)
            server.shutdown(socket.SHUT_WR)
            back.join()

    def _answer(self, server: socket.socket, browser: socket.socket, doomed: threading.Event) -> None:
        with suppress(OSError):
            while part := server.recv(1 << 16):
                if doomed.is_set():
                    self.lost += 1
                    self.be_away()
                    return
                browser.sendall(part)


@contextmanager
def lossy_proxy(url: str) -> Iterator[LossyProxy]:
    """A proxy before a server, on a free port of this machine."""
    place = urlsplit(url)
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(64)
        proxy = LossyProxy((str(place.hostname), int(place.port or 80)), listening)
        threading.Thread(target=proxy.serve, daemon=True).start()
        try:
            yield proxy
        finally:
            proxy.be_away()
            with suppress(OSError):
                listening.shutdown(socket.SHUT_RDWR)
