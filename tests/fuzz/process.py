"""A command comes in and is called in a process of its own; how it ended, what it said and what it took go out.

The process is forked from this one, which has imported the engines and started nothing; so a call costs no import.
"""

from __future__ import annotations

import atexit
import contextlib
import ctypes
import os
import pickle
import resource
import signal
import socket
import sys
import tempfile
import time
import traceback
import weakref
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, TypeVar

T = TypeVar("T")
# What nothing comes near, however busy the machine is, unless it waits for something that never comes.
MAX_SECONDS = 900
_CLONE_NEWNET, _PR_SET_CHILD_SUBREAPER = 0x40000000, 36
_GRACE_SECONDS = 10
_MOST_BYTES = 6 * 2**30


@dataclass(frozen=True)
class Outcome:
    """How a process ended.

    `cpu_seconds` is what it and its children worked; `largest_mb` is the resident memory of the largest of them.
    """

    code: int
    said: str
    seconds: float
    cpu_seconds: float
    largest_mb: float
    left: int = 0
    connections: int = 0


def import_engines() -> None:
    """Imports all that the commands import when they work, and starts no thread of theirs."""
    os.environ.update(dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1"))
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    import cleanlab.rank  # noqa: F401
    import duckdb  # noqa: F401
    import great_expectations  # noqa: F401
    import pyarrow.parquet  # noqa: F401
    import sklearn.linear_model  # noqa: F401
    import sqlalchemy  # noqa: F401

    from kvqa_audit.contracts import row_schema  # noqa: F401
    from kvqa_audit.pipeline import publish  # noqa: F401


def adopt_orphans() -> None:
    """Makes this process the parent of what its children leave behind."""
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def leave_the_network() -> bool:
    """Gives this process and its children a network without routes, where the system lets us."""
    return ctypes.CDLL(None, use_errno=True).unshare(_CLONE_NEWNET) == 0


def tries_to_connect() -> int:
    """What the kernel counted of attempts to leave this network, since it was made."""
    names, values = (line.split() for line in Path("/proc/net/snmp").read_text().splitlines() if line[:3] == "Ip:")
    six = dict(line.split() for line in Path("/proc/net/snmp6").read_text().splitlines())
    counted = {**dict(zip(names, values, strict=True)), **six}
    wanted = ("OutNoRoutes", "OutRequests", "Ip6OutNoRoutes", "Ip6OutRequests")
    return sum(int(counted.get(name, 0)) for name in wanted)


def in_a_fork(function: Callable[..., T], *arguments: Any) -> T:
    """Calls a function in a fork, so that no thread of a library is left in this process; gives its result."""
    with tempfile.TemporaryFile() as file:
        pid = os.fork()
        if pid == 0:
            code = 1
            try:
                pickle.dump(function(*arguments), file)
                file.flush()
                code = 0
            except BaseException:  # noqa: BLE001 - it must not go on as a second harness
                traceback.print_exc()
            finally:
                os._exit(code)
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0, f"{function} failed"
        file.seek(0)
        return pickle.load(file)  # type: ignore[no-any-return]


def called(
    words: list[str],
    cwd: Path,
    environment: Mapping[str, str | None],
    *prepare: Callable[[], None],
    most_seconds: float = MAX_SECONDS,
) -> Outcome:
    """Calls the program in a fork, with these variables changed, and what is to be called in the fork before it.

    It is killed after `most_seconds`.
    """
    from kvqa_audit.__main__ import main

    def work() -> None:
        weakref.finalize._registry.clear()  # what this process keeps until its end is not the fork's to remove
        _set(environment)
        os.chdir(cwd)
        tempfile.tempdir = None
        for one in prepare:
            one()
        sys.argv = ["kvqa-audit", *words]
        try:
            main()
        finally:
            atexit._run_exitfuncs()
            sys.stdout.flush()
            sys.stderr.flush()

    return ended(lambda said: _forked(work, said), most_seconds)


def ended(start: Callable[[IO[bytes]], int], most_seconds: float = MAX_SECONDS) -> Outcome:
    """Waits for the process that `start` begins, which says what it says into the file; and for all it left behind."""
    with tempfile.TemporaryFile() as said:
        started, connections = time.monotonic(), tries_to_connect()
        pid = start(said)
        _, status, used = _waited_for(pid, most_seconds)
        seconds, cpu_seconds = time.monotonic() - started, used.ru_utime + used.ru_stime
        left = _left_behind()
        said.seek(0)
        told = said.read().decode("utf-8", "replace")
    code = os.waitstatus_to_exitcode(status)
    return Outcome(code, told, seconds, cpu_seconds, used.ru_maxrss / 1024, left, tries_to_connect() - connections)


def _forked(work: Callable[[], None], said: IO[bytes]) -> int:
    pid = os.fork()
    if pid:
        return pid
    code: object = 0
    try:
        os.setsid()
        with Path(os.devnull).open("rb") as nothing:
            os.dup2(nothing.fileno(), 0)
        for descriptor in (1, 2):
            os.dup2(said.fileno(), descriptor)
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_DATA, (_MOST_BYTES, _MOST_BYTES))  # spares the machine
        work()
    except SystemExit as end:
        code = end.code or 0
    except BaseException:  # noqa: BLE001 - as above
        traceback.print_exc()
        code = 99
    finally:
        os._exit(code if isinstance(code, int) else 98)


def _waited_for(pid: int, most_seconds: float) -> tuple[int, int, resource.struct_rusage]:
    until = time.monotonic() + most_seconds
    while True:
        found = os.wait4(pid, os.WNOHANG)
        if found[0]:
            return found
        if time.monotonic() > until:
            os.kill(pid, signal.SIGKILL)
            return os.wait4(pid, 0)
        time.sleep(0.005)


def _left_behind() -> int:
    """How many processes are there still a while after the one that started them has ended; they are ended here."""
    until = time.monotonic() + _GRACE_SECONDS
    while True:
        with contextlib.suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        children = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
        if not children or time.monotonic() > until:
            break
        time.sleep(0.02)
    for child in children:
        with contextlib.suppress(ProcessLookupError):
            os.kill(int(child), signal.SIGKILL)
    return len(children)


def _set(environment: Mapping[str, str | None]) -> None:
    for name, value in environment.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value


def refuse_connections() -> None:
    """For where `leave_the_network` cannot: what Python code of this very process tries is an error then."""
    socket.socket.connect = _refuse  # type: ignore[method-assign]


def _refuse(*_: object) -> None:
    raise AssertionError("a connection was tried")
