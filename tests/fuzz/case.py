"""A sound dataset comes in; a small world around a copy of it goes out, in which one hostile input is tried."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from kvqa_audit.demo import draw_demo
from tests.fuzz.process import Outcome, called

Words = list[str]
ROWS, IMAGES = 40, 4


class Case:
    """A dataset, its description, an audit and a store of it, and folders for all that a process may want to write."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.source, self.spec, self.audit = (folder / name for name in ("data", "spec", "audit"))
        self.out, self.store, self.cache = folder / "out", folder / "runs.db", folder / "cache"
        self.home, self.tmp, self.cwd = (folder / name for name in ("home", "tmp", "cwd"))
        codes = folder / "codes.json"
        self.codes: dict[str, int] = json.loads(codes.read_text()) if codes.exists() else {}

    @property
    def table(self) -> Path:
        return self.source / "metadata.csv"

    @property
    def images(self) -> Path:
        return self.source / "images"

    def environment(self) -> dict[str, str]:
        return {"HOME": str(self.home), "TMPDIR": str(self.tmp), "KVQA_AUDIT_CACHE": str(self.cache)}

    def run(self, *more: str) -> Words:
        return ["run", str(self.source), "--out", str(self.out), "--subset", "-q", "--jobs", "1", *more]

    def run_of_rows(self, *more: str) -> Words:
        return self.run("--table-only", "--spec", str(self.spec), *more)


def nothing_is_counted(*_: object) -> list[str]:
    return []


@dataclass(frozen=True)
class Try:
    """A command, what it may write beside the cache, and what has to hold of its end.

    Attributes:
        codes: exit codes that are right.
        setting: the name of a setting in which it is called as a process of its own; "" for none.
        fault: the name of a fault of the program that is put in; "" for none.
        accounts: says what is not accounted for in what was written; called only where a verdict was given.
    """

    words: Words
    writes: tuple[Path, ...] = ()
    codes: frozenset[int] = frozenset({0, 1, 2})
    setting: str = ""
    fault: str = ""
    accounts: Callable[[Case, Outcome], list[str]] = nothing_is_counted


def draw_sound_case(folder: Path, repository: Path) -> None:
    """Draws a small dataset, describes and audits it, and keeps the exit codes of the commands on it."""
    case = Case(folder)
    draw_demo(folder / "whole")
    for path in (case.images, case.home, case.tmp, case.cwd):
        path.mkdir(parents=True)
    lines = (folder / "whole" / "metadata.csv").read_text().splitlines(keepends=True)
    case.table.write_text("".join(lines[: ROWS + 1]))
    for path in sorted((folder / "whole" / "images").iterdir())[:IMAGES]:
        shutil.copyfile(path, case.images / path.name)
    shutil.rmtree(folder / "whole")
    shutil.copytree(repository / "expectations" / "kvasir-vqa", case.spec)
    commands = {
        "run": [*case.run("--store", str(case.store)), "--out", str(case.audit)],
        "check": ["check", str(case.table)],
        "gate": ["gate", str(case.audit)],
        "rows": [*case.run_of_rows(), "--out", str(folder / "rows")],
    }
    codes = {}
    for name, words in commands.items():
        done = called(words, case.cwd, case.environment())
        assert done.code in (0, 1), done.said
        codes[name] = done.code
    shutil.rmtree(folder / "rows")
    (folder / "codes.json").write_text(json.dumps(codes))
