"""An aligning map comes in; the name of what was done to the picture, and the hash distance once undone, go out."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from kvqa_audit.duplicates.align import grid, sampled
from kvqa_audit.duplicates.fields import Fields, view_weight
from kvqa_audit.duplicates.nominate import Nominations
from kvqa_audit.duplicates.verify import Verified
from kvqa_audit.duplicates.views import DIHEDRAL, IDENTITY, views
from kvqa_audit.images.hashes import THUMBNAIL_SIDE_PX, phash256_of
from kvqa_audit.model import ImageFingerprint

_ROTATION_DEGREES = 1.5
_CROP_AREA_SHARE = 0.97
_SURROUND_WEIGHT = 0.15
_EDGE_SHARE = 0.02
_OVERLAY_SHARE = 0.015
_SAME_LIGHT_WHOLE = 0.99
_UNDONE_BY = {"rotate-90": "rotate-270", "rotate-270": "rotate-90"}


def hash_distance_bits(viewed: ImageFingerprint, plain: ImageFingerprint, view: int) -> int:
    """Hamming distance of the 256-bit hashes once the flip or turn of a view is undone."""
    name = views()[view].dihedral
    first = bytes.fromhex(viewed.phash256 or "")
    if name != IDENTITY:
        pixels = np.frombuffer(viewed.thumbnail, np.uint8).reshape(THUMBNAIL_SIDE_PX, THUMBNAIL_SIDE_PX)
        first = bytes.fromhex(phash256_of(_turned(pixels, name)))
    second = bytes.fromhex(plain.phash256 or "")
    return (int.from_bytes(first, "big") ^ int.from_bytes(second, "big")).bit_count()


def named_transform(fields: Fields, nominations: Nominations, verified: Verified, number: int) -> str:
    """What aligns the image with the larger id with the other, in words joined by " + ".

    A flip or turn, rotation, crop or padding; if the geometry is the same, what was laid over it or its light.
    """
    view = views()[int(nominations.view[number])]
    affine = verified.maps[number]
    rest = affine[:, :2] @ np.linalg.inv(DIHEDRAL[view.dihedral][:, :2])
    turn = view.dihedral
    if nominations.viewed[number] < nominations.plain[number]:
        turn = _UNDONE_BY.get(turn, turn)
    found = [] if turn == IDENTITY else [turn]
    angle = np.rad2deg(np.arctan2(rest[1, 0] - rest[0, 1], rest[0, 0] + rest[1, 1]))
    if abs(angle) >= _ROTATION_DEGREES:
        found.append("rotation")
    found += _framing(fields, nominations, affine, number)
    if not found and verified.covered[number] >= _OVERLAY_SHARE:
        found.append("overlay")
    elif not found and verified.whole[number] < _SAME_LIGHT_WHOLE:
        found.append("light")
    return " + ".join(found) or IDENTITY


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
    if left_out.any() and view_weight(grey[0, left_out]).mean() < _SURROUND_WEIGHT:
        return ["padding"]
    return ["crop"]


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
