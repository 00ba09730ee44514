"""Seconds and a seed come in; hostile inputs are tried for so long, and every broken promise goes out, with its seed.

`python -m tests.fuzz.fuzz --seconds 60 --seed 1` from the project's folder. A try is a seed and a number; `--only N`
tries that one again.
"""

from __future__ import annotations

import argparse
import io
import os
import random
import shutil
import signal
import socket
import sys
import tempfile
import time
from collections import Counter
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from unittest import mock

from kvqa_audit.__main__ import main
from kvqa_audit.demo import draw_demo
from tests.fuzz.inputs import CANARY, KINDS, Case

_ALLOWED = {0, 1, 2}
_MAX_SECONDS = 120


def _no_connection(*_: object, **__: object) -> None:
    raise AssertionError("a connection was tried")


def call(words: list[str]) -> tuple[int, str]:
    """Calls the program with these arguments; gives its exit code and all that it said."""
    said = io.TextIOWrapper(io.BytesIO(), "utf-8", "backslashreplace")
    with redirect_stdout(said), redirect_stderr(said), mock.patch.object(sys, "argv", ["kvqa-audit", *words]):
        try:
            main()
            code: object = 0
        except SystemExit as end:
            code = end.code or 0
    said.flush()
    assert isinstance(code, int)
    return code, said.buffer.getvalue().decode()  # type: ignore[attr-defined]


def sound_case(folder: Path, repository: Path) -> None:
    """Draws a small dataset, copies its description and audits it."""
    draw_demo(folder / "whole")
    images = folder / "data" / "images"
    images.mkdir(parents=True)
    lines = (folder / "whole" / "metadata.csv").read_text().splitlines(keepends=True)
    (folder / "data" / "metadata.csv").write_text("".join(lines[:40]))
    for path in sorted((folder / "whole" / "images").iterdir())[:4]:
        shutil.copyfile(path, images / path.name)
    shutil.copytree(repository / "expectations" / "kvasir-vqa", folder / "spec")
    code, said = call(["run", str(folder / "data"), "--out", str(folder / "audit"), "--subset", "-q", "--table-only"])
    assert code in _ALLOWED, said


def violations(case: Case, code: int, said: str, seconds: float, outside: set[str]) -> list[str]:
    """What is broken of what is promised of every input."""
    found = []
    if code not in _ALLOWED:
        found.append(f"exit code {code}")
    if "Traceback" in said:
        found.append("a stack trace")
    if seconds > _MAX_SECONDS:
        found.append(f"{seconds:.0f} s")
    if list(case.folder.rglob(CANARY)) or Path(CANARY).exists():
        found.append("something was executed")
    if left := [path.name for path in case.folder.rglob(".*.part")]:
        found.append(f"a temporary file was left: {left}")
    if new := {path.name for path in case.folder.parent.iterdir()} - outside:
        found.append(f"something was written outside: {sorted(new)}")
    return found


def one_try(seed: int, number: int, sound: Path, place: Path) -> tuple[str, list[str], str]:
    """Tries one input; gives its kind, what was broken, and the end of what was said."""
    random_ = random.Random(f"{seed} {number}")
    case = Case(place / "case", sound)
    outside = {path.name for path in place.iterdir()}
    kind = random_.choices(list(KINDS), list(KINDS.values()))[0]
    words = kind(random_, case)
    started = time.monotonic()
    signal.alarm(_MAX_SECONDS * 2)
    try:
        with mock.patch.object(socket.socket, "connect", _no_connection):
            code, said = call(words)
    finally:
        signal.alarm(0)
    found = violations(case, code, said, time.monotonic() - started, outside)
    shutil.rmtree(case.folder)
    return kind.__name__, found, said[-1500:]


def main_of_the_fuzz() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", type=int)
    asked = parser.parse_args()
    repository, tried, broken = Path.cwd(), Counter[str](), 0
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "tries"
        place.mkdir()
        os.environ["KVQA_AUDIT_CACHE"] = str(Path(folder) / "cache")
        sound_case(Path(folder) / "sound", repository)
        until = time.monotonic() + asked.seconds
        number = asked.only or 0
        while time.monotonic() < until:
            os.chdir(place)
            kind, found, said = one_try(asked.seed, number, Path(folder) / "sound", place)
            os.chdir(repository)
            tried[kind] += 1
            if found:
                broken += 1
                sys.stdout.write(f"seed {asked.seed}, try {number}, {kind}: {'; '.join(found)}\n{said}\n")
            if asked.only is not None:
                break
            number += 1
    kinds = ", ".join(f"{kind} {count}" for kind, count in sorted(tried.items()))
    sys.stdout.write(f"seed {asked.seed}: {tried.total()} tries ({kinds}), {broken} violations\n")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main_of_the_fuzz())
