"""A small drawn dataset, and the program run on it as a user would: a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from kvqa_audit.demo import DemoTruth, draw_demo

Program = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="session")
def program(tmp_path_factory: pytest.TempPathFactory) -> Program:
    """Runs `kvqa-audit` with these arguments, with a cache of its own."""
    cache = tmp_path_factory.mktemp("cache")

    def run(*arguments: str | Path, **options: object) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, "XDG_CACHE_HOME": str(cache), "COLUMNS": "120", "NO_COLOR": "1"}
        command = [sys.executable, "-m", "kvqa_audit", *map(str, arguments)]
        return subprocess.run(
            command, check=False, capture_output=True, text=True, env=environment, timeout=300, **options
        )  # type: ignore[call-overload,no-any-return]

    return run


@pytest.fixture(scope="session")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, DemoTruth]:
    """The demo dataset and what was planted in it."""
    folder = tmp_path_factory.mktemp("demo") / "dataset"
    return folder, draw_demo(folder)


@pytest.fixture(scope="session")
def audited(drawn: tuple[Path, DemoTruth], program: Program, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a finished audit of the demo dataset."""
    out = tmp_path_factory.mktemp("audit")
    done = program("run", drawn[0], "--subset", "--out", out)
    assert done.returncode == 1, done.stderr
    return out
