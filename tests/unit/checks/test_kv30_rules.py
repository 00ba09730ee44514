"""A broken rule becomes a finding that names the image, the answers and what to do."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from kvqa_audit.answers.rules import RuleResult
from kvqa_audit.checks.rule_checks import check_of_rule
from kvqa_audit.checks.runner import run_check
from kvqa_audit.model import OutcomeStatus, Severity
from kvqa_audit.spec.dataset_spec import Rule

RULE = Rule(
    id="L4", level="hard", when="n_polyps = 0", must="not ('polyp' in abn)", why="No polyp is none.", fix="Mend."
)
RESULT = RuleResult("L4", 4, ("x",), {"x": {"n_polyps": 0, "abn": "polyp", "easy": None}}, {"x": 17}, 0.25, 0.05, 0.7)


def evidence(**parts: Any) -> Any:
    return SimpleNamespace(rules={"L4": RESULT}, absent={}, **parts)


@pytest.mark.fires("KV30-L4")
def test_a_violation_is_a_finding_with_its_evidence() -> None:
    outcome, (finding,) = run_check(check_of_rule(RULE), evidence())
    assert (outcome.code, outcome.outcome, outcome.evaluated, outcome.measured) == (
        "KV30-L4",
        OutcomeStatus.FAILED,
        4,
        0.25,
    )
    assert (finding.img_id, finding.row, finding.severity) == ("x", 17, Severity.ERROR)
    assert finding.message == "No polyp is none; but this image says n_polyps = 0, abn = polyp"
    assert finding.evidence["answers"] == {"n_polyps": 0, "abn": "polyp", "easy": None}
    assert finding.suggestion == "Mend."


def test_a_soft_rule_warns_and_a_rule_for_sources_needs_that_column() -> None:
    soft = check_of_rule(RULE.model_copy(update={"level": "soft", "sources": ["Polyps"]}))
    assert soft.severity is Severity.WARNING
    assert "column source" in soft.needs


def test_a_rule_that_was_not_judged_is_skipped() -> None:
    outcome, _ = run_check(check_of_rule(RULE.model_copy(update={"id": "L5"})), evidence())
    assert (outcome.outcome, outcome.reason) == (OutcomeStatus.SKIPPED, "rule L5 was not judged")
