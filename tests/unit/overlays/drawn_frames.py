"""Drawn endoscopic frames: tissue inside a black octagon, with boxes, text or highlights on it."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image, ImageDraw, ImageFont

SIZE_PX = (622, 530)
TISSUE = (196, 112, 96)


def frame(size: tuple[int, int] = SIZE_PX, seed: int = 0) -> Image.Image:
    """Noisy tissue with soft shading inside an octagon that reaches the edges, as in real frames."""
    width, height = size
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:height, 0:width]
    shade = 0.75 + 0.25 * np.sin(x / 90 + seed) * np.cos(y / 70)
    picture = np.array(TISSUE)[None, None] * shade[..., None] + rng.normal(0, 4, (height, width, 1))
    cut = int(0.28 * height)
    inside = (x + y >= cut) & (width - x + y >= cut) & (x + height - y >= cut) & (width - x + height - y >= cut)
    return Image.fromarray((np.clip(picture, 0, 255) * inside[..., None]).astype(np.uint8))


def with_rectangle(image: Image.Image, box: tuple[float, float, float, float], colour: tuple[int, int, int]) -> None:
    """Fills left, top, right, bottom, given in shares of the picture."""
    width, height = image.size
    left, top, right, bottom = box
    area = (int(left * width), int(top * height), int(right * width) - 1, int(bottom * height) - 1)
    ImageDraw.Draw(image).rectangle(area, fill=colour)


def with_lines(
    image: Image.Image, at: tuple[int, int] = (6, 150), colour: tuple[int, int, int] = (215, 215, 215)
) -> None:
    """Writes date, time and a device line, one below the other."""
    draw = ImageDraw.Draw(image)
    for number, line in enumerate(("21/01/2014", "13:13:27", "00:37:18", "CVP:2 A3")):
        draw.text((at[0], at[1] + 26 * number), line, fill=colour, font=ImageFont.load_default(15))


def with_highlights(image: Image.Image, count: int, seed: int = 1) -> None:
    """Scatters white blobs of many sizes and shapes, as light on wet tissue does."""
    rng = np.random.default_rng(seed)
    draw = ImageDraw.Draw(image)
    for _ in range(count):
        x, y = rng.uniform(0.02, 0.6) * image.width, rng.uniform(0.25, 0.7) * image.height
        wide, high = rng.uniform(3, 22), rng.uniform(3, 22)
        draw.ellipse((x, y, x + wide, y + high), fill=(255, 250, 245))


def pixels(image: Image.Image) -> np.ndarray:
    """The picture as it looks after the JPEG that real frames went through."""
    return np.asarray(Image.open(io.BytesIO(jpeg(image))))


def jpeg(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=80)
    return buffer.getvalue()
