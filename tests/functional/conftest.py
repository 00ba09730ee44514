"""A small drawn dataset, and the program run on it: called in this process, or as the process a user starts."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import pytest

from kvqa_audit.__main__ import main
from kvqa_audit.demo import DemoTruth, draw_demo

Program = Callable[..., subprocess.CompletedProcess[str]]


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
def drawn(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, DemoTruth]:
    """The demo dataset and what was planted in it; tests that change it work on a copy."""
    folder = tmp_path_factory.mktemp("demo") / "dataset"
    return folder, draw_demo(folder)


@pytest.fixture(scope="session")
def audited(drawn: tuple[Path, DemoTruth], program: Program, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a finished audit of the demo dataset; tests that change it work on a copy."""
    out = tmp_path_factory.mktemp("audit")
    done = program("run", drawn[0], "--subset", "--out", out)
    assert done.returncode == 1, done.stderr
    return out


def _written(stream: io.TextIOWrapper) -> str:
    stream.flush()
    return stream.buffer.getvalue().decode()  # type: ignore[attr-defined,no-any-return]
