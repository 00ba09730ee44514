"""Process ids and commands come in; who is alive, who descends from whom, and commands that Ctrl-C reaches, go out."""

from __future__ import annotations

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


def descendants(pid: int) -> set[int]:
    """The living children of a process, their children, and so on."""
    parents = {
        int(entry.name): int(stat[1])
        for entry in Path("/proc").iterdir()
        if entry.name.isdigit() and (stat := _stat(int(entry.name))) is not None and stat[0] != "Z"
    }
    found = {pid}
    while more := {child for child, parent in parents.items() if parent in found} - found:
        found |= more
    return found - {pid}


def wait_until(condition: Callable[[], object]) -> None:
    """Waits as long as it takes, but not for ever."""
    until = time.monotonic() + GIVE_UP_SECONDS
    while not condition():
        assert time.monotonic() < until, "it did not come to pass"
        time.sleep(0.02)


def _stat(pid: int) -> list[str] | None:
    """The fields of /proc/PID/stat from the state on; None where there is no such process."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
