"""A table comes in; how surprising each answer is beside the image's other answers, and why, goes out.

Per question a multinomial logistic regression predicts the answer from what else is known about the image, out of
fold, with all copies of a picture in one fold; it is pooled with how often the source gives each answer and, where the
pictures were looked at, with what another regression predicts from the edges in the picture. By Bayes' rule
this gives the probability that the answer was exchanged, under the plainest noise there is: one cell in a hundred
carries an answer drawn from the question's other answers as often as those are given. cleanlab's self-confidence under
that posterior is the label's quality (Northcutt et al., Confident Learning, 2021); the score is what it lacks to 1.
"""

from __future__ import annotations

import math
import warnings
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from kvqa_audit.answers.context import Cells, Fact, context_of, read_cells
from kvqa_audit.answers.held_out import (
    ASSUMED_SHARE,
    FOLDS,
    LEAST_PROBABILITY,
    chance_of_exchange,
    folds_of,
    has_lesson,
    log_odds_by_looks,
    looks_of,
    predicted_by_context,
)
from kvqa_audit.answers.nearest import nearest_places
from kvqa_audit.answers.off_topic import OffTopic
from kvqa_audit.answers.opinion_pool import fitted_weights, pooled, summed
from kvqa_audit.answers.picture_map import Place
from kvqa_audit.answers.reasons import Reason, reasons_for
from kvqa_audit.answers.self_test import Planted, SelfTest, planted_scores, self_test
from kvqa_audit.answers.suspicious_sources import SuspiciousSource, suspicious_sources
from kvqa_audit.answers.told_by_pictures import PictureGain, gain_by_pictures
from kvqa_audit.spec.dataset_spec import DatasetSpec
from kvqa_audit.spec.question import Question

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from scipy import sparse

    from kvqa_audit.images.picture_vectors import PictureVectors

THREADS = 2
MIN_PICTURES_OF_AN_ANSWER = 10
MIN_PICTURES_OF_A_SOURCE = 5
MIN_ANSWERS_BESIDE = 30
MIN_GAIN_IN_ERRORS = 3.0
MAX_ANSWERS = 12
WEIGHT_OF_THE_SOURCE = 1 / 3
SUSPICIOUS = 2 * ASSUMED_SHARE
SUSPICIOUS_BY_RARITY = 10 * ASSUMED_SHARE


