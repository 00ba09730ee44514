"""The whole API, as its description says and does not say, on a real server: no fault, and no answer unheard of."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path

import pytest

from tests.serve.api_sweep import sweep


def test_nothing_that_is_sent_breaks_it(tmp_path: Path) -> None:
    if importlib.util.find_spec("schemathesis") is None:
        (pytest.fail if os.environ.get("KVQA_NEED_SCHEMATHESIS") else pytest.skip)("nox -s serve brings schemathesis")
    found = sweep(str(tmp_path / "service.sqlite"), tmp_path)
    assert found.is_sound, found.said
    assert found.cases > 1_000, found.said
