"""Aligning maps come in; the names of what was done to the pictures, and the hash distance once undone, go out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kvqa_audit.duplicates.align import grid, sampled
from kvqa_audit.duplicates.blocks import in_blocks
from kvqa_audit.duplicates.fields import Fields
from kvqa_audit.duplicates.hash_distances import Hashes, hashes_from_hex
from kvqa_audit.duplicates.nominate import Nominations
from kvqa_audit.duplicates.surround import view_weight
from kvqa_audit.duplicates.tone import PairTone, Tone, compare_tones
from kvqa_audit.duplicates.views import DIHEDRAL, IDENTITY, views
from kvqa_audit.images.hashes import THUMBNAIL_SIDE_PX, phash256_of

Maps = NDArray[np.float64]
Indices = NDArray[np.int64]

_ROTATION_DEGREES = 1.5
_CROP_AREA_SHARE = 0.97
_SURROUND_WEIGHT = 0.15
_EDGE_SHARE = 0.02
_ONE_TONE_GREY = 4.0
# By how much worse than without it, in tones, the pictures must agree for a rotation, a crop or padding to count.
_WORSE_RATIO, _WORSE_GREY = 1.25, 0.5
# Tones that are cut off at black or white leave some places over, which are no overlay.
_OVERLAY_SHARE, _OVERLAY_SHARE_IN_OTHER_LIGHT = 0.03, 0.05
_TEXT_SHARE = 3 / 256
_STILL_GREY, _VERY_STILL_GREY, _STILL_SHIFT_GREY = 0.5, 0.12, 2.0
_LIGHT_GREY, _LIGHT_RATIO = 4.0, 2.0
SAME_GREY, _SAME_SHARE = 1.0, 0.04
_PAIRS_PER_BLOCK = 64
_UNDONE_BY = {"rotate-90": "rotate-270", "rotate-270": "rotate-90"}


def hash_distance_bits(hashes: Hashes, fields: Fields, viewed: int, plain: int, view: int) -> int:
    """Hamming distance of the 256-bit hashes, (n, 32), of two pictures once the flip or turn of a view is undone."""
    name = views()[view].dihedral
    first = hashes[viewed]
    if name != IDENTITY:
        first = hashes_from_hex([phash256_of(_turned(fields.grey[viewed], name))])[0]
    return int(np.bitwise_count(first ^ hashes[plain]).sum())


@dataclass(frozen=True, slots=True)
class Change:
    """What was done to one picture of a pair to get the other: in words, and what its tones tell.

    `by_light_alone` says that nothing but a curve of tones, and a flip or turn, lies between the two.
    """

    transform: str
    by_light_alone: bool


def named_changes(fields: Fields, nominations: Nominations, maps: Maps, chosen: Indices) -> list[Change]:
    """What aligns, in each of the chosen pairs, the image with the larger id with the other, in words joined by " + ".

    A flip or turn, rotation, crop or padding; if the geometry is the same, what was laid over it or its light. What a
    curve of tones explains as well as a rotation, a crop or padding does is taken for light: other contrast moves the
    edges that the alignment goes by.
    """
    changes = [Change(IDENTITY, by_light_alone=False)] * len(chosen)

    def name(block: slice) -> None:
        pairs = chosen[block]
        aligned = _tones(fields, nominations, maps[pairs], pairs)
        turned = _tones(fields, nominations, _turns(nominations, pairs), pairs)
        changes[block] = [
            _change(fields, nominations, maps[number], number, aligned.at(place), turned.at(place))
            for place, number in enumerate(pairs.tolist())
        ]

    in_blocks(name, len(chosen), _PAIRS_PER_BLOCK)
    return changes


def _turns(nominations: Nominations, chosen: Indices) -> Maps:
    """The maps of the flips and turns alone, (k, 2, 3)."""
    turns: Maps = np.stack([DIHEDRAL[view.dihedral] for view in views()])[nominations.view[chosen]]
    return turns


def _tones(fields: Fields, nominations: Nominations, maps: Maps, chosen: Indices) -> Tone:
    viewed, plain = nominations.viewed[chosen], nominations.plain[chosen]
    seen, inside = sampled(fields.grey[viewed].astype(np.float32), maps.copy(), grid(THUMBNAIL_SIDE_PX))
    shape = (len(chosen), THUMBNAIL_SIDE_PX, THUMBNAIL_SIDE_PX)
    return compare_tones(seen.reshape(shape), fields.grey[plain], inside.reshape(shape))


def _change(
    fields: Fields,
    nominations: Nominations,
    affine: NDArray[np.float64],
    number: int,
    aligned: PairTone,
    turned: PairTone,
) -> Change:
    view = views()[int(nominations.view[number])]
    turn = view.dihedral
    if nominations.viewed[number] < nominations.plain[number]:
        turn = _UNDONE_BY.get(turn, turn)
    found = [] if turn == IDENTITY else [turn]
    if turned.residual_grey > _WORSE_RATIO * aligned.residual_grey + _WORSE_GREY:
        rest = affine[:, :2] @ np.linalg.inv(DIHEDRAL[view.dihedral][:, :2])
        angle = np.rad2deg(np.arctan2(rest[1, 0] - rest[0, 1], rest[0, 0] + rest[1, 1]))
        moved = ["rotation"] if abs(angle) >= _ROTATION_DEGREES else []
        moved += _framing(fields, nominations, affine, number)
        if moved:
            return Change(" + ".join(found + moved), by_light_alone=False)
    # The alignment undoes the fraction of a pixel that a change of size moves, and follows what light moves.
    tone = min(aligned, turned, key=lambda one: one.residual_grey)
    other_light = tone.shift_grey >= max(_LIGHT_GREY, _LIGHT_RATIO * tone.residual_grey)
    overlaid = tone.covered >= (_OVERLAY_SHARE_IN_OTHER_LIGHT if other_light else _OVERLAY_SHARE)
    # In a neighbouring video frame, too, some places differ by far more, but there the rest is not the same.
    same_tones = tone.residual_grey <= min(SAME_GREY, _SAME_SHARE * tone.spread_grey)
    if not found and same_tones and (overlaid or _is_little_else(tone)):
        found.append("overlay")
    elif not found and other_light:
        found.append("light")
    return Change(" + ".join(found) or IDENTITY, same_tones and not overlaid)


def _is_little_else(tone: PairTone) -> bool:
    """Whether so little else differs that even a line of text shows."""
    if tone.shift_grey > _STILL_SHIFT_GREY or tone.residual_grey > _STILL_GREY:
        return False
    return tone.covered >= _TEXT_SHARE or (tone.residual_grey <= _VERY_STILL_GREY and tone.touched >= _TEXT_SHARE)


def _framing(fields: Fields, nominations: Nominations, affine: NDArray[np.float64], number: int) -> list[str]:
    """Crop or padding: one picture shows a part of the other, and what is left out is picture or black surround."""
    area = abs(float(np.linalg.det(affine[:, :2])))
    if _CROP_AREA_SHARE < area < 1 / _CROP_AREA_SHARE:
        return []
    to_part = np.vstack((affine, [0, 0, 1]))
    larger = nominations.viewed[number]
    if area > 1:
        larger = nominations.plain[number]
    else:
        to_part = np.linalg.inv(to_part)
    points = grid(THUMBNAIL_SIDE_PX // 2)
    inside_part = to_part[:2] @ points
    left_out = ((inside_part < -_EDGE_SHARE) | (inside_part > 1 + _EDGE_SHARE)).any(axis=0)
    identity = DIHEDRAL[IDENTITY][None]
    grey, _ = sampled(fields.grey[larger][None].astype(np.float32), identity, points)
    return ["padding"] if left_out.any() and _is_empty(grey[0, left_out]) else ["crop"]


def _is_empty(grey: NDArray[np.floating[Any]]) -> bool:
    """Whether pixels, (k,), are black surround or of one tone."""
    return bool(view_weight(grey).mean() < _SURROUND_WEIGHT or np.ptp(np.quantile(grey, (0.1, 0.9))) < _ONE_TONE_GREY)


def _turned(pixels: NDArray[np.uint8], name: str) -> NDArray[np.uint8]:
    turned = {
        "flip-horizontal": pixels[:, ::-1],
        "flip-vertical": pixels[::-1],
        "rotate-180": pixels[::-1, ::-1],
        "transpose": pixels.T,
        "rotate-90": np.rot90(pixels),
        "rotate-270": np.rot90(pixels, -1),
        "transverse": pixels[::-1, ::-1].T,
    }
    return np.ascontiguousarray(turned[name])
