"""Cells or images and what is known about each come in; what the others tell of each one, out of fold, goes out.

Everything is learnt from four fifths and told of the last fifth, with all copies of a picture in one of them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from scipy import sparse

    from kvqa_audit.answers.context import Cells
    from kvqa_audit.images.picture_vectors import PictureVectors

FOLDS = 5
ASSUMED_SHARE = 0.01
LEAST_PROBABILITY = 1e-3
_REGULARISATION_C = 0.2
_TOLERANCE = 3e-3
_MAX_ITERATIONS = 100
_PICTURE_COMPONENTS = 40
_PICTURE_REGULARISATION_C = 0.1
_MAX_PICTURES_LEARNT_FROM = 20_000


def folds_of(img_ids: Sequence[str], groups: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """The fold of each cell, (cells,); cells of one picture and of its copies share it.

    Groups stand in the order of a hash of their smallest image id and are cut into folds of as many cells, to within
    the largest group. So one pair of copies more moves that pair, and what stands next to a cut, alone.

    Args:
        img_ids: of each cell, sorted.
        groups: of each cell, equal for images that show the same picture.
    """
    import numpy as np

    _, first, group, sizes = np.unique(groups, return_index=True, return_inverse=True, return_counts=True)
    digests = [_digest(img_ids[cell]) for cell in first.tolist()]
    order = np.array(sorted(range(len(digests)), key=digests.__getitem__))
    middles = np.cumsum(sizes[order]) - sizes[order] / 2
    folds = np.empty(len(order), dtype=np.int8)
    folds[order] = FOLDS * middles // len(img_ids)
    return np.asarray(folds[group])


def _digest(img_id: str) -> bytes:
    return hashlib.sha256(img_id.encode("utf-8", "surrogatepass")).digest()


def looks_of(cells: Cells, pictures: PictureVectors) -> np.ndarray[Any, Any] | None:
    """The principal components of the pictures' vectors, for each cell, (cells, 40); NaN where there is no picture.

    None for fewer pictures, or shorter vectors, than components.
    """
    import numpy as np
    from sklearn.decomposition import PCA

    if min(len(pictures.img_ids) - 1, pictures.vectors.shape[1]) < _PICTURE_COMPONENTS:
        return None
    step = -(-len(pictures.img_ids) // _MAX_PICTURES_LEARNT_FROM)
    model = PCA(_PICTURE_COMPONENTS, svd_solver="covariance_eigh").fit(pictures.vectors[::step].astype(np.float32))
    components = np.concatenate(
        [model.transform(part.astype(np.float32)) for part in np.array_split(pictures.vectors, step)]
    )
    components /= np.sqrt(model.explained_variance_[0])
    place = {img_id: number for number, img_id in enumerate(pictures.img_ids)}
    at = np.array([place.get(img_id, len(components)) for img_id in cells.img_ids])
    unseen = np.full((1, _PICTURE_COMPONENTS), np.nan, components.dtype)
    return np.asarray(np.concatenate((components, unseen))[at])


def predicted_by_context(
    context: sparse.csr_matrix, given: np.ndarray[Any, Any], fold: np.ndarray[Any, Any], width: int
) -> tuple[np.ndarray[Any, Any], tuple[np.ndarray[Any, Any], ...]]:
    """The probability of each class by what else is known, (n, width), and each fold's weights of it, (width, facts).

    Where a fold leaves nothing to learn from, the classes are as likely as they are frequent: nothing speaks against
    any.
    """
    import numpy as np
    from sklearn.linear_model import LogisticRegression

    predicted = np.tile(np.bincount(given, minlength=width) / len(given), (len(given), 1))
    weights = []
    for number in range(FOLDS):
        held_out = fold == number
        weight = np.zeros((width, context.shape[1]))
        if has_lesson(given, fold, number):
            model = LogisticRegression(C=_REGULARISATION_C, tol=_TOLERANCE, max_iter=_MAX_ITERATIONS)
            model.fit(context[~held_out], given[~held_out])
            predicted[held_out] = 0.0
            predicted[np.ix_(held_out, model.classes_)] = model.predict_proba(context[held_out])
            weight[model.classes_[-len(model.coef_) :]] = model.coef_
        weights.append(weight)
    return predicted, tuple(weights)


def has_lesson(given: np.ndarray[Any, Any], fold: np.ndarray[Any, Any], number: int) -> bool:
    """Whether a fold holds anything, and the others more than one class."""
    import numpy as np

    held_out = fold == number
    return bool(held_out.any()) and len(np.unique(given[~held_out])) > 1


def log_odds_by_looks(
    looks: np.ndarray[Any, Any], given: np.ndarray[Any, Any], fold: np.ndarray[Any, Any], width: int
) -> np.ndarray[Any, Any]:
    """How much likelier each answer is for a picture that looks like this, out of fold; 0 where there is none."""
    import numpy as np
    from sklearn.linear_model import LogisticRegression

    frequency = np.bincount(given, minlength=width) / len(given)
    predicted, shown = np.tile(frequency, (len(given), 1)), ~np.isnan(looks[:, 0])
    for number in range(FOLDS):
        held_out, known = (fold == number) & shown, (fold != number) & shown
        if held_out.any() and len(np.unique(given[known])) > 1:
            model = LogisticRegression(C=_PICTURE_REGULARISATION_C, tol=_TOLERANCE, max_iter=_MAX_ITERATIONS)
            model.fit(looks[known], given[known])
            predicted[held_out] = 0.0
            predicted[np.ix_(held_out, model.classes_)] = model.predict_proba(looks[held_out])
    return np.asarray(np.log(predicted + LEAST_PROBABILITY) - np.log(frequency + LEAST_PROBABILITY))


def chance_of_exchange(
    probabilities: np.ndarray[Any, Any], given: np.ndarray[Any, Any], frequency: np.ndarray[Any, Any] | None = None
) -> np.ndarray[Any, Any]:
    """The probability that each given class was exchanged for another, (n,), by Bayes' rule.

    The noise that is assumed: one in a hundred carries a class drawn from the others as often as those are given.
    cleanlab's self-confidence under this posterior is the label's quality; the score is what it lacks to 1. `frequency`
    is how often each class is given, (classes,); None counts these cells.
    """
    import numpy as np
    from cleanlab.rank import get_label_quality_scores

    width, cell = probabilities.shape[1], np.arange(len(given))
    if frequency is None:
        frequency = np.bincount(given, minlength=width) / len(given)
    posterior = probabilities * ASSUMED_SHARE * frequency[given][:, None] / (1.0 - frequency)[None, :]
    posterior[cell, given] = probabilities[cell, given] * (1.0 - ASSUMED_SHARE)
    posterior /= posterior.sum(axis=1, keepdims=True)
    return np.asarray(1.0 - get_label_quality_scores(given, posterior))
