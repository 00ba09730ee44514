"""Answer cells come in; how well answers are guessed without looking at any picture goes out."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from kvqa_audit.answers.cells import AnswerCells

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

FOLDS = 5
RESAMPLES = 200
MAX_COUNTS = 4_000_000
SEED = 20_261_125
ALL_QUESTIONS = "all questions"
Knows = Literal["question", "question and source"]


@dataclass(frozen=True, slots=True)
class Baseline:
    """How well the most frequent answer does, known from other images only.

    `knows` is what the guess is made from: the "question", or the "question and source". The images are put into five
    folds by a hash of their id, copies of one picture into the same fold, and each fold's answers are guessed from the
    other four (never from the fold itself). A question's answer is right where it is equal as a whole, sets too.
    `accuracy` is the share of right guesses among `cells`; `macro_f1` is the mean F1 score over the answers that are
    given or guessed. For `question` "all questions" accuracy is over all cells, macro_f1 the mean of the questions'.
    `*_low` and `*_high` are 95 % bootstrap percentiles over pictures (fixed seed).
    """

    knows: Knows
    question: str
    cells: int
    answers: int
    accuracy: float
    accuracy_low: float
    accuracy_high: float
    macro_f1: float
    macro_f1_low: float
    macro_f1_high: float


def majority_baselines(cells: AnswerCells, group_of: Mapping[str, str]) -> tuple[Baseline, ...]:
    """For both baselines all questions together, then each question that is answered, by text.

    Args:
        cells: the answers.
        group_of: images that are copies of others → their group.
    """
    import numpy as np

    if not len(cells.image):
        return ()
    keys = [group_of.get(image, image) for image in cells.images]
    pictures: dict[str, int] = {}
    picture = np.array([pictures.setdefault(key, len(pictures)) for key in keys])[cells.image]
    folds = np.array([zlib.crc32(key.encode("utf-8", "surrogatepass")) % FOLDS for key in pictures])
    by_question = cells.question
    by_source = cells.source_of_image[cells.image] * len(cells.questions) + cells.question
    plain = _guesses(by_question, cells.answer, folds[picture])
    informed = _guesses(by_source, cells.answer, folds[picture])
    informed = np.where(informed >= 0, informed, plain)
    weights = _resamples(len(pictures))
    return (
        *_scored("question", cells, plain, picture, weights),
        *_scored("question and source", cells, informed, picture, weights),
    )


def _guesses(key: NDArray[np.int64], answer: NDArray[np.int64], fold: NDArray[np.int64]) -> NDArray[np.int64]:
    """For every cell its key's most frequent answer in the other folds (ties: the smaller code), -1 for none."""
    import numpy as np

    answers = int(answer.max()) + 1
    entries, entry = np.unique(key * answers + answer, return_inverse=True)
    counts = np.bincount(entry * FOLDS + fold, minlength=len(entries) * FOLDS).reshape(-1, FOLDS)
    elsewhere = counts.sum(axis=1, keepdims=True) - counts
    owners, owner = np.unique(entries // answers, return_inverse=True)
    best = np.full((len(owners), FOLDS), -1)
    for number in range(FOLDS):
        order = np.lexsort((entries, -elsewhere[:, number], owner))
        first = order[np.unique(owner[order], return_index=True)[1]]
        best[:, number] = np.where(elsewhere[first, number] > 0, entries[first] % answers, -1)
    guessed: NDArray[np.int64] = best[np.searchsorted(owners, key), fold]
    return guessed


def _resamples(pictures: int) -> NDArray[np.float64]:
    """Pictures x (1 + RESAMPLES): the sample itself first, then how often each picture is drawn."""
    import numpy as np

    rng = np.random.default_rng(SEED)
    weights = np.ones((pictures, 1 + RESAMPLES))
    for number in range(1, 1 + RESAMPLES):
        weights[:, number] = np.bincount(rng.integers(0, pictures, pictures), minlength=pictures)
    return weights


def _scored(
    knows: Knows,
    cells: AnswerCells,
    guess: NDArray[np.int64],
    picture: NDArray[np.int64],
    weights: NDArray[np.float64],
) -> Iterator[Baseline]:
    import numpy as np
    from scipy.sparse import coo_array

    kinds = np.stack([cells.question, cells.answer, guess])
    kinds, kind = np.unique(kinds, axis=1, return_inverse=True)
    per_picture = coo_array((np.ones(len(picture)), (kind, picture)), shape=(kinds.shape[1], len(weights)))
    counts = per_picture.tocsr() @ weights[:, : 1 + max(20, MAX_COUNTS // kinds.shape[1])]
    right = kinds[1] == kinds[2]
    numbers = np.unique(kinds[0]).tolist()
    chosen = {question: kinds[0] == question for question in numbers}
    f1 = {q: _macro_f1(kinds[1, mask], kinds[2, mask], counts[mask]) for q, mask in chosen.items()}
    overall = np.mean(list(f1.values()), axis=0)
    yield _baseline(knows, ALL_QUESTIONS, counts, right, overall, len(np.unique(cells.answer)))
    for question in sorted(numbers, key=cells.questions.__getitem__):
        mask = chosen[question]
        answers = len(np.unique(kinds[1, mask]))
        yield _baseline(knows, cells.questions[question], counts[mask], right[mask], f1[question], answers)


def _macro_f1(truth: NDArray[np.int64], guess: NDArray[np.int64], counts: NDArray[np.float64]) -> NDArray[np.float64]:
    """Per resample, over the answers given or guessed in the sample itself; one that was not drawn scores 0."""
    import numpy as np

    given = np.unique(np.concatenate([truth, guess[guess >= 0]]))
    total = np.zeros((len(given), counts.shape[1]))
    hits = np.zeros_like(total)
    np.add.at(total, np.searchsorted(given, truth), counts)
    np.add.at(total, np.searchsorted(given, guess[guess >= 0]), counts[guess >= 0])
    equal = truth == guess
    np.add.at(hits, np.searchsorted(given, truth[equal]), 2 * counts[equal])
    scores = np.divide(hits, total, out=np.zeros_like(total), where=total > 0)
    means: NDArray[np.float64] = scores.mean(axis=0)
    return means


def _baseline(
    knows: Knows,
    question: str,
    counts: NDArray[np.float64],
    right: NDArray[np.bool_],
    f1: NDArray[np.float64],
    answers: int,
) -> Baseline:
    import numpy as np

    total = counts.sum(axis=0)
    accuracy = np.divide(counts[right].sum(axis=0), total, out=np.zeros_like(total), where=total > 0)
    drawn = total[1:] > 0
    low, high = (np.percentile([accuracy[1:][drawn], f1[1:][drawn]], bound, axis=1).tolist() for bound in (2.5, 97.5))
    return Baseline(
        knows,
        question,
        int(total[0]),
        answers,
        accuracy=float(accuracy[0]),
        accuracy_low=low[0],
        accuracy_high=high[0],
        macro_f1=float(f1[0]),
        macro_f1_low=low[1],
        macro_f1_high=high[1],
    )
