"""Yes/no answers and what a detector saw come in; the rows that can be compared, and how well they agree, go out."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from kvqa_audit.overlays.detection import Detection, ImageOverlays
from kvqa_audit.spec.dataset_spec import DatasetSpec, SeenQuestion

if TYPE_CHECKING:
    import pandas as pd

DETECTORS = ("box", "text")


@dataclass(frozen=True, slots=True)
class ComparedRow:
    """One row that answers the detector's question with yes or no, beside what the detector saw."""

    row: int
    img_id: str
    question: str
    answer: str
    says_yes: bool
    detection: Detection

    @property
    def agrees(self) -> bool:
        return self.says_yes == self.detection.is_seen

    @property
    def doubt(self) -> float:
        """How sure the detector is that the answer is wrong, 0 to 1."""
        return 1.0 - self.detection.confidence if self.says_yes else self.detection.confidence


@dataclass(frozen=True, slots=True)
class Agreement:
    """How well answers and detector agree, by image; a figure that is not defined is None.

    The four cells count images. `pr_auc` is the average precision of the detector's confidence for the answer yes,
    whose share among the answers is its chance level.
    """

    both_yes: int
    both_no: int
    answered_yes_not_seen: int
    answered_no_seen: int
    agreement: float | None
    balanced_accuracy: float | None
    mcc: float | None
    pr_auc: float | None

    @property
    def images(self) -> int:
        return self.both_yes + self.both_no + self.answered_yes_not_seen + self.answered_no_seen


def sighting_of(image: ImageOverlays, detector: str) -> Detection | None:
    """What one of the `DETECTORS` saw in an image."""
    return image.box if detector == "box" else image.text


def question_of(spec: DatasetSpec, detector: str) -> SeenQuestion | None:
    """The question that the description gives to one of the `DETECTORS`."""
    return spec.pixel_evidence.box if detector == "box" else spec.pixel_evidence.text


def asked_images(frame: pd.DataFrame, spec: DatasetSpec) -> list[str]:
    """The ids of the images with an answer that the pixels can confirm or contradict, sorted."""
    meant = spec.pixel_evidence
    seen = {one.question for one in (meant.box, meant.text) if one is not None}
    colours = set(meant.colours.questions) if meant.colours is not None else set[str]()
    hues = "|".join(map(re.escape, meant.colours.hues)) if meant.colours is not None else ""
    name = frame["question"].map({text: one.name for text, one in spec.questions_in(frame["question"]).items()})
    asked = name.isin(seen) & (frame["answer"] != "")
    if colours:
        asked |= name.isin(colours) & frame["answer"].str.contains(hues, regex=True)
    return sorted(set(frame.loc[asked, "img_id"].tolist()))


def compare(
    frame: pd.DataFrame, spec: DatasetSpec, overlays: Iterable[ImageOverlays], detector: str
) -> tuple[ComparedRow, ...]:
    """The rows that answer the detector's question with yes or no, on images it could look at, in row order.

    Args:
        frame: the table, with the columns question, answer and img_id.
        spec: says which question and which answers are meant.
        overlays: what was seen.
        detector: one of `DETECTORS`.
    """
    meant = question_of(spec, detector)
    if meant is None:
        return ()
    seen = {one.img_id: detection for one in overlays if (detection := sighting_of(one, detector)) is not None}
    return tuple(_compared(frame, spec, meant, seen))


def agreement_of(rows: Sequence[ComparedRow]) -> Agreement:
    """The four cells and the figures; an image that is answered twice in the same way counts once."""
    once = {(one.img_id, one.says_yes): one for one in rows}.values()
    both_yes, both_no, missed, surplus = (
        sum((one.says_yes, one.detection.is_seen) == cell for one in once)
        for cell in ((True, True), (False, False), (True, False), (False, True))
    )
    sensitivity = _share(both_yes, both_yes + missed)
    specificity = _share(both_no, both_no + surplus)
    spread = (both_yes + missed) * (both_yes + surplus) * (both_no + missed) * (both_no + surplus)
    return Agreement(
        both_yes=both_yes,
        both_no=both_no,
        answered_yes_not_seen=missed,
        answered_no_seen=surplus,
        agreement=_share(both_yes + both_no, len(once)),
        balanced_accuracy=None if sensitivity is None or specificity is None else (sensitivity + specificity) / 2,
        mcc=(both_yes * both_no - missed * surplus) / math.sqrt(spread) if spread else None,
        pr_auc=average_precision((one.detection.confidence, one.says_yes) for one in once),
    )


def agreement_figures(
    frame: pd.DataFrame, spec: DatasetSpec, overlays: Sequence[ImageOverlays]
) -> dict[str, dict[str, Any]]:
    """The agreement of each detector that the description gives a question to, as JSON values."""
    figures = {}
    for detector in DETECTORS:
        meant = question_of(spec, detector)
        if meant is not None:
            agreement = agreement_of(compare(frame, spec, overlays, detector))
            question = spec.question_by_name[meant.question].text
            figures[detector] = {"question": question, "images": agreement.images, **asdict(agreement)}
    return figures


def average_precision(scored: Iterable[tuple[float, bool]]) -> float | None:
    """The area under precision over recall, by steps; cases with one score count together.

    None where no case is positive.
    """
    cases = sorted(scored, key=lambda case: -case[0])
    positives = sum(positive for _, positive in cases)
    if not positives:
        return None
    scores = np.array([score for score, _ in cases])
    hits = np.cumsum([positive for _, positive in cases])
    last = np.flatnonzero(np.append(scores[1:] != scores[:-1], True))
    precision = hits[last] / (last + 1)
    gained = np.diff(hits[last], prepend=0) / positives
    return float((precision * gained).sum())


def _compared(
    frame: pd.DataFrame, spec: DatasetSpec, meant: SeenQuestion, seen: Mapping[str, Detection]
) -> Iterator[ComparedRow]:
    question = spec.question_by_name[meant.question]
    vocabulary = spec.vocabulary_of(question)
    corrections = vocabulary.misspellings if vocabulary is not None else {}
    part = frame[frame["question"].isin([question.text, *question.misspellings])]
    columns = (part[role].tolist() for role in ("img_id", "question", "answer"))
    for row, img_id, text, answer in zip(part.index.tolist(), *columns, strict=True):
        given = corrections.get(answer.strip(), answer.strip())
        if img_id in seen and given in (meant.yes, meant.no):
            yield ComparedRow(int(row), img_id, text, answer, given == meant.yes, seen[img_id])


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None
