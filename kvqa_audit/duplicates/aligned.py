"""Two pictures come in; the map that lays the second on the first, found anew on more pixels than a verdict needs."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from kvqa_audit.duplicates.align import grid, refined, sampled
from kvqa_audit.duplicates.fields import Fields, contrast_of, fields_of
from kvqa_audit.duplicates.nominate import Nominations
from kvqa_audit.duplicates.surround import view_weight
from kvqa_audit.duplicates.verify import verify
from kvqa_audit.duplicates.views import Affine, views
from kvqa_audit.images.hashes import THUMBNAIL_SIDE_PX, features_of

_FINER_SIDES_PX = (128, 256)
_ITERATIONS = 8
_IDENTITY: Affine = np.eye(3)[:2]

Grey = NDArray[np.uint8]


def map_onto(first: Image.Image, second: Image.Image) -> Affine | None:
    """Where each point of the first picture lies in the second, (2, 3) in the unit square; None where nothing fits.

    The pictures are laid on each other under every view, in both directions, as they are to be verified; the best map
    is then refined on 128 and 256 pixels a side, as long as that makes the pictures agree better.
    """
    greys = [picture.convert("L") for picture in (first, second)]
    thumbnails = b"".join(features_of(grey).thumbnail for grey in greys)
    found = _rough_map(fields_of(np.frombuffer(thumbnails, np.uint8).reshape(2, THUMBNAIL_SIDE_PX, -1)))
    if found is None:
        return None
    for side in _FINER_SIDES_PX:
        pixels = [np.asarray(grey.resize((side, side), Image.Resampling.BOX), np.float32)[None] for grey in greys]
        found = _finer(pixels[0], pixels[1], found)
    return found


def laid_onto(second: Image.Image, affine: Affine, width: int, height: int) -> Image.Image:
    """The second picture as it lies on the first, which has this size in pixels; black where it does not reach."""
    to_unit = np.diag((1 / width, 1 / height, 1.0))
    to_pixels = np.diag((second.width, second.height))
    coefficients = (to_pixels @ affine @ to_unit).reshape(-1).tolist()
    return second.transform((width, height), Image.Transform.AFFINE, coefficients, Image.Resampling.BICUBIC)


def corners_of(affine: Affine) -> tuple[tuple[float, float], ...]:
    """Where the corners of the second picture lie on the first, in shares of its width and height, in their order."""
    back = np.linalg.inv(np.vstack((affine, [0, 0, 1])))[:2]
    corners = back @ np.array([[0, 1, 1, 0], [0, 0, 1, 1], [1, 1, 1, 1]])
    return tuple((round(float(x), 4), round(float(y), 4)) for x, y in corners.T)


def _rough_map(fields: Fields) -> Affine | None:
    count = len(views())
    view = np.tile(np.arange(count), 2)
    viewed = np.repeat((1, 0), count)
    verified = verify(fields, Nominations(viewed, 1 - viewed, view, np.ones(2 * count, np.float32)))
    agreement = verified.similarity + verified.whole
    best = int(agreement.argmax())
    if not agreement[best]:
        return None
    affine: Affine = verified.maps[best]
    return affine if viewed[best] == 1 else np.linalg.inv(np.vstack((affine, [0, 0, 1])))[:2]


def _finer(first: NDArray[Any], second: NDArray[Any], affine: Affine) -> Affine:
    """The map refined on grey pictures, (1, s, s); as it was where that does not make them agree better."""
    fields = [contrast_of(grey, view_weight(grey.copy())) for grey in (first, second)]
    better = refined(fields[1], fields[0], affine[None].copy(), _ITERATIONS)[0]
    return better if _distance(fields, better) < _distance(fields, affine) else affine


def _distance(fields: list[NDArray[np.floating[Any]]], affine: Affine) -> float:
    """The mean difference of contrast where both show something."""
    seen, inside = sampled(fields[1], affine[None].copy(), grid(fields[0].shape[-1]))
    apart = np.abs(seen - fields[0].reshape(1, -1))[inside]
    return float(apart.mean()) if apart.size else float("inf")