@dataclass(frozen=True, slots=True)
class SuspiciousAnswer:
    """One cell whose answer does not fit.

    `row` is the 0-based row, `question` the catalogue's short name, `answer` the canonical answer. `score` is the
    probability, 0 to 1, that the answer was exchanged for another; `probability` and `expected_probability` are what
    the rest of the image says about the given and the expected answer. `reasons` are the strongest first. `picture` is
    what its look alone says, with its probability; `nearest` are the pictures that look most like it, with their
    answers.
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
    picture: tuple[str, float] | None = None
    nearest: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Suspicion:
    """How suspicious the answers of a table are.

    `scores` maps the row of every judged cell to its score; cells of a question that cannot be judged (one answer only,
    or too few pictures) have none. `suspects` are the cells where another answer, one that can be named, is likelier
    than the given one and the rest of the image has at least doubled the suspicion, which starts at one in a hundred;
    where nothing tells what a question's answers are, their rarity must have made it tenfold. The most suspicious come
    first. Cells of a source with fewer than five such pictures are scored but no suspects: nobody knows what is usual.
    `sources` are the images that seem to stand under a wrong source, of those that could be judged; `off_topic` are
    those that look unlike the others of theirs. The self tests tell how planted errors were found; `gains` say how much
    the look of the pictures tells about each question; `places` are those of pictures on the map of the dataset.
    """

    scores: Mapping[int, float] = field(default_factory=dict)
    suspects: tuple[SuspiciousAnswer, ...] = ()
    images_with_judged_source: int = 0
    sources: tuple[SuspiciousSource, ...] = ()
    self_test: SelfTest | None = None
    source_self_test: SelfTest | None = None
    gains: tuple[PictureGain, ...] = ()
    places: tuple[Place, ...] = ()
    off_topic: OffTopic = field(default_factory=OffTopic)


@dataclass(frozen=True)
class _Judged:
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


def rank_suspicious_answers(
    frame: pd.DataFrame,
    spec: DatasetSpec,
    copies: Iterable[tuple[str, str]] = (),
    seen: Mapping[str, Iterable[str]] | None = None,
    pictures: Sequence[PictureVectors] = (),
) -> Suspicion:
    """Scores every answer of a table with the text columns source, question, answer and img_id.

    Args:
        copies: pairs of img_ids that show the same picture; they never vouch for one another.
        seen: img_id to what is seen in its picture, such as "a box" or "no text", where images were looked at.
        pictures: what the pictures look like, where images were looked at: one or several kinds of vectors.
    """
    from sklearn.exceptions import ConvergenceWarning
    from threadpoolctl import threadpool_limits

    cells = read_cells(frame, spec, copies, seen or {})
    if len(set(cells.groups.tolist())) < FOLDS:
        return Suspicion()
    folds = folds_of(cells)
    scores: dict[int, float] = {}
    suspects: list[SuspiciousAnswer] = []
    planted: list[Planted] = []
    gains: list[PictureGain] = []
    asked = [question for question in spec.questions if question.name in cells.rows_of]
    # The problems are small: threads of the linear algebra would cost several times what they save; questions beside
    # each other do not.
    with threadpool_limits(1), warnings.catch_warnings(), ThreadPoolExecutor(THREADS) as beside:
        warnings.simplefilter("ignore", ConvergenceWarning)
        looks = [one for kind in pictures if (one := looks_of(cells, kind)) is not None]
        for judged in beside.map(lambda question: _judge(cells, folds, question, looks), asked):
            if judged is not None:
                found = chance_of_exchange(judged.probabilities, judged.given)
                scores.update(zip(cells.rows[judged.at].tolist(), found.tolist(), strict=True))
                told = _Told.of(cells, judged)
                suspects.extend(_suspects(cells, judged, found, told, looks[-1][judged.at] if looks else None))
                gains += [] if judged.gain is None else [judged.gain]
                planted.append(planted_scores(judged.probabilities, judged.given, told))
        judged_sources, sources, planted_sources = suspicious_sources(cells, folds, looks)
    ranked = tuple(sorted(suspects, key=lambda suspect: (-suspect.score, suspect.row)))
    return Suspicion(
        scores, ranked, judged_sources, sources, self_test(planted), self_test(planted_sources), tuple(gains)
    )


def _judge(
    cells: Cells, folds: np.ndarray[Any, Any], question: Question, looks: Sequence[np.ndarray[Any, Any]]
) -> _Judged | None:
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
    return _Judged(
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


@dataclass(frozen=True)
class _Told:
    """Which of some cells of a question are told, if they were given these classes; called with (places, classes,
    scores)."""

    judged: _Judged
    comparable: np.ndarray[Any, Any]
    predictable: bool

    @classmethod
    def of(cls, cells: Cells, judged: _Judged) -> _Told:
        return cls(judged, _comparable(cells, judged.at), _is_predictable(judged))

    def __call__(
        self, at: np.ndarray[Any, Any], given: np.ndarray[Any, Any], scores: np.ndarray[Any, Any]
    ) -> np.ndarray[Any, Any]:
        import numpy as np

        _, better = self.expected(at, given)
        told = (scores >= SUSPICIOUS) & (better > self.judged.probabilities[at, given]) & self.comparable[at]
        if not self.predictable:
            told &= (scores >= SUSPICIOUS_BY_RARITY) & (len(self.judged.given) >= MIN_ANSWERS_BESIDE)
        return np.asarray(told)

    def expected(
        self, at: np.ndarray[Any, Any], given: np.ndarray[Any, Any]
    ) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
        """The likeliest other class of each cell that can be named, and its probability."""
        import numpy as np

        shares = np.array([1.0 if name is not None else self.judged.rare_share for name in self.judged.classes])
        others = self.judged.probabilities[at] * shares
        others[np.arange(len(given)), given] = -1.0
        return others.argmax(axis=1), others.max(axis=1)


def _suspects(
    cells: Cells,
    judged: _Judged,
    scores: np.ndarray[Any, Any],
    told: _Told,
    looks: np.ndarray[Any, Any] | None,
) -> Iterator[SuspiciousAnswer]:
    import numpy as np

    every = np.arange(len(judged.given))
    expected, better = told.expected(every, judged.given)
    for place in np.flatnonzero(told(every, judged.given, scores)).tolist():
        at, given = judged.at[place], int(judged.given[place])
        near = () if looks is None else nearest_places(looks, cells.groups[judged.at], place)
        yield SuspiciousAnswer(
            row=int(cells.rows[at]),
            img_id=cells.img_ids[at],
            question=judged.question,
            answer=cells.answers[at],
            score=float(scores[place]),
            probability=float(judged.probabilities[place, given]),
            expected=judged.classes[expected[place]] or judged.rare,
            expected_probability=float(better[place]),
            reasons=reasons_for(
                judged.context[[place]],
                judged.facts,
                judged.weights[judged.fold[place]],
                judged.by_looks[place],
                expected=int(expected[place]),
                given=given,
            ),
            picture=_said_by_picture(judged, place),
            nearest=tuple((cells.img_ids[one], cells.answers[one]) for one in judged.at[list(near)].tolist()),
        )


def _said_by_picture(judged: _Judged, place: int) -> tuple[str, float] | None:
    """The answer that the look of the picture alone makes likeliest, and how likely; None where it says nothing."""
    import numpy as np

    if not judged.by_looks[place].any():
        return None
    said = np.bincount(judged.given, minlength=len(judged.classes)) * np.exp(judged.by_looks[place])
    best = int(said.argmax())
    return judged.classes[best] or judged.rare, float(said[best] / said.sum())


def _is_predictable(judged: _Judged) -> bool:
    """Whether what else is known tells held-out answers better than their frequencies do, more often than chance would.

    Where answers hang on nothing, each would otherwise be less likely than the most frequent; one that is rare beside
    them is odd even so.
    """
    import numpy as np

    frequency = np.bincount(judged.given, minlength=len(judged.classes)) / len(judged.given)
    told = judged.probabilities[np.arange(len(judged.given)), judged.given]
    # By their number, not by how much: a few wrong answers, for which it is worse, are what is looked for.
    better, worse = int((told > frequency[judged.given]).sum()), int((told < frequency[judged.given]).sum())
    return better - worse > MIN_GAIN_IN_ERRORS * math.sqrt(better + worse)


def _comparable(cells: Cells, at: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Whether the source of each cell has enough distinct pictures with this question to know what is usual there."""
    import numpy as np

    pictures = np.unique(np.column_stack((cells.sources[at], cells.groups[at])), axis=0)
    of_source = np.bincount(pictures[:, 0], minlength=int(cells.sources.max()) + 1)
    return np.asarray(of_source[cells.sources[at]] >= MIN_PICTURES_OF_A_SOURCE)
