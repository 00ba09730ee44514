"""Nothing comes in; the name of this process, and whether the process of a name has ended on this machine, go out."""

from __future__ import annotations

import os
import socket
from pathlib import Path

_SEPARATOR = " "
_BOOT = Path("/proc/sys/kernel/random/boot_id")
# Which field behind the state tells it.
_START_TIME = 18


def this_process() -> str | None:
    """A name that no other process has, here or elsewhere, before or after; None where the system does not tell one."""
    number = os.getpid()
    try:
        started = _started(number)
        return None if started is None else _SEPARATOR.join((*_machine(), str(number), started))
    except OSError:
        return None


def has_ended(name: str) -> bool:
    """Whether the process of this name was one of this machine and is none any more; False where that is not known."""
    *machine, boot, number, started = name.split(_SEPARATOR)
    try:
        *here, boot_here = _machine()
        if machine != here:
            return False
        return boot != boot_here or (_started(int(number)) != started and not _is_hidden(int(number)))
    except (OSError, ValueError):
        return False


def _machine() -> tuple[str, str, str]:
    """The name of the machine, of the space in which its processes are numbered, and of its last start."""
    return socket.gethostname(), str(Path("/proc/self/ns/pid").readlink()), _BOOT.read_text().strip()


def _is_hidden(number: int) -> bool:
    """Whether it is a process of another user, of which the system tells no more than that it is there."""
    if Path(f"/proc/{number}").exists():
        return False
    try:
        os.kill(number, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True


def _started(number: int) -> str | None:
    """When a process began, in ticks since the machine did; None for one that is none, or waits to be buried."""
    try:
        line = Path(f"/proc/{number}/stat").read_text()
    except OSError:
        return None
    state, *rest = line[line.rindex(")") + 2 :].split()
    return None if state in "ZX" else rest[_START_TIME]
