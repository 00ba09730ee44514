"""A table comes in; how surprising each answer is beside the image's other answers, and why, goes out.

Per question the probability of each answer is predicted out of fold. By Bayes' rule this gives the probability that
the answer was exchanged, under the plainest noise there is: one cell in a hundred carries an answer drawn from the
question's other answers as often as those are given. cleanlab's self-confidence under that posterior is the label's
quality (Northcutt et al., Confident Learning, 2021); the score is what it lacks to 1.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from kvqa_audit.answers.context import read_cells
from kvqa_audit.answers.held_out import FOLDS, chance_of_exchange, folds_of, looks_of
from kvqa_audit.answers.judged_question import judge_question
from kvqa_audit.answers.off_topic import OffTopic
from kvqa_audit.answers.picture_map import Place
from kvqa_audit.answers.self_test import Planted, SelfTest, planted_scores, self_test
from kvqa_audit.answers.suspects import SuspiciousAnswer, Told, suspects_of
from kvqa_audit.answers.suspicious_sources import SuspiciousSource, suspicious_sources
from kvqa_audit.answers.told_by_pictures import PictureGain
from kvqa_audit.spec.dataset_spec import DatasetSpec

if TYPE_CHECKING:
    import pandas as pd

    from kvqa_audit.images.picture_vectors import PictureVectors

THREADS = 2


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
    folds = folds_of(cells.img_ids, cells.groups)
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
        for judged in beside.map(lambda question: judge_question(cells, folds, question, looks), asked):
            if judged is not None:
                found = chance_of_exchange(judged.probabilities, judged.given)
                scores.update(zip(cells.rows[judged.at].tolist(), found.tolist(), strict=True))
                told = Told.of(cells, judged)
                suspects.extend(suspects_of(cells, judged, found, told, looks[-1][judged.at] if looks else None))
                gains += [] if judged.gain is None else [judged.gain]
                planted.append(planted_scores(judged.probabilities, judged.given, told))
        judged_sources, sources, planted_sources = suspicious_sources(cells, folds, looks)
    ranked = tuple(sorted(suspects, key=lambda suspect: (-suspect.score, suspect.row)))
    return Suspicion(
        scores, ranked, judged_sources, sources, self_test(planted), self_test(planted_sources), tuple(gains)
    )
