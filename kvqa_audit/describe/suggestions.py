"""A catalogue and the answers come in; rules that hold for every image so far, as suggestions, go out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import permutations
from typing import TYPE_CHECKING

from kvqa_audit.describe.questions import Inferred

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
    single = {question.text: question for question in questions if question.type in _SINGLE}
    rows = frame[frame["question"].str.strip().isin(list(single)) & (frame["answer"].str.strip() != "")]
    if rows.empty:
        return ()
    wide = rows.assign(question=rows["question"].str.strip(), answer=rows["answer"].str.strip()).pivot_table(
        index="img_id", columns="question", values="answer", aggfunc="first"
    )
    found = [
        suggestion
        for first, second in permutations([str(name) for name in wide.columns], 2)
        for suggestion in _between(wide[[first, second]].dropna(), single[first], single[second])
    ]
    return tuple(sorted(found, key=lambda s: (-s.images, s.when, s.must))[:MAX_SUGGESTIONS])


def _between(pairs: pd.DataFrame, first: Inferred, second: Inferred) -> Iterator[Suggestion]:
    if len(pairs) < MIN_SUPPORT:
        return
    anyway = pairs[second.text].value_counts(normalize=True)
    for answer, group in pairs.groupby(first.text):
        answers = group[second.text].unique()
        if len(group) >= MIN_SUPPORT and len(answers) == 1 and anyway[answers[0]] <= MAX_SHARE_ANYWAY:
            yield Suggestion(_equals(first, str(answer)), _equals(second, str(answers[0])), len(group))


def _equals(question: Inferred, answer: str) -> str:
    if question.type == "numerical count":
        return f"{question.name} = {answer}"
    quoted = answer.replace("'", "''")
    return f"{question.name} = '{quoted}'"
