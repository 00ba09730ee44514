"""Seconds and a seed come in; hostile inputs are tried for so long, and every broken promise goes out, with its seed.

`python -m tests.fuzz.fuzz --seconds 60 --seed 1` from the project's folder. A try is a seed and a number; `--only N`
tries that one again, and `--keep` leaves what it was tried on.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from tests.fuzz import audits, descriptions, faults, pictures, places, process, services, sources, tables
from tests.fuzz.case import Case, Try, draw_sound_case
from tests.fuzz.faults import FAULTS
from tests.fuzz.process import Outcome
from tests.fuzz.texts import CANARY

Kind = Callable[[random.Random, Case], Try]
Snapshot = dict[str, tuple[int, ...]]
MAX_CPU_SECONDS = 145
MAX_MB = 2_600  # a guarded child may have 2,048 MB of its own, beside what it shares
# How often each is tried once all were: an audit with pictures costs as much as a hundred readings of a table.
KINDS: dict[Kind, int] = {
    tables.table: 6, tables.quotes: 3, tables.other_format: 3, tables.arrow: 3, tables.odd_file: 4,
    descriptions.description: 6, descriptions.rule: 4, descriptions.promise: 3, descriptions.decisions: 4,
    descriptions.fix: 3, audits.record: 5, audits.artifact: 4, audits.store: 3, pictures.picture: 2, pictures.bomb: 2,
    places.name: 3, places.environment: 3, faults.fault: 1,
    sources.saved: 5, sources.folders: 4, sources.nested: 4, sources.lines: 3, sources.manifest: 3,
    sources.embeddings: 3, sources.bombs: 2, services.archive: 3, services.service: 3, services.plan: 3,
    services.kept: 2, services.reviews: 4, services.card: 2,
}  # fmt: skip


@dataclass
class Tally:
    """What was tried, how it ended, the most that one took, and what was broken."""

    kinds: Counter[str] = field(default_factory=Counter)
    codes: Counter[int] = field(default_factory=Counter)
    seconds: float = 0
    largest_mb: float = 0
    broken: int = 0

    def add(self, kind: str, outcome: Outcome) -> None:
        self.kinds[kind] += 1
        self.codes[outcome.code] += 1
        self.seconds = max(self.seconds, outcome.cpu_seconds)
        self.largest_mb = max(self.largest_mb, outcome.largest_mb)


def kind_of(seed: int, number: int) -> Kind:
    """The kind of a try: first each once, in an order of this seed's, then by their weights."""
    order = list(KINDS)
    random.Random(f"{seed}").shuffle(order)
    if number < len(order):
        return order[number]
    return random.Random(f"{seed} {number} kind").choices(order, [KINDS[kind] for kind in order])[0]


def snapshot(folder: Path) -> Snapshot:
    """Every file, link and folder below a folder, with what would tell that it was written."""
    found = {}
    for path in folder.rglob("*"):
        stat = path.lstat()
        is_folder = path.is_dir() and not path.is_symlink()
        found[str(path)] = (stat.st_mode,) if is_folder else (stat.st_ino, stat.st_size, stat.st_mtime_ns)
    return found


def violations(case: Case, tried: Try, outcome: Outcome, before: Snapshot, after: Snapshot) -> list[str]:
    """What is broken of what is promised of every input."""
    found = []
    # A copy that could not be proven to be right is told of by 3, whatever the program did.
    is_unproven = outcome.code == 3 and "the proof DOES NOT HOLD" in outcome.said
    if outcome.code not in tried.codes and not is_unproven:
        found.append(f"exit code {outcome.code}")
    if "Traceback" in outcome.said and 3 not in tried.codes:
        found.append("a stack trace")
    if outcome.cpu_seconds > MAX_CPU_SECONDS:
        found.append(f"{outcome.cpu_seconds:.0f} s")
    if outcome.largest_mb > MAX_MB:
        found.append(f"{outcome.largest_mb:,.0f} MB")
    if outcome.left:
        found.append(f"{outcome.left} processes were left")
    if outcome.connections:
        found.append(f"{outcome.connections} connections were tried")
    if CANARY in {Path(name).name for name in after.keys() - before.keys()}:
        found.append("something was executed")
    if left := [name for name in after if Path(name).name.startswith(".") and name.endswith(".part")]:
        found.append(f"a temporary file was left: {left}")
    if changed := _changed(case, tried, before, after):
        found.append(f"something else was written: {changed}")
    return found


