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
from collections.abc import Callable, Sequence
from functools import partial
from typing import NoReturn

from kvqa_audit.engine.call import answer_call
from kvqa_audit.engine.child import serve

# What is asked for, the process to wait for, and the limits of a fork: seconds an item may take, MB it may use.
REQUEST = struct.Struct("<cqdq")
ANSWER = struct.Struct("<q")
FORK, FORK_FOR_CALL, WAIT = b"f", b"c", b"w"
FAILED = -1


def serve_forks(control_descriptor: str, modules: str) -> None:
    """Answers requests, one after the other, until the socket ends.

    Args:
        control_descriptor: of the socket, in figures.
        modules: names of what to import first, with commas between them.
    """
    control = socket.socket(fileno=int(control_descriptor))
    gc.disable()  # to look through what is being imported takes a fifth of the time of the import
    for module in filter(None, modules.split(",")):
        importlib.import_module(module)
    gc.freeze()
    gc.enable()
    while True:
        request, descriptors, _, _ = socket.recv_fds(control, REQUEST.size, 2)
        if len(request) < REQUEST.size:
            return
        kind, pid, timeout_seconds, memory_mb = REQUEST.unpack(request)
        if kind == WAIT:
            answer = _exit_code(pid)
        elif kind == FORK:
            connection, page = descriptors
            answer = _forked(control, descriptors, partial(serve, connection, page, timeout_seconds, memory_mb))
        else:
            call, outcome = descriptors
            answer = _forked(control, descriptors, partial(answer_call, call, outcome))
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            control.sendall(ANSWER.pack(answer))
        if kind == FORK_FOR_CALL and answer != FAILED:
            os.waitid(os.P_PID, answer, os.WEXITED | os.WNOWAIT)  # two at once would need the memory of two


def _forked(control: socket.socket, descriptors: Sequence[int], work: Callable[[], None]) -> int:
    """The process id of a fork that does the work, which the descriptors are for."""
    try:
        pid = os.fork()
    except OSError:
        pid = FAILED
    if pid == 0:
        control.close()
        _live(work)
    for descriptor in descriptors:
        os.close(descriptor)
    return pid


def _live(work: Callable[[], None]) -> NoReturn:
    code = 1
    try:
        work()
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
