"""The table comes in; how the answers are distributed per source and question goes out."""

from __future__ import annotations

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


def describe(frame: pd.DataFrame, spec: DatasetSpec) -> Distributions:
    """Counts the answers of a table with the text columns source, question, answer and img_id.

    Questions go by their catalogue text, however they are spelt; unknown ones, and answers, by their usual spelling.
    """
    canonical = {text: question.text for text, question in spec.questions_in(frame["question"]).items()}
    question = frame["question"].map(usual_spellings(frame["question"]) | canonical)
    answer = frame["answer"].str.strip()
    tidy = frame[["source", "img_id"]].assign(question=question, answer=answer.map(usual_spellings(answer)))
    tidy = tidy.astype({"source": "category", "question": "category", "img_id": "category"})
    answered = tidy[tidy["answer"] != ""]
    counts = answered.groupby([*_CELL, "answer"], observed=True).size().rename("rows").reset_index()
    counts = counts.sort_values([*_CELL, "rows", "answer"], ascending=[True, True, False, True], kind="stable")
    images = tidy[tidy["img_id"] != ""].groupby("source", observed=True)["img_id"].nunique()
    return Distributions(
        _shares(counts),
        _profiles(tidy, counts, _CELL, images.to_dict()),
        _profiles(tidy, counts, ["question"], {None: int(tidy.loc[tidy["img_id"] != "", "img_id"].nunique())}),
    )


def _shares(counts: pd.DataFrame) -> tuple[AnswerShare, ...]:
    shares = counts["rows"] / counts.groupby(_CELL, observed=True)["rows"].transform("sum")
    columns = (counts[name].tolist() for name in (*_CELL, "answer", "rows"))
    return tuple(AnswerShare(*entry) for entry in zip(*columns, shares.tolist(), strict=True))


def _profiles(
    tidy: pd.DataFrame, counts: pd.DataFrame, by: list[str], images_of: Mapping[Hashable, int]
) -> tuple[QuestionProfile, ...]:
    """One profile per group of `by`, which is (source, question) or (question)."""
    import numpy as np

    named = tidy.assign(named=tidy["img_id"].where(tidy["img_id"] != ""))
    asked = named.groupby(by, observed=True).agg(rows=("answer", "size"), images=("named", "nunique"))
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
    table = asked.join(answers).fillna({"images": 0, "answered": 0, "distinct": 0, "bits": 0.0}).reset_index()
    return tuple(_profile(record, images_of) for record in table.to_dict("records"))


def _profile(record: Mapping[Hashable, Any], images_of: Mapping[Hashable, int]) -> QuestionProfile:
    source = str(record["source"]) if "source" in record else None
    answered, images, of_source = int(record["answered"]), int(record["images"]), images_of.get(source, 0)
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
