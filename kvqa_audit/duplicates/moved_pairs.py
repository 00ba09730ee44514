"""Pairs that could not be laid on each other come in; those that show one scene from which something moved go out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from functools import partial

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from kvqa_audit.duplicates.fields import Fields, Float
from kvqa_audit.duplicates.moved import Indices, Moved, best_shift_agreement, moved_together, sample_of
from kvqa_audit.duplicates.nominate import Nominations
from kvqa_audit.engine.executor import Executor

MIN_SHIFT_AGREEMENT = 0.5
MIN_PLACES, MIN_SHARE = 20, 0.5
# Of pictures that were taken within a minute of each other less evidence is as sure; of 400 pairs of frames drawn at
# random from 869 real ones 5 have that much.
NEIGHBOURS_MIN_PLACES, NEIGHBOURS_MIN_SHARE = 10, 0.25
# Each way of a pair has to speak for it; a way between two pictures of one kind now and then does by chance.
WEAKER_WAY_SHARE = 0.65
SHIFTED_PER_PICTURE, PICTURES_PER_CANDIDATE = 0.75, 10
MIN_CANDIDATES = 10
_PAIRS_PER_PART = 64


Neighbours = Mapping[tuple[int, int], float | None]


@dataclass(frozen=True)
class MovedPairs:
    """Pairs of one scene, as numbers of pictures, the smaller first, (p,) each, and the share of places that moved.

    `looked_at` counts the pairs whose places were looked for.
    """

    left: Indices
    right: Indices
    share: Float
    looked_at: int


@dataclass(frozen=True)
class Part:
    """Some pairs, with the fields of their pictures and of a sample alone, and what each pair has to reach."""

    start: int
    fields: Fields
    left: Indices
    right: Indices
    sample: Indices
    least_places: Float
    least_share: Float


def moved_pairs(
    all_fields: Fields, rejected: Nominations | None, neighbours: Neighbours, pool: Executor | None = None
) -> MovedPairs:
    """Looks at the neighbours, and at the best of the rejected nominations: one for every ten pictures at most.

    Args:
        all_fields: of all pictures.
        rejected: nominated pairs that could not be laid on each other; None looks at neighbours alone.
        neighbours: pairs of one group, as numbers of pictures, the smaller first, to the seconds between them, which
            are a minute at most, or None where nothing tells them.
        pool: the children; None, or few pairs, does everything in this process.

    Raises:
        WorkerError: no child can be started.
    """
    candidates = [] if rejected is None else _best_shifted(all_fields, rejected)
    listed = [*sorted(neighbours), *(pair for pair in candidates if pair not in neighbours)]
    pairs = np.array(listed, np.int64).reshape(-1, 2)
    is_close = np.array([neighbours.get(pair) is not None for pair in listed], np.bool_)
    close, others = np.array(((NEIGHBOURS_MIN_PLACES, NEIGHBOURS_MIN_SHARE), (MIN_PLACES, MIN_SHARE)))
    bounds = np.where(is_close, close[:, None], others[:, None])
    sample = sample_of(all_fields)
    starts = range(0, len(pairs), _PAIRS_PER_PART)
    part_from = partial(_part, all_fields, pairs, bounds, sample)
    found: dict[int, Float] = {}
    if pool is not None and len(starts) > 1:
        for answer in pool.map_unordered(moved_part, map(part_from, starts)):
            if answer.value is not None:
                found[answer.task.start] = answer.value
    shares = [found[start] if start in found else _shares(part_from(start)) for start in starts]
    share = np.concatenate([np.empty(0, np.float32), *shares])
    chosen = np.flatnonzero(share)
    return MovedPairs(pairs[chosen, 0], pairs[chosen, 1], share[chosen], len(pairs))


def moved_part(part: Part, done: frozenset[int]) -> Iterator[Float]:
    """The shares of one part's pairs, in a child."""
    if not done:
        yield _shares(part)


def _best_shifted(all_fields: Fields, rejected: Nominations) -> list[tuple[int, int]]:
    """The pairs that agree best under some shift, of the best nominations: three for every four pictures."""
    count = len(all_fields.usable)
    tried = np.argsort(-rejected.score, kind="stable")[: max(MIN_CANDIDATES, int(SHIFTED_PER_PICTURE * count))]
    agreement = best_shift_agreement(all_fields, rejected.viewed[tried], rejected.plain[tried])
    order = np.argsort(-agreement, kind="stable")[: max(MIN_CANDIDATES, count // PICTURES_PER_CANDIDATE)]
    best = tried[order[agreement[order] >= MIN_SHIFT_AGREEMENT]]
    pairs = np.sort(np.stack((rejected.viewed[best], rejected.plain[best]), axis=1), axis=1)
    return [(left, right) for left, right in pairs.tolist()]


def _part(all_fields: Fields, pairs: Indices, bounds: Float, sample: Indices, start: int) -> Part:
    chosen = pairs[start : start + _PAIRS_PER_PART]
    pictures, number = np.unique(np.concatenate((chosen.T.reshape(-1), sample)), return_inverse=True)
    held = Fields(**{one.name: getattr(all_fields, one.name)[pictures] for one in fields(Fields)})
    left, right, its_sample = np.split(number, [len(chosen), 2 * len(chosen)])
    return Part(start, held, left, right, its_sample, *bounds[:, start : start + _PAIRS_PER_PART])


def _shares(part: Part) -> Float:
    """For each pair the share of places that moved together, of the better way; 0 where the ways do not speak for it.

    One way has to reach all that is asked, the other most of it.
    """
    with threadpool_limits(1):
        there = moved_together(part.fields, part.left, part.right, part.sample)
        hopeful = np.flatnonzero(_reach(there, part.least_places, part.least_share, WEAKER_WAY_SHARE))
        back = moved_together(part.fields, part.right[hopeful], part.left[hopeful], part.sample)
    least = part.least_places[hopeful], part.least_share[hopeful]
    there = Moved(there.places[hopeful], there.share[hopeful])
    agreed = (_reach(there, *least) | _reach(back, *least)) & _reach(back, *least, WEAKER_WAY_SHARE)
    share = np.zeros(len(part.left), np.float32)
    share[hopeful[agreed]] = np.maximum(there.share, back.share)[agreed]
    return share


def _reach(moved: Moved, least_places: Float, least_share: Float, of: float = 1.0) -> NDArray[np.bool_]:
    reach: NDArray[np.bool_] = (moved.places >= of * least_places) & (moved.share >= of * least_share)
    return reach
