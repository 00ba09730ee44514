"""A catalogue and the answers come in; rules that hold for every image so far, as suggestions, go out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kvqa_audit.describe.questions import Inferred
from kvqa_audit.spelling import folded, tidied, usual_spellings

if TYPE_CHECKING:
    import pandas as pd

MIN_SUPPORT = 20
MAX_SUGGESTIONS = 20
# What holds for nearly every image anyway is no rule between two answers.
MAX_SHARE_ANYWAY = 0.8
_SINGLE = ("yes/no", "single choice", "numerical count")


@dataclass(frozen=True)
class Suggestion:
    """Where the first answer was given, the second always was, in `images` images; both as SQL predicates."""

    when: str
    must: str
    images: int


def suggest_rules(frame: pd.DataFrame, questions: tuple[Inferred, ...]) -> tuple[Suggestion, ...]:
    """The strongest regularities between two questions with one answer each, most images first.

    Args:
        frame: columns question, answer and img_id, as text.
        questions: the catalogue.
    """
    single = {folded(question.text): question for question in questions if question.type in _SINGLE}
    known = {text: value for text in frame["question"].unique() if (value := folded(text)) in single}
    rows = frame[frame["question"].isin(list(known)) & (frame["answer"].str.strip() != "")]
    if rows.empty:
        return ()
    usual = usual_spellings(rows["answer"].map(tidied))
    answered = rows.assign(question=rows["question"].map(known), answer=rows["answer"].map(tidied).map(usual))
    # An image's answer to a question is one; which of several counts must not hang on the order of the rows.
    answered = answered.sort_values("answer", kind="stable").drop_duplicates(["img_id", "question"])
    found = _implications(answered, {value: question.name for value, question in single.items()})
    suggestions = [
        Suggestion(_equals(single[first], answer), _equals(single[second], other), images)
        for (first, answer), (second, other), images in found
    ]
    return tuple(sorted(suggestions, key=lambda s: (-s.images, s.when, s.must))[:MAX_SUGGESTIONS])


_Statement = tuple[str, str]


def _implications(answered: pd.DataFrame, questions: Mapping[str, str]) -> Iterator[tuple[_Statement, _Statement, int]]:
    """(Question, answer) pairs of which the second held wherever the first did, with in how many images."""
    import numpy as np
    from scipy import sparse

    names = list(questions)
    image = answered["img_id"].astype("category").cat.codes.to_numpy()
    question = answered["question"].map({name: place for place, name in enumerate(names)}).to_numpy()
    pairs = list(zip(answered["question"].tolist(), answered["answer"].tolist(), strict=True))
    statements = sorted({pair for pair, n in Counter(pairs).items() if n >= MIN_SUPPORT})
    place_of = {pair: place for place, pair in enumerate(statements)}
    place = np.array([place_of.get(pair, -1) for pair in pairs])
    ones = np.ones(len(pairs), dtype=np.int64)
    size = int(image.max()) + 1
    asked = sparse.csr_matrix((ones, (image, question)), shape=(size, len(names)))
    kept = place >= 0
    holds = sparse.csr_matrix((ones[kept], (image[kept], place[kept])), shape=(size, len(statements)))
    both = (holds.T @ holds).tocoo()
    # Statement x question: the images where the statement holds and the question is asked; and of two questions, both.
    with_asked, both_asked = (holds.T @ asked).toarray(), (asked.T @ asked).toarray()
    number = {name: n for n, name in enumerate(names)}
    for first, second, images in zip(both.row.tolist(), both.col.tolist(), both.data.tolist(), strict=True):
        when, must = number[statements[first][0]], number[statements[second][0]]
        if when == must or images < MIN_SUPPORT or images < with_asked[first, must]:
            continue
        if with_asked[second, when] <= MAX_SHARE_ANYWAY * both_asked[when, must]:
            yield statements[first], statements[second], images


def _equals(question: Inferred, answer: str) -> str:
    if question.type == "numerical count":
        return f"{question.name} = {answer}"
    quoted = answer.replace("'", "''")
    return f"{question.name} = '{quoted}'"
