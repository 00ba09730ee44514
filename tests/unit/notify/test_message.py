"""A message is news only where something is new, and says what a person needs, without anything out of a row."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime

import pytest

from kvqa_audit.compare.baseline import against_baseline
from kvqa_audit.model import AuditRun, FindingStatus, Severity
from kvqa_audit.notify.message import MAX_CHECKS_TOLD, Message, message_about, message_of_failure
from kvqa_audit.release.standing import judge_audit
from kvqa_audit.spec.load import load_spec
from tests.report_samples import HOSTILE, sample_run

RUN = sample_run(images=6, findings_per_check=3)


def message(run: AuditRun) -> Message:
    return message_about(run, judge_audit(run, load_spec()), "https://example.org/report.html")


def without_the_last(number: int) -> AuditRun:
    """The audit as it was before its last findings above notes were there."""
    newest = [f for f in RUN.findings if f.severity is not Severity.INFO and f.status is FindingStatus.OPEN][-number:]
    earlier = tuple(f for f in RUN.findings if f not in newest)
    return dataclasses.replace(RUN, run_id="0" * 32, findings=earlier)


def test_what_was_known_is_no_news() -> None:
    same = message(against_baseline(RUN, RUN))
    assert same.new == 0
    assert same.verdict == same.verdict_before
    assert not same.is_news


def test_new_findings_are_counted_by_check() -> None:
    told = message(against_baseline(RUN, without_the_last(2)))
    assert told.is_news
    assert told.new == 2 == sum(one.new or 0 for one in told.checks)
    assert [one.blocking for one in told.checks] == sorted((one.blocking for one in told.checks), reverse=True)
    assert sum(one.blocking for one in told.checks) == told.blocking
    assert "2 are new since " in told.text()
    assert told.subject.endswith(", 2 new")


def test_new_notes_alone_are_no_news() -> None:
    notes = [f for f in RUN.findings if f.severity is Severity.INFO and f.status is FindingStatus.OPEN]
    assert notes
    before = dataclasses.replace(RUN, findings=tuple(f for f in RUN.findings if f not in notes))
    assert not message(against_baseline(RUN, before)).is_news


def test_another_verdict_is_news_though_no_finding_is() -> None:
    run = against_baseline(RUN, dataclasses.replace(RUN, exit_code=0))
    told = message(run)
    assert told.verdict_before == "ready"
    assert told.is_news
    assert "It was ready before." in told.text()


@pytest.mark.parametrize(("verdict", "news"), [("ready", False), ("not ready", True), ("incomplete", True)])
def test_first_audit_is_news_unless_it_is_ready(verdict: str, news: bool) -> None:
    assert Message("r", "p", "d", "t", verdict, "s").is_news is news


def test_an_audit_that_failed_is_news_and_says_why() -> None:
    told = message_of_failure("Odd\nname", "the disk is full", datetime.now(UTC).isoformat())
    assert told.is_news
    assert told.subject == "kvqa-audit: Odd↵name: failed"
    assert "the disk is full" in told.text()


def test_nothing_of_a_row_and_no_control_character_is_told() -> None:
    text = message(RUN).text() + str(message(RUN).record())
    of_rows = {one for f in RUN.findings for one in (f.img_id, f.answer, f.question, f.message, *f.related) if one}
    assert of_rows & set(HOSTILE)
    assert not [one for one in of_rows if len(one) > 3 and one in text.replace(RUN.dataset.name, "")]
    assert all(character.isprintable() or character == "\n" for character in message(RUN).text())


def test_text_is_at_most_a_screen_long() -> None:
    assert len(message(RUN).checks) > 3
    many = dataclasses.replace(message(RUN), checks=message(RUN).checks * 20)
    assert len(many.text().splitlines()) <= MAX_CHECKS_TOLD + 8
    assert f"and {len(many.checks) - MAX_CHECKS_TOLD} more" in many.text()
