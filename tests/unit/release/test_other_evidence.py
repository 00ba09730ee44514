"""A decision holds on the evidence that it was made on: where that is other, its finding is open again and says so."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import date

import pytest

from kvqa_audit.model import (
    AnswerRows,
    AuditRun,
    CheckDoc,
    CheckOutcome,
    DatasetFacts,
    Finding,
    FindingStatus,
    FrozenEvidence,
    ImageFingerprint,
    OutcomeStatus,
    PairKind,
    Severity,
    with_keys,
)
from kvqa_audit.release.applying import undecided
from kvqa_audit.release.decisions import Decision, DecisionVerdict, decide
from kvqa_audit.release.decisions_file import DecisionsFile
from kvqa_audit.release.freezing import with_frozen_evidence
from kvqa_audit.release.redecide import with_decisions
from kvqa_audit.web.gate import latest

TODAY = date(2026, 11, 25)
OPEN, WAIVED = FindingStatus.OPEN, FindingStatus.WAIVED
FALSE, CONFIRMED = DecisionVerdict.FALSE_POSITIVE, DecisionVerdict.CONFIRMED
ROWS = [("clinic", "Colour?", "red", "a"), ("clinic", "Colour?", "pink", "b"), ("clinic", "Site?", "left", "a")]
ABOUT_A_ROW = Finding("KV010", Severity.WARNING, "odd", "a", "Colour?", "red", 0)
RULE = Finding("KV30-x", Severity.ERROR, "odd", "a", row=0, evidence={"answers": {"n": 0, "size": "big", "tool": None}})
GROUP = Finding("KV204", Severity.ERROR, "same", related=("a", "b", "c"), evidence={"threshold": 0.5})
ACROSS = Finding("KV205", Severity.ERROR, "same", related=("a", "b"))
CONFLICT = Finding("KV203", Severity.ERROR, "two answers", question="Colour?", related=("a", "b"))
DOCS = {
    "KV010": CheckDoc("t", "w", "f", "rows", judged_by="version 1"),
    "KV30-x": CheckDoc("t", "w", "f", "images", judged_by="when n = 0 must size is null"),
    "KV203": CheckDoc("t", "w", "f", "images", PairKind.CONFLICTING_ANSWERS, judged_by="version 1"),
    "KV204": CheckDoc("t", "w", "f", "images", PairKind.SAME_PICTURE, judged_by="version 1"),
    "KV205": CheckDoc("t", "w", "f", "images", PairKind.ACROSS_SOURCES, judged_by="version 1"),
}


def audit(
    *found: Finding,
    pictures: str = "aabbccdd",
    rows: Iterable[tuple[str, str, str, str]] = ROWS,
    docs: dict[str, CheckDoc] = DOCS,
) -> AuditRun:
    """An audit with these findings; `pictures` is pairs of an image's id and the letter its digest is made of."""
    outcomes = [CheckOutcome(code, code, Severity.ERROR, OutcomeStatus.FAILED) for code in {f.check for f in found}]
    images = [ImageFingerprint(pictures[n], "p", 1, pictures[n + 1] * 64) for n in range(0, len(pictures), 2)]
    columns = tuple(zip(*rows, strict=True))
    run = AuditRun(
        "1", "", "", {}, DatasetFacts("d", "d", "0" * 64, 1, 1), tuple(outcomes), docs, with_keys(found), (),
        tuple(images), (), {}, (), 0, AnswerRows(*columns),
    )  # fmt: skip
    return with_frozen_evidence(run)


def decided(run: AuditRun, verdict: DecisionVerdict = FALSE) -> list[Decision]:
    return [decide(finding, verdict, "looked at it", "A. Curator", date(2026, 1, 1)) for finding in run.findings]


def after(run: AuditRun, decisions: list[Decision]) -> AuditRun:
    return with_decisions(run, DecisionsFile("decisions.yaml", tuple(decisions)), TODAY)


def reopened(first: AuditRun, later: AuditRun) -> list[str]:
    """What is told to be other in the one finding of the later audit, whose decision was made in the first."""
    run = after(later, decided(first))
    (finding,) = run.findings
    report = run.metrics["decisions"]["other_evidence"]
    changes = [str(change) for change in finding.evidence_changes]
    assert (finding.status is OPEN, bool(undecided(later.findings, decided(first), TODAY, DOCS)), len(report)) == (
        (True, True, 1) if changes else (False, False, 0)
    )
    return changes


@pytest.mark.parametrize("finding", [ABOUT_A_ROW, RULE, GROUP, CONFLICT])
def test_decision_holds_on_the_same_evidence(finding: Finding) -> None:
    first = audit(finding)
    assert reopened(first, audit(finding, rows=reversed(ROWS))) == []


@pytest.mark.parametrize("finding", [ABOUT_A_ROW, RULE, GROUP, CONFLICT])
def test_a_replaced_picture_opens_again_and_both_are_shown(finding: Finding) -> None:
    (change,) = reopened(audit(finding), audit(finding, pictures="aebbccdd"))
    assert change == f"picture a: sha256 {'a' * 12}… when it was decided, now sha256 {'e' * 12}…"


def test_another_answer_to_the_question_opens_again() -> None:
    changed = [("clinic", "Colour?", "blue", "a"), *ROWS[1:]]
    (change,) = reopened(audit(CONFLICT), audit(CONFLICT, rows=changed))
    assert change == "table about a: clinic: red when it was decided, now clinic: blue"
    (change,) = reopened(audit(ABOUT_A_ROW), audit(ABOUT_A_ROW, rows=[("ward", *ROWS[0][1:]), *ROWS[1:]]))
    assert change == "table about a: clinic: red when it was decided, now ward: red"


