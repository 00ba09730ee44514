"""Tests of what a notebook shows of an audit: the facts, no verdict, and hostile names as text."""

from __future__ import annotations

from dataclasses import replace
from html.parser import HTMLParser

from tests.report_samples import HOSTILE, sample_run


class Cells(HTMLParser):
    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, int]] = []
        self.texts: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, len(attrs)))
        self.texts.append("")

    def handle_data(self, data: str) -> None:
        self.texts[-1] += data


def test_the_facts_are_there_with_the_failed_checks_by_severity() -> None:
    texts = Cells(sample_run()._repr_html_()).texts
    cells = dict(zip([t for t in texts if t][1::2], [t for t in texts if t][2::2], strict=True))
    assert (cells["rows"], cells["images"], cells["checks not judged"]) == ("5,000", "72", "3")
    assert cells["failed checks, error"].startswith("3: KV010 (31), KV101 (31), KV203 (")
    assert list(cells).index("failed checks, error") < list(cells).index("failed checks, warning")
    assert not {"ready", "pass", "passed"} & set(" ".join(cells).split())


def test_hostile_names_are_text() -> None:
    run = sample_run()
    for hostile in HOSTILE:
        named = replace(run, run_id=hostile, dataset=replace(run.dataset, name=hostile))
        page = named._repr_html_()
        page.encode("utf-8")
        seen = Cells(page)
        assert {tag for tag, _ in seen.tags} == {"table", "caption", "tbody", "tr", "th", "td"}
        assert all(attributes == 0 for _, attributes in seen.tags)
        assert len(page) < 20_000


def test_an_audit_without_checks_has_zeros() -> None:
    page = replace(sample_run(), outcomes=(), findings=())._repr_html_()
    assert page.count("<td>0</td>") == 5
