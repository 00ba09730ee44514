"""A seed and lines come in; a drawn frame with these lines burned into it, and its bytes, go out."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image, ImageDraw, ImageFont

LINES = ("21/05/2015", "13:13:27", "CVP:2", "A3 GT:N")


def tissue(seed: int = 0, size: tuple[int, int] = (622, 530)) -> Image.Image:
    """Reddish and soft, with a little noise."""
    width, height = size
    rows, columns = np.mgrid[0:height, 0:width]
    shade = 0.75 + 0.25 * np.sin(columns / 90 + seed) * np.cos(rows / 70)
    noise = np.random.default_rng(seed).normal(0, 4, (height, width, 1))
    return Image.fromarray(np.clip(np.array((196, 112, 96)) * shade[..., None] + noise, 0, 255).astype(np.uint8))


def written(lines: tuple[str, ...] = LINES, at: tuple[int, int] = (8, 150)) -> Image.Image:
    """Tissue with lines of text, one below the other."""
    picture = tissue()
    draw = ImageDraw.Draw(picture)
    for number, line in enumerate(lines):
        draw.text((at[0], at[1] + 26 * number), line, fill=(225, 225, 225), font=ImageFont.load_default(18))
    return picture


def jpeg(picture: Image.Image) -> bytes:
    target = io.BytesIO()
    picture.save(target, "JPEG", quality=90)
    return target.getvalue()
