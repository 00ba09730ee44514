"""Agreement figures equal those worked out by hand, and are None where they are not defined."""

from __future__ import annotations

import pandas as pd
import pytest

from kvqa_audit.overlays.answer_agreement import (
    agreement_figures,
    agreement_of,
    asked_images,
    average_precision,
    compare,
)
from kvqa_audit.overlays.detection import Detection, ImageOverlays
from kvqa_audit.spec.load import load_spec

SPEC = load_spec()
BOX, TEXT = "Is there a green/black box artefact?", "Is there text?"
COLOUR = "What color is the abnormality? If more than one separate with ;"


def table(*rows: tuple[str, str, str]) -> pd.DataFrame:
    """Rows of (img_id, question, answer)."""
    return pd.DataFrame([("Polyps", q, a, i) for i, q, a in rows], columns=["source", "question", "answer", "img_id"])


def seen(**confidence: float) -> list[ImageOverlays]:
    return [ImageOverlays(img_id, box=Detection(value), text=Detection(0.0)) for img_id, value in confidence.items()]


def test_four_cells_and_figures_by_hand() -> None:
    frame = table(*((i, BOX, a) for i, a in zip("abcdef", ["yes", "yes", "yes", "no", "no", "no"], strict=True)))
    overlays = seen(a=0.9, b=0.8, c=0.2, d=0.6, e=0.1, f=0.0)
    agreement = agreement_of(compare(frame, SPEC, overlays, "box"))
    cells = (
        agreement.both_yes,
        agreement.both_no,
        agreement.answered_yes_not_seen,
        agreement.answered_no_seen,
    )
    assert cells == (2, 2, 1, 1)
    assert agreement.agreement == pytest.approx(4 / 6)
    assert agreement.balanced_accuracy == pytest.approx(2 / 3)
    assert agreement.mcc == pytest.approx(1 / 3)
    assert agreement.pr_auc == pytest.approx((1 + 1 + 3 / 4) / 3)


def test_one_kind_of_answer_leaves_figures_undefined() -> None:
    agreement = agreement_of(compare(table(("a", BOX, "no")), SPEC, seen(a=0.1), "box"))
    assert (agreement.agreement, agreement.balanced_accuracy, agreement.mcc, agreement.pr_auc) == (
        1.0,
        None,
        None,
        None,
    )
    assert agreement_of(()).agreement is None


def test_only_yes_and_no_on_images_that_were_seen_are_compared() -> None:
    frame = table(("a", BOX, "yes"), ("a", BOX, " yes "), ("a", BOX, "perhaps"), ("b", BOX, "no"), ("a", TEXT, "no"))
    rows = compare(frame, SPEC, seen(a=0.9), "box")
    assert [one.row for one in rows] == [0, 1]
    assert agreement_of(rows).images == 1


def test_equal_scores_count_together() -> None:
    assert average_precision([(0.5, True), (0.5, False)]) == pytest.approx(0.5)
    assert average_precision([(0.5, False), (0.5, True)]) == pytest.approx(0.5)


def test_images_are_asked_about_only_where_the_pixels_can_tell() -> None:
    frame = table(("a", BOX, "yes"), ("b", COLOUR, "red; blue"), ("c", COLOUR, "red; pink"), ("d", TEXT, ""))
    assert asked_images(frame, SPEC) == ["a", "b"]


def test_figures_are_given_for_each_question_of_the_description() -> None:
    figures = agreement_figures(table(("a", BOX, "yes")), SPEC, seen(a=0.9))
    assert {name: figure["question"] for name, figure in figures.items()} == {"box": BOX, "text": TEXT}
    assert figures["box"]["both_yes"] == 1
    assert figures["text"]["images"] == 0
