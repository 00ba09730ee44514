"""A size and a seed come in; a picture that looks a little like an endoscopy frame, and its bytes, go out."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
from PIL import Image


def frame(width: int = 720, height: int = 576, seed: int = 0) -> Image.Image:
    """A reddish, textured disc on black."""
    rng = np.random.default_rng(seed)
    small = rng.uniform(60, 200, (height // 16 + 1, width // 16 + 1, 3)) * (1.0, 0.6, 0.5)
    texture = Image.fromarray(small.astype(np.uint8)).resize((width, height), Image.Resampling.BICUBIC)
    rows, columns = np.mgrid[:height, :width]
    inside = np.hypot(rows - height / 2, columns - width / 2) < min(width, height) / 2.1
    grain = rng.normal(0, 6, (height, width, 1))
    return Image.fromarray((np.clip(np.asarray(texture) + grain, 0, 255) * inside[..., None]).astype(np.uint8))


def encoded(picture: Image.Image, kind: str = "JPEG", **options: Any) -> bytes:
    target = io.BytesIO()
    picture.save(target, kind, **options)
    return target.getvalue()
