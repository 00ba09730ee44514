"""Contrast fields and verified pairs come in; how alike unrelated pictures of this dataset are goes out.

Pictures of one subject taken in one pose, such as films of one part of the body, agree with each other far more than
pictures of different scenes do, although no two show the same. So pairs are drawn at random, aligned and compared as
nominated ones are. The disagreement (1 - similarity) of those that resemble each other at all is close to log-normal;
the median and the median absolute deviation of its logarithm tell which similarity unrelated pairs will not reach.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection
from dataclasses import dataclass
from itertools import combinations
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from kvqa_audit.duplicates.descriptors import plain_descriptors, view_descriptors
from kvqa_audit.duplicates.fields import Fields, Float
from kvqa_audit.duplicates.nominate import Nominations
from kvqa_audit.duplicates.verify import Verified

MAX_PAIRS = 2_000
MIN_RESEMBLING_PAIRS = 20
MIN_RESEMBLING_SHARE = 0.005
MAX_EXPECTED_PAIRS = 0.1
FEW_PAIRS, MIN_RESEMBLING_OF_FEW, MIN_RESEMBLING_SHARE_OF_FEW = 160, 3, 0.015
# Frames of one scene resemble each other all together; pictures that are merely of one kind do so two by two.
# Where a large part of all pairs do, there are no scenes to tell apart.
MIN_CLOSED_SHARE = 0.7
MAX_SHARE_OF_SCENES = 0.2
_SEED = 20_230_901
_OF_NORMAL = 1.4826
_PICTURES_PER_BLOCK = 32

Indices = NDArray[np.int64]
Pair = tuple[int, int]
Verify = Callable[[Nominations], Verified]
Accept = Callable[[Nominations, Verified], Indices]


@dataclass(frozen=True, slots=True)
class Background:
    """How alike pictures are that were drawn at random.

    `resembling` of `pairs` random pairs could be aligned; their median similarity is `median`. `bound` is the
    similarity that fewer than 0.1 unrelated pairs of the whole dataset are expected to reach; None where too few pairs
    resemble each other to matter, or where `closed_share` says that those found are scenes: the share of two partners
    of a picture that are partners of each other.
    """

    pairs: int
    resembling: int
    median: float | None = None
    closed_share: float | None = None
    bound: float | None = None


def background_of(
    fields: Fields, frames: Collection[Pair], copies: Collection[Pair], verify: Verify, accept: Accept
) -> Background:
    """Compares random pairs of the usable pictures.

    Args:
        fields: of all pictures.
        frames: the pairs that would be called near frames, as numbers of pictures, the smaller first.
        copies: the other pairs that were accepted; that both copies of a picture resemble a third tells nothing.
        verify, accept: what nominated pairs go through.
    """
    usable = np.flatnonzero(fields.usable)
    if len(usable) < 2:
        return Background(0, 0)
    drawn = _drawn(usable)
    similarity = verify(_seen_best(fields, drawn)).similarity
    resembling = similarity[similarity > 0]
    if len(resembling) < max(MIN_RESEMBLING_PAIRS, MIN_RESEMBLING_SHARE * len(drawn)):
        return Background(len(drawn), len(resembling))
    disagreement = np.log(np.maximum(1 - resembling, 1e-4))
    middle = float(np.median(disagreement))
    closed = _closed_share(fields, frames, set(copies), verify, accept)
    in_scenes = closed is not None and closed >= MIN_CLOSED_SHARE
    if in_scenes and len(resembling) <= MAX_SHARE_OF_SCENES * len(drawn):
        return Background(len(drawn), len(resembling), _similarity(middle), closed)
    spread = _OF_NORMAL * float(np.median(np.abs(disagreement - middle)))
    expected = len(resembling) / len(drawn) * len(usable) * (len(usable) - 1) / 2
    reach = NormalDist().inv_cdf(1 - min(MAX_EXPECTED_PAIRS / expected, 0.5))
    return Background(len(drawn), len(resembling), _similarity(middle), closed, _similarity(middle - reach * spread))


def are_of_one_kind(fields: Fields, verify: Verify) -> bool:
    """Whether unrelated pictures can be laid on each other now and then, told from a few hundred random pairs."""
    usable = np.flatnonzero(fields.usable)
    if len(usable) < 2:
        return False
    drawn = _drawn(usable)[:FEW_PAIRS]
    resembling = np.count_nonzero(verify(_seen_best(fields, drawn)).similarity)
    return int(resembling) >= max(MIN_RESEMBLING_OF_FEW, MIN_RESEMBLING_SHARE_OF_FEW * len(drawn))


def _similarity(log_disagreement: float) -> float:
    return round(1 - float(np.exp(log_disagreement)), 4)


def _drawn(usable: Indices) -> Indices:
    """Pairs of different pictures, (p, 2): all there are, or a fixed number at random."""
    count = len(usable)
    if count * (count - 1) // 2 <= MAX_PAIRS:
        return usable[np.array(list(combinations(range(count), 2)), np.int64).reshape(-1, 2)]
    random = np.random.default_rng(_SEED)
    first = random.integers(0, count, MAX_PAIRS)
    other = (first + random.integers(1, count, MAX_PAIRS)) % count
    return usable[np.stack((first, other), axis=1)]


def _seen_best(fields: Fields, pairs: Indices) -> Nominations:
    """The pairs, (p, 2), each with the view that fits best."""
    views, scores = [], []
    for start in range(0, len(pairs), _PICTURES_PER_BLOCK):
        viewed, plain = pairs[start : start + _PICTURES_PER_BLOCK].T
        there = plain_descriptors(fields, plain)[:]
        score: Float = (view_descriptors(fields, viewed) @ there[:, :, None])[:, :, 0]
        views.append(score.argmax(axis=1))
        scores.append(score.max(axis=1))
    return Nominations(pairs[:, 0], pairs[:, 1], np.concatenate(views), np.concatenate(scores))


def _closed_share(
    fields: Fields, frames: Collection[Pair], copies: set[Pair], verify: Verify, accept: Accept
) -> float | None:
    """Of two partners of one picture, how often they are partners of each other; None where no picture has two."""
    beside: dict[int, set[int]] = defaultdict(set)
    for one, other in frames:
        beside[one].add(other)
        beside[other].add(one)
    of_each = (combinations(sorted(beside[picture]), 2) for picture in sorted(beside))
    open_pairs = [pair for pairs in of_each for pair in pairs if pair not in copies]
    if not open_pairs:
        return None
    if len(open_pairs) > MAX_PAIRS:
        chosen = np.random.default_rng(_SEED).choice(len(open_pairs), MAX_PAIRS, replace=False)
        open_pairs = [open_pairs[number] for number in sorted(chosen.tolist())]
    asked = sorted({pair for pair in open_pairs if pair[1] not in beside[pair[0]]})
    closed = {pair for pair in open_pairs if pair[1] in beside[pair[0]]}
    if asked:
        nominations = _seen_best(fields, np.array(asked, np.int64))
        closed |= {asked[number] for number in accept(nominations, verify(nominations)).tolist()}
    return round(sum(pair in closed for pair in open_pairs) / len(open_pairs), 3)
