"""Answers that contradict the picture are reported in both directions, the surest first."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest

from kvqa_audit.checks.base import Check
from kvqa_audit.checks.kv360_box_answer_against_picture import box_answer_against_picture
from kvqa_audit.checks.kv361_text_answer_against_picture import text_answer_against_picture
from kvqa_audit.checks.kv362_colour_answer_against_picture import colour_answer_against_picture
from kvqa_audit.checks.runner import run_check
from kvqa_audit.model import CheckOutcome, Finding, OutcomeStatus
from kvqa_audit.overlays.detection import Detection, ImageOverlays, Region
from kvqa_audit.spec.dataset_spec import DatasetSpec, PixelEvidence
from kvqa_audit.spec.load import load_spec

SPEC = load_spec()
BOX, TEXT = "Is there a green/black box artefact?", "Is there text?"
COLOUR = "What color is the abnormality? If more than one separate with ;"
CORNER = Region(0.0, 0.7, 0.3, 0.3)


def run(
    check: Check,
    rows: list[tuple[str, str, str]],
    overlays: list[ImageOverlays],
    spec: DatasetSpec = SPEC,
    absent: dict[str, str] | None = None,
) -> tuple[CheckOutcome, tuple[Finding, ...]]:
    cells = [("Polyps", question, answer, img_id) for img_id, question, answer in rows]
    frame = pd.DataFrame(cells, columns=["source", "question", "answer", "img_id"], dtype=str)
    table = SimpleNamespace(frame=frame)
    evidence: Any = SimpleNamespace(spec=spec, table=table, overlays=tuple(overlays), absent=absent or {})
    return run_check(check, evidence)


def boxes(**confidence: float) -> list[ImageOverlays]:
    return [ImageOverlays(i, Detection(c, (CORNER,)), Detection(0.0)) for i, c in confidence.items()]


@pytest.mark.fires("KV360")
def test_kv360_reports_both_cells_the_surest_first() -> None:
    rows = [("a", BOX, "no"), ("b", BOX, "yes"), ("c", BOX, "no"), ("d", BOX, "yes"), ("e", BOX, "no")]
    outcome, findings = run(box_answer_against_picture, rows, boxes(a=0.7, b=0.1, c=0.95, d=0.9, e=0.2))
    assert [(f.img_id, f.row, f.answer, f.score) for f in findings] == [
        ("c", 2, "no", 0.95),
        ("b", 1, "yes", 0.9),
        ("a", 0, "no", 0.7),
    ]
    assert (outcome.evaluated, outcome.violations, outcome.measured) == (5, 3, 0.6)
    assert "the picture shows a box (lower left)" in findings[0].message
    assert findings[0].evidence["regions"] == [{"x": 0.0, "y": 0.7, "width": 0.3, "height": 0.3}]
    assert "no box was found" in findings[1].message
    assert findings[1].evidence["regions"] == []
    assert findings[1].suggestion is not None
    assert "'no'" in findings[1].suggestion


@pytest.mark.fires("KV361")
def test_kv361_judges_the_question_about_text_alone() -> None:
    lines = (Region(0.0, 0.4, 0.2, 0.02), Region(0.0, 0.5, 0.2, 0.02))
    image = ImageOverlays("a", Detection(1.0), Detection(0.9, lines))
    outcome, (finding,) = run(text_answer_against_picture, [("a", TEXT, "no"), ("a", BOX, "no")], [image])
    assert (outcome.evaluated, finding.question) == (1, TEXT)
    assert "2 places, the first at the middle left" in finding.message


@pytest.mark.fires("KV362")
def test_kv362_says_something_of_measurable_hues_only() -> None:
    hues = {"blue": 0.0, "green": 0.5, "yellow": 0.002}
    images = [ImageOverlays("a", Detection(0.0), Detection(0.0), hues), ImageOverlays("b", problem="truncated")]
    rows = [("a", COLOUR, "pink; blue"), ("a", COLOUR, "green; red"), ("a", COLOUR, "yellow"), ("b", COLOUR, "blue")]
    outcome, findings = run(colour_answer_against_picture, rows, images)
    assert [(f.row, f.evidence["colour"]) for f in findings] == [(0, "blue"), (2, "yellow")]
    assert outcome.evaluated == 3


def test_nothing_asked_is_vacuous() -> None:
    for check in (box_answer_against_picture, text_answer_against_picture, colour_answer_against_picture):
        outcome, _ = run(check, [("a", "What is this?", "yes")], boxes(a=0.9))
        assert outcome.outcome is OutcomeStatus.VACUOUS


def test_description_without_a_question_skips_with_the_reason() -> None:
    spec = SPEC.model_copy(update={"pixel_evidence": PixelEvidence()})
    for check in (box_answer_against_picture, text_answer_against_picture, colour_answer_against_picture):
        outcome, _ = run(check, [("a", BOX, "no")], boxes(a=0.9), spec)
        assert outcome.outcome is OutcomeStatus.SKIPPED
        assert "pixel_evidence" in (outcome.reason or "")


def test_images_that_were_not_looked_at_skip_with_the_reason() -> None:
    outcome, _ = run(box_answer_against_picture, [("a", BOX, "no")], [], absent={"overlays": "only the table"})
    assert (outcome.outcome, outcome.reason) == (OutcomeStatus.SKIPPED, "only the table")


def test_a_detector_that_contradicts_a_quarter_of_the_pictures_of_an_answer_claims_nothing() -> None:
    rows = [(f"i{n}", TEXT, "no") for n in range(8)] + [("yes", TEXT, "yes")]
    seen = [ImageOverlays(i, Detection(0.0), Detection(0.9 if i in ("i0", "i1", "yes") else 0.1)) for i, _, _ in rows]
    outcome, findings = run(text_answer_against_picture, rows, seen)
    assert [one.img_id for one in findings] == ["i0", "i1"]
    worse = [*seen[:2], ImageOverlays("i2", Detection(0.0), Detection(0.7)), *seen[3:]]
    outcome, findings = run(text_answer_against_picture, rows, worse)
    assert (outcome.outcome, findings) == (OutcomeStatus.SKIPPED, ())
    assert "lines of text in 3 of 8 pictures answered 'no'" in (outcome.reason or "")
    told = SPEC.model_copy(update={"bounds": {"KV361": 0.8}})
    outcome, findings = run(text_answer_against_picture, rows, worse, told)
    assert [one.img_id for one in findings] == ["i0", "i1"]
