"""Verified pairs and answers come in; a defect for every question that copies of a picture answer in two ways."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from itertools import pairwise

from kvqa_audit.answers.parse import atoms
from kvqa_audit.checks.base import Checked, Defect, Evidence, check
from kvqa_audit.checks.pairs import COPIES, MAX_IN_EVIDENCE, PictureGroup, facts_of, groups_of, named, pairs_of
from kvqa_audit.model import DuplicatePair, PairKind, Severity
from kvqa_audit.spec.dataset_spec import DatasetSpec
from kvqa_audit.spec.question import Question
from kvqa_audit.spelling import folded

_SAME_PLACES = ("identity", "overlay", "light")

Answers = dict[str, dict[str, tuple[str, ...]]]


@check(
    "KV203",
    Severity.ERROR,
    needs=("duplicates", "table", "column question", "column answer", "column img_id"),
    unit="questions answered for several images of a group",
    pair=PairKind.CONFLICTING_ANSWERS,
)
def duplicates_with_conflicting_answers(evidence: Evidence) -> Checked:
    """The same picture is answered in two ways.

    Why: one of the answers is wrong, and a model trained on both learns neither.
    Fix: look at the picture, settle the answer, and drop all but one of the images.
    """
    pairs = list(pairs_of(evidence, *COPIES))
    answers = _answers_of({image for pair in pairs for image in (pair.left, pair.right)}, evidence)
    compared, found = 0, []
    for group in groups_of(pairs):
        for question, given in _answered(group, answers).items():
            compared += any(_is_comparable(pair, question, given, evidence.spec) for pair in group.pairs)
            if len(set(given.values())) < 2:
                continue
            differing = (pair for pair in group.pairs if given.get(pair.left) != given.get(pair.right))
            for part in groups_of(pair for pair in differing if _is_comparable(pair, question, given, evidence.spec)):
                told = {image: given[image] for image in part.members}
                defect = _defect(part, question, told, evidence.spec)
                found.append((_is_yes_no(question, told, evidence.spec), defect))
    # What opposes yes and no is settled first: it cannot be a matter of words.
    return Checked(compared, [defect for _, defect in sorted(found, key=lambda one: not one[0])])


def _is_yes_no(question: str, given: Mapping[str, tuple[str, ...]], spec: DatasetSpec) -> bool:
    known = spec.question_by_text.get(question)
    if known is not None:
        return known.type == "yes/no"
    return {answer for answers in given.values() for answer in answers} == {"yes", "no"}


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


def _answered(group: PictureGroup, answers: Answers) -> dict[str, dict[str, tuple[str, ...]]]:
    """Question → image → answers, for the questions that several images of the group answer, in alphabetical order."""
    given: dict[str, dict[str, tuple[str, ...]]] = defaultdict(dict)
    for image in group.members:
        for question, values in answers.get(image, {}).items():
            given[question][image] = values
    return {question: given[question] for question in sorted(given) if len(given[question]) > 1}


def _is_comparable(pair: DuplicatePair, question: str, given: Mapping[str, tuple[str, ...]], spec: DatasetSpec) -> bool:
    """Whether both images answer, and what was done to the copy cannot have changed the answer."""
    if pair.left not in given or pair.right not in given:
        return False
    known = spec.question_by_text.get(question)
    return known is None or not _may_differ(known, pair.transform, spec)


def _may_differ(question: Question, transform: str, spec: DatasetSpec) -> bool:
    """Whether a copy may rightly be answered otherwise: places once moved, colours in other light, text once added."""
    if question.type == "location":
        return transform not in _SAME_PLACES
    if question.type == "colour":
        return transform == "light"
    drawn = {one.question for one in (spec.pixel_evidence.box, spec.pixel_evidence.text) if one is not None}
    return question.name in drawn and ("overlay" in transform or "crop" in transform)


def _defect(group: PictureGroup, question: str, given: Mapping[str, tuple[str, ...]], spec: DatasetSpec) -> Defect:
    by_answer: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for image, answers in given.items():
        by_answer[answers].append(image)
    facts = facts_of(group)
    if len(given) == 2:
        facts |= {side: "; ".join(answers) for side, answers in zip(("left", "right"), given.values(), strict=True)}
        said = ", the other ".join(repr(", ".join(answers)[:200]) for answers in given.values())
        told = f"one says {said}"
    else:
        shown = list(given.items())[:MAX_IN_EVIDENCE]
        facts["answers_by_image"] = {image: "; ".join(answers) for image, answers in shown}
        counted = sorted(by_answer.items(), key=lambda found: (-len(found[1]), found[0]))
        told = named(f"{len(images):,} say {', '.join(answers)[:200]!r}" for answers, images in counted)
    known = spec.question_by_text.get(question)
    per_item = known is not None and known.one_row_per_item
    return Defect(
        f"{named(given)} are the same picture ({group.weakest.tier.value}); {told}",
        question=question,
        related=group.members,
        evidence=facts,
        suggestion="Settle the answer, and drop one of the images"
        if len(given) == 2
        else "Settle the answer, and drop all but one of the images",
        severity=Severity.WARNING if per_item and _are_nested(list(by_answer)) else None,
    )


def _are_nested(answers: list[tuple[str, ...]]) -> bool:
    """Whether each names all that a smaller one does: of items in rows of their own, some may be left out."""
    ordered = sorted(map(set, answers), key=len)
    return all(less < more for less, more in pairwise(ordered))
