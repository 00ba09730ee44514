"""The table comes in; how the answers are distributed per source and question goes out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kvqa_audit.model import AnswerShare
from kvqa_audit.spec.dataset_spec import DatasetSpec
from kvqa_audit.spelling import usual_spellings

if TYPE_CHECKING:
    import pandas as pd

_CELL = ["source", "question"]


@dataclass(frozen=True, slots=True)
class QuestionProfile:
    """How one question is answered in one source, or in all sources where `source` is None.

    `rows` counts all rows, `answered` those with an answer, `images` the images that have such a row at all, and
    `images_of_source` the images of the source in the table. `missing_share` is the share of the source's images that
    lack the question: "not asked", which is never counted as the answer `none`. Entropy is Shannon's, in bits, over the
    answers, spellings of one value together; `effective_answers` is 2**entropy, the number of equally likely answers
    that would be as uncertain. Where nothing is answered the majority is None and the entropy 0.
    """

    source: str | None
    question: str
    rows: int
    images: int
    answered: int
    distinct_answers: int
    entropy_bits: float
    effective_answers: float
    majority_answer: str | None
    majority_share: float | None
    images_of_source: int
    missing_share: float


@dataclass(frozen=True, slots=True)
class Distributions:
    """The answer distributions of one table.

    `shares` has one entry per source x question x answer, answered rows only; `cells` one per source x question that
    occurs; `questions` one per question over all sources. Each is sorted by source, question, then descending rows.
    """

    shares: tuple[AnswerShare, ...] = ()
    cells: tuple[QuestionProfile, ...] = ()
    questions: tuple[QuestionProfile, ...] = ()


@dataclass(frozen=True, slots=True)
class Spelt:
    """How questions and answers are counted: each text as it is written → the text under which its rows are counted."""

    questions: Mapping[str, str]
    answers: Mapping[str, str]


# (source, question) → images that have such a row; None stands for all sources, and for all rows of the source.
Images = Counter[tuple[str | None, str | None]]


def describe(frame: pd.DataFrame, spec: DatasetSpec) -> Distributions:
    """Counts the answers of a table with the text columns source, question, answer and img_id.

    Questions go by their catalogue text, however they are spelt; unknown ones, and answers, by their usual spelling.
    """
    cells = frame[[*_CELL, "answer"]].assign(rows=1)
    spelt = spellings_in(cells, spec)
    return distributions_of(cells, spelt, images_in(frame, spelt))


def spellings_in(cells: pd.DataFrame, spec: DatasetSpec) -> Spelt:
    """How the questions and answers of cells are counted.

    Args:
        cells: has the columns question, answer and rows, in how many rows of the table they stand.
    """
    questions, answers = Counter[str](), Counter[str]()
    for question, answer, rows in cells[["question", "answer", "rows"]].itertuples(index=False):
        questions[question] += rows
        answers[answer.strip()] += rows
    canonical = {text: question.text for text, question in spec.questions_in(questions).items()}
    usual = usual_spellings(answers)
    return Spelt(
        usual_spellings(questions) | canonical, {text: usual[text.strip()] for text in cells["answer"].unique()}
    )


def images_in(frame: pd.DataFrame, spelt: Spelt) -> Images:
    """Counts the images of a table; over the parts of one, with all rows of an image in one part, the counts add up."""
    named = frame.loc[frame["img_id"].str.strip() != "", ["source", "question", "img_id"]]
    named = named.assign(question=named["question"].map(spelt.questions)).astype("category")
    found: Images = Counter({(None, None): int(named["img_id"].nunique())})
    for by in (_CELL, ["source"], ["question"]):
        images = named.groupby(by, observed=True)["img_id"].nunique().reset_index()
        keys = (images[name].tolist() if name in by else [None] * len(images) for name in _CELL)
        found.update(dict(zip(zip(*keys, strict=True), images["img_id"].tolist(), strict=True)))
    return found


def distributions_of(cells: pd.DataFrame, spelt: Spelt, images: Images) -> Distributions:
    """The distributions of a table out of counts.

    Args:
        cells: the columns source, question, answer and rows, in how many rows they stand; one may stand several times.
        spelt: of all these texts.
        images: of the same table.
    """
    tidy = cells.assign(
        question=cells["question"].map(spelt.questions), answer=cells["answer"].map(spelt.answers)
    ).astype({"source": "category", "question": "category"})
    answered = tidy[tidy["answer"] != ""]
    counts = answered.groupby([*_CELL, "answer"], observed=True)["rows"].sum().reset_index()
    counts = counts.sort_values([*_CELL, "rows", "answer"], ascending=[True, True, False, True], kind="stable")
    return Distributions(
        _shares(counts), _profiles(tidy, counts, _CELL, images), _profiles(tidy, counts, ["question"], images)
    )


def _shares(counts: pd.DataFrame) -> tuple[AnswerShare, ...]:
    shares = counts["rows"] / counts.groupby(_CELL, observed=True)["rows"].transform("sum")
    columns = (counts[name].tolist() for name in (*_CELL, "answer", "rows"))
    return tuple(AnswerShare(*entry) for entry in zip(*columns, shares.tolist(), strict=True))


def _profiles(tidy: pd.DataFrame, counts: pd.DataFrame, by: list[str], images: Images) -> tuple[QuestionProfile, ...]:
    """One profile per group of `by`, which is (source, question) or (question)."""
    import numpy as np

    asked = tidy.groupby(by, observed=True).agg(rows=("rows", "sum"))
    per_answer = counts.groupby([*by, "answer"], observed=True)["rows"].sum().rename("rows").reset_index()
    per_answer["share"] = per_answer["rows"] / per_answer.groupby(by, observed=True)["rows"].transform("sum")
    per_answer["bits"] = -per_answer["share"] * np.log2(per_answer["share"])
    per_answer = per_answer.sort_values(["rows", "answer"], ascending=[False, True], kind="stable")
    answers = per_answer.groupby(by, observed=True).agg(
        answered=("rows", "sum"),
        distinct=("answer", "size"),
        bits=("bits", "sum"),
        majority=("answer", "first"),
        majority_share=("share", "first"),
    )
    table = asked.join(answers).fillna({"answered": 0, "distinct": 0, "bits": 0.0}).reset_index()
    return tuple(_profile(record, images) for record in table.to_dict("records"))


def _profile(record: Mapping[Hashable, Any], images_of: Images) -> QuestionProfile:
    source = str(record["source"]) if "source" in record else None
    answered = int(record["answered"])
    images, of_source = images_of[source, str(record["question"])], images_of[source, None]
    bits = max(0.0, float(record["bits"]))
    return QuestionProfile(
        source=source,
        question=str(record["question"]),
        rows=int(record["rows"]),
        images=images,
        answered=answered,
        distinct_answers=int(record["distinct"]),
        entropy_bits=bits,
        effective_answers=2.0**bits,
        majority_answer=str(record["majority"]) if answered else None,
        majority_share=float(record["majority_share"]) if answered else None,
        images_of_source=of_source,
        missing_share=1.0 - images / of_source if of_source else 0.0,
    )
