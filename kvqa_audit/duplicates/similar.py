"""Distinct pictures come in; the pairs that show the same scene, verified on their pixels, go out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from kvqa_audit.duplicates.background import Background, are_of_one_kind, background_of
from kvqa_audit.duplicates.fields import Fields, contrast_of, fields_of, halved
from kvqa_audit.duplicates.hash_distances import Hashes, pairs_by_distance
from kvqa_audit.duplicates.moved_pairs import (
    MIN_PLACES,
    MIN_SHARE,
    MIN_SHIFT_AGREEMENT,
    NEIGHBOURS_MIN_PLACES,
    NEIGHBOURS_MIN_SHARE,
    MovedPairs,
    moved_pairs,
)
from kvqa_audit.duplicates.nominate import MIN_NOMINATION_SCORE, Nominations, nominate
from kvqa_audit.duplicates.pictures import Pictures
from kvqa_audit.duplicates.rows_on_disk import RowsOnDisk
from kvqa_audit.duplicates.surround import view_weight, without_surround
from kvqa_audit.duplicates.texture import is_repeated
from kvqa_audit.duplicates.transforms import SAME_GREY, Change, hash_distance_bits, named_changes
from kvqa_audit.duplicates.verify import Verified, detail_agreement
from kvqa_audit.duplicates.verify_parts import verify_in_parts
from kvqa_audit.duplicates.views import IDENTITY
from kvqa_audit.engine.executor import Executor
from kvqa_audit.model import MOVED, Tier

MIN_SIMILARITY = 0.90
MIN_WHOLE = 0.70
MIN_OVERLAP = 0.25
MIN_OVERLAP_OF_VIEW = 0.8
MIN_DETAIL = 0.75
NEAR_MIN_SIMILARITY = 0.98
NEAR_MIN_WHOLE = 0.95
BOXED_MIN_SIMILARITY = 0.992
CUT_OUT_MIN_INNER = 0.985
CUT_OUT_MAX_AREA_SHARE = 0.97
RE_ENCODE_MAX_DISTANCE_BITS = 16
RE_ENCODE_MIN_WHOLE = 0.99
CURVE_MAX_DISTANCE_BITS = 63
_PICTURES_PER_BLOCK = 64
MAX_IMAGES_FOR_CURVE = 20_000
_NO_CURVE = "how many pairs of hashes lie how far apart is not drawn: {images:,} images are too many to count all pairs"
_NO_STRUCTURE = (
    "{images:,} of {of:,} pictures hold too little structure to be told apart: whether they are altered copies was not "
    "judged; equal files and equal pixels were"
)
THRESHOLDS: Mapping[str, float] = {
    "nomination_score": MIN_NOMINATION_SCORE,
    "similarity": MIN_SIMILARITY,
    "whole_similarity": MIN_WHOLE,
    "overlap": MIN_OVERLAP,
    "overlap_of_a_narrow_view": MIN_OVERLAP_OF_VIEW,
    "detail_similarity": MIN_DETAIL,
    "near_similarity": NEAR_MIN_SIMILARITY,
    "near_whole_similarity": NEAR_MIN_WHOLE,
    "near_similarity_beside_a_box": BOXED_MIN_SIMILARITY,
    "near_inner_similarity_of_a_cut_out": CUT_OUT_MIN_INNER,
    "near_residual_grey_under_other_light": SAME_GREY,
    "re_encode_distance_bits": RE_ENCODE_MAX_DISTANCE_BITS,
    "re_encode_whole_similarity": RE_ENCODE_MIN_WHOLE,
    "moved_shift_agreement": MIN_SHIFT_AGREEMENT,
    "moved_places": MIN_PLACES,
    "moved_share": MIN_SHARE,
    "moved_places_within_a_minute": NEIGHBOURS_MIN_PLACES,
    "moved_share_within_a_minute": NEIGHBOURS_MIN_SHARE,
}


@dataclass(frozen=True, slots=True)
class Similar:
    """A verified pair of pictures that are not identical, by their numbers; `left` < `right`."""

    left: int
    right: int
    tier: Tier
    distance_bits: int
    similarity: float
    transform: str


@dataclass(frozen=True, slots=True)
class SimilarPairs:
    """The verified pairs, the curve (distance in bits, pairs, verified pairs), what was examined and what was not.

    `background` is how alike unrelated pictures are; None where there is no near frame to hold against it.
    """

    pairs: tuple[Similar, ...]
    curve: tuple[tuple[int, int, int], ...]
    examined: Mapping[str, int]
    notes: tuple[str, ...] = ()
    background: Background | None = None


@dataclass(frozen=True)
class _Compared:
    """The pictures that are compared: their numbers among all, (n,), their contrast fields and hashes, (n, 32)."""

    chosen: NDArray[np.int64]
    fields: Fields
    hashes: Hashes

    def numbers(self, one: int, other: int) -> tuple[int, int]:
        """Two of them as numbers among all pictures, the smaller first."""
        return int(self.chosen[min(one, other)]), int(self.chosen[max(one, other)])

    def distance_bits(self, viewed: int, plain: int, view: int) -> int:
        return hash_distance_bits(self.hashes, self.fields, viewed, plain, view)


def similar_pairs(
    pictures: Pictures,
    chosen: NDArray[np.int64],
    pool: Executor | None = None,
    min_frame_similarity: float | None = None,
    neighbours: Mapping[tuple[int, int], float | None] | None = None,
) -> SimilarPairs:
    """Nominates pairs by descriptors, verifies them on the thumbnails and sorts them into tiers.

    Pairs that cannot be laid on each other may still show one scene from which something moved (see duplicates.moved);
    but for neighbours that is not told where unrelated pictures are alike.

    Args:
        pictures: all pictures.
        chosen: the numbers of those that can be compared and are not identical, in order.
        pool: children that help to verify.
        min_frame_similarity: what near frames have to reach; None measures it where unrelated pictures are alike.
        neighbours: pairs of one group, as numbers of pictures, to the seconds between them.

    Raises:
        OutputError: there is no room for the contrast fields, of 5 kB each, in the folder for temporary files.
    """
    if len(chosen) < 2:
        return SimilarPairs((), (), {"comparable_images": len(chosen)})
    fields, hashes = fields_of(pictures.grey.taken(chosen), RowsOnDisk), pictures.hashes[chosen]
    nominations = nominate(fields)
    verified = verify_in_parts(fields, nominations, pool)
    accepted = _accepted(fields, nominations, verified)
    changes = named_changes(fields, nominations, verified.maps, accepted)
    pairs = tuple(
        _similar(_Compared(chosen, fields, hashes), nominations, verified, number, change)
        for number, change in zip(accepted.tolist(), changes, strict=True)
    )
    verify_here = partial(verify_in_parts, fields, pool=pool)
    background = None
    if min_frame_similarity is None and any(pair.tier is Tier.NEAR_FRAME for pair in pairs):
        numbers = np.sort(np.stack((nominations.viewed, nominations.plain), axis=1)[accepted], axis=1).tolist()
        found = [((low, high), pair.tier) for (low, high), pair in zip(numbers, pairs, strict=True)]
        background = background_of(
            fields,
            [pair for pair, tier in found if tier is Tier.NEAR_FRAME],
            [pair for pair, tier in found if tier is not Tier.NEAR_FRAME],
            verify_here,
            partial(_accepted, fields),
        )
        min_frame_similarity = background.bound
    near = [pair for pair in pairs if not _is_background(pair, min_frame_similarity)]
    told_apart = min_frame_similarity is None and (background is not None or not are_of_one_kind(fields, verify_here))
    rejected = _without(nominations, accepted) if told_apart else None
    moved = moved_pairs(fields, rejected, _numbered(neighbours or {}, chosen, fields, pairs), pool)
    kept = (*near, *_moved(_Compared(chosen, fields, hashes), moved))
    examined = {
        "comparable_images": int(fields.usable.sum()),
        "nominated_pairs": len(nominations.view),
        "pairs_looked_at_for_motion": moved.looked_at,
        "verified_pairs": len(kept),
    }
    notes = [_NO_CURVE.format(images=len(chosen))] if len(chosen) > MAX_IMAGES_FOR_CURVE else []
    if not fields.usable.all():
        notes.append(_NO_STRUCTURE.format(images=int((~fields.usable).sum()), of=len(chosen)))
    if len(near) < len(pairs):
        notes.append(_said_of(background, len(pairs) - len(near), min_frame_similarity))
    return SimilarPairs(kept, _curve(hashes, fields.usable, kept), examined, tuple(notes), background)


def _without(nominations: Nominations, accepted: NDArray[np.int64]) -> Nominations:
    rejected = np.delete(np.arange(len(nominations.view)), accepted)
    return Nominations(*(getattr(nominations, name)[rejected] for name in ("viewed", "plain", "view", "score")))


def _numbered(
    neighbours: Mapping[tuple[int, int], float | None],
    chosen: NDArray[np.int64],
    fields: Fields,
    known: Sequence[Similar],
) -> dict[tuple[int, int], float | None]:
    """The neighbours as places among the chosen, where both are usable and not known to be alike."""
    asked = sorted({number for pair in neighbours for number in pair})
    places = np.searchsorted(chosen, asked)
    place = {number: at for number, at in zip(asked, places.tolist(), strict=True)
             if at < len(chosen) and chosen[at] == number and fields.usable[at]}  # fmt: skip
    alike = {(pair.left, pair.right) for pair in known}
    return {
        (min(place[one], place[other]), max(place[one], place[other])): seconds
        for (one, other), seconds in neighbours.items()
        if one in place and other in place and (min(one, other), max(one, other)) not in alike
    }


def _moved(compared: _Compared, moved: MovedPairs) -> Iterator[Similar]:
    for one, other, share in zip(moved.left.tolist(), moved.right.tolist(), moved.share.tolist(), strict=True):
        distance = compared.distance_bits(one, other, 0)
        yield Similar(*compared.numbers(one, other), Tier.NEAR_FRAME, distance, round(share, 4), MOVED)


def _is_background(pair: Similar, min_frame_similarity: float | None) -> bool:
    """Whether a pair is no more alike than unrelated pictures of this dataset are."""
    return pair.tier is Tier.NEAR_FRAME and min_frame_similarity is not None and pair.similarity < min_frame_similarity


def _said_of(background: Background | None, dropped: int, bound: float | None) -> str:
    if background is None:
        return f"the description asks pictures of one scene for a similarity of {bound:g}; {dropped:,} pairs have less"
    return (
        f"pictures of this dataset resemble each other: {background.resembling:,} of {background.pairs:,} pairs drawn "
        f"at random do, with a median similarity of {background.median:g}; so pictures of one scene are told from "
        f"{bound:g} on, and {dropped:,} pairs below it are not reported"
    )


def _accepted(fields: Fields, nominations: Nominations, verified: Verified) -> NDArray[np.int64]:
    """Which nominated pairs agree in enough of what they show, in more than shading, and at one place only."""
    alike = np.flatnonzero((verified.similarity >= MIN_SIMILARITY) & (verified.whole >= MIN_WHOLE))
    shown = np.minimum(fields.in_view[nominations.viewed[alike]], fields.in_view[nominations.plain[alike]])
    # A picture on a wide black ground shows less than the least overlap to begin with.
    alike = alike[verified.overlap[alike] >= np.minimum(MIN_OVERLAP, MIN_OVERLAP_OF_VIEW * shown)]
    alike = alike[detail_agreement(fields, nominations, verified.maps, alike) >= MIN_DETAIL]
    viewed, plain = nominations.viewed[alike], nominations.plain[alike]
    repeated = np.zeros(len(fields.usable), np.bool_)
    # Only here, where few pictures are left: it costs as much as all else that is asked of a picture.
    for chosen in np.array_split(np.union1d(viewed, plain), 1 + 2 * len(alike) // _PICTURES_PER_BLOCK):
        repeated[chosen] = _are_repeated(fields, chosen)
    return alike[~(repeated[viewed] | repeated[plain])]


def _are_repeated(fields: Fields, chosen: NDArray[np.int64]) -> NDArray[np.bool_]:
    grey = fields.grey[chosen].astype(np.float32)
    repeated = is_repeated(fields.half_contrast(chosen), halved(view_weight(grey)))
    narrow, enlarged = without_surround(grey)
    if len(enlarged):
        shown = view_weight(enlarged)
        repeated[narrow] |= is_repeated(halved(contrast_of(enlarged, shown)), halved(shown))
    return repeated


def _similar(compared: _Compared, nominations: Nominations, verified: Verified, number: int, change: Change) -> Similar:
    viewed, plain = int(nominations.viewed[number]), int(nominations.plain[number])
    distance = compared.distance_bits(viewed, plain, int(nominations.view[number]))
    similarity = float(verified.similarity[number])
    whole = float(verified.whole[number])
    if whole >= RE_ENCODE_MIN_WHOLE and distance <= RE_ENCODE_MAX_DISTANCE_BITS and change.transform == IDENTITY:
        tier = Tier.RE_ENCODE
    elif change.by_light_alone or similarity >= _near_min_similarity(verified, number):
        tier = Tier.NEAR
    else:
        tier = Tier.NEAR_FRAME
    return Similar(*compared.numbers(viewed, plain), tier, distance, round(similarity, 4), change.transform)


def _near_min_similarity(verified: Verified, number: int) -> float:
    return NEAR_MIN_SIMILARITY if _is_the_same_picture(verified, number) else BOXED_MIN_SIMILARITY


def _is_the_same_picture(verified: Verified, number: int) -> bool:
    """Whether a pair agrees all over, or, where one is cut out of the other, all over but along the cut.

    A pixel there is mixed with what lay around. In a neighbouring video frame something moved in the midst.
    """
    if verified.whole[number] >= NEAR_MIN_WHOLE:
        return True
    area_share = abs(float(np.linalg.det(verified.maps[number, :, :2])))
    return area_share < CUT_OUT_MAX_AREA_SHARE and bool(verified.inner[number] >= CUT_OUT_MIN_INNER)


def _curve(hashes: Hashes, usable: NDArray[np.bool_], pairs: Sequence[Similar]) -> tuple[tuple[int, int, int], ...]:
    if len(hashes) > MAX_IMAGES_FOR_CURVE:
        return ()
    counted = pairs_by_distance(hashes[usable])
    confirmed = Counter(pair.distance_bits for pair in pairs)
    return tuple((bits, int(counted[bits]), confirmed[bits]) for bits in range(CURVE_MAX_DISTANCE_BITS + 1))
