"""The cells of one question come in; how probable each answer to it is in each cell, out of fold, goes out.

A multinomial logistic regression predicts the answer from what else is known about the image, out of fold, with all
copies of a picture in one fold; it is pooled with how often the source gives each answer and, where the pictures were
looked at, with what another regression predicts from the edges in the picture.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kvqa_audit.answers.context import Cells, Fact, context_of
from kvqa_audit.answers.held_out import (
    ASSUMED_SHARE,
    FOLDS,
    LEAST_PROBABILITY,
    has_lesson,
    log_odds_by_looks,
    predicted_by_context,
)
from kvqa_audit.answers.opinion_pool import fitted_weights, pooled, summed
from kvqa_audit.answers.told_by_pictures import PictureGain, gain_by_pictures
from kvqa_audit.spec.question import Question

if TYPE_CHECKING:
    import numpy as np
    from scipy import sparse

MIN_PICTURES_OF_AN_ANSWER = 10
MAX_ANSWERS = 12
WEIGHT_OF_THE_SOURCE = 1 / 3


@dataclass(frozen=True)
class JudgedQuestion:
    """One question: its cells' context, and the out-of-fold probability of each answer (cells x classes).

    The rare answers are predicted together, as the class None; `rare` is the most frequent of them, with its share.
    `by_looks` is how much the picture speaks for each answer, as its part of the log odds (cells x classes).
    """

    question: str
    at: np.ndarray[Any, Any]
    given: np.ndarray[Any, Any]
    classes: tuple[str | None, ...]
    rare: str
    rare_share: float
    probabilities: np.ndarray[Any, Any]
    context: sparse.csr_matrix
    facts: tuple[Fact, ...]
    weights: tuple[np.ndarray[Any, Any], ...]
    fold: np.ndarray[Any, Any]
    by_looks: np.ndarray[Any, Any]
    gain: PictureGain | None


def judge_question(
    cells: Cells, folds: np.ndarray[Any, Any], question: Question, looks: Sequence[np.ndarray[Any, Any]]
) -> JudgedQuestion | None:
    """Predicts every cell of a question from the folds it is not in; None where there is nothing to tell apart."""
    import numpy as np

    at = cells.rows_of[question.name]
    given, classes = _classes([cells.answers[place] for place in at.tolist()], cells.groups[at].tolist())
    if len(classes) < 2:
        return None
    context, facts = context_of(cells, question.name, several_rows=question.one_row_per_item)
    if not facts:
        return None
    fold, frequency = folds[at], np.bincount(given, minlength=len(classes)) / len(given)
    predicted, weights = predicted_by_context(context, given, fold, len(classes))
    usual = np.tile(frequency, (len(at), 1))
    for number in range(FOLDS):
        if has_lesson(given, fold, number):
            held_out = fold == number
            usual[held_out] = _usual(given, cells.sources[at], ~held_out, len(classes))[held_out]
    probabilities, by_looks, alone = _pooled(predicted, usual, given, [kind[at] for kind in looks], fold)
    rare = (
        Counter(cells.answers[place] for place in at[given == len(classes) - 1]) if classes[-1] is None else Counter()
    )
    most, number = max(rare.items(), key=lambda one: (one[1], one[0]), default=("", 0))
    return JudgedQuestion(
        question=question.name,
        at=at,
        given=given,
        classes=classes,
        rare=most,
        rare_share=number / max(1, rare.total()),
        probabilities=probabilities,
        context=context,
        facts=facts,
        weights=weights,
        fold=fold,
        by_looks=by_looks,
        gain=None if alone is None else gain_by_pictures(question.name, alone, given, cells.groups[at]),
    )


def _usual(
    given: np.ndarray[Any, Any], sources: np.ndarray[Any, Any], known: np.ndarray[Any, Any], width: int
) -> np.ndarray[Any, Any]:
    """How often each answer is given in the source of each cell, among the known cells; one cell is the prior's."""
    import numpy as np

    counts = np.zeros((sources.max() + 1, width))
    np.add.at(counts, (sources[known], given[known]), 1.0)
    counts += counts.sum(axis=0) / counts.sum()
    return np.asarray((counts / counts.sum(axis=1, keepdims=True))[sources])


def _pooled(
    predicted: np.ndarray[Any, Any],
    usual: np.ndarray[Any, Any],
    given: np.ndarray[Any, Any],
    looks: Sequence[np.ndarray[Any, Any]],
    fold: np.ndarray[Any, Any],
) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any], np.ndarray[Any, Any] | None]:
    """The probabilities of each answer, how much of their log odds is the picture's doing, and what it says alone.

    The context and the source count as measured on many tables; only pictures, whose worth differs from question to
    question, are reason to weigh all three anew.
    """
    import numpy as np

    opinions = [np.log(opinion + LEAST_PROBABILITY) for opinion in (predicted, usual)]
    weights = [1.0 - WEIGHT_OF_THE_SOURCE, WEIGHT_OF_THE_SOURCE]
    shown = [kind for kind in looks if not np.isnan(kind[:, 0]).all()]
    if not shown:
        return pooled(opinions, weights), np.zeros_like(predicted), None
    by_looks = [log_odds_by_looks(kind, given, fold, predicted.shape[1]) for kind in shown]
    weights = fitted_weights([*opinions, *by_looks], given, [*weights, *[0.0] * len(shown)], ASSUMED_SHARE)
    return pooled([*opinions, *by_looks], weights), summed(by_looks, weights[-len(shown) :]), by_looks[-1]


def _classes(answers: list[str], groups: list[int]) -> tuple[np.ndarray[Any, Any], tuple[str | None, ...]]:
    """The class of each answer, and the classes: the frequent answers, and None for all the rarer ones together."""
    import numpy as np

    pictures = Counter(answer for answer, _ in set(zip(answers, groups, strict=True)))
    frequent = sorted(
        (answer for answer, count in pictures.items() if count >= MIN_PICTURES_OF_AN_ANSWER),
        key=lambda answer: (-pictures[answer], answer),
    )[:MAX_ANSWERS]
    code = {answer: number for number, answer in enumerate(frequent)}
    given = np.array([code.get(answer, len(frequent)) for answer in answers])
    return (given, (*frequent, None)) if (given == len(frequent)).any() else (given, tuple(frequent))
