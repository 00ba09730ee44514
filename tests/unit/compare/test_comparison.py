"""A comparison tells all that changed, lets findings follow renamed images, and says what it could not compare."""

from __future__ import annotations

from dataclasses import replace

from kvqa_audit.compare.baseline import against_baseline
from kvqa_audit.compare.comparison import compare_audits
from kvqa_audit.compare.tables import sentence
from kvqa_audit.model import Finding, FindingStatus, OutcomeStatus, Severity
from tests.unit.compare.samples import finished, image

ROWS = [("Polyps", "How many?", str(n % 3), f"i{n}") for n in range(30)]
IMAGES = [image(f"i{n}") for n in range(30)]
WRONG = Finding("KV008", Severity.ERROR, "wrong", "i1", "How many?", "1", row=1)
BLANK = Finding("KV003", Severity.WARNING, "blank", "i2", "How many?", "2", row=2)


def test_same_audit_twice_changes_nothing() -> None:
    run = finished(ROWS, IMAGES, [WRONG])
    told = compare_audits(run, run)
    assert told.is_same_data
    assert told.rows is not None
    assert told.images is not None
    assert (told.rows.unchanged, told.images.unchanged) == (30, 30)
    assert (len(told.findings.still_open), told.findings.new, told.findings.resolved) == (1, (), ())
    assert not [cell for cell in (*told.answers, *told.image_measures) if cell.is_notable]
    assert told.notes == ()
    assert told.exit_code(Severity.ERROR) == 0


def test_renamed_image_keeps_its_rows_and_findings() -> None:
    rows = [(*row[:3], "z" if row[3] == "i1" else row[3]) for row in ROWS]
    images = [replace(one, img_id="z") if one.img_id == "i1" else one for one in IMAGES]
    told = compare_audits(finished(ROWS, IMAGES, [WRONG]), finished(rows, images, [replace(WRONG, img_id="z")]))
    assert told.images is not None
    assert told.rows is not None
    assert told.images.new_names == {"i1": "z"}
    assert (told.images.added, told.images.removed) == ((), ())
    assert told.rows.unchanged == 30
    assert (told.findings.new, told.findings.resolved, len(told.findings.still_open)) == ((), (), 1)


def test_exit_code_hangs_on_new_findings_at_the_gate() -> None:
    told = compare_audits(finished(ROWS, IMAGES, [WRONG]), finished(ROWS, IMAGES, [WRONG, BLANK]))
    assert told.exit_code(Severity.ERROR) == 0
    assert told.exit_code(Severity.WARNING) == 1
    (blank,) = [check for check in told.checks if check.code == "KV003"]
    assert (blank.new, blank.resolved, blank.still_open, blank.is_newly_judged) == (1, 0, 0, False)


def test_what_cannot_be_compared_is_said() -> None:
    old = replace(finished(ROWS, (), [WRONG], skipped=["KV003"]), rows=None)
    told = compare_audits(old, finished(ROWS, IMAGES, [BLANK], skipped=["KV008"]))
    assert (told.rows, told.images, told.image_measures) == (None, None, ())
    assert len(told.notes) == 4
    assert "no image was looked at in the first audit" in told.notes[0]
    assert "no answers.parquet in the first audit" in told.notes[1]
    assert "nobody looked before" in told.notes[2]
    assert "KV003" in told.notes[2]
    assert "1 findings of KV008, not judged now" in told.notes[3]


def test_check_that_is_gone_or_new_is_told_with_what_it_was() -> None:
    both = finished(ROWS, IMAGES, [WRONG])
    fewer = replace(both, outcomes=tuple(one for one in both.outcomes if one.code != "KV003"))
    gone = {check.code: (check.before, check.after) for check in compare_audits(both, fewer).checks}
    come = {check.code: (check.before, check.after) for check in compare_audits(fewer, both).checks}
    assert gone["KV003"] == (OutcomeStatus.PASSED, None)
    assert come["KV003"] == (None, OutcomeStatus.PASSED)
    assert gone["KV008"] == come["KV008"] == (OutcomeStatus.FAILED, OutcomeStatus.FAILED)


def test_newly_judged_check_that_found_nothing_is_not_worth_a_note() -> None:
    assert compare_audits(finished(ROWS, IMAGES, skipped=["KV003"]), finished(ROWS, IMAGES)).notes == ()


def test_reopened_finding_is_one_of_the_new_ones_of_the_sentence() -> None:
    before, after = finished(ROWS, IMAGES, [WRONG]), finished(ROWS, IMAGES, [WRONG, BLANK], day=2)
    waived = tuple(replace(finding, status=FindingStatus.WAIVED) for finding in before.findings)
    told = compare_audits(replace(before, findings=waived), after)
    assert sentence(told) == "Nothing changed in the data: 2 new, 0 resolved and 0 still open findings."


def test_quality_of_another_version_is_not_compared() -> None:
    old = [replace(one, brightness=10.0, algorithm="0") for one in IMAGES]
    new = [replace(one, brightness=200.0) for one in IMAGES]
    told = compare_audits(finished(ROWS, old), finished(ROWS, new))
    assert {one.measure for one in told.image_measures} == {"width", "height", "size_bytes"}
    assert "different versions" in told.notes[0]


def test_baseline_goes_into_the_metrics() -> None:
    before = finished(ROWS, IMAGES, [WRONG], run_id="b" * 32)
    images = [replace(one, img_id="z") if one.img_id == "i1" else one for one in IMAGES]
    run = against_baseline(finished(ROWS, images, [replace(WRONG, img_id="z"), BLANK], day=2), before)
    told = run.metrics["baseline"]
    assert (told["run_id"], told["date"]) == ("b" * 32, before.finished_at)
    assert (told["new"], told["resolved"], told["still_open"]) == (1, 0, 1)
    assert told["new_keys"] == [finding.key for finding in run.findings if finding.check == "KV003"]
    assert run.metrics["sources"] == {row[3]: row[0] for row in ROWS}


def test_audits_of_different_kinds_are_compared_with_a_warning() -> None:
    old = finished(ROWS, IMAGES, name="Other", subset=True)
    told = compare_audits(replace(old, tool={**old.tool, "version": "0.0.9"}), finished(ROWS, IMAGES))
    assert told.notes == (
        "These are two datasets: Other and Sample.",
        "One audit is of a part, the other of the whole dataset.",
        "The audits were made by versions 0.0.9 and 0.1.0 of kvqa-audit, whose checks may differ.",
    )
