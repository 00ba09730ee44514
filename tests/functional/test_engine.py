"""The engine that is asked for has to be there, and to be named with its address."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.functional.conftest import Program


@pytest.mark.parametrize("words", [("--engine", "ray"), ("--ray-address", "local")])
def test_an_engine_and_its_address_belong_together(program: Program, tmp_path: Path, words: tuple[str, ...]) -> None:
    done = program("run", tmp_path, *words, "--out", tmp_path / "out")
    assert done.returncode == 2
    assert "--engine ray and --ray-address belong together" in done.stderr


def test_without_the_extra_its_name_is_told(program: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    done = program("run", tmp_path, "--engine", "ray", "--ray-address", "local", "--out", tmp_path / "out")
    assert done.returncode == 2
    assert "pip install 'kvqa-audit[ray]'" in done.stderr
    assert not (tmp_path / "out").exists()
