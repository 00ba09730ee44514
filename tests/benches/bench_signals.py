"""Commands, moments and signals come in; how long each command goes on after a signal, and what it leaves, goes out.

`python -m tests.benches.bench_signals [--moments 3] [--seed 1] [--only COMMAND]` from the project's folder.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from tests.fuzz.case import Case, draw_sound_case
from tests.fuzz.kill_matrix import COMMANDS, fresh, state
from tests.processes import descendants, interruptible, is_alive

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@dataclass(frozen=True)
class Ended:
    """How a process ended: None where it was done before the signal came."""

    seconds: float | None
    code: int
    said: str
    orphans: int


def started(words: list[str], at: Path) -> subprocess.Popen[bytes]:
    environment = {**os.environ, **Case(at).environment(), "PYTHONPATH": str(Path.cwd())}
    return subprocess.Popen(
        interruptible("-m", "kvqa_audit", *words),
        env=environment,
        cwd=at / "cwd",
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )


def signalled(words: list[str], at: Path, number: signal.Signals, after_seconds: float) -> Ended:
    """Sends the signal so many seconds after the start, and waits for the end of all that was started."""
    with started(words, at) as process:
        try:
            process.wait(after_seconds)
        except subprocess.TimeoutExpired:
            children = descendants(process.pid)
            process.send_signal(number)
            sent = time.monotonic()
            said, _ = process.communicate()
            seconds = time.monotonic() - sent
            time.sleep(0.2)
            orphans = sum(map(is_alive, children))
            return Ended(seconds, process.returncode, said.decode(), orphans)
        said, _ = process.communicate()
    return Ended(None, process.returncode, said.decode(), 0)


def faults(ended: Ended, number: signal.Signals, at: Path, known: tuple[dict[str, str], ...]) -> list[str]:
    """What is not as it should be: `known` are the files before the command, and after one that ended by itself."""
    found = []
    if ended.seconds is not None and ended.code not in (128 + number, -number):
        found.append(f"exit code {ended.code}")
    if "Traceback" in ended.said:
        found.append("a stack trace")
    if ended.orphans:
        found.append(f"{ended.orphans} processes were left")
    if left := [path.name for path in at.rglob(".*.part")]:
        found.append(f"left {left}")
    now = state(at)
    if not any(all(other.get(name) == digest for name, digest in now.items()) for other in known):
        found.append("files that belong to neither state")
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--moments", type=int, default=3)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", choices=COMMANDS)
    asked = parser.parse_args()
    longest, tries, broken = 0.0, 0, 0
    with tempfile.TemporaryDirectory() as folder:
        sound, at = Path(folder) / "sound", Path(folder) / "at"
        draw_sound_case(sound, Path.cwd())
        for name, words in COMMANDS.items():
            if asked.only not in (None, name):
                continue
            fresh(sound, at, name)
            before, since = state(at), time.monotonic()
            with started(words(at), at) as process:
                process.communicate()
            whole = time.monotonic() - since
            known = (before, {**before, **state(at)})
            of_command = 0.0
            rng = random.Random(f"{asked.seed} {name}")
            for moment in range(asked.moments):
                for number in SIGNALS:
                    fresh(sound, at, name)
                    after = (moment + rng.random()) * whole / asked.moments
                    ended = signalled(words(at), at, number, after)
                    tries += 1
                    of_command = max(of_command, ended.seconds or 0)
                    for fault in faults(ended, number, at, known):
                        broken += 1
                        sys.stdout.write(f"{name}, {number.name} after {after:.2f} s: {fault}\n{ended.said[-500:]}\n")
            longest = max(longest, of_command)
            sys.stdout.write(f"{name}: whole {whole:.1f} s; at most {of_command:.2f} s after a signal\n")
            sys.stdout.flush()
    sys.stdout.write(f"{tries} signals, {broken} faults; longest {longest:.2f} s after the signal\n")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
