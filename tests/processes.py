"""Process ids and commands come in; who is alive, who descends from whom, and commands that Ctrl-C reaches, go out."""

from __future__ import annotations

import socket
import sys
import time
from collections.abc import Callable
from pathlib import Path

# For what would else wait for ever; nothing that works comes near it, however busy the machine is.
GIVE_UP_SECONDS = 600

# A shell that starts something in the background lets it ignore SIGINT, and what that starts in turn does, too.
_WITH_SIGNALS = """
import os, signal, sys
for one in {}:
    signal.signal(one, signal.{})
os.execv(sys.argv[1], sys.argv[1:])
"""


def interruptible(*command: str) -> list[str]:
    """A command that runs a Python script as in the foreground, whatever this process ignores; its pid is the same."""
    return [
        sys.executable,
        "-c",
        _WITH_SIGNALS.format("(signal.SIGINT, signal.SIGTERM, signal.SIGHUP)", "SIG_DFL"),
        sys.executable,
        *command,
    ]


def in_the_background(*command: str) -> list[str]:
    """A command that runs a Python script as a shell script's `&` does: it ignores SIGINT."""
    return [sys.executable, "-c", _WITH_SIGNALS.format("(signal.SIGINT,)", "SIG_IGN"), sys.executable, *command]


def is_alive(pid: int) -> bool:
    """Whether a process is alive; one that is dead and that nobody has waited for is not."""
    return (stat := _stat(pid)) is not None and stat[0] != "Z"


def is_stopped(pid: int) -> bool:
    """Whether all threads of a process have stopped, by SIGSTOP or the like, or it is dead."""
    states = (_stat(int(thread.name), pid) for thread in Path(f"/proc/{pid}/task").iterdir())
    return all(stat is None or stat[0] in "TZX" for stat in states)


def children(pid: int) -> set[int]:
    """The living processes that a process has started itself."""
    return {child for child, parent in _parents().items() if parent == pid}


def descendants(pid: int) -> set[int]:
    """The living children of a process, their children, and so on."""
    parents = _parents()
    found = {pid}
    while more := {child for child, parent in parents.items() if parent in found} - found:
        found |= more
    return found - {pid}


def _parents() -> dict[int, int]:
    """Each living process, and the one that it is a child of."""
    return {
        int(entry.name): int(stat[1])
        for entry in Path("/proc").iterdir()
        if entry.name.isdigit() and (stat := _stat(int(entry.name))) is not None and stat[0] != "Z"
    }


def wait_until(condition: Callable[[], object]) -> None:
    """Waits as long as it takes, but not for ever."""
    until = time.monotonic() + GIVE_UP_SECONDS
    while not condition():
        assert time.monotonic() < until, "it did not come to pass"
        time.sleep(0.02)


def free_port() -> int:
    """A port of this machine that nobody listens at."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _stat(pid: int, of: int | None = None) -> list[str] | None:
    """The fields of /proc/PID/stat from the state on, or of a thread of a process; None where there is none such."""
    try:
        place = f"/proc/{pid}/stat" if of is None else f"/proc/{of}/task/{pid}/stat"
        return Path(place).read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
