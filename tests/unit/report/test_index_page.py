"""The list of several audits: their order, their counts, their changes, and hostile names as text."""

from __future__ import annotations

from dataclasses import replace

from kvqa_audit.artifacts.folder import audit_record
from kvqa_audit.report.index_page import render_index, run_line
from tests.report_samples import sample_run

LINE = run_line(audit_record(sample_run()), "sample/report.html")


def test_a_line_counts_open_findings_of_failed_checks() -> None:
    run = sample_run()
    errors = sum(o.violations - o.waived for o in run.outcomes if o.outcome == "failed" and o.severity == "error")
    assert LINE.errors == errors > 0
    assert (LINE.rows, LINE.images) == (run.dataset.rows, run.dataset.images)


def test_newest_first_with_the_change_since_the_run_before() -> None:
    runs = [
        replace(LINE, started_at=f"2026-0{month}-01T00:00:00+00:00", errors=errors, warnings=0, href=f"{month}.html")
        for month, errors in ((1, 10), (3, 4), (2, 12))
    ]
    page = render_index(runs)
    assert page.index("3.html") < page.index("2.html") < page.index("1.html")
    assert "+2" in page
    assert "-8" in page
    assert "8 errors fewer than in the one before" in page


def test_hostile_names_are_text_and_unreadable_records_are_named() -> None:
    page = render_index([replace(LINE, dataset="<script>alert(1)</script>\u202e")], [("a<b", "ValueError: x")])
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    assert "\u202e" not in page
    assert "a&lt;b" in page
    assert "1 records could not be read" in page
