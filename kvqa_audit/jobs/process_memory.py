"""The id of a process comes in; what it and all its descendants hold of the machine's memory goes out."""

from __future__ import annotations

from pathlib import Path


def memory_mb_of(pid: int) -> float:
    """The proportional set sizes of a process and its descendants, in MB; 0 where the system does not tell them."""
    return sum(_pss_kb(one) for one in (pid, *_descendants(pid))) / 1024


def _descendants(pid: int) -> set[int]:
    parents = {int(entry.name): _parent(entry) for entry in Path("/proc").glob("[0-9]*")}
    found = {pid}
    while more := {child for child, parent in parents.items() if parent in found} - found:
        found |= more
    return found - {pid}


def _parent(entry: Path) -> int:
    try:
        return int((entry / "stat").read_text().rpartition(")")[2].split()[1])
    except (OSError, IndexError, ValueError):
        return 0  # it ended in between


def _pss_kb(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("Pss:")), 0)
