"""Fingerprints come in; how the edges lie in each picture goes out, as one short histogram an image.

Histograms of oriented gradients (Dalal and Triggs 2005) of the small grey picture that a fingerprint holds: eight by
eight cells, in each the gradients' magnitudes by eight orientations, relative to how strong they are together.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from kvqa_audit.images.picture_vectors import PictureVectors
from kvqa_audit.model import ImageFingerprint

SIDE_PX = 64
_CELLS = 8
_ORIENTATIONS = 8
_STEPS = 255
# Grey levels summed over a cell; what is flatter than this has no direction.
_LEAST_STRENGTH = 20.0
_PICTURES_PER_BLOCK = 256


def gradients_of(fingerprints: Sequence[ImageFingerprint]) -> PictureVectors:
    """The histograms, (n, 512) in steps of 1/255, of all pictures that have a small grey picture."""
    shown = sorted((one for one in fingerprints if len(one.thumbnail) == SIDE_PX**2), key=lambda one: one.img_id)
    histograms = np.empty((len(shown), _CELLS**2 * _ORIENTATIONS), np.uint8)
    for start in range(0, len(shown), _PICTURES_PER_BLOCK):
        part = shown[start : start + _PICTURES_PER_BLOCK]
        grey = np.frombuffer(b"".join(one.thumbnail for one in part), np.uint8).reshape(-1, SIDE_PX, SIDE_PX)
        histograms[start : start + len(part)] = np.rint(_histograms(grey.astype(np.float32)) * _STEPS)
    return PictureVectors(tuple(one.img_id for one in shown), histograms)


def _histograms(grey: NDArray[np.float32]) -> NDArray[np.float32]:
    down, across = np.gradient(grey, axis=(1, 2))
    strength = np.hypot(down, across)
    orientation = np.arctan2(down, across) % np.pi * (_ORIENTATIONS / np.pi)
    binned = np.minimum(orientation.astype(np.int8), _ORIENTATIONS - 1)
    count, side = len(grey), grey.shape[1] // _CELLS
    summed = np.empty((count, _CELLS, _CELLS, _ORIENTATIONS), np.float32)
    for number in range(_ORIENTATIONS):
        of_one = np.where(binned == number, strength, 0).reshape(count, _CELLS, side, _CELLS, side)
        summed[..., number] = of_one.sum(axis=(2, 4))
    summed /= np.sqrt((summed**2).sum(axis=-1, keepdims=True)) + np.float32(_LEAST_STRENGTH)
    return summed.reshape(count, -1)
