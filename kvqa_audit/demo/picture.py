"""A scene comes in; a drawn endoscopic frame goes out, pixels only. No picture of a person is used anywhere."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from kvqa_audit.demo.surface import Bump, Canvas, blend, folds, lit, noise, step, vessels

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from kvqa_audit.demo.surface import Plane

# The part of a frame's width and height in which its wall is drawn before it is enlarged.
WALL_SCALE = 0.6
Instrument = Literal["biopsy forceps", "polyp snare", "tube"]
Box = Literal["green", "black"]


@dataclass(frozen=True)
class Scene:
    """All that is decided about one frame before it is drawn; lengths in canvas coordinates, see Canvas."""

    seed: int
    source: str
    width: int
    height: int
    surround: Literal["octagon", "round", "square"]
    tint: tuple[float, float, float]
    lumen: tuple[float, float, float]
    fold_count: int
    relief: float
    light: tuple[float, float]
    bumps: tuple[Bump, ...] = ()
    z_line: bool = False
    inflamed: tuple[float, float, float] | None = None
    instrument: Instrument | None = None
    instrument_tip: tuple[float, float] = (0.0, 0.0)
    instrument_from: tuple[float, float] = (1.4, 1.4)
    box: Box | None = None
    caption: tuple[str, ...] = ()


def draw(scene: Scene) -> Image.Image:
    """Draws the frame, RGB, in the scene's size; the wall in part of it, then enlarged, for speed."""
    rng = np.random.default_rng(scene.seed)
    canvas = Canvas(int(scene.width * WALL_SCALE), int(scene.height * WALL_SCALE))
    size = (scene.width, scene.height)
    wall = Image.fromarray(_wall(scene, rng, canvas)).resize(size, Image.Resampling.BICUBIC)
    grain = rng.normal(0, 2.5, (scene.height, scene.width)).astype(np.float32)
    image = Image.fromarray(np.clip(np.asarray(wall) + grain[..., None], 0, 255).astype(np.uint8))
    if scene.instrument:
        _draw_instrument(image, Canvas(*size), scene)
    return _surround(image, scene)


def _wall(scene: Scene, rng: np.random.Generator, canvas: Canvas) -> NDArray[np.uint8]:
    lumen_x, lumen_y, lumen_size = scene.lumen
    dx, dy = canvas.x - lumen_x, canvas.y - lumen_y
    radius = np.hypot(dx, dy * rng.uniform(0.75, 1.3)) * (1 + 0.10 * noise(rng, canvas, 4))
    angle = np.arctan2(dy, dx)
    height = 0.10 * noise(rng, canvas, 5) + 0.011 * noise(rng, canvas, 20) + 0.0016 * noise(rng, canvas, 70)
    height += folds(rng, canvas, radius, angle, scene.fold_count)
    colour = _mucosa(scene, rng, canvas, radius, angle)
    height, colour = _add_bumps(scene, rng, canvas, height, colour)
    diffuse, gloss = lit(height, scene.light, scene.relief)
    near = 0.16 + 0.84 * step(radius, lumen_size * 0.55, lumen_size * 1.2 + 0.75)
    deep = step(radius, lumen_size * 0.5, lumen_size * 1.25)
    over = np.zeros_like(radius)
    for bump in scene.bumps:
        over = np.maximum(over, step(bump.inside(canvas, over), 0.0, 0.08))
    near, deep = np.maximum(near, 0.92 * over), np.maximum(deep, over)
    shade = (0.25 + 0.85 * diffuse) * near * (0.12 + 0.88 * deep)
    wet = step(noise(rng, canvas, 56) + 0.7 * noise(rng, canvas, 130), 1.1, 1.9)
    shine = np.clip(gloss * (0.10 + 1.5 * wet) * near * deep, 0, 1)
    frame = blend(colour * shade[..., None], (255, 252, 246), shine)
    return np.asarray(np.clip(frame, 0, 255).astype(np.uint8))


def _mucosa(scene: Scene, rng: np.random.Generator, canvas: Canvas, radius: Plane, angle: Plane) -> NDArray[np.float32]:
    """The colour of the wall before light falls on it."""
    red, green, blue = scene.tint
    colour = np.empty((*radius.shape, 3), dtype=np.float32)
    colour[:] = scene.tint
    colour = blend(colour, (red * 0.92, green * 0.66, blue * 0.62), 0.5 * step(noise(rng, canvas, 9), -0.3, 1.6))
    colour = blend(colour, (min(255, red * 1.06), green * 1.16, blue * 0.86), 0.5 * step(noise(rng, canvas, 6), 0, 1.5))
    if not scene.inflamed:
        thread = vessels(rng, canvas, int(rng.integers(8, 20)))
        colour = blend(colour, (red * 0.62, green * 0.28, blue * 0.3), 0.5 * thread)
    if scene.z_line:
        colour = _z_line(rng, canvas, colour, radius, angle)
    if scene.inflamed:
        colour = _inflammation(scene.inflamed, rng, canvas, colour)
    return colour


