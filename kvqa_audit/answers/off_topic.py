"""What pictures look like comes in; which of them look unlike the other pictures of their source goes out.

How far a picture lies off is its distance to the k-th nearest other picture (Ramaswamy, Rastogi and Shim 2000), with k
a tenth of them, so that a few that do not belong cannot vouch for each other. The logarithm of this distance is held
against the usual one, in robust standard deviations, and what several kinds of vectors say is averaged.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kvqa_audit.images.picture_vectors import PictureVectors

MIN_PICTURES = 50
NEIGHBOUR_SHARE = 0.1
# Pictures of a large source are held against as many of them, evenly taken.
MAX_REFERENCES = 4_000
SUSPICIOUS_DEVIATIONS = 3.5
_NORMAL_MAD = 1.4826
# Where all pictures lie nearly as far apart, a hundredth more or less is no deviation.
_LEAST_SPREAD = 0.05
_LEAST_DISTANCE = 1e-3
_PICTURES_PER_BLOCK = 512


@dataclass(frozen=True, slots=True)
class OffTopicImage:
    """One image that looks unlike the others of its source ("" is all of the dataset), by so many deviations."""

    img_id: str
    source: str
    deviations: float


@dataclass(frozen=True, slots=True)
class OffTopic:
    """How many images could be judged, and those that look off, the farthest first."""

    images_judged: int = 0
    images: tuple[OffTopicImage, ...] = ()


def off_topic_images(
    kinds: Sequence[PictureVectors], copies: Iterable[tuple[str, str]], sources: Mapping[str, str]
) -> OffTopic:
    """Judges every picture among those of its source, or among all where its source has fewer than 50.

    Args:
        kinds: what the pictures look like, in one or several ways; the first kind says which pictures there are.
        copies: pairs of img_ids that show the same picture; they never vouch for one another.
        sources: img_id to the name of its source; images may lack.
    """
    ids = kinds[0].img_ids if kinds else ()
    if len(ids) < MIN_PICTURES:
        return OffTopic()
    groups, names = _groups(ids, copies), np.array([sources.get(img_id, "") for img_id in ids])
    large = [name for name in sorted(set(names.tolist())) if name and (names == name).sum() >= MIN_PICTURES]
    parts = [(name, np.flatnonzero(names == name)) for name in large]
    if (rest := np.flatnonzero(~np.isin(names, large))).size:
        parts.append(("", rest))
    away, by_source = np.full((len(kinds), len(ids)), np.nan), np.full(len(ids), "", dtype=object)
    for number, kind in enumerate(kinds):
        at = {img_id: place for place, img_id in enumerate(kind.img_ids)}
        row = np.array([at.get(img_id, -1) for img_id in ids])
        for name, judged in parts:
            among = judged if name else np.arange(len(ids))
            judged, among = judged[row[judged] >= 0], among[row[among] >= 0]
            if len(among) >= MIN_PICTURES:
                found = _deviations(kind.vectors[row[among]], groups[among])
                away[number, judged] = found[np.isin(among, judged)]
                by_source[judged] = name
    known = ~np.isnan(away).all(axis=0)
    mean = np.full(len(ids), -np.inf)
    mean[known] = np.nanmean(away[:, known], axis=0)
    off = [OffTopicImage(ids[n], by_source[n], float(mean[n])) for n in np.flatnonzero(mean >= SUSPICIOUS_DEVIATIONS)]
    return OffTopic(int(known.sum()), tuple(sorted(off, key=lambda one: (-one.deviations, one.img_id))))


def _deviations(vectors: NDArray[np.generic], groups: NDArray[np.int64]) -> NDArray[np.float64]:
    """How far each of n pictures lies off, (n,); pictures of one group are one picture."""
    first = np.unique(groups, return_index=True)[1]
    references = np.sort(first[:: -(-len(first) // MAX_REFERENCES)])
    k = max(5, round(NEIGHBOUR_SHARE * len(references)))
    if len(references) <= k + 1:
        return np.zeros(len(groups))
    values = vectors.astype(np.float32)
    values -= values.mean(axis=0)
    known, square = values[references], (values**2).sum(axis=1)
    distance = np.empty(len(values))
    for start in range(0, len(values), _PICTURES_PER_BLOCK):
        part = slice(start, start + _PICTURES_PER_BLOCK)
        apart = square[part, None] + square[references] - 2.0 * (values[part] @ known.T)
        apart[groups[part, None] == groups[references]] = np.inf
        distance[part] = np.partition(apart, k - 1, axis=1)[:, k - 1]
    distance = np.sqrt(np.maximum(distance, 0.0))
    logarithm = np.log(distance + _LEAST_DISTANCE * (distance.max() or 1.0))
    off = logarithm - np.median(logarithm[first])
    return np.asarray(off / max(_LEAST_SPREAD, _NORMAL_MAD * float(np.median(np.abs(off[first])))))


def _groups(ids: Sequence[str], copies: Iterable[tuple[str, str]]) -> NDArray[np.int64]:
    """The number of each picture's group; copies share one."""
    from scipy import sparse

    place = {img_id: number for number, img_id in enumerate(ids)}
    pairs = [(place[left], place[right]) for left, right in copies if left in place and right in place]
    left, right = np.array(pairs, dtype=np.int64).reshape(-1, 2).T
    graph = sparse.coo_matrix((np.ones(len(pairs)), (left, right)), shape=(len(ids), len(ids)))
    return np.asarray(sparse.csgraph.connected_components(graph, directed=False)[1], np.int64)
