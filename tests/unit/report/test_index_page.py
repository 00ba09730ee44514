"""The list of several audits: their order, their counts, their changes, and hostile names as text."""

from __future__ import annotations

from dataclasses import replace

from kvqa_audit.artifacts.folder import audit_record
from kvqa_audit.model import Counts
from kvqa_audit.model.counts import count_findings
from kvqa_audit.report.index_page import render_index, run_line
from tests.report_samples import sample_run

COUNTS = count_findings(sample_run().findings).total
LINE = run_line(audit_record(sample_run()), COUNTS, "sample/report.html")


def test_a_line_tells_the_findings_and_the_dataset() -> None:
    run = sample_run()
    assert LINE.findings.found == len(run.findings)
    assert (LINE.rows, LINE.images) == (run.dataset.rows, run.dataset.images)


def test_newest_first_with_the_change_since_the_run_before() -> None:
    runs = [
        replace(
            LINE, started_at=f"2026-0{month}-01T00:00:00+00:00", findings=Counts(errors=errors), href=f"{month}.html"
        )
        for month, errors in ((1, 10), (3, 4), (2, 12))
    ]
    page = render_index(runs)
    assert page.index("3.html") < page.index("2.html") < page.index("1.html")
    assert "+2" in page
    assert "-8" in page
    assert "8 findings fewer in all than in the one before" in page


def test_waiving_is_not_told_as_fewer_findings() -> None:
    before = replace(LINE, started_at="2026-01-01T00:00:00+00:00", findings=Counts(errors=20))
    after = replace(LINE, started_at="2026-02-01T00:00:00+00:00", findings=Counts(errors=2, waived=18))
    page = render_index([before, after])
    assert "2 errors, 18 waived; as many findings in all as in the one before" in page


def test_hostile_names_are_text_and_unreadable_records_are_named() -> None:
    page = render_index([replace(LINE, dataset="<script>alert(1)</script>\u202e")], [("a<b", "ValueError: x")])
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    assert "\u202e" not in page
    assert "a&lt;b" in page
    assert "1 records could not be read" in page