def _changed(case: Case, tried: Try, before: Snapshot, after: Snapshot) -> list[str]:
    # A cache that is a link lies where the link leads: whoever named it may have put it elsewhere.
    allowed = tuple(map(str, (*tried.writes, case.cache, os.path.realpath(case.cache))))
    names = sorted({name for name, _ in before.items() ^ after.items()})
    return [name for name in names if not name.startswith(allowed)]


def one_try(seed: int, number: int, place: Path, prepare: Callable[[], None]) -> tuple[Outcome, list[str]]:
    """Tries one input on a case that is there; gives how it ended, and what was broken."""
    case, kind = Case(place / "case"), kind_of(seed, number)
    tried: Try = process.in_a_fork(kind, random.Random(f"{seed} {number}"), case)
    before = snapshot(place)
    if tried.setting:
        outcome = process.ended(lambda said: places.start(tried.words, case, places.SETTINGS[tried.setting], said))
    else:
        inject = FAULTS[tried.fault][0] if tried.fault else nothing
        outcome = process.called(tried.words, case.cwd, case.environment(), prepare, inject)
    found = violations(case, tried, outcome, before, snapshot(place))
    if outcome.code in (0, 1) and not found:
        found += process.in_a_fork(tried.accounts, case, outcome)
    told = " ".join(tried.words)
    return outcome, [f"{one} [{tried.setting or tried.fault}: {told}]" for one in found]


def nothing() -> None:
    pass


def tell(text: str) -> None:
    sys.stdout.write(text.encode("utf-8", "backslashreplace").decode() + "\n")
    sys.stdout.flush()


def main_of_the_fuzz() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", type=int)
    parser.add_argument("--keep", type=Path, help="An absent folder for what the one try is tried on.")
    asked = parser.parse_args()
    process.adopt_orphans()
    is_alone = process.leave_the_network()
    process.import_engines()
    tally = Tally()
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        sound, place = Path(folder) / "sound", Path(folder) / "tries"
        draw_sound_case(sound, Path.cwd())
        shutil.rmtree(Case(sound).cache)
        until, number = time.monotonic() + asked.seconds, asked.only or 0
        while time.monotonic() < until:
            shutil.copytree(sound, place / "case")
            outcome, found = one_try(asked.seed, number, place, nothing if is_alone else process.refuse_connections)
            tally.add(kind_of(asked.seed, number).__name__, outcome)
            if found:
                tally.broken += 1
                tell(f"seed {asked.seed}, try {number}, {kind_of(asked.seed, number).__name__}: {'; '.join(found)}")
                tell(outcome.said[-1500:])
            if asked.only is not None:
                if asked.keep:
                    shutil.copytree(place, asked.keep, symlinks=True)
                tell(outcome.said)
                break
            shutil.rmtree(place)
            number += 1
    report(asked.seed, tally, is_alone=is_alone)
    return 1 if tally.broken else 0


def report(seed: int, tally: Tally, *, is_alone: bool) -> None:
    kinds = ", ".join(f"{kind} {count}" for kind, count in sorted(tally.kinds.items()))
    codes = ", ".join(f"{code}: {count}" for code, count in sorted(tally.codes.items()))
    how = "counted by the kernel in a network without routes" if is_alone else "in this process alone, by a hook"
    tell(f"seed {seed}: {tally.kinds.total()} tries ({kinds}), {tally.broken} violations")
    tell(
        f"exit codes {codes}; at most {tally.seconds:.0f} s of work and {tally.largest_mb:,.0f} MB; connections: {how}"
    )
    if missed := {kind.__name__ for kind in KINDS} - tally.kinds.keys():
        tell(f"too short for: {', '.join(sorted(missed))}")


if __name__ == "__main__":
    os.environ.pop("KVQA_AUDIT_STORE", None)
    sys.exit(main_of_the_fuzz())
