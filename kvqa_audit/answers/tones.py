"""Fingerprints come in; which shares of each picture are how bright goes out, as one short histogram an image."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from kvqa_audit.answers.gradients import SIDE_PX
from kvqa_audit.images.picture_vectors import PictureVectors
from kvqa_audit.model import ImageFingerprint

_TONES = 32


def tones_of(fingerprints: Sequence[ImageFingerprint]) -> PictureVectors:
    """The square roots of the shares of 32 tones, (n, 32), of all pictures that have a small grey picture.

    Between square roots the Euclidean distance is Hellinger's.
    """
    shown = sorted((one for one in fingerprints if len(one.thumbnail) == SIDE_PX**2), key=lambda one: one.img_id)
    shares = np.zeros((len(shown), _TONES), np.float32)
    for number, one in enumerate(shown):
        grey = np.frombuffer(one.thumbnail, np.uint8)
        shares[number] = np.bincount(grey // (256 // _TONES), minlength=_TONES) / len(grey)
    return PictureVectors(tuple(one.img_id for one in shown), np.sqrt(shares))
