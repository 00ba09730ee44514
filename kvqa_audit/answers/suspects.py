"""A judged question and the scores of its cells come in; the cells whose answers do not fit, and why, go out."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kvqa_audit.answers.context import Cells
from kvqa_audit.answers.held_out import ASSUMED_SHARE
from kvqa_audit.answers.judged_question import JudgedQuestion
from kvqa_audit.answers.nearest import nearest_places
from kvqa_audit.answers.reasons import Reason, reasons_for

if TYPE_CHECKING:
    import numpy as np

MIN_PICTURES_OF_A_SOURCE = 5
MIN_ANSWERS_BESIDE = 30
MIN_GAIN_IN_ERRORS = 3.0
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
class Told:
    """Which of some cells of a question are told, if they were given these classes; called with (places, classes,
    scores)."""

    judged: JudgedQuestion
    comparable: np.ndarray[Any, Any]
    predictable: bool

    @classmethod
    def of(cls, cells: Cells, judged: JudgedQuestion) -> Told:
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


def suspects_of(
    cells: Cells,
    judged: JudgedQuestion,
    scores: np.ndarray[Any, Any],
    told: Told,
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


def _said_by_picture(judged: JudgedQuestion, place: int) -> tuple[str, float] | None:
    """The answer that the look of the picture alone makes likeliest, and how likely; None where it says nothing."""
    import numpy as np

    if not judged.by_looks[place].any():
        return None
    said = np.bincount(judged.given, minlength=len(judged.classes)) * np.exp(judged.by_looks[place])
    best = int(said.argmax())
    return judged.classes[best] or judged.rare, float(said[best] / said.sum())


def _is_predictable(judged: JudgedQuestion) -> bool:
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
