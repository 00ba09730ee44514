"""How often a check is right is learnt from decisions, and a policy may ask for it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from pydantic import ValidationError

from kvqa_audit.model import CheckDoc, CheckOutcome, Finding, FrozenEvidence, OutcomeStatus, Severity
from kvqa_audit.release.decisions import Decision, DecisionVerdict
from kvqa_audit.release.gate import Standing, judge
from kvqa_audit.release.precision import Precision, as_metrics, of_metrics, precision_by_check
from kvqa_audit.spec.release import Limit, Release

CONFIRMED, FALSE, ACCEPTED = DecisionVerdict.CONFIRMED, DecisionVerdict.FALSE_POSITIVE, DecisionVerdict.ACCEPTED
DOCS = {
    "KV204": CheckDoc("Twins", "w", "f", "images", judged_by="version 2"),
    "KV30-a": CheckDoc("A rule", "w", "f", "images", judged_by="when a must b"),
}
TRUST = Release(trust="precision >= 0.8")


def said(number: int, verdict: DecisionVerdict, check: str = "KV204", judged_by: str = "") -> Decision:
    evidence = FrozenEvidence(judged_by=judged_by)
    return Decision(f"{number:016x}", check, verdict, "so", "me", date(2026, 1, 1), evidence=evidence)


def test_confirmed_and_fixed_are_right_and_the_last_word_counts() -> None:
    decisions = [
        said(1, FALSE), said(1, CONFIRMED), said(2, DecisionVerdict.FIXED), said(3, FALSE), said(4, ACCEPTED),
        said(5, DecisionVerdict.UNSURE), said(6, FALSE, "KV999"),
    ]  # fmt: skip
    assert precision_by_check(decisions, DOCS) == {"KV204": Precision(2, 1)}


def test_a_reworded_rule_and_a_new_version_begin_anew() -> None:
    decisions = [
        said(1, FALSE, judged_by="version 1"), said(2, CONFIRMED, judged_by="version 2"),
        said(3, FALSE, "KV30-a", "when a must c"), said(4, FALSE, "KV30-a", "when a must b"),
    ]  # fmt: skip
    assert precision_by_check(decisions, DOCS) == {"KV204": Precision(1, 0), "KV30-a": Precision(0, 1)}


def test_an_old_decision_counts_whether_it_holds_or_not() -> None:
    over = replace(said(1, FALSE), expires=date(2026, 1, 2))
    without = replace(said(2, FALSE), evidence=None)
    assert precision_by_check([over, without], DOCS) == {"KV204": Precision(0, 2)}


def test_few_decisions_prove_nothing() -> None:
    assert not Precision(0, 9).is_below(0.8)
    assert Precision(0, 10).is_below(0.8)
    assert not Precision(14, 6).is_below(0.8)  # 70 %, but up to 85 % is likely
    assert Precision(140, 60).is_below(0.8)


def test_what_is_recorded_is_read_back_and_said_in_words() -> None:
    precision = {"KV204": Precision(15, 3)}
    assert of_metrics({"precision": as_metrics(precision)}) == precision
    assert of_metrics({}) == {}
    assert precision["KV204"].in_words() == "right in 83 % (61 % to 94 %) of 18 findings that were judged"


@pytest.mark.parametrize(
    ("code", "words"), [("KV30-a", "the rule a"), ("KV02-b", "the promise b"), ("KV204", "checks: {KV204: off}")]
)
def test_what_is_mostly_wrong_is_to_be_changed(code: str, words: str) -> None:
    assert words in Precision(1, 20).advice(code)
    assert Precision(11, 10).advice(code) == ""


def outcome(code: str, evaluated: int = 10) -> CheckOutcome:
    return CheckOutcome(code, code.lower(), Severity.ERROR, OutcomeStatus.FAILED, evaluated=evaluated, violations=1)


FOUND = [Finding("KV204", Severity.ERROR, "same", key="a"), Finding("KV008", Severity.ERROR, "odd", key="b")]
OUTCOMES = [outcome("KV204"), outcome("KV008")]


def test_a_check_below_the_precision_warns_and_the_gate_says_so() -> None:
    standing = Standing(precision={"KV204": Precision(1, 19), "KV008": Precision(19, 1)})
    verdict = judge(OUTCOMES, FOUND, TRUST, standing)
    assert verdict.reasons == ("KV008 kv008: 1 of 10",)
    assert [one.code for one in verdict.warnings] == ["KV204"]
    assert [finding.check for finding in verdict.blocking] == ["KV008"]
    assert verdict.spared == (
        "KV204 kv204: 1 of 10: warns and does not block, as it was right in 5 % (1 % to 24 %) of 20 findings that were "
        "judged (precision >= 0.8)",
    )
    assert verdict.sentence == (
        "Not ready: 1 check found defects that block; 1 check below the precision that is asked warns only."
    )
    alone = judge(OUTCOMES[:1], FOUND[:1], TRUST, standing)
    assert (alone.ready, alone.exit_code) == (True, 0)
    assert "1 check below the precision" in alone.sentence
    assert alone.record().spared == alone.spared


def test_a_check_that_nobody_judged_blocks_as_ever() -> None:
    for standing in (Standing(), Standing(precision={"KV204": Precision(0, 3)})):
        assert not judge(OUTCOMES[:1], FOUND[:1], TRUST, standing).ready
    poor = Standing(precision={"KV204": Precision(0, 30)})
    assert not judge(OUTCOMES[:1], FOUND[:1], Release(), poor).ready


def test_limits_and_new_findings_leave_out_what_is_not_trusted_and_say_so() -> None:
    poor = Standing(precision={"KV204": Precision(0, 30)}, new=frozenset("a"))
    for policy in (
        {"limits": {"KV204": Limit(count=0)}, "fail_on": "never"},
        {"limits": {"KV2": Limit(count=0)}, "fail_on": "never"},
        {"limits": {"error": Limit(count=0)}, "fail_on": "never"},
        {"no_new": "error", "fail_on": "never"},
    ):
        assert not judge(OUTCOMES[:1], FOUND[:1], Release(**policy), poor).ready  # type: ignore[arg-type]
        verdict = judge(OUTCOMES[:1], FOUND[:1], Release(**policy, trust="precision >= 0.5"), poor)  # type: ignore[arg-type]
        assert (verdict.ready, verdict.blocking) == (True, ())
        assert len(verdict.spared) == 1


@pytest.mark.parametrize("trust", ["precision >= 0.8", "precision>=1", "precision >= 0", "precision  >= 0.25"])
def test_trust_is_a_least_precision(trust: str) -> None:
    assert Release(trust=trust).least_precision == float(trust.split("=")[1])


@pytest.mark.parametrize(
    "trust", ["precision > 0.8", "recall >= 0.8", "precision >= 80", "precision >= 1.2", "precision >= .8",
              "precision >= 0.8\n", "precision >= 0.8 or true", "0.8", "precision >= nan", "precision >= 0.1234567"]
)  # fmt: skip
def test_what_is_no_least_precision_is_refused(trust: str) -> None:
    with pytest.raises(ValidationError):
        Release(trust=trust)
