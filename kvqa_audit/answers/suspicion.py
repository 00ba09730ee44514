"""A table comes in; how surprising each answer is beside the image's other answers, and why, goes out.

Per question a multinomial logistic regression predicts the answer from what else is known about the image, out of
fold, with all copies of a picture in one fold; it is pooled with how often the source gives each answer. By Bayes' rule
this gives the probability that the answer was exchanged, under the plainest noise there is: one cell in a hundred
carries an answer drawn from the question's other answers as often as those are given. cleanlab's self-confidence under
that posterior is the label's quality (Northcutt et al., Confident Learning, 2021); the score is what it lacks to 1.
"""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from kvqa_audit.answers.context import Cells, Fact, context_of, read_cells
from kvqa_audit.spec.dataset_spec import DatasetSpec
from kvqa_audit.spec.question import Question

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from scipy import sparse
    from sklearn.linear_model import LogisticRegression

FOLDS = 5
THREADS = 2
MIN_PICTURES_OF_AN_ANSWER = 10
MIN_PICTURES_OF_A_SOURCE = 5
MAX_ANSWERS = 12
REGULARISATION_C = 0.2
TOLERANCE = 3e-3
MAX_ITERATIONS = 100
WEIGHT_OF_THE_SOURCE = 1 / 3
LEAST_PROBABILITY = 1e-3
ASSUMED_SHARE = 0.01
SUSPICIOUS = 2 * ASSUMED_SHARE
REASONS = 3
UNSAID = ("asked", "number")


@dataclass(frozen=True, slots=True)
class Reason:
    """One fact about the image that speaks for the expected answer; `weight` is its part of the log odds."""

    fact: Fact
    weight: float


@dataclass(frozen=True, slots=True)
class SuspiciousAnswer:
    """One cell whose answer does not fit.

    `row` is the 0-based row, `question` the catalogue's short name, `answer` the canonical answer. `score` is the
    probability, 0 to 1, that the answer was exchanged for another; `probability` and `expected_probability` are what
    the rest of the image says about the given and the expected answer. `reasons` are the strongest first.
    """

    row: int
    img_id: str
    question: str
    answer: str
    score: float
    probability: float
    expected: str
    expected_probability: float
    reasons: tuple[Reason, ...] = ()


@dataclass(frozen=True)
class Suspicion:
    """How suspicious the answers of a table are.

    `scores` maps the row of every judged cell to its score; cells of a question that cannot be judged (one answer only,
    or too few pictures) have none. `suspects` are the cells where another answer, one that can be named, is likelier
    than the given one and the rest of the image has at least doubled the suspicion, which starts at one in a hundred;
    most suspicious first. Cells of a source with fewer than five such pictures are scored but no suspects: nobody knows
    what is usual.
    """

    scores: Mapping[int, float] = field(default_factory=dict)
    suspects: tuple[SuspiciousAnswer, ...] = ()


@dataclass(frozen=True)
class _Judged:
    """One question: its cells' context, and the out-of-fold probability of each answer (cells x classes).

    The rare answers are predicted together, as the class None; `rare` is the most frequent of them, with its share.
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


def rank_suspicious_answers(
    frame: pd.DataFrame,
    spec: DatasetSpec,
    copies: Iterable[tuple[str, str]] = (),
    seen: Mapping[str, Iterable[str]] | None = None,
) -> Suspicion:
    """Scores every answer of a table with the text columns source, question, answer and img_id.

    Args:
        copies: pairs of img_ids that show the same picture; they never vouch for one another.
        seen: img_id to what is seen in its picture, such as "a box" or "no text", where images were looked at.
    """
    from sklearn.exceptions import ConvergenceWarning
    from threadpoolctl import threadpool_limits

    cells = read_cells(frame, spec, copies, seen or {})
    if len(set(cells.groups.tolist())) < FOLDS:
        return Suspicion()
    folds = _folds(cells)
    scores: dict[int, float] = {}
    suspects: list[SuspiciousAnswer] = []
    asked = [question for question in spec.questions if question.name in cells.rows_of]
    # The problems are small: threads of the linear algebra would cost several times what they save; questions beside
    # each other do not.
    with threadpool_limits(1), warnings.catch_warnings(), ThreadPoolExecutor(THREADS) as beside:
        warnings.simplefilter("ignore", ConvergenceWarning)
        for judged in beside.map(lambda question: _judge(cells, folds, question), asked):
            if judged is not None:
                found = _scores(judged)
                scores.update(zip(cells.rows[judged.at].tolist(), found.tolist(), strict=True))
                suspects.extend(_suspects(cells, judged, found))
    return Suspicion(scores, tuple(sorted(suspects, key=lambda suspect: (-suspect.score, suspect.row))))


def _folds(cells: Cells) -> np.ndarray[Any, Any]:
    """The fold of each cell; cells of one picture and of its copies share it."""
    import numpy as np
    from sklearn.model_selection import GroupKFold

    folds = np.zeros(len(cells), dtype=np.int8)
    for number, (_, held_out) in enumerate(GroupKFold(FOLDS).split(cells.rows, groups=cells.groups)):
        folds[held_out] = number
    return folds


def _judge(cells: Cells, folds: np.ndarray[Any, Any], question: Question) -> _Judged | None:
    """Predicts every cell of a question from the folds it is not in; None where there is nothing to tell apart."""
    import numpy as np

    at = cells.rows_of[question.name]
    given, classes = _classes([cells.answers[place] for place in at.tolist()], cells.groups[at].tolist())
    if len(classes) < 2:
        return None
    context, facts = context_of(cells, question.name, several_rows=question.one_row_per_item)
    if not facts:
        return None
    # Where a fold leaves nothing to learn from, nothing speaks against any answer.
    probabilities = np.tile(np.bincount(given, minlength=len(classes)) / len(given), (len(at), 1))
    weights = []
    for number in range(FOLDS):
        held_out = folds[at] == number
        weight = np.zeros((len(classes), len(facts)))
        if held_out.any() and len(np.unique(given[~held_out])) > 1:
            model = _fitted(context[~held_out], given[~held_out])
            predicted = np.zeros((int(held_out.sum()), len(classes)))
            predicted[:, model.classes_] = model.predict_proba(context[held_out])
            usual = _usual(given, cells.sources[at], ~held_out, len(classes))[held_out]
            probabilities[held_out] = _pooled(predicted, usual)
            weight[model.classes_[-len(model.coef_) :]] = model.coef_
        weights.append(weight)
    rare = (
        Counter(cells.answers[place] for place in at[given == len(classes) - 1]) if classes[-1] is None else Counter()
    )
    most, number = max(rare.items(), key=lambda one: (one[1], one[0]), default=("", 0))
    share = number / max(1, rare.total())
    return _Judged(
        question.name, at, given, classes, most, share, probabilities, context, facts, tuple(weights), folds[at]
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


def _pooled(predicted: np.ndarray[Any, Any], usual: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """The logarithmic opinion pool (weighted geometric mean) of two probabilities of each answer."""
    import numpy as np

    weight = WEIGHT_OF_THE_SOURCE
    pooled = (predicted + LEAST_PROBABILITY) ** (1.0 - weight) * (usual + LEAST_PROBABILITY) ** weight
    return np.asarray(pooled / pooled.sum(axis=1, keepdims=True))


def _fitted(context: sparse.csr_matrix, given: np.ndarray[Any, Any]) -> LogisticRegression:
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression(C=REGULARISATION_C, tol=TOLERANCE, max_iter=MAX_ITERATIONS).fit(context, given)


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


def _scores(judged: _Judged) -> np.ndarray[Any, Any]:
    """The probability that each cell's answer was exchanged."""
    import numpy as np
    from cleanlab.rank import get_label_quality_scores

    return np.asarray(1.0 - get_label_quality_scores(judged.given, _true_answers(judged)))