def _z_line(
    rng: np.random.Generator, canvas: Canvas, colour: NDArray[np.float32], radius: Plane, angle: Plane
) -> NDArray[np.float32]:
    """Pale oesophagus outside, salmon stomach inside, a jagged line between, and erosions along it."""
    tongues = int(rng.integers(5, 10))
    edge = 0.55 + 0.045 * np.cos(tongues * angle + rng.uniform(0, 6.28))
    edge = edge + 0.10 * noise(rng, canvas, 8) + 0.035 * noise(rng, canvas, 26)
    inside = step(edge - radius, -0.012, 0.02)
    colour = blend(colour, (228, 176, 160), 0.55 * (1 - inside))
    colour = blend(colour, (196, 84, 62), 0.75 * inside)
    rim = np.exp(-(((radius - edge) / 0.025) ** 2))
    colour = blend(colour, (238, 206, 190), 0.35 * rim)
    for _ in range(int(rng.integers(2, 5))):
        heading, wide = rng.uniform(-3.1, 3.1), rng.uniform(0.07, 0.16)
        off = np.angle(np.exp(1j * (angle - heading))) / wide
        reach = np.exp(-(off**2)) * step(radius, 0.42, 0.6) * (1 - step(radius, 0.75, rng.uniform(0.9, 1.15)))
        colour = blend(colour, (176, 40, 36), 0.95 * step(reach, 0.12, 0.4))
        colour = blend(colour, (238, 226, 190), 0.9 * step(reach + 0.1 * noise(rng, canvas, 40), 0.55, 0.8))
    return colour


def _inflammation(
    place: tuple[float, float, float], rng: np.random.Generator, canvas: Canvas, colour: NDArray[np.float32]
) -> NDArray[np.float32]:
    """A red, grainy field with whitish exudate and small bleeding points."""
    x, y, size = place
    distance = np.hypot(canvas.x - x, canvas.y - y) / size + 0.22 * noise(rng, canvas, 8)
    field = 1 - step(distance, 0.65, 1.1)
    colour = blend(colour, (198, 52, 44), 0.72 * field)
    grain = noise(rng, canvas, 75)
    colour = blend(colour, (150, 22, 24), 0.55 * field * step(grain, 0.5, 1.4))
    exudate = step(noise(rng, canvas, 16) + 0.5 * noise(rng, canvas, 50), 0.8, 1.15)
    colour = blend(colour, (236, 220, 172), 0.85 * field * exudate)
    spots = step(noise(rng, canvas, 34), 1.5, 1.75)
    return blend(colour, (112, 8, 12), 0.9 * field * spots)


def _add_bumps(
    scene: Scene, rng: np.random.Generator, canvas: Canvas, height: Plane, colour: NDArray[np.float32]
) -> tuple[Plane, NDArray[np.float32]]:
    for bump in scene.bumps:
        wobble = noise(rng, canvas, 7)
        inside = bump.inside(canvas, wobble)
        shadow = np.exp(-((np.minimum(inside, 0) / 0.16) ** 2)) * (inside <= 0)
        colour = blend(colour, (0, 0, 0), 0.42 * shadow.astype(np.float32))
        on = step(inside, 0.0, 0.09)
        dome = (1 - (1 - np.clip(inside, 0, 1)) ** 2) ** 0.75 * bump.height
        rough = 0.004 * noise(rng, canvas, 60) + 0.016 * noise(rng, canvas, 16)
        height = (height * (1 - 0.7 * on) + on * rough + dome).astype(np.float32)
        colour = blend(colour, (232, 128, 108), 0.8 * on)
        pits = step(np.abs(noise(rng, canvas, 64)), 0.0, 0.5)
        colour = blend(colour, (186, 62, 56), 0.5 * on * (1 - pits))
        colour = blend(colour, (236, 176, 150), 0.35 * on * step(noise(rng, canvas, 11), 0.4, 1.4))
    return height, colour


