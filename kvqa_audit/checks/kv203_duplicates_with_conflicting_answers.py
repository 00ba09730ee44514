"""Verified pairs and answers come in; a defect for every question that two copies of a picture answer differently."""

from __future__ import annotations

from collections.abc import Iterator

from kvqa_audit.answers.parse import atoms
from kvqa_audit.checks.base import Checked, Defect, Evidence, check
from kvqa_audit.checks.pairs import COPIES, facts_of, pairs_of
from kvqa_audit.model import DuplicatePair, PairKind, Severity
from kvqa_audit.spec.dataset_spec import DatasetSpec, Question
from kvqa_audit.spelling import folded

_SAME_PLACES = ("identity", "overlay", "light")

Answers = dict[str, dict[str, tuple[str, ...]]]


@check(
    "KV203",
    Severity.ERROR,
    needs=("duplicates", "table", "column question", "column answer", "column img_id"),
    unit="questions answered for both images of a pair",
    pair=PairKind.CONFLICTING_ANSWERS,
)
def duplicates_with_conflicting_answers(evidence: Evidence) -> Checked:
    """The same picture is answered in two ways.

    Why: one of the answers is wrong, and a model trained on both learns neither.
    Fix: look at the picture, settle the answer, and drop one of the images.
    """
    pairs = list(pairs_of(evidence, *COPIES))
    answers = _answers_of({image for pair in pairs for image in (pair.left, pair.right)}, evidence)
    compared, defects = 0, []
    for pair in pairs:
        for question in _comparable(pair, answers, evidence.spec):
            compared += 1
            left, right = answers[pair.left][question], answers[pair.right][question]
            if set(left) != set(right):
                defects.append(_defect(pair, question, left, right))
    return Checked(compared, defects)


def _answers_of(images: set[str], evidence: Evidence) -> Answers:
    """Image → question as the catalogue spells it → the atoms of all its answers, sorted; blank answers left out."""
    frame = evidence.table.frame
    found: dict[str, dict[str, set[str]]] = {}
    columns = (frame[role].tolist() for role in ("img_id", "question", "answer"))
    for img_id, question, answer in zip(*columns, strict=True):
        if img_id.strip() in images and answer.strip():
            name, values = _normalised(question, answer, evidence.spec)
            if not values:
                continue
            found.setdefault(img_id.strip(), {}).setdefault(name, set()).update(values)
    return {
        image: {question: tuple(sorted(values)) for question, values in known.items()} for image, known in found.items()
    }


def _normalised(question: str, answer: str, spec: DatasetSpec) -> tuple[str, tuple[str, ...]]:
    known = spec.question_of(question)
    if known is None:
        return folded(question), (folded(answer),)
    return known.text, tuple(folded(atom) for atom in atoms(answer, known, spec.vocabulary_of(known)))


def _comparable(pair: DuplicatePair, answers: Answers, spec: DatasetSpec) -> Iterator[str]:
    """Questions both images answer, but for those that what was done to the copy may have changed the answer of."""
    left, right = answers.get(pair.left, {}), answers.get(pair.right, {})
    for question in sorted(left.keys() & right.keys()):
        known = spec.question_by_text.get(question)
        if known is None or not _may_differ(known, pair.transform, spec):
            yield question


def _may_differ(question: Question, transform: str, spec: DatasetSpec) -> bool:
    """Whether a copy may rightly be answered otherwise: places once moved, colours in other light, text once added."""
    if question.type == "location":
        return transform not in _SAME_PLACES
    if question.type == "colour":
        return transform == "light"
    drawn = {one.question for one in (spec.pixel_evidence.box, spec.pixel_evidence.text) if one is not None}
    return question.name in drawn and ("overlay" in transform or "crop" in transform)


def _defect(pair: DuplicatePair, question: str, left: tuple[str, ...], right: tuple[str, ...]) -> Defect:
    said = [", ".join(values)[:200] for values in (left, right)]
    facts = facts_of(pair) | {"left": "; ".join(left), "right": "; ".join(right)}
    return Defect(
        f"{pair.left} and {pair.right} are the same picture ({pair.tier.value}); one says {said[0]!r}, "
        f"the other {said[1]!r}",
        question=question,
        related=(pair.left, pair.right),
        evidence=facts,
        suggestion="Settle the answer, and drop one of the images",
    )
