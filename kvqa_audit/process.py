"""A started process comes in; one that ends with its own exit code, whatever is closed, full or signalled, goes out.

Exit codes are the program's word: neither a closed pipe nor a signal may turn one into another.
"""

from __future__ import annotations

import ctypes
import gc
import io
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any, TextIO

from kvqa_audit.errors import KvqaAuditError

ENDING = tuple(getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name))
ENDED_BY = {128 + number: number.name for number in (*ENDING, signal.SIGINT)}
_GRACE_SECONDS = 1.5
_COLLECT_AFTER_OBJECTS = 50_000
_MIN_ADDRESS_SPACE_MB = 3072
_PR_SET_PDEATHSIG = 1


class _Forgiving(io.RawIOBase):
    """Writes to a descriptor as far as that takes it: what nobody reads, or a full disk refuses, is let go."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._descriptor

    def isatty(self) -> bool:
        return os.isatty(self._descriptor)

    def write(self, data: Any) -> int:
        left = memoryview(data).cast("B")
        size = len(left)
        try:
            while left:
                left = left[os.write(self._descriptor, left) :]
        except OSError:
            pass
        return size


def open_standard_streams() -> None:
    """Gives a process whose standard streams are closed or full streams that nothing breaks off at."""
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest free number, which a file of the audit would get else
    sys.stdin = sys.stdin or open(0, encoding="utf-8", closefd=False)  # noqa: SIM115 - open as long as the process
    sys.stdout, sys.stderr = _forgiving(1, sys.stdout), _forgiving(2, sys.stderr)


def _forgiving(descriptor: int, stream: TextIO | None) -> TextIO:
    raw = _Forgiving(descriptor)
    encoding = "utf-8" if stream is None else stream.encoding
    return io.TextIOWrapper(
        io.BufferedWriter(raw), encoding, "backslashreplace", line_buffering=raw.isatty() or descriptor == 2
    )


@contextmanager
def collecting_seldom() -> Iterator[None]:
    """Within, garbage is looked for after 50,000 new objects, not 700: nearly all that is made stays.

    That spares an audit of 106,000 rows a tenth of its time, and costs no memory to speak of.
    """
    before = gc.get_threshold()
    gc.set_threshold(_COLLECT_AFTER_OBJECTS, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)


@contextmanager
def ended_by_signals() -> Iterator[None]:
    """Within, SIGTERM and SIGHUP unwind like Ctrl-C and end in 128 + n; what does not unwind in time is ended."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    read, write = os.pipe()
    os.set_blocking(write, False)
    before = signal.set_wakeup_fd(write, warn_on_full_buffer=False)
    handlers = {number: signal.getsignal(number) for number in ENDING}
    for number, handler in handlers.items():
        if handler is signal.SIG_DFL:
            signal.signal(number, _unwind)
    # An engine may work on without looking at signals; a thread beside it does.
    threading.Thread(target=_end_in_time, args=(read,), name="signals", daemon=True).start()
    try:
        yield
    finally:
        signal.set_wakeup_fd(before)
        for number, handler in handlers.items():
            signal.signal(number, handler)
        os.close(write)


def _unwind(number: int, _: FrameType | None) -> None:
    raise SystemExit(128 + number)


def _end_in_time(read: int) -> None:
    while told := os.read(read, 1):
        if 128 + told[0] in ENDED_BY:
            time.sleep(_GRACE_SECONDS)
            os._exit(128 + told[0])
    os.close(read)


def end_with(parent: int) -> None:
    """Has the system kill this process as soon as its parent, or the parent's thread that made it, has ended."""
    _set_death_signal(signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)


def outlive_parent() -> None:
    """Undoes `end_with`."""
    _set_death_signal(0)


def _set_death_signal(number: int) -> None:
    if sys.platform == "linux":  # prctl(2); elsewhere the ends of the connections have to do
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, int(number))


def make_sure_there_is_a_folder() -> None:
    """
    Raises:
        KvqaAuditError: the current folder was removed; libraries look for it when they are imported.
    """
    try:
        os.getcwd()  # noqa: PTH109 - pathlib is one import more
    except OSError:
        raise KvqaAuditError("the current folder is not there any more; change to another one") from None


def make_sure_there_is_memory() -> None:
    """
    Raises:
        KvqaAuditError: the address space is limited to less than the engines need, which would end the process with 1.
    """
    if sys.platform == "win32":
        return
    import resource

    limit = resource.getrlimit(resource.RLIMIT_AS)[0]
    if limit != resource.RLIM_INFINITY and limit < _MIN_ADDRESS_SPACE_MB * 2**20:
        raise KvqaAuditError(
            f"this process may use {limit // 2**20:,} MB of addresses; an audit needs {_MIN_ADDRESS_SPACE_MB:,} MB; "
            "raise the limit (ulimit -v)"
        )
