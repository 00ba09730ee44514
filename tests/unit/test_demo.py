"""The sample dataset: the same bytes every time, plausible frames, and every planted defect found by its check."""

from __future__ import annotations

import csv
import hashlib
from collections import Counter
from pathlib import Path

import pandas as pd
import pytest
from PIL import Image

from kvqa_audit.answers.judged_question import MIN_PICTURES_OF_AN_ANSWER
from kvqa_audit.answers.rules import judge_rules
from kvqa_audit.artifacts.folder import read_artifacts
from kvqa_audit.demo import DemoTruth, Planted, draw_demo, picture
from kvqa_audit.demo.scenes import rows_of, scenes
from kvqa_audit.errors import OutputError
from kvqa_audit.ingest.dataset import RawImage
from kvqa_audit.model import AuditRun, Finding, OutcomeStatus, Severity
from kvqa_audit.overlays.detection import things_seen
from kvqa_audit.overlays.overlay_stage import look_at
from kvqa_audit.spec.load import load_spec


@pytest.fixture(scope="module")
def truth(drawn: tuple[Path, DemoTruth]) -> DemoTruth:
    return drawn[1]


@pytest.fixture(scope="module")
def run(audited: Path) -> AuditRun:
    return read_artifacts(audited)


def digest(folder: Path) -> str:
    whole = hashlib.sha256()
    for path in sorted(folder.rglob("*.*")):
        whole.update(path.relative_to(folder).as_posix().encode() + b"\0" + path.read_bytes())
    return whole.hexdigest()


def test_the_same_seed_gives_the_same_bytes(truth: DemoTruth, tmp_path: Path) -> None:
    again = draw_demo(tmp_path / "again")
    assert digest(again.folder) == digest(truth.folder)
    assert again.planted == truth.planted


def test_it_is_small_and_in_the_exported_layout(truth: DemoTruth) -> None:
    files = list((truth.folder / "images").iterdir())
    assert len(files) == truth.images == 51
    assert sum(path.stat().st_size for path in files) < 2_000_000
    with (truth.folder / "metadata.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == ["source", "question", "answer", "img_id"]
    assert len(rows) == truth.rows
    assert len({row["source"] for row in rows} - {"Norml"}) == 5


def test_every_planted_defect_is_found_by_the_check_it_was_planted_for(truth: DemoTruth, run: AuditRun) -> None:
    missed = {
        f"{planted.what} ({planted.where})": sorted({*planted.expected} - {*planted.found_in(run.findings)})
        for planted in truth.planted
    }
    assert {what: codes for what, codes in missed.items() if codes} == {}


def test_nothing_above_information_is_found_that_was_not_planted(truth: DemoTruth, run: AuditRun) -> None:
    unplanned = [
        (finding.check, finding.img_id, finding.message)
        for finding in run.findings
        if finding.severity is not Severity.INFO and not any(p.found_in([finding]) for p in truth.planted)
    ]
    assert unplanned == []
    assert [outcome.code for outcome in run.outcomes if outcome.outcome is OutcomeStatus.ERRORED] == []


def test_only_the_planted_copies_look_alike(truth: DemoTruth, run: AuditRun) -> None:
    copies = {tuple(sorted(planted.img_ids)) for planted in truth.planted if len(planted.img_ids) == 2}
    assert {(pair.left, pair.right) for pair in run.pairs} == copies
    assert len(copies) == 5


@pytest.mark.parametrize("seed", range(1, 6))
def test_the_rows_break_no_rule_before_anything_is_planted(seed: int) -> None:
    spec = load_spec()
    rows = [row for img_id, scene in scenes(seed).items() for row in rows_of(img_id, scene, spec)]
    results = judge_rules(pd.DataFrame(rows), spec)
    assert {rule: result.answers for rule, result in results.items() if result.violations} == {}
    assert sum(result.eligible > 0 for result in results.values()) > 20


@pytest.mark.parametrize("seed", range(1, 6))
@pytest.mark.parametrize("question", ["box", "text", "procedure"])
def test_enough_frames_give_either_answer_to_be_judged_by(seed: int, question: str) -> None:
    spec = load_spec()
    text = spec.question_by_name[question].text
    rows = [row for img_id, scene in scenes(seed).items() for row in rows_of(img_id, scene, spec)]
    given = Counter(row["answer"] for row in rows if row["question"] == text)
    assert len(given) == 2
    assert min(given.values()) >= MIN_PICTURES_OF_AN_ANSWER


def test_drawn_boxes_and_captions_are_what_the_detectors_see(truth: DemoTruth) -> None:
    drawn = scenes(1)
    spoilt = {img_id for planted in truth.planted for img_id in planted.img_ids if planted.question is None}
    files = {path.stem: path for path in (truth.folder / "images").iterdir() if path.stem in {*drawn} - spoilt}
    seen = things_seen(look_at(RawImage(img_id, str(path), path.read_bytes())) for img_id, path in files.items())
    expected = {
        img_id: ("a box" if drawn[img_id].box else "no box", "text" if drawn[img_id].caption else "no text")
        for img_id in files
    }
    assert seen == expected
    assert {drawn[img_id].box for img_id in files} == {None, "green", "black"}
    assert len(files) > 25


def test_a_finding_counts_only_where_it_was_planted() -> None:
    planted = Planted("a pair", "", ("KV201",), ("a", "b"))
    pair = Finding("KV201", Severity.ERROR, "", related=("a", "b"))
    assert planted.found_in([pair]) == ("KV201",)
    assert planted.found_in([Finding("KV201", Severity.ERROR, "", related=("a", "c"))]) == ()
    assert planted.found_in([Finding("KV202", Severity.ERROR, "", related=("a", "b"))]) == ()
    cell = Planted("a cell", "", ("KV008",), ("a",), "Is there text?")
    assert cell.found_in([Finding("KV008", Severity.ERROR, "", img_id="a", question="Another?")]) == ()
    assert cell.found_in([Finding("KV008", Severity.ERROR, "", img_id="a", question="Is there text?")]) == ("KV008",)


def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(picture, "draw", lambda scene: Image.new("RGB", (scene.width, scene.height)))
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(OutputError, match="name another folder"):
        draw_demo(tmp_path / "file")
