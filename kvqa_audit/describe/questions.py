"""Questions and answers come in; a catalogue with types and vocabularies, as far as they can be told, goes out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kvqa_audit.describe.answer_types import MIN_SHARE_IN_ORDER, atoms_of, in_order, type_of
from kvqa_audit.describe.languages import asked_for, yes_or_no
from kvqa_audit.describe.short_names import short_name
from kvqa_audit.spec.question import MULTI_VALUED, QuestionType
from kvqa_audit.spec.yaml_file import NO_TEXT
from kvqa_audit.spelling import folded, tidied, usual_spellings

if TYPE_CHECKING:
    import pandas as pd

MAX_QUESTIONS = 100
MAX_QUESTION_CHARACTERS = 2_000
MIN_ROWS = 5
# A catalogue that covers less of the rows leaves the other questions free.
MIN_COVERAGE = 0.98
# One row per item shows in many images that are answered in several ways; a few are contradictions.
MIN_IMAGES_PER_ITEM = 20
MIN_SHARE_PER_ITEM = 0.2
MIN_JOINED = 20


@dataclass(frozen=True)
class Inferred:
    """One question of the catalogue.

    `doubtful` are answers given once only, left out of the vocabulary; `doubts` say in sentences what was not sure,
    with the numbers.
    """

    text: str
    name: str
    rows: int
    type: QuestionType
    answers: tuple[str, ...] = ()
    separator: str = "; "
    several_rows: bool = False
    any_order: bool = False
    doubtful: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()


@dataclass(frozen=True)
class Catalogue:
    """The questions, most often asked first; `free` says that others are asked too, `left_out` how many rows have."""

    questions: tuple[Inferred, ...]
    free: bool
    left_out: int


def infer_catalogue(frame: pd.DataFrame, *, are_places: bool = False) -> Catalogue:
    """Makes a catalogue of the questions that are asked again and again; spellings of one value are one.

    Args:
        frame: columns question, answer and img_id, as text.
        are_places: the answers are places in a list of choices.
    """
    cells = _values(frame)
    counts = cells["value"].value_counts()
    least = max(MIN_ROWS, len(cells) // 1_000)
    # In a small table every question is seldom asked; there a repeat is all that can be wanted.
    asked = counts[counts >= (least if len(cells) >= 200 else 2)]
    values = sorted(asked.index, key=lambda value: (-int(asked[value]), str(value)))[:MAX_QUESTIONS]
    covered = int(counts[values].sum()) if values else 0
    names: set[str] = set()
    groups = dict(tuple(cells[cells["value"].isin(values)].groupby("value")))
    questions = tuple(_inferred(groups[value], names, are_places=are_places) for value in values)
    return Catalogue(questions, not values or covered < MIN_COVERAGE * len(cells), len(cells) - covered)


def _values(frame: pd.DataFrame) -> pd.DataFrame:
    """The asked rows with usual spellings, and `value`, the folded question; what YAML cannot hold is left out."""
    tidy = {text: tidied(text) for column in ("question", "answer") for text in frame[column].unique()}
    question, answer = frame["question"].map(tidy), frame["answer"].map(tidy)
    cells = frame[["img_id"]].assign(
        img_id=frame["img_id"].str.strip(),
        question=question.map(usual_spellings(question)),
        answer=answer.map(usual_spellings(answer)),
    )
    values = {text: folded(text) for text in cells["question"].unique()}
    writable = {text: 0 < len(text) <= MAX_QUESTION_CHARACTERS and not NO_TEXT.search(text) for text in values}
    cells = cells.assign(value=cells["question"].map(values))
    return cells[cells["question"].map(writable).to_numpy(dtype=bool)]


def _inferred(rows: pd.DataFrame, names: set[str], *, are_places: bool) -> Inferred:
    text = str(rows["question"].iloc[0])
    name = short_name(text, names)
    answered = rows[rows["answer"] != ""]
    answers = Counter(answer for answer in answered["answer"] if not NO_TEXT.search(answer))
    kind, separator = type_of(answers, asked_for(text), are_places=are_places)
    images = answered.drop_duplicates(["img_id", "answer"])["img_id"].value_counts()
    several = int((images > 1).sum())
    if kind in ("numerical count", "free text"):
        return Inferred(text, name, len(rows), kind, doubts=tuple(_contradictions(several, len(images))))
    atoms = atoms_of(answers, separator) if kind in MULTI_VALUED else answers
    known = {a: n for a, n in atoms.items() if n > 1 or len(rows) < 50} or dict(atoms)
    if kind == "yes/no":
        known = {answer: n for answer, n in atoms.items() if yes_or_no(answer) is not None}
    one_answer = kind == "yes/no" or asked_for(text) in ("yes or no", "how many")
    per_item = not one_answer and several >= max(MIN_IMAGES_PER_ITEM, MIN_SHARE_PER_ITEM * len(images))
    kept, joined = in_order(answers, separator) if kind in MULTI_VALUED else (0, 0)
    any_order = kind in MULTI_VALUED and (joined < MIN_JOINED or kept < MIN_SHARE_IN_ORDER * joined)
    return Inferred(
        text,
        name,
        len(rows),
        kind,
        tuple(sorted(known)),
        separator,
        several_rows=per_item,
        any_order=any_order,
        doubtful=tuple(sorted(a for a in atoms if a not in known)),
        doubts=tuple(_doubts(answers, kind, several, len(images), per_item, (kept, joined) if any_order else None)),
    )


def _doubts(
    answers: Mapping[str, int],
    kind: QuestionType,
    several: int,
    images: int,
    per_item: bool,
    order: tuple[int, int] | None,
) -> Iterator[str]:
    if per_item:
        yield f"{several:,} of {images:,} images have several answers in rows of their own, as one row per item gives"
    else:
        yield from _contradictions(several, images)
    if order is not None and order[1]:
        yield f"{order[0]:,} of {order[1]:,} answers with several parts are in alphabetical order"
    rare = sum(n == 1 for n in answers.values())
    if kind == "single choice" and rare:
        yield f"{rare:,} of {sum(answers.values()):,} answers are given once; the list may not be complete"


def _contradictions(several: int, images: int) -> Iterator[str]:
    if several:
        yield (
            f"{several:,} of {images:,} images are answered in several ways; these are told as contradictions, unless "
            "'one_row_per_item: true' stands here"
        )
