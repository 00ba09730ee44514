"""Decisions waive what they are about and nothing else, in any later run; and those that no longer hold are told."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kvqa_audit.checks.registry import CHECKS
from kvqa_audit.model import CheckOutcome, Finding, FindingStatus, OutcomeStatus, Severity, with_keys
from kvqa_audit.release.applying import DecisionReport, apply_decisions, undecided
from kvqa_audit.release.decisions import Decision, DecisionVerdict, decide

DOCS = {check.code: check.doc for check in CHECKS}
TODAY = date(2026, 11, 25)
OPEN, WAIVED = FindingStatus.OPEN, FindingStatus.WAIVED
FALSE, ACCEPTED = DecisionVerdict.FALSE_POSITIVE, DecisionVerdict.ACCEPTED
CONFIRMED, FIXED = DecisionVerdict.CONFIRMED, DecisionVerdict.FIXED


def row_finding(answer: str = "red; pink", check: str = "KV010") -> Finding:
    return with_keys([Finding(check, Severity.WARNING, "odd", img_id="a", question="Colour?", answer=answer, row=3)])[0]


def pair_finding(check: str = "KV204", ids: tuple[str, str] = ("a", "b"), question: str | None = None) -> Finding:
    return with_keys([Finding(check, Severity.ERROR, "same", question=question, related=ids)])[0]


def decided(finding: Finding, verdict: DecisionVerdict, expires: date | None = None) -> Decision:
    return Decision(
        finding.key,
        finding.check,
        verdict,
        "looked at it",
        "A. Curator",
        date(2026, 1, 1),
        expires,
        finding.img_id,
        finding.question,
        finding.answer,
        finding.related,
    )


def outcomes_of(*findings: Finding, status: OutcomeStatus = OutcomeStatus.FAILED) -> list[CheckOutcome]:
    codes = sorted({finding.check for finding in findings})
    counts = {code: sum(f.check == code for f in findings) for code in codes}
    return [
        CheckOutcome(code, code, Severity.ERROR, status, evaluated=9, violations=n, waived=7)
        for code, n in counts.items()
    ]


def applied(
    findings: list[Finding], *decisions: Decision, today: date = TODAY
) -> tuple[list[FindingStatus], DecisionReport]:
    after, _, report = apply_decisions(findings, outcomes_of(*findings), decisions, today, DOCS)
    return [finding.status for finding in after], report


@pytest.mark.parametrize(("verdict", "status"), [(FALSE, WAIVED), (ACCEPTED, WAIVED), (CONFIRMED, OPEN), (FIXED, OPEN)])
def test_only_false_and_accepted_waive(verdict: DecisionVerdict, status: FindingStatus) -> None:
    finding, other = row_finding(), row_finding("green; blue")
    statuses, report = applied([finding, other], decided(finding, verdict))
    assert statuses == [status, OPEN]
    assert report.waived == (status is WAIVED)
    assert report.verdicts[verdict.value] == 1


def test_waived_findings_are_counted_in_their_check_alone() -> None:
    findings = [row_finding(), row_finding("b"), row_finding(check="KV009")]
    decisions = [decided(findings[0], ACCEPTED), decided(findings[2], FALSE)]
    _, outcomes, _ = apply_decisions(findings, outcomes_of(*findings), decisions, TODAY, DOCS)
    assert {o.code: (o.violations, o.waived) for o in outcomes} == {"KV009": (1, 1), "KV010": (2, 1)}


def test_waivers_of_an_earlier_run_do_not_linger() -> None:
    finding = replace(row_finding(), status=WAIVED)
    assert applied([finding])[0] == [OPEN]


def test_expired_decision_does_not_waive_and_is_told() -> None:
    finding = row_finding()
    decision = decided(finding, ACCEPTED, expires=TODAY)
    assert applied([finding], decision)[0] == [WAIVED]
    statuses, report = applied([finding], decision, today=date(2026, 11, 26))
    assert (statuses, report.expired, report.stale) == ([OPEN], (decision,), ())


def test_said_fixed_and_still_found_is_a_contradiction() -> None:
    finding = row_finding()
    assert applied([finding], decided(finding, FIXED))[1].contradicted == (decided(finding, FIXED),)
    gone = applied([], decided(finding, FIXED))[1]
    assert (gone.contradicted, gone.stale) == ((), ())


@pytest.mark.parametrize("verdict", [ACCEPTED, CONFIRMED, FALSE])
def test_decision_about_what_is_gone_is_stale(verdict: DecisionVerdict) -> None:
    decision = decided(row_finding(), verdict)
    assert applied([row_finding("other")], decision)[1].stale == (decision,)


def test_nothing_is_stale_where_it_was_not_judged() -> None:
    finding = row_finding()
    decision = decided(finding, ACCEPTED)
    for status in (OutcomeStatus.SKIPPED, OutcomeStatus.ERRORED):
        _, _, report = apply_decisions([], outcomes_of(finding, status=status), [decision], TODAY, DOCS)
        assert (report.stale, report.unjudged) == ((), (decision,))
    _, _, part = apply_decisions([], outcomes_of(row_finding("x")), [decision], TODAY, DOCS, whole=False)
    assert (part.stale, part.unjudged) == ((), (decision,))


def test_the_last_decision_counts() -> None:
    finding = row_finding()
    statuses, report = applied([finding], decided(finding, ACCEPTED), decided(finding, CONFIRMED))
    assert (statuses, report.superseded) == ([OPEN], 1)
    assert applied([finding], decided(finding, CONFIRMED), decided(finding, ACCEPTED))[0] == [WAIVED]


def test_the_last_decision_counts_where_two_checks_reported_the_pair() -> None:
    before, again = pair_finding("KV204"), pair_finding("KV202")
    accepted, confirmed = decided(before, ACCEPTED), decided(again, CONFIRMED)
    assert applied([before], accepted, confirmed)[0] == [OPEN]
    assert applied([before], decided(before, CONFIRMED), decided(again, ACCEPTED))[0] == [WAIVED]
    assert undecided([before], [accepted, decided(again, FIXED)], TODAY, DOCS) == (before,)
    assert undecided([before], [decided(before, FIXED), decided(again, ACCEPTED)], TODAY, DOCS) == ()


def test_undecided_are_findings_without_a_word_of_a_person_that_holds_today() -> None:
    finding, other = row_finding(), row_finding("green; blue")
    for verdict, still_to_do in ((ACCEPTED, ()), (FALSE, ()), (CONFIRMED, ()), (FIXED, (finding,))):
        assert undecided([finding, other], [decided(finding, verdict)], TODAY, DOCS) == (*still_to_do, other)
    assert undecided([finding], [decided(finding, ACCEPTED, expires=TODAY)], TODAY, DOCS) == ()
    assert undecided([finding], [decided(finding, ACCEPTED, expires=date(2026, 11, 24))], TODAY, DOCS) == (finding,)


@pytest.mark.parametrize("finding", [row_finding(), pair_finding(), pair_finding("KV203", question="Any text?")])
def test_what_is_decided_about_a_finding_is_about_that_finding(finding: Finding) -> None:
    decision = decide(finding, ACCEPTED, "looked at it", "A. Curator", date(2026, 1, 1))
    assert decision == decided(finding, ACCEPTED)
    assert applied([finding], decision)[0] == [WAIVED]


@given(
    was=st.sampled_from(["KV201", "KV202", "KV204", "KV205", "KV206"]),
    now=st.sampled_from(["KV201", "KV202", "KV204", "KV205", "KV206", "KV203"]),
    turned=st.booleans(),
    told_turned=st.booleans(),
)
def test_pair_judged_false_never_comes_back(was: str, now: str, turned: bool, told_turned: bool) -> None:
    ids = ("a", "b")[:: -1 if turned else 1]
    again = pair_finding(now, ids, "Any text?" if now == "KV203" else None)
    decision = replace(decided(pair_finding(was), FALSE), related=("b", "a") if told_turned else ("a", "b"))
    statuses, report = applied([again, pair_finding(now, ("a", "c"))], decision)
    assert statuses == [WAIVED, OPEN]
    assert report.moved == ((decision,) if was != now else ())
    gone = applied([], decision)[1]
    assert (gone.resting, gone.stale) == ((decision,), ())


def test_accepted_pair_is_accepted_as_one_picture_but_not_under_two_sources() -> None:
    decision = decided(pair_finding("KV204"), ACCEPTED)
    findings = [pair_finding("KV202"), pair_finding("KV205"), pair_finding("KV203", question="Any text?")]
    assert applied(findings, decision)[0] == [WAIVED, OPEN, OPEN]


def test_pair_said_to_be_the_same_after_all_is_open_everywhere() -> None:
    findings = [pair_finding("KV204"), pair_finding("KV205")]
    assert applied(findings, decided(findings[0], FALSE), decided(findings[0], CONFIRMED))[0] == [OPEN, OPEN]


def test_conflict_is_decided_by_pair_and_question() -> None:
    decision = decided(pair_finding("KV203", question="Any text?"), ACCEPTED)
    findings = [
        pair_finding("KV203", ("b", "a"), "Any  text?"),
        pair_finding("KV203", question="Any box?"),
        pair_finding("KV204"),
    ]
    assert applied(findings, decision)[0] == [WAIVED, OPEN, OPEN]


def test_report_as_metrics_is_json() -> None:
    finding = row_finding()
    metrics = applied([finding], decided(finding, ACCEPTED, date(2026, 2, 1)))[1].as_metrics()
    assert metrics["expired"][0]["expires"] == "2026-02-01"
    assert metrics["expired"][0]["verdict"] == "accepted"
    assert metrics["stale"] == []


def group_finding(members: str, check: str = "KV204", question: str | None = None) -> Finding:
    return with_keys([Finding(check, Severity.ERROR, "same", question=question, related=tuple(members))])[0]


@pytest.mark.parametrize("verdict", [FALSE, ACCEPTED])
def test_a_group_is_waived_once_every_two_of_its_images_were_decided_about(verdict: DecisionVerdict) -> None:
    pairs = [decided(pair_finding(ids=ids), verdict) for ids in (("a", "b"), ("b", "c"), ("c", "a"))]
    assert applied([group_finding("abc")], *pairs)[0] == [WAIVED]
    statuses, report = applied([group_finding("abc")], *pairs[:2])
    assert (statuses, report.stale) == ([OPEN], ())
    assert undecided([group_finding("abc")], pairs[:2], TODAY, DOCS) == (group_finding("abc"),)
    assert applied([group_finding("abc")], *pairs, decided(pair_finding(ids=("a", "c")), CONFIRMED))[0] == [OPEN]


@given(st.sampled_from("abcd"), st.sampled_from([FALSE, ACCEPTED]))
def test_a_decided_group_opens_when_an_image_joins_and_not_when_one_leaves(left: str, verdict: DecisionVerdict) -> None:
    decision = decided(group_finding("abcd"), verdict)
    assert applied([group_finding("dcba")], decision)[0] == [WAIVED]
    assert applied([group_finding("abcde")], decision)[0] == [OPEN]
    assert applied([group_finding("abcd".replace(left, ""))], decision)[0] == [WAIVED]
    assert applied([pair_finding(ids=("a", "c"))], decision)[0] == [WAIVED]
    joined = [decided(pair_finding(ids=(one, "e")), verdict) for one in "abcd"]
    assert applied([group_finding("abcde")], decision, *joined)[0] == [WAIVED]


def test_a_group_judged_false_rests_and_never_comes_back_under_another_check() -> None:
    decision = decided(group_finding("abc"), FALSE)
    findings = [group_finding("abc", "KV205"), group_finding("abc", "KV203", "Any text?"), group_finding("abd")]
    assert applied(findings, decision)[0] == [WAIVED, WAIVED, OPEN]
    assert applied([], decision)[1].resting == (decision,)


def test_a_conflict_in_a_group_is_decided_by_question() -> None:
    decision = decided(group_finding("abc", "KV203", "Any text?"), ACCEPTED)
    findings = [
        group_finding("ab", "KV203", "any  text?"),
        group_finding("abc", "KV203", "Any box?"),
        group_finding("abc"),
    ]
    assert applied(findings, decision)[0] == [WAIVED, OPEN, OPEN]


def test_the_last_word_about_a_group_counts_and_expires() -> None:
    finding = group_finding("abc")
    assert applied([finding], decided(finding, ACCEPTED), decided(finding, CONFIRMED))[0] == [OPEN]
    decision = decided(finding, ACCEPTED, expires=TODAY)
    assert applied([finding], decision)[0] == [WAIVED]
    statuses, report = applied([finding], decision, today=date(2026, 11, 26))
    assert (statuses, report.expired) == ([OPEN], (decision,))
