"""Requests come in over a socket; forks of this process, and what they ended with, go out.

It runs in a process of its own that does nothing else and has no threads, so that forking it is safe, and that has
imported what its forks will need, so that they cost next to nothing.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import os
import signal
import socket
import struct
import sys
import traceback
from collections.abc import Sequence
from typing import NoReturn

from kvqa_audit.engine.child import serve

# What is asked for, the process to wait for, and the limits of a fork: seconds an item may take, MB it may use.
REQUEST = struct.Struct("<cqdq")
ANSWER = struct.Struct("<q")
FORK, WAIT = b"f", b"w"
FAILED = -1


def serve_forks(control_descriptor: str, module: str) -> None:
    """Answers requests, one after the other, until the socket ends.

    Args:
        control_descriptor: of the socket, in figures.
        module: what to import first, or nothing.
    """
    control = socket.socket(fileno=int(control_descriptor))
    if module:
        importlib.import_module(module)
    gc.freeze()
    while True:
        request, descriptors, _, _ = socket.recv_fds(control, REQUEST.size, 2)
        if len(request) < REQUEST.size:
            return
        kind, pid, timeout_seconds, memory_mb = REQUEST.unpack(request)
        answer = _forked(control, descriptors, timeout_seconds, memory_mb) if kind == FORK else _exit_code(pid)
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            control.sendall(ANSWER.pack(answer))


def _forked(control: socket.socket, descriptors: Sequence[int], timeout_seconds: float, memory_mb: int) -> int:
    """The process id of a fork that serves the connection and the page whose descriptors are given."""
    try:
        pid = os.fork()
    except OSError:
        pid = FAILED
    if pid == 0:
        control.close()
        _live(descriptors, timeout_seconds, memory_mb)
    for descriptor in descriptors:
        os.close(descriptor)
    return pid


def _live(descriptors: Sequence[int], timeout_seconds: float, memory_mb: int) -> NoReturn:
    code = 1
    try:
        connection, page = descriptors
        serve(connection, page, timeout_seconds, memory_mb)
        code = 0
    except BaseException:  # noqa: BLE001 - a fork must never go on as what it was forked from
        traceback.print_exc()
        sys.stderr.flush()
    finally:
        os._exit(code)


def _exit_code(pid: int) -> int:
    """What a fork ended with, as subprocess tells it: negative for a signal."""
    try:
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    except ChildProcessError:
        return -signal.SIGKILL