def _draw_instrument(image: Image.Image, canvas: Canvas, scene: Scene) -> None:
    """A shaft from the rim to the tip, lit along its axis, with jaws, a loop or an open end."""
    start, tip = np.array(canvas.pixel(*scene.instrument_from)), np.array(canvas.pixel(*scene.instrument_tip))
    along = (tip - start) / float(np.hypot(*(tip - start)))
    side = np.array([-along[1], along[0]])
    draw = ImageDraw.Draw(image)
    tones = {
        "tube": ((235, 238, 240), 30),
        "biopsy forceps": ((176, 180, 186), 19),
        "polyp snare": ((216, 224, 222), 14),
    }
    tone, thick = tones[scene.instrument or "tube"]
    for offset in range(-thick, thick + 1):
        shine = 0.28 + 0.72 * float(np.cos(offset / thick * 1.5 - 0.35)) ** 2
        fill = (int(tone[0] * shine), int(tone[1] * shine), int(tone[2] * shine))
        draw.line([tuple(start + side * offset), tuple(tip + side * offset)], fill=fill, width=2)
    if scene.instrument == "biopsy forceps":
        for way in (-1, 1):
            jaw = [tip + side * 7 * way, tip + along * 22 + side * 26 * way, tip + along * 58 + side * 14 * way]
            draw.polygon([*map(tuple, jaw), tuple(tip + along * 24 + side * 8 * way)], fill=(150, 154, 162))
            draw.line([*map(tuple, jaw)], fill=(232, 236, 240), width=4)
    elif scene.instrument == "polyp snare":
        turn = np.linspace(0, 2 * np.pi, 60)
        loop = [tip + along * 62 * (1 - np.cos(t)) + side * 44 * np.sin(t) for t in turn]
        draw.line([*map(tuple, loop)], fill=(70, 66, 62), width=7)
        draw.line([*map(tuple, loop)], fill=(226, 228, 226), width=4)
    else:
        ring = [tip + along * 12 * np.cos(t) + side * 30 * np.sin(t) for t in np.linspace(0, 2 * np.pi, 40)]
        draw.polygon([*map(tuple, ring)], fill=(58, 40, 40), outline=(244, 246, 246))
    image.paste(image.filter(ImageFilter.GaussianBlur(0.7)))


def _surround(image: Image.Image, scene: Scene) -> Image.Image:
    """The black surround, the box in a corner, and the text burned in at the left edge."""
    width, height = image.size
    mask = Image.new("L", image.size, 0)
    draw = ImageDraw.Draw(mask)
    left, right = width * 0.04, width * 0.985
    if scene.surround == "round":
        reach = height * 0.56
        draw.ellipse((width * 0.52 - reach, height / 2 - reach, width * 0.52 + reach, height / 2 + reach), fill=255)
    elif scene.surround == "octagon":
        cut, low = height * 0.27, height - 1
        corners = [(left + cut, 0), (right - cut, 0), (right, cut), (right, low - cut), (right - cut, low)]
        draw.polygon([*corners, (left + cut, low), (left, low - cut), (left, cut)], fill=255)
    else:
        draw.rounded_rectangle((left, 4, right, height - 5), radius=height // 14, fill=255)
    framed = Image.composite(image, Image.new("RGB", image.size, (2, 2, 2)), mask.filter(ImageFilter.GaussianBlur(1)))
    draw = ImageDraw.Draw(framed)
    if scene.box:
        _draw_box(draw, scene, width, height)
    font = ImageFont.load_default(size=max(11, height // 42))
    for line, text in enumerate(scene.caption):
        draw.text((8, height * 0.20 + line * height * 0.045), text, fill=(232, 232, 226), font=font)
    return framed


def _draw_box(draw: ImageDraw.ImageDraw, scene: Scene, width: int, height: int) -> None:
    """The position display, a green rectangle with the line of the endoscope, or the black one that blots it out."""
    top, right = int(height * 0.66), int(width * 0.30)
    if scene.box == "black":
        draw.rectangle((0, top, right, height), fill=(0, 0, 0))
        return
    rng = np.random.default_rng(scene.seed + 1)
    draw.rectangle((0, top, right, height), fill=(6, 58, 26))
    draw.rectangle((2, top + 2, right - 2, height - 3), outline=(30, 140, 70), width=2)
    turn = np.linspace(0, 1, 60)
    bend = rng.uniform(0.6, 1.4, 3)
    x = right * (0.5 + 0.34 * np.sin(3.3 * bend[0] * turn + bend[1]) * (0.4 + 0.6 * turn))
    y = height - 8 - (height - top - 24) * turn ** bend[2]
    draw.line(list(zip(x.tolist(), y.tolist(), strict=True)), fill=(196, 226, 120), width=7, joint="curve")
