"""A year of one dataset: audited, decided about, repaired, spoiled; gate, comparison and store keep up with it."""

from __future__ import annotations

import csv
import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from kvqa_audit.compare.baseline import against_baseline
from kvqa_audit.compare.comparison import compare_audits
from kvqa_audit.demo import DemoTruth
from kvqa_audit.model import AuditRun, Finding, FindingStatus, Severity
from kvqa_audit.pipeline import publish
from kvqa_audit.pipeline.options import AuditOptions
from kvqa_audit.pipeline.publish import AuditRequest
from kvqa_audit.release.decisions import Decision, DecisionVerdict
from kvqa_audit.release.decisions_text import with_added
from kvqa_audit.release.standing import judge_audit
from kvqa_audit.spec.load import load_spec
from kvqa_audit.spec.release import Release
from kvqa_audit.store.runs import RunStore

SPEC = load_spec()
NO_NEW_ERRORS = Release(fail_on="never", no_new="error")
Rows = list[dict[str, str]]
Year = tuple[AuditRun, AuditRun, AuditRun, Decision]


def audited(dataset: Path) -> AuditRun:
    return publish.audited(AuditRequest(str(dataset), AuditOptions(SPEC, subset=True), cached=False))


def next_version(before: Path, after: Path, change: Callable[[Rows], Rows]) -> None:
    shutil.copytree(before, after)
    with (before / "metadata.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    with (after / "metadata.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, rows[0].keys())
        writer.writeheader()
        writer.writerows(change(rows))


def as_kept(run: AuditRun) -> AuditRun:
    """The audit without its small pictures, which no file of the contract holds."""
    return replace(run, fingerprints=tuple(replace(one, thumbnail=b"") for one in run.fingerprints))


def wrong_answers(run: AuditRun) -> dict[str, Finding]:
    return {finding.key: finding for finding in run.findings if finding.check == "KV008"}


@pytest.fixture(scope="module")
def year(drawn: tuple[Path, DemoTruth], tmp_path_factory: pytest.TempPathFactory) -> Year:
    """The audits of January, June and December, and what was decided in between."""
    folder = tmp_path_factory.mktemp("year")
    january = audited(drawn[0])
    pair = next(finding for finding in january.findings if finding.check == "KV204")
    about = {"img_id": pair.img_id, "question": pair.question, "answer": pair.answer, "related": pair.related}
    decision = Decision(
        pair.key, pair.check, DecisionVerdict.FALSE_POSITIVE, "two polyps", "curator", date(2026, 2, 1), **about
    )
    wrong = {finding.row for finding in wrong_answers(january).values()}
    assert wrong
    renamed = "demo_polyps_10"

    def repaired(rows: Rows) -> Rows:
        kept = [row for number, row in enumerate(rows) if number not in wrong]
        return [{**row, "img_id": "polyps 10"} if row["img_id"] == renamed else row for row in kept]

    def spoiled(rows: Rows) -> Rows:
        return [{**row, "answer": "yess"} if number == 3 else row for number, row in enumerate(rows)]

    next_version(drawn[0], folder / "june", repaired)
    (folder / "june" / "images" / f"{renamed}.jpg").rename(folder / "june" / "images" / "polyps 10.jpg")
    decisions = folder / "june" / "decisions.yaml"
    decisions.write_text(with_added(decisions, "", [decision]), encoding="utf-8")
    june = against_baseline(audited(folder / "june"), january)
    next_version(folder / "june", folder / "december", spoiled)
    december = against_baseline(audited(folder / "december"), june)
    return january, june, december, decision


def test_gate_lets_the_repaired_version_pass_and_stops_the_spoiled_one(year: Year) -> None:
    january, june, december, _ = year
    verdicts = [judge_audit(run, SPEC, release=NO_NEW_ERRORS) for run in (january, june, december)]
    # Without a baseline every error is new.
    assert [verdict.exit_code for verdict in verdicts] == [1, 0, 1]
    assert any(reason.startswith("KV008: 1 new finding of severity error") for reason in verdicts[2].reasons)


def test_decision_holds_all_year_though_the_dataset_moved(year: Year) -> None:
    january, june, december, decision = year
    states = [{f.key: f.status for f in run.findings}.get(decision.key) for run in (january, june, december)]
    assert states == [FindingStatus.OPEN, FindingStatus.WAIVED, FindingStatus.WAIVED]


def test_comparison_tells_the_repair_and_the_regression(year: Year) -> None:
    january, june, december, decision = year
    repair, regression = compare_audits(january, june), compare_audits(june, december)
    assert repair.images is not None
    assert repair.images.new_names == {"demo_polyps_10": "polyps 10"}
    assert set(wrong_answers(january)) <= {finding.key for finding in repair.findings.resolved}
    assert repair.findings.new_at(Severity.ERROR) == ()
    assert [finding.key for finding in repair.findings.decided] == [decision.key]
    assert regression.rows is not None
    assert [(one.after.number, one.after.answer) for one in regression.rows.changed] == [(3, "yess")]
    assert (regression.rows.added, regression.rows.removed) == ((), ())
    assert {finding.key for finding in wrong_answers(december).values()} <= {f.key for f in regression.findings.new}
    assert regression.exit_code(Severity.ERROR) == 1


def test_store_remembers_the_year(year: Year, place: str) -> None:
    january, june, december, decision = year
    with RunStore(place) as store:
        first, second, third = (store.finish(run) for run in (january, june, december))
        states = {state.key: state for state in store.findings(first.series)}
        assert store.load(june.run_id) == as_kept(june)
        assert compare_audits(store.load(june.run_id), store.load(december.run_id)) == compare_audits(june, december)
    for stored, run in ((second, june), (third, december)):
        told = run.metrics["baseline"]
        assert (stored.new, stored.resolved) == (told["new"] + told["reopened"], told["resolved"])
    assert {states[key].resolved_run for key in wrong_answers(january)} == {june.run_id}
    spoilt = set(wrong_answers(december)) - set(wrong_answers(june))
    assert {(states[key].first_run, states[key].resolved_run) for key in spoilt} == {(december.run_id, None)}
    assert (states[decision.key].first_run, states[decision.key].status) == (january.run_id, "waived")
    assert [run.number for run in (first, second, third)] == [1, 2, 3]