def test_another_order_and_spelling_of_the_same_answer_changes_nothing() -> None:
    def as_meant(_: str, answer: str) -> str:
        return "; ".join(sorted(answer.lower().split("; ")))

    first, later = (
        with_frozen_evidence(audit(CONFLICT, rows=[("clinic", "Colour?", said, "a"), *ROWS[1:]]), str, as_meant)
        for said in ("red; pink", "Pink; red")
    )
    assert reopened(first, later) == []


def test_what_other_rows_say_about_the_image_changes_nothing() -> None:
    changed = [*ROWS[:2], ("clinic", "Site?", "right", "a")]
    assert reopened(audit(ABOUT_A_ROW), audit(ABOUT_A_ROW, rows=changed)) == []


def test_a_rule_opens_again_for_other_answers_and_for_other_words() -> None:
    other = replace(RULE, evidence={"answers": {"n": 0, "size": "small", "tool": None}})
    assert reopened(audit(RULE), audit(other)) == [
        "table about a: n: 0; size: big when it was decided, now n: 0; size: small"
    ]
    docs = {**DOCS, "KV30-x": replace(DOCS["KV30-x"], judged_by="when n = 0 must size = 'none'")}
    assert reopened(audit(RULE), audit(RULE, docs=docs)) == [
        "check: when n = 0 must size is null when it was decided, now when n = 0 must size = 'none'"
    ]


def test_another_threshold_opens_again() -> None:
    assert reopened(audit(GROUP), audit(replace(GROUP, evidence={"threshold": 0.25}))) == [
        "threshold: 0.5 when it was decided, now 0.25"
    ]


def test_a_group_stays_decided_when_one_leaves_and_opens_when_one_joins() -> None:
    two = audit(replace(GROUP, related=("a", "b")))
    assert reopened(audit(GROUP), two) == []
    four = after(audit(replace(GROUP, related=("a", "b", "c", "d"))), decided(audit(GROUP)))
    assert (four.findings[0].status, four.findings[0].evidence_changes) == (OPEN, ())


def test_another_checks_finding_about_the_pictures_hangs_on_the_pictures_alone() -> None:
    decisions = decided(audit(replace(GROUP, related=("a", "b"))))
    docs = {**DOCS, "KV205": replace(DOCS["KV205"], judged_by="version 7")}
    assert after(audit(ACROSS, docs=docs), decisions).findings[0].status is WAIVED
    (finding,) = after(audit(ACROSS, docs=docs, pictures="aabe"), decisions).findings
    assert [change.what for change in finding.evidence_changes] == ["picture b"]
    assert finding.status is OPEN


def test_decisions_without_evidence_and_audits_without_pictures_count_as_ever() -> None:
    first = audit(ABOUT_A_ROW)
    old = [replace(decision, evidence=None) for decision in decided(first)]
    assert after(audit(ABOUT_A_ROW, pictures="ae"), old).findings[0].status is WAIVED
    assert reopened(first, audit(ABOUT_A_ROW, pictures="")) == []
    earlier = replace(first, findings=with_keys([ABOUT_A_ROW]))
    assert after(earlier, decided(first)).findings[0].status is WAIVED


def test_a_confirmed_defect_is_to_be_looked_at_again() -> None:
    first, later = audit(ABOUT_A_ROW), audit(ABOUT_A_ROW, pictures="ae")
    assert undecided(first.findings, decided(first, CONFIRMED), TODAY, DOCS) == ()
    assert undecided(later.findings, decided(first, CONFIRMED), TODAY, DOCS) == later.findings


def test_who_is_unsure_leaves_it_to_others() -> None:
    run = audit(ABOUT_A_ROW)
    assert undecided(run.findings, decided(run, DecisionVerdict.UNSURE), TODAY, DOCS) == run.findings


def test_a_newer_decision_on_todays_evidence_counts() -> None:
    later = audit(ABOUT_A_ROW, pictures="ae")
    run = after(later, [*decided(audit(ABOUT_A_ROW)), *decided(later)])
    assert run.findings[0].status is WAIVED
    assert run.metrics["decisions"]["other_evidence"] == []


def test_evidence_is_small_whatever_the_table_holds() -> None:
    many = [("s", "Colour?", f"{n} {'long ' * 100}", "a") for n in range(2_000)]
    evidence = audit(ABOUT_A_ROW, rows=many).findings[0].frozen_evidence
    assert evidence is not None
    assert len(str(evidence.as_json())) < 1_000
    assert evidence != audit(ABOUT_A_ROW, rows=many[1:]).findings[0].frozen_evidence


@pytest.mark.parametrize(
    "record",
    [[], {"image": []}, {"images": {}}, {"images": [[]]}, {"images": [{"sha256": "0" * 64}]}, {"threshold": "1"},
     {"images": [{"img_id": "a", "sha256": "0"}]}, {"images": [{"img_id": "a", "rows": [["x"]]}]}, {"threshold": True},
     {"images": [{"img_id": "a", "rows": [["x", 1]]}]}, {"judged_by": 1}],
)  # fmt: skip
def test_what_is_no_evidence_is_refused(record: object) -> None:
    with pytest.raises(ValueError, match="has to"):
        FrozenEvidence.of_json(record)


def test_the_outlook_of_a_gate_counts_what_was_decided_on_this_evidence_alone() -> None:
    first, later = audit(ABOUT_A_ROW), audit(ABOUT_A_ROW, pictures="ae")
    (old,), (new,), (unsure,) = decided(first), decided(later), decided(later, DecisionVerdict.UNSURE)
    changed = after(later, [old]).findings
    assert latest([old], changed, TODAY) == {}
    assert latest([old, new], changed, TODAY) == latest([new], (), TODAY) == {new.key: new}
    assert latest([new, unsure], (), TODAY) == {}
