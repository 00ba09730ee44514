"""The pages beside the report hold every finding, each once, with its picture, and lead to each other."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

from kvqa_audit.model import AuditRun, FindingStatus
from kvqa_audit.outputs.write_outputs import write_report
from kvqa_audit.previews.records import Preview
from kvqa_audit.release.gate import judge
from kvqa_audit.report.as_html import Report
from kvqa_audit.report.pages import CARDS_PER_PAGE, page_name, pages_of, render_page
from kvqa_audit.spec.load import load_spec
from kvqa_audit.spec.release import Release
from tests.report_samples import JPEG, sample_run, with_cases

ANCHOR = re.compile(r'id="(KV[0-9A-Za-z.-]+-[0-9a-f]{16})"')


@pytest.fixture(scope="module")
def run() -> AuditRun:
    return with_cases(sample_run(images=120, findings_per_check=90))


@pytest.fixture(scope="module")
def folder(run: AuditRun, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report without pictures, and its pages."""
    folder = tmp_path_factory.mktemp("audit")
    write_report(run, folder / "report.html", load_spec(), pictures="none", pages=True)
    return folder


def test_every_finding_stands_on_exactly_one_page(run: AuditRun, folder: Path) -> None:
    found: Counter[str] = Counter()
    for path in (folder / "report").glob("KV*.html"):
        found.update(ANCHOR.findall(path.read_text(encoding="utf-8")))
    assert set(found.values()) == {1}
    assert set(found) == {f"{finding.check}-{finding.key}" for finding in run.findings}


def test_the_pages_lead_to_each_other_and_the_report_to_them(folder: Path) -> None:
    pages = {path.name: path.read_text(encoding="utf-8") for path in (folder / "report").iterdir()}
    ids = {name: set(re.findall(r'id="([^"]+)"', text)) for name, text in pages.items()}
    for name, text in pages.items():
        links = re.findall(r'href="(?!data:|\.\./)([^"#]*)(?:#([^"]+))?"', text)
        for target, anchor in links:
            assert target in ("", *pages), (name, target)
            assert not anchor or anchor in ids[target or name], (name, target, anchor)
    reached, ahead = set(), ["index.html"]
    while ahead:
        name = ahead.pop()
        if name not in reached:
            reached.add(name)
            ahead += [one for one in re.findall(r'href="([^"#./]+\S*?\.html)', pages[name]) if one in pages]
    assert reached == set(pages)
    report = (folder / "report.html").read_text(encoding="utf-8")
    assert 'href="report/index.html#KV011"' in report
    assert "kvqa-audit report --pages" not in report


def test_a_page_holds_forty_cards_and_the_pictures_of_all(run: AuditRun) -> None:
    report = Report(run, judge(run.outcomes, run.findings, Release()))
    pages = tuple(pages_of(report))
    assert max(len(page.cards) for page in pages) == CARDS_PER_PAGE
    page = next(page for page in pages if page.number == 2)
    wanted = page.wanted()
    assert {card.picture.img_id for card in page.cards if card.picture} <= set(wanted.sides_px)
    previews = {img_id: Preview(img_id, JPEG) for img_id in wanted.sides_px}
    text = render_page(report, page, (None, None), previews, {})
    assert text.count("<img") == sum(card.picture is not None for card in page.cards)
    assert f"Findings {CARDS_PER_PAGE + 1} to {CARDS_PER_PAGE + len(page.cards)}" in text


def test_what_is_decided_stands_on_the_pages_too(run: AuditRun) -> None:
    report = Report(run, judge(run.outcomes, run.findings, Release()))
    waived = {finding.key for finding in run.findings if finding.status is FindingStatus.WAIVED}
    assert waived <= {finding.key for page in pages_of(report) for card in page.cards for finding in card.findings}


def test_pages_of_an_earlier_report_are_removed_and_nothing_else(run: AuditRun, tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    write_report(run, path, load_spec(), pictures="none", pages=True)
    (tmp_path / "report" / "notes.html").write_text("<html>mine</html>")
    write_report(run, path, load_spec(), pictures="none")
    assert [one.name for one in (tmp_path / "report").iterdir()] == ["notes.html"]
    (tmp_path / "report" / "notes.html").unlink()
    write_report(run, path, load_spec(), pictures="none", pages=True)
    write_report(run, path, load_spec(), pictures="none")
    assert not (tmp_path / "report").exists()


@pytest.mark.parametrize("code", ["KV30-a/../b", "..", "KV30-\u202e", "a b"])
def test_no_code_leads_out_of_the_folder(code: str) -> None:
    name = page_name(code, 1)
    assert re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_.-]*-1\.html", name)
