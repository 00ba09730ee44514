"""Parts and audits of the drawn dataset, and the program: called in this process, or as the process a user starts."""

from __future__ import annotations

import csv
import io
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import pytest

from kvqa_audit.__main__ import main
from kvqa_audit.demo import DemoTruth

Program = Callable[..., subprocess.CompletedProcess[str]]
# Two that are the same file, a file cut off, a file missing, two answers that are none, and a misspelt question.
FEW = (
    "demo_polyps_01",
    "demo_instrument_copy",
    "demo_polyps_02",
    "demo_esophagitis_05",
    "demo_esophagitis_01",
    "demo_colitis_05",
    "demo_instrument_01",
)


@pytest.fixture(scope="session")
def variables(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What the program finds in its environment: a cache of its own, a fixed width, no colours."""
    return {"XDG_CACHE_HOME": str(tmp_path_factory.mktemp("cache")), "COLUMNS": "120", "NO_COLOR": "1"}


@pytest.fixture(scope="session")
def program(variables: dict[str, str]) -> Program:
    """Calls the entry point of `kvqa-audit` with these arguments, which spares a test the import of all engines."""

    def call(*arguments: str | Path, typed: str = "", cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
        given, told, said = (io.TextIOWrapper(io.BytesIO(text), "utf-8") for text in (typed.encode(), b"", b""))
        command = ["kvqa-audit", *map(str, arguments)]
        code: object = 0
        with pytest.MonkeyPatch.context() as patch, redirect_stdout(told), redirect_stderr(said):
            for name, value in variables.items():
                patch.setenv(name, value)
            patch.setattr(sys, "argv", command)
            patch.setattr(sys, "stdin", given)
            if cwd is not None:
                patch.chdir(cwd)
            try:
                main()
            except SystemExit as end:
                code = end.code or 0
        assert isinstance(code, int)
        return subprocess.CompletedProcess(command, code, _written(told), _written(said))

    return call


@pytest.fixture(scope="session")
def process(variables: dict[str, str]) -> Program:
    """Runs `kvqa-audit` as a process, for tests of what only a process has: its exit code, its limits, its streams."""

    def run(*arguments: str | Path, **options: object) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "kvqa_audit", *map(str, arguments)]
        return subprocess.run(
            command, check=False, capture_output=True, text=True, env={**os.environ, **variables}, **options
        )  # type: ignore[call-overload,no-any-return]

    return run


@pytest.fixture(scope="session")
def few(drawn: tuple[Path, DemoTruth], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Some images of the demo dataset with their rows, for tests of which the number of defects is not the subject."""
    folder = tmp_path_factory.mktemp("few") / "dataset"
    (folder / "images").mkdir(parents=True)
    with (drawn[0] / "metadata.csv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["img_id"] in FEW]
    _write_rows(folder / "metadata.csv", rows)
    for img_id in FEW:
        if (image := drawn[0] / "images" / f"{img_id}.jpg").exists():
            shutil.copy(image, folder / "images")
    return folder


@pytest.fixture(scope="session")
def few_audited(few: Path, program: Program, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a finished audit of the few; tests that change it work on a copy."""
    out = tmp_path_factory.mktemp("few-audit")
    done = program("run", few, "--subset", "--out", out)
    assert done.returncode == 1, done.stderr
    return out


@pytest.fixture(scope="session")
def undescribed(few: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same images asked what no description that ships knows, which spares a process the engine of promises."""
    folder = tmp_path_factory.mktemp("undescribed") / "dataset"
    shutil.copytree(few, folder)
    rows = [
        {"img_id": img_id, "question": question, "answer": "" if n == number else "a wall"}
        for number, question in enumerate(("What is shown?", "What else is shown?"))
        for n, img_id in enumerate(FEW)
    ]
    _write_rows(folder / "metadata.csv", rows)
    return folder


def _write_rows(path: Path, rows: list[dict[str, str]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def _written(stream: io.TextIOWrapper) -> str:
    stream.flush()
    return stream.buffer.getvalue().decode()  # type: ignore[attr-defined,no-any-return]
