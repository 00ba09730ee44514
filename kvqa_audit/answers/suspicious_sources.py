"""The cells of a table come in; which images stand under a source that all else known of them speaks against goes out.

As for answers (see `suspicion`), with the source in the place of the answer: a multinomial logistic regression predicts
it, out of fold, from all answers about the image and from how the edges in its picture lie.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kvqa_audit.answers.context import Cells
from kvqa_audit.answers.held_out import (
    ASSUMED_SHARE,
    LEAST_PROBABILITY,
    chance_of_exchange,
    log_odds_by_looks,
    predicted_by_context,
)
from kvqa_audit.answers.nearest import nearest_places
from kvqa_audit.answers.opinion_pool import fitted_weights, pooled, summed
from kvqa_audit.answers.reasons import Reason, reasons_for
from kvqa_audit.answers.self_test import Planted, planted_scores

if TYPE_CHECKING:
    import numpy as np

# Of sources with fewer images nobody knows what is usual there.
MIN_IMAGES_OF_A_SOURCE = 20
SUSPICIOUS = 2 * ASSUMED_SHARE


@dataclass(frozen=True, slots=True)
class SuspiciousSource:
    """One image that seems to belong to another source.

    `source` is the one it stands under, `expected` the one that is likelier, both as the table spells them. `score` is
    the probability, 0 to 1, that the source was exchanged for another; `probability` and `expected_probability` are
    what all else says about the two. `reasons` are the strongest first; `nearest` are the
    pictures that look most like it, with their sources.
    """

    img_id: str
    source: str
    score: float
    probability: float
    expected: str
    expected_probability: float
    reasons: tuple[Reason, ...] = ()
    nearest: tuple[tuple[str, str], ...] = ()


def suspicious_sources(
    cells: Cells, folds: np.ndarray[Any, Any], looks: Sequence[np.ndarray[Any, Any]]
) -> tuple[int, tuple[SuspiciousSource, ...], list[Planted]]:
    """How many images could be judged, those of them that seem misplaced, most suspicious first, and planted errors.

    An image is judged by its first source; only sources of at least 20 images count, and there have to be two of them.

    Args:
        cells: of the whole table.
        folds: the fold of each cell.
        looks: how the picture of each cell looks, (cells, k) of each kind, NaN where there is none.
    """
    import numpy as np
    from scipy import sparse

    first = np.unique(cells.images, return_index=True)[1]
    sources = cells.sources[first]
    large = np.flatnonzero(np.bincount(sources) >= MIN_IMAGES_OF_A_SOURCE)
    large = large[[bool(cells.source_names[source].strip()) for source in large.tolist()]]
    judged = np.flatnonzero(np.isin(sources, large))
    if len(large) < 2:
        return 0, (), []
    gather = sparse.csr_matrix((np.ones(len(cells), np.float32), (cells.images, np.arange(len(cells)))))
    told = (gather @ cells.facts).tocsr()
    told.data = np.minimum(told.data, 1.0)
    others = np.flatnonzero([fact.kind != "source" for fact in cells.image_names])
    facts = (*cells.names, *(cells.image_names[column] for column in others))
    context = sparse.hstack([told, cells.of_image[:, others]], format="csr")[judged]
    given, fold = np.searchsorted(large, sources[judged]), folds[first][judged]
    predicted, weights = predicted_by_context(context, given, fold, len(large))
    opinions, share, by_looks = [np.log(predicted + LEAST_PROBABILITY)], [1.0], np.zeros_like(predicted)
    if looks:
        opinions += [log_odds_by_looks(kind[first][judged], given, fold, len(large)) for kind in looks]
        share = fitted_weights(opinions, given, [1.0, *[0.0] * len(looks)], ASSUMED_SHARE)
        by_looks = summed(opinions[1:], share[1:])
    probabilities = pooled(opinions, share)
    scores = chance_of_exchange(probabilities, given)
    groups = cells.groups[first[judged]]
    names = [cells.source_names[source] for source in large.tolist()]

    def found() -> Iterator[SuspiciousSource]:
        for place in np.flatnonzero(scores >= SUSPICIOUS).tolist():
            own, expected = int(given[place]), int(probabilities[place].argmax())
            if expected != own:
                near = nearest_places(looks[-1][first[judged]], groups, place) if looks else ()
                yield SuspiciousSource(
                    img_id=cells.img_ids[first[judged[place]]],
                    source=names[own],
                    score=float(scores[place]),
                    probability=float(probabilities[place, own]),
                    expected=names[expected],
                    expected_probability=float(probabilities[place, expected]),
                    reasons=reasons_for(
                        context[[place]], facts, weights[fold[place]], by_looks[place], expected=expected, given=own
                    ),
                    nearest=tuple((cells.img_ids[first[judged[one]]], names[int(given[one])]) for one in near),
                )

    def would_be_told(
        at: np.ndarray[Any, Any], values: np.ndarray[Any, Any], scores: np.ndarray[Any, Any]
    ) -> np.ndarray[Any, Any]:
        return np.asarray((scores >= SUSPICIOUS) & (probabilities[at].argmax(axis=1) != values))

    ranked = tuple(sorted(found(), key=lambda one: (-one.score, one.img_id)))
    return len(judged), ranked, [planted_scores(probabilities, given, would_be_told)]
