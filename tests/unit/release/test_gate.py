"""What blocks a release, what only warns, and what makes an audit incomplete."""

from __future__ import annotations

from kvqa_audit.model import CheckOutcome, Finding, FindingStatus, OutcomeStatus, Severity
from kvqa_audit.release.gate import judge
from kvqa_audit.spec.release import Release


def outcome(code: str, status: OutcomeStatus, reason: str | None = None) -> CheckOutcome:
    return CheckOutcome(code, code.lower(), Severity.ERROR, status, reason, evaluated=10, violations=1)


PASSED = outcome("KV001", OutcomeStatus.PASSED)
FAILED = outcome("KV002", OutcomeStatus.FAILED)
SKIPPED = outcome("KV003", OutcomeStatus.SKIPPED, "no images")
VACUOUS = outcome("KV004", OutcomeStatus.VACUOUS, "no rows")
ERRORED = outcome("KV005", OutcomeStatus.ERRORED, "boom")


def found(severity: Severity, status: FindingStatus = FindingStatus.OPEN) -> Finding:
    return Finding("KV002", severity, "odd", status=status)


def test_clean_is_ready_and_exits_with_0() -> None:
    verdict = judge([PASSED, SKIPPED], [], Release())
    assert (verdict.ready, verdict.exit_code, verdict.not_checked) == (True, 0, (SKIPPED,))


def test_finding_at_the_gate_blocks_and_exits_with_1() -> None:
    verdict = judge([PASSED, FAILED], [found(Severity.ERROR)], Release())
    assert (verdict.ready, verdict.exit_code, verdict.blockers, verdict.warnings) == (False, 1, (FAILED,), ())
    assert verdict.reasons == ("KV002 kv002: 1 of 10",)


def test_finding_below_the_gate_warns() -> None:
    verdict = judge([PASSED, FAILED], [found(Severity.WARNING)], Release())
    assert (verdict.ready, verdict.exit_code, verdict.warnings) == (True, 0, (FAILED,))
    assert judge([PASSED, FAILED], [found(Severity.WARNING)], Release(fail_on="warning")).exit_code == 1


def test_informative_finding_neither_blocks_nor_warns() -> None:
    verdict = judge([PASSED, FAILED], [found(Severity.INFO)], Release())
    assert (verdict.ready, verdict.blockers, verdict.warnings) == (True, (), ())


def test_waived_finding_does_not_block() -> None:
    verdict = judge([PASSED, FAILED], [found(Severity.ERROR, FindingStatus.WAIVED)], Release())
    assert (verdict.ready, verdict.blockers) == (True, ())


def test_required_check_that_was_not_judged_blocks() -> None:
    for unjudged in (SKIPPED, VACUOUS):
        verdict = judge([PASSED, unjudged], [], Release(required=[unjudged.code]))
        assert (verdict.ready, verdict.exit_code) == (False, 1)
        assert str(unjudged.reason) in verdict.reasons[0]


def test_crashed_check_is_incomplete_and_wins_over_findings() -> None:
    verdict = judge([FAILED, ERRORED], [found(Severity.ERROR)], Release())
    assert (verdict.ready, verdict.exit_code) == (False, 3)
    assert "boom" in verdict.reasons[1]


def test_crashed_check_that_is_required_is_one_reason_and_not_two() -> None:
    verdict = judge([PASSED, ERRORED], [], Release(required=["KV005"]))
    assert verdict.reasons == ("KV005 kv005: required, but errored (boom)",)
    assert verdict.sentence == "Not ready: 1 required check could not be judged."


def test_nothing_judged_is_incomplete() -> None:
    assert judge([SKIPPED, VACUOUS], [], Release()).exit_code == 3
    assert judge([], [], Release()).sentence == "Not judged: no check could be run."
