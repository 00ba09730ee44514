"""The five outcomes of a check, and that a crash costs the crashing check alone."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from kvqa_audit.checks.base import Checked, Defect, Skipped, check
from kvqa_audit.checks.runner import run_check, run_checks
from kvqa_audit.model import OutcomeStatus, Severity

EVIDENCE: Any = SimpleNamespace(absent={"images": "no image was looked at"})


def a_check(answer: Any, needs: tuple[str, ...] = ()) -> Any:
    def odd_thing(evidence: Any) -> Any:
        """Something is odd.

        Why: it matters.

        Fix: mend it.
        """
        if isinstance(answer, Exception):
            raise answer
        return answer

    return check("KV999", Severity.ERROR, needs=needs, unit="things")(odd_thing)


def test_no_defect_among_some_is_a_pass_that_keeps_its_numbers() -> None:
    outcome, findings = run_check(a_check(Checked(7)), EVIDENCE)
    assert (outcome.outcome, outcome.evaluated, outcome.measured, outcome.threshold) == (
        OutcomeStatus.PASSED,
        7,
        0.0,
        0.0,
    )
    assert findings == ()


def test_nothing_evaluated_is_vacuous_and_says_so() -> None:
    outcome, _ = run_check(a_check(Checked(0)), EVIDENCE)
    assert (outcome.outcome, outcome.reason) == (OutcomeStatus.VACUOUS, "no things to judge")


def test_defects_fail_and_carry_code_severity_and_key() -> None:
    defects = [Defect("a", img_id="x"), Defect("b", img_id="y", severity=Severity.INFO)]
    outcome, findings = run_check(a_check(Checked(4, defects)), EVIDENCE)
    assert (outcome.outcome, outcome.violations, outcome.measured) == (OutcomeStatus.FAILED, 2, 0.5)
    assert [(f.check, f.severity) for f in findings] == [("KV999", Severity.ERROR), ("KV999", Severity.INFO)]
    assert len({f.key for f in findings}) == 2


def test_defect_where_nothing_was_evaluated_is_a_failure_and_never_vacuous() -> None:
    outcome, findings = run_check(a_check(Checked(0, [Defect("nothing is there")])), EVIDENCE)
    assert (outcome.outcome, outcome.violations, len(findings)) == (OutcomeStatus.FAILED, 1, 1)


def test_absent_part_skips_with_its_reason() -> None:
    outcome, _ = run_check(a_check(Checked(1), needs=("images",)), EVIDENCE)
    assert (outcome.outcome, outcome.reason) == (OutcomeStatus.SKIPPED, "no image was looked at")
    outcome, _ = run_check(a_check(Skipped("because")), EVIDENCE)
    assert (outcome.outcome, outcome.reason) == (OutcomeStatus.SKIPPED, "because")


def test_a_crash_is_an_errored_outcome_and_the_others_go_on() -> None:
    outcomes, findings = run_checks([a_check(ValueError("boom")), a_check(Checked(1, [Defect("a")]))], EVIDENCE)
    assert [o.outcome for o in outcomes] == [OutcomeStatus.ERRORED, OutcomeStatus.FAILED]
    assert outcomes[0].reason == "ValueError: boom"
    assert len(findings) == 1


def test_a_docstring_without_why_and_fix_is_refused() -> None:
    def bare(evidence: Any) -> Checked:
        """Only a title."""
        return Checked(0)

    with pytest.raises(ValueError, match="KV998"):
        check("KV998", Severity.INFO)(bare)
