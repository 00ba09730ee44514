"""Findings of two audits are compared by key: new, resolved, still open, and what nobody can know."""

from __future__ import annotations

from dataclasses import replace

from kvqa_audit.model import Finding, FindingStatus, Severity, with_keys
from kvqa_audit.release.changes import findings_since

BLANK = Finding("KV003", Severity.WARNING, "blank", "a", "q", "")
WRONG = Finding("KV008", Severity.ERROR, "not an answer", "b", "q", "yess", row=4)
PAIR = Finding("KV201", Severity.ERROR, "same bytes", related=("a", "b"))


def test_new_resolved_and_still_open_are_told_by_key() -> None:
    changes = findings_since(with_keys([BLANK, WRONG]), with_keys([replace(WRONG, row=9, message="moved"), PAIR]))
    assert [f.check for f in changes.new] == ["KV201"]
    assert [f.check for f in changes.resolved] == ["KV003"]
    assert [f.message for f in changes.still_open] == ["moved"]
    assert (changes.reopened, changes.decided, changes.not_judged) == ((), (), ())
    assert [f.check for f in changes.new_at(Severity.ERROR)] == ["KV201"]


def test_findings_of_checks_that_were_not_judged_are_not_resolved() -> None:
    changes = findings_since(with_keys([BLANK, WRONG]), (), judged={"KV003"})
    assert [f.check for f in changes.resolved] == ["KV003"]
    assert [f.check for f in changes.not_judged] == ["KV008"]


def test_waived_findings_are_neither_new_nor_open() -> None:
    waived = replace(WRONG, status=FindingStatus.WAIVED)
    assert findings_since((), with_keys([waived])).new == ()
    decided = findings_since(with_keys([WRONG]), with_keys([waived]))
    assert (len(decided.decided), len(decided.still_open), len(decided.resolved)) == (1, 0, 0)
    reopened = findings_since(with_keys([waived]), with_keys([WRONG]))
    assert (len(reopened.reopened), len(reopened.new), len(reopened.still_open)) == (1, 0, 0)
    assert findings_since(with_keys([waived]), ()).resolved == ()


def test_findings_follow_a_renamed_id_repeats_and_pairs_too() -> None:
    before = with_keys([BLANK, BLANK, PAIR, WRONG])
    after = with_keys(
        [replace(BLANK, img_id="z"), replace(BLANK, img_id="z"), replace(PAIR, related=("b", "z")), WRONG]
    )
    assert len(findings_since(before, after).new) == 3
    changes = findings_since(before, after, renamed={"a": "z"})
    assert (changes.new, changes.resolved) == ((), ())
    assert len(changes.still_open) == 4


def test_record_holds_json_values_and_the_baseline_s_name() -> None:
    record = findings_since(with_keys([BLANK]), with_keys([WRONG, PAIR])).record("r1", "2026-01-01")
    assert (record["run_id"], record["date"], record["new"], record["resolved"]) == ("r1", "2026-01-01", 2, 1)
    assert record["new_by_severity"] == {"info": 0, "warning": 0, "error": 2}
    assert record["new_keys"] == sorted(f.key for f in with_keys([WRONG, PAIR]))
