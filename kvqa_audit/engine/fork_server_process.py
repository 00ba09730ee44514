"""Requests come in over a socket; forks of this process, and what they ended with, go out.

It runs in a process of its own that does nothing else and has no threads, so that forking it is safe, and that has
imported what its forks will need, so that they cost next to nothing. It ends, with all its forks, when the socket does.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import os
import select
import signal
import socket
import struct
import sys
import traceback
from collections.abc import Callable, Sequence
from functools import partial
from typing import NoReturn

from kvqa_audit.engine import child
from kvqa_audit.engine.call import answer_call
from kvqa_audit.process import end_with, outlive_parent

# What is asked for, the process to wait for, and the MB that a fork may use.
REQUEST = struct.Struct("<cqq")
ANSWER = struct.Struct("<q")
FORK, FORK_FOR_CALL, WAIT = b"f", b"c", b"w"
FAILED = -1


def serve_forks(control_descriptor: str, parent: str, modules: str) -> None:
    """Answers requests, one after the other, until the socket ends.

    Args:
        control_descriptor: of the socket, in figures.
        parent: the process at the other end of the socket, in figures.
        modules: names of what to import first, with commas between them.
    """
    control = socket.socket(fileno=int(control_descriptor))
    end_with(int(parent))  # the signal comes with the end of the parent's thread, so only while the socket is not read
    gc.disable()  # to look through what is being imported takes a fifth of the time of the import
    for module in filter(None, modules.split(",")):
        importlib.import_module(module)
    gc.freeze()
    gc.enable()
    outlive_parent()
    while True:
        request, descriptors, _, _ = socket.recv_fds(control, REQUEST.size, 2)
        if len(request) < REQUEST.size:
            _end_all()
        kind, pid, memory_mb = REQUEST.unpack(request)
        if kind == WAIT:
            _send(control, _exit_code(pid))
        elif kind == FORK:
            connection, page = descriptors
            _send(control, _forked(control, descriptors, partial(child.main, connection, page, memory_mb)))
        else:
            ended, theirs = os.pipe()  # the fork holds the other end for as long as it lives
            call, outcome = descriptors
            _send(control, _forked(control, (call, outcome, theirs), partial(answer_call, call, outcome)))
            _wait_for_end_of_call(control, ended)


def _wait_for_end_of_call(control: socket.socket, ended: int) -> None:
    """Waits until the fork for a call has ended: two at once would need the memory of two."""
    poll = select.poll()
    poll.register(control, 0)  # of either the closed other end alone is told
    poll.register(ended, 0)
    if control.fileno() in dict(poll.poll()):
        _end_all()
    os.close(ended)


def _end_all() -> NoReturn:
    os.killpg(0, signal.SIGKILL)  # this process leads the group of its forks
    os._exit(1)


def _send(control: socket.socket, answer: int) -> None:
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        control.sendall(ANSWER.pack(answer))


def _forked(control: socket.socket, descriptors: Sequence[int], work: Callable[[], None]) -> int:
    """The process id of a fork that does the work, which the descriptors are for."""
    parent = os.getpid()
    try:
        pid = os.fork()
    except OSError:
        pid = FAILED
    if pid == 0:
        control.close()
        _live(parent, work)
    for descriptor in descriptors:
        os.close(descriptor)
    return pid


def _live(parent: int, work: Callable[[], None]) -> NoReturn:
    code = 1
    try:
        end_with(parent)
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
