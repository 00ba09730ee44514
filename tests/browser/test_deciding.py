"""Deciding in the report, offline and with keys alone: the verdict follows, and the next audit knows it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from kvqa_audit.artifacts.folder import read_artifacts
from kvqa_audit.cli import app
from kvqa_audit.demo import DemoTruth
from kvqa_audit.fixes.reviewed import corrections_decided
from kvqa_audit.model import AuditRun
from kvqa_audit.pipeline.audit import run_audit
from kvqa_audit.pipeline.options import AuditOptions
from kvqa_audit.release.decisions import DecisionVerdict
from kvqa_audit.release.decisions_file import decisions_for, read_decisions
from kvqa_audit.release.review import merged
from kvqa_audit.release.standing import judge_audit
from kvqa_audit.report.as_html import Report
from kvqa_audit.spec.load import load_spec
from tests.browser.chromium import EXECUTABLE, Tab, chromium
from tests.processes import wait_until
from tests.report_samples import page_of, sample_run, with_cases

pytestmark = pytest.mark.skipif(EXECUTABLE is None, reason="no Chromium is installed")

FOCUSED = "document.activeElement.closest('article.card')"
LEFT = "document.getElementById('left').textContent"
SPEC = load_spec()


@dataclass(frozen=True)
class Audited:
    """A dataset, its audit and its report."""

    source: Path
    run: AuditRun
    report: str


@pytest.fixture(scope="module")
def sample(drawn: tuple[Path, DemoTruth], audited: Path) -> Audited:
    return Audited(drawn[0], read_artifacts(audited), (audited / "report.html").as_uri())


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tab]:
    with chromium(tmp_path_factory.mktemp("profile")) as tab:
        yield tab


@pytest.fixture
def tab(browser: Tab, sample: Audited, tmp_path: Path) -> Tab:
    """The report, with no decision yet and without network."""
    return opened(browser, sample.report, tmp_path)


def opened(tab: Tab, report: str, downloads: Path) -> Tab:
    tab.call("Network.emulateNetworkConditions", offline=True, latency=0, downloadThroughput=-1, uploadThroughput=-1)
    tab.save_downloads_in(downloads)
    tab.open("about:blank")
    tab.open(report)
    tab.value("localStorage.clear()")
    tab.open("about:blank")
    tab.open(report)
    return tab


def start(tab: Tab) -> None:
    """Goes to the first finding, with the keyboard: the button is the first thing to press after the verdict."""
    tab.value("document.querySelector('#deciding button').focus()")
    tab.press("Enter")
    tab.wait_for(f"{FOCUSED} !== null")


def saved(tab: Tab, path: Path, who: str = "Dr. Größe") -> Path:
    """Presses W, says who decides, and waits for the file."""
    tab.press("w")
    if tab.value("document.activeElement.name") == "who":
        tab.type(who)
        tab.press("Enter")
    return written(path)


def written(path: Path) -> Path:
    """Waits until the browser has written a file, which begins empty."""
    wait_until(lambda: path.exists() and path.stat().st_size)
    return path


def test_twenty_decisions_are_twenty_keys_and_change_the_verdict(tab: Tab, sample: Audited, tmp_path: Path) -> None:
    report = Report(sample.run, judge_audit(sample.run, SPEC), SPEC)
    in_order = report.page.cards
    blocking = {finding.key for finding in report.blocking}
    assert not report.verdict.ready
    start(tab)
    left = len(blocking)
    for card in in_order[:20]:
        assert tab.value(f"{FOCUSED}.id") == card.anchor
        tab.press("f")
        left -= len(blocking.intersection(finding.key for finding in card.findings))
        assert tab.value(LEFT).startswith(f"With your decisions: {left:,} blocker")
    assert tab.value("document.querySelectorAll('article.card.is-decided').length") == 20
    keys = [finding.key for card in in_order[:20] for finding in card.findings]
    found = read_decisions(saved(tab, tmp_path / "decisions.yaml"))
    assert [decision.key for decision in found] == keys
    assert {decision.who for decision in found} == {"Dr. Größe"}
    evidence = {finding.key: finding.frozen_evidence for finding in sample.run.findings}
    assert [decision.evidence for decision in found] == [evidence[key] for key in keys]
    assert all(decision.evidence is not None for decision in found)
    assert {decision.verdict for decision in found} == {DecisionVerdict.FALSE_POSITIVE}
    # The same file, merged, is what the next audit goes by.
    copy = tmp_path / "dataset"
    shutil.copytree(sample.source, copy)
    assert merged(copy / "decisions.yaml", found) == (len(keys), 0)
    assert merged(copy / "decisions.yaml", found) == (0, len(keys))
    again = run_audit(copy, AuditOptions(SPEC, subset=True), decisions=decisions_for(copy, None))
    verdict = judge_audit(again, SPEC)
    assert len(Report(again, verdict, SPEC).blocking) == left
    assert verdict.sentence != report.verdict.sentence
    assert verdict.ready == (left == 0)


def test_gate_follows_twenty_decisions_about_real_findings(browser: Tab, joined: Path, tmp_path: Path) -> None:
    out, decisions = joined, tmp_path / "decided.yaml"
    run = read_artifacts(out)
    blocking = [finding.key for finding in Report(run, judge_audit(run, SPEC), SPEC).blocking]
    before = json.loads(command("gate", out, "--json").stdout)
    assert (before["ready"], before["findings"]["blocking"]) == (False, len(blocking))
    tab = opened(browser, (out / "report.html").as_uri(), tmp_path)
    start(tab)
    for _ in range(20):
        tab.press("f")
    assert tab.value("document.querySelectorAll('article.card.is-decided').length") == 20
    left = tab.value(LEFT)
    made = read_decisions(saved(tab, tmp_path / "decisions.yaml"))
    assert len(made) >= 20, "a card of a group decides about all that was found in it"
    told = command("review", out, "--merge", tmp_path / "decisions.yaml", "--decisions", decisions)
    assert f"{len(made)} decisions added" in told.stdout
    after = json.loads(command("gate", out, "--decisions", decisions, "--json").stdout)
    still = len(set(blocking) - {decision.key for decision in read_decisions(decisions)})
    assert still < len(blocking)
    assert f"With your decisions: {still:,} blocker" in left
    assert after["findings"]["blocking"] == still
    assert after["sentence"] != before["sentence"]


def command(*arguments: object) -> Result:
    """A command of the program, as a user gives it after the page was closed."""
    return CliRunner().invoke(app, [str(one) for one in arguments], env={"COLUMNS": "200"})


def test_the_original_is_opened_from_the_picture_in_full_size(tab: Tab, sample: Audited) -> None:
    start(tab)
    image = next(one for one in sample.run.fingerprints if one.width and one.img_id.endswith("polyps_01"))
    buttons = "[...document.querySelectorAll('button.open[data-file]')]"
    tab.value(f"{buttons}.find(one => /{image.img_id}/.test(one.ariaLabel)).focus()")
    tab.press("Enter")
    tab.wait_for("document.querySelector('dialog.lightbox').open")
    link = "document.querySelector('dialog.lightbox a')"
    assert tab.value(f"{link}.checkVisibility()")
    assert tab.value(f"{link}.href") == (sample.source / image.path).as_uri()
    tab.press("Escape")


def test_decisions_survive_a_reload_and_can_be_undone(tab: Tab, sample: Audited) -> None:
    start(tab)
    before = tab.value(f"{FOCUSED}.id")
    tab.press("f")
    after = tab.value(LEFT)
    tab.open("about:blank")
    tab.open(sample.report)
    assert tab.value(LEFT) == after
    start(tab)
    assert tab.value(f"{FOCUSED}.id") != before
    tab.press("k")
    assert tab.value(f"{FOCUSED}.id") == before
    tab.press("u")
    assert tab.value(LEFT) == ""
    assert tab.value("document.querySelectorAll('article.card.is-decided').length") == 0


def test_what_was_just_decided_is_undone_from_the_next_one(tab: Tab) -> None:
    start(tab)
    first = tab.value(f"{FOCUSED}.id")
    tab.press("c")
    assert tab.value(f"{FOCUSED}.id") != first
    tab.press("u")
    assert tab.value(f"{FOCUSED}.id") == first
    assert tab.value(LEFT) == ""


def test_a_confirmed_defect_still_blocks_and_a_skipped_one_is_not_decided(tab: Tab, sample: Audited) -> None:
    blocking = len(Report(sample.run, judge_audit(sample.run, SPEC), SPEC).blocking)
    start(tab)
    tab.press("s")
    assert tab.value(LEFT) == ""
    tab.press("c")
    assert tab.value(LEFT) == f"With your decisions: {blocking} blockers left, 1 of them confirmed."


def test_accepting_asks_for_a_reason_and_a_day(tab: Tab, tmp_path: Path) -> None:
    start(tab)
    tab.press("a")
    tab.press("Enter")
    assert tab.value("document.querySelectorAll('article.card.is-decided').length") == 0, "a reason is needed"
    tab.type('seen by two: "fine" \U0001f41f\u2028')
    tab.value("document.activeElement.form.elements.expires.value = '2099-12-31'")
    tab.press("Enter")
    [decision, *_] = read_decisions(saved(tab, tmp_path / "decisions.yaml"))
    assert (decision.verdict, decision.reason) == (DecisionVerdict.ACCEPTED, 'seen by two: "fine" \U0001f41f')
    assert str(decision.expires) == "2099-12-31"


def test_a_corrected_answer_goes_with_its_decision_and_fix_reads_it(tab: Tab, sample: Audited, tmp_path: Path) -> None:
    card = next(
        card
        for card in Report(sample.run, judge_audit(sample.run, SPEC), SPEC).page.cards
        if card.first.check == "KV360"
    )
    tab.open("about:blank")
    tab.open(f"{sample.report}#{card.anchor}")
    tab.wait_for(f"{FOCUSED} !== null")
    answer = {"yes": "no", "no": "yes"}[card.doubts[0].answer]
    tab.press("x")
    tab.type(answer)
    tab.press("Enter")
    file = saved(tab, tmp_path / "decisions.yaml")
    [decision] = read_decisions(file)
    assert (decision.verdict, decision.reason) == (DecisionVerdict.CONFIRMED, f"to be corrected to: {answer}")
    [correction] = corrections_decided(decisions_for(sample.source, file), SPEC)
    assert (correction.img_id, correction.answer) == (card.first.img_id, answer)
    assert correction.old_answer == card.doubts[0].answer


def test_where_the_browser_keeps_nothing_it_says_so_and_still_saves(tab: Tab, sample: Audited, tmp_path: Path) -> None:
    added = tab.call(
        "Page.addScriptToEvaluateOnNewDocument",
        source="Object.defineProperty(window, 'localStorage', {get() { throw new Error('off'); }});",
    )
    try:
        tab.open("about:blank")
        tab.open(sample.report)
        assert "keeps nothing" in tab.value("document.getElementById('deciding').textContent")
        start(tab)
        tab.press("f")
        assert read_decisions(saved(tab, tmp_path / "decisions.yaml"))
    finally:
        tab.call("Page.removeScriptToEvaluateOnNewDocument", identifier=added["identifier"])


def test_hostile_texts_come_back_from_a_saved_file_as_they_were(browser: Tab, tmp_path: Path) -> None:
    run = with_cases(sample_run())
    (tmp_path / "report.html").write_text(page_of(run), encoding="utf-8")
    tab = opened(browser, (tmp_path / "report.html").as_uri(), tmp_path)
    count = tab.value("document.querySelectorAll('article.card').length")
    start(tab)
    for _ in range(count):
        tab.press("f")
    by_key = {finding.key: finding for finding in run.findings}
    decisions = read_decisions(saved(tab, tmp_path / "decisions.yaml"))
    assert len(decisions) >= 100
    for decision in decisions:
        finding = by_key[decision.key]
        assert decision.img_id in (finding.img_id, None)
        assert decision.answer in (finding.answer or None, None)
        assert decision.question in (finding.question, None)