def _true_answers(judged: _Judged) -> np.ndarray[Any, Any]:
    """P(true answer | given answer, rest of the image), cells x classes, by Bayes' rule."""
    import numpy as np

    width, cell = len(judged.classes), np.arange(len(judged.given))
    frequency = np.bincount(judged.given, minlength=width) / len(judged.given)
    posterior = judged.probabilities * ASSUMED_SHARE * frequency[judged.given][:, None] / (1.0 - frequency)[None, :]
    posterior[cell, judged.given] = judged.probabilities[cell, judged.given] * (1.0 - ASSUMED_SHARE)
    return np.asarray(posterior / posterior.sum(axis=1, keepdims=True))


def _suspects(cells: Cells, judged: _Judged, scores: np.ndarray[Any, Any]) -> Iterator[SuspiciousAnswer]:
    import numpy as np

    cell = np.arange(len(judged.given))
    others = judged.probabilities.copy()
    others *= np.array([1.0 if name is not None else judged.rare_share for name in judged.classes])
    others[cell, judged.given] = -1.0
    expected = others.argmax(axis=1)
    probability, better = judged.probabilities[cell, judged.given], others.max(axis=1)
    suspicious = (scores >= SUSPICIOUS) & (better > probability) & _comparable(cells, judged.at)
    for place in np.flatnonzero(suspicious).tolist():
        at = judged.at[place]
        yield SuspiciousAnswer(
            row=int(cells.rows[at]),
            img_id=cells.img_ids[at],
            question=judged.question,
            answer=cells.answers[at],
            score=float(scores[place]),
            probability=float(probability[place]),
            expected=judged.classes[expected[place]] or judged.rare,
            expected_probability=float(better[place]),
            reasons=_reasons(judged, place, int(expected[place])),
        )


def _comparable(cells: Cells, at: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Whether the source of each cell has enough distinct pictures with this question to know what is usual there."""
    import numpy as np

    pictures = np.unique(np.column_stack((cells.sources[at], cells.groups[at])), axis=0)
    of_source = np.bincount(pictures[:, 0], minlength=int(cells.sources.max()) + 1)
    return np.asarray(of_source[cells.sources[at]] >= MIN_PICTURES_OF_A_SOURCE)


def _reasons(judged: _Judged, place: int, expected: int) -> tuple[Reason, ...]:
    """The facts that speak most for the expected answer and against the given one."""
    known = judged.context[[place]]
    weights = judged.weights[judged.fold[place]]
    speaks = known.data * (weights[expected] - weights[judged.given[place]])[known.indices]
    said = [
        Reason(judged.facts[column], float(weight))
        for column, weight in zip(known.indices.tolist(), speaks.tolist(), strict=True)
        if weight > 0 and judged.facts[column].kind not in UNSAID
    ]
    return tuple(sorted(said, key=lambda reason: (-reason.weight, reason.fact.kind, reason.fact.value))[:REASONS])
