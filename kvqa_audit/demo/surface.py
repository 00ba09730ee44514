"""Random numbers come in; parts of a drawn mucosa go out: noise, folds, bumps, vessels, light; arrays are H x W."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Plane = NDArray[np.float32]
    Colour = tuple[float, float, float]


@dataclass(frozen=True)
class Canvas:
    """The plane that is drawn on: `x` and `y` are coordinates with the shorter side from -1 to 1, y downward."""

    width: int
    height: int

    @property
    def x(self) -> Plane:
        across = (np.arange(self.width, dtype=np.float32) - self.width / 2) / (min(self.width, self.height) / 2)
        return np.broadcast_to(across, (self.height, self.width))

    @property
    def y(self) -> Plane:
        down = (np.arange(self.height, dtype=np.float32) - self.height / 2) / (min(self.width, self.height) / 2)
        return np.broadcast_to(down[:, None], (self.height, self.width))

    def pixel(self, x: float, y: float) -> tuple[float, float]:
        half = min(self.width, self.height) / 2
        return self.width / 2 + x * half, self.height / 2 + y * half


def noise(rng: np.random.Generator, canvas: Canvas, cells: int) -> Plane:
    """Smooth noise around 0 with about `cells` bumps along the width."""
    rows = max(2, cells * canvas.height // canvas.width)
    grid = rng.standard_normal((rows, cells)).astype(np.float32)
    smooth = Image.fromarray(grid).resize((canvas.width, canvas.height), Image.Resampling.BICUBIC)
    return np.asarray(smooth, dtype=np.float32)


def step(value: Plane, low: float, high: float) -> Plane:
    """0 below `low`, 1 above `high`, smooth between."""
    t = np.clip((value - low) / (high - low), 0, 1)
    return np.asarray(t * t * (3 - 2 * t), dtype=np.float32)


def folds(rng: np.random.Generator, canvas: Canvas, radius: Plane, angle: Plane, count: int) -> Plane:
    """The height of ring-shaped folds around the lumen, steep on the side that faces it."""
    height = np.zeros_like(radius)
    at = rng.uniform(0.38, 0.55)
    for _ in range(count):
        lobes, phase = int(rng.integers(2, 5)), rng.uniform(0, 6.28)
        wobble = rng.uniform(0.05, 0.16) * np.cos(lobes * angle + phase) + 0.03 * noise(rng, canvas, 6)
        distance = radius - at - wobble
        inner, outer = 0.035 + 0.06 * at, rng.uniform(0.14, 0.34) * (0.5 + at)
        ridge = np.where(distance < 0, np.exp(-((distance / inner) ** 2)), np.exp(-((distance / outer) ** 2)))
        extent = 0.55 + 0.45 * np.cos(angle * int(rng.integers(1, 3)) + rng.uniform(0, 6.28))
        height = np.maximum(height, rng.uniform(0.13, 0.26) * at * ridge * extent)
        at += rng.uniform(0.25, 0.45)
    return np.asarray(height, dtype=np.float32)


@dataclass(frozen=True)
class Bump:
    """A polyp: its centre and half-axes in canvas coordinates, its tilt in radians, and how far it stands out."""

    x: float
    y: float
    wide: float
    high: float
    tilt: float
    height: float

    def inside(self, canvas: Canvas, wobble: Plane) -> Plane:
        """1 at the centre, 0 at the rim, negative outside."""
        dx, dy = canvas.x - self.x, canvas.y - self.y
        along = (dx * np.cos(self.tilt) + dy * np.sin(self.tilt)) / self.wide
        across = (dy * np.cos(self.tilt) - dx * np.sin(self.tilt)) / self.high
        return np.asarray(1 - np.hypot(along, across) * (1 + 0.07 * wobble), dtype=np.float32)


def vessels(rng: np.random.Generator, canvas: Canvas, count: int) -> Plane:
    """Branching vessels, 0 to 1."""
    layer = Image.new("L", (canvas.width, canvas.height), 0)
    draw = ImageDraw.Draw(layer)
    for _ in range(count):
        start = (rng.uniform(0, canvas.width), rng.uniform(0, canvas.height))
        pending = [(start, rng.uniform(0, 6.28), rng.uniform(2.0, 4.5))]
        while pending:
            (x, y), heading, thick = pending.pop()
            while thick > 0.9:
                heading += rng.normal(0, 0.28)
                end = (x + 9 * np.cos(heading), y + 9 * np.sin(heading))
                draw.line([(x, y), end], fill=int(min(255, 70 + 42 * thick)), width=max(1, round(thick)))
                (x, y), thick = end, thick * 0.975
                if rng.random() < 0.09 and len(pending) < 12:
                    pending.append(((x, y), heading + rng.choice([-0.8, 0.8]), thick * 0.7))
    soft = np.asarray(layer.filter(ImageFilter.GaussianBlur(1.1)))
    return (soft / 255).astype(np.float32)


def lit(height: Plane, light: tuple[float, float], relief: float) -> tuple[Plane, Plane]:
    """Diffuse light and gloss, 0 to 1, of a height field seen from above and lit from beside the lens."""
    dy, dx = np.gradient(height)
    slope = relief * height.shape[0] / 2
    nx, ny = -dx * slope, -dy * slope
    length = np.sqrt(nx * nx + ny * ny + 1)
    lx, ly, lz = light[0], light[1], float(np.sqrt(max(0.05, 1 - light[0] ** 2 - light[1] ** 2)))
    diffuse = np.clip((nx * lx + ny * ly + lz) / length, 0, 1)
    # The highlight of a point light beside the lens lies where the normal halves the angle between the two.
    hx, hy, hz = lx / 2, ly / 2, (lz + 1) / 2
    half = float(np.sqrt(hx * hx + hy * hy + hz * hz))
    gloss = np.clip((nx * hx + ny * hy + hz) / (length * half), 0, 1) ** 60
    return diffuse.astype(np.float32), gloss.astype(np.float32)


def blend(colour: NDArray[np.float32], other: Colour, weight: Plane) -> NDArray[np.float32]:
    """Mixes a colour (0 to 255) into an H x W x 3 picture."""
    mixed, share = np.empty_like(colour, dtype=np.float32), np.clip(weight, 0, 1)
    for channel, value in enumerate(np.array(other, dtype=np.float32)):  # a last axis of three is slow to work along
        plane = colour[..., channel]
        mixed[..., channel] = plane + (value - plane) * share
    return mixed
