"""A check that the description switches off is skipped with that reason, and a release that requires it is blocked."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from kvqa_audit.checks.registry import checks_for
from kvqa_audit.checks.runner import run_check
from kvqa_audit.errors import SpecError
from kvqa_audit.model import OutcomeStatus
from kvqa_audit.release.gate import judge
from kvqa_audit.spec.dataset_spec import DatasetSpec
from kvqa_audit.spec.load import load_spec
from kvqa_audit.spec.release import Release


def described(tmp_path: Any, lines: str) -> DatasetSpec:
    text = "name: test\nrows: 0\nimages: 0\ncolumns: {source: null}\nother_questions: free text\n"
    (tmp_path / "dataset.yaml").write_text(text + lines, encoding="utf-8")
    return load_spec(tmp_path)


@pytest.mark.parametrize("word", ["off", '"off"'])
def test_switched_off_check_is_skipped_and_says_why(tmp_path, word) -> None:
    (check,) = (one for one in checks_for(described(tmp_path, f"checks: {{KV116: {word}}}\n")) if one.code == "KV116")
    evidence: Any = None
    outcome, findings = run_check(check, evidence)
    assert (outcome.outcome, findings) == (OutcomeStatus.SKIPPED, ())
    assert outcome.reason == "the description of the dataset switches this check off"
    another = replace(outcome, code="KV115", outcome=OutcomeStatus.PASSED)
    assert judge([another, outcome], (), Release()).ready
    assert not judge([another, outcome], (), Release(required=["KV116"])).ready


def test_unknown_check_cannot_be_switched_off(tmp_path) -> None:
    with pytest.raises(SpecError, match="KV999: there is no such check"):
        checks_for(described(tmp_path, "checks: {KV999: off}\n"))


@pytest.mark.parametrize("lines", ["checks: {KV116: on}\n", "bounds: {KV001: 3}\n", "bounds: {KV116: -1}\n"])
def test_what_cannot_be_set_is_refused(tmp_path, lines) -> None:
    with pytest.raises(SpecError, match=r"dataset.yaml, line 6"):
        described(tmp_path, lines)
