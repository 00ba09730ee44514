"""A seed comes in; the scenes of the sample dataset, and the rows that describe each of them, go out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from kvqa_audit.demo.picture import Box, Scene
from kvqa_audit.demo.surface import Bump
from kvqa_audit.spec.dataset_spec import DatasetSpec

Row = dict[str, str]
SIZES = ((720, 576), (622, 529), (768, 576), (680, 540), (720, 540))
COUNTS = {"Ulcerative Colitis": 9, "Polyps": 11, "Esophagitis": 11, "Normal": 8, "Instrument": 8}
INSTRUMENTS = ("biopsy forceps", "polyp snare", "tube")
# By a frame's number within its source, so that every seed gives as many of either.
BOXES: tuple[Box | None, ...] = ("black", None, "green", None)
CAPTIONED = (True, False, False, True, False)
_LINES, _COLUMNS = ("upper", "center", "lower"), ("left", "center", "right")


def scenes(seed: int) -> dict[str, Scene]:
    """img_id to scene, in the order of the sources; every scene has its own geometry, colours and light."""
    rng = np.random.default_rng(seed)
    drawn = {}
    for source, count in COUNTS.items():
        stem = source.split()[-1].lower()
        for number in range(1, count + 1):
            drawn[f"demo_{stem}_{number:02d}"] = _scene(rng, source, number)
    return drawn


def _scene(rng: np.random.Generator, source: str, number: int) -> Scene:
    width, height = SIZES[int(rng.integers(len(SIZES)))]
    bearing, off = rng.uniform(0, 6.28), rng.uniform(0.15, 0.75)
    lumen_x, lumen_y = off * np.cos(bearing), 0.8 * off * np.sin(bearing)
    brightness = rng.uniform(0.85, 1.08)
    red, green = 218 * brightness, rng.uniform(100, 158) * brightness
    upper = source == "Esophagitis"
    instrument = INSTRUMENTS[number % len(INSTRUMENTS)] if source == "Instrument" else None
    bumps = _bumps(rng, source, instrument, bearing)
    back = (float(np.cos(bearing + 2.4)), float(np.sin(bearing + 2.4)))
    # A snare's loop lies around its polyp, a little ahead of the tip.
    ahead = (bumps[0].x + 0.2 * back[0], bumps[0].y + 0.2 * back[1]) if instrument and bumps else None
    tip = ahead or (-0.45 * float(np.cos(bearing)), -0.35 * float(np.sin(bearing)))
    return Scene(
        seed=int(rng.integers(2**31)),
        source=source,
        width=width,
        height=height,
        surround=("octagon", "octagon", "round", "square")[int(rng.integers(4))],
        tint=(red, green, green * rng.uniform(0.72, 0.92)),
        lumen=(float(lumen_x), float(lumen_y), rng.uniform(0.12, 0.34)),
        fold_count=1 if upper else int(rng.integers(1, 6)),
        relief=rng.uniform(0.7, 1.15),
        light=(rng.uniform(-0.5, 0.5), rng.uniform(-0.55, 0.1)),
        bumps=bumps,
        z_line=upper,
        inflamed=(-0.35 * lumen_x, -0.35 * lumen_y, rng.uniform(0.6, 1.1)) if source.endswith("Colitis") else None,
        instrument=instrument,  # type: ignore[arg-type]  # one of INSTRUMENTS
        instrument_tip=tip,
        instrument_from=(tip[0] + 1.9 * back[0], tip[1] + 1.9 * back[1]),
        box=None if upper else BOXES[number % len(BOXES)],
        caption=_caption(rng, number) if CAPTIONED[(number - 1) % len(CAPTIONED)] else (),
    )


def _bumps(rng: np.random.Generator, source: str, instrument: str | None, bearing: float) -> tuple[Bump, ...]:
    """One or two polyps on the side away from the lumen, where the source shows any."""
    if source != "Polyps" and instrument != "polyp snare":
        return ()
    count = 2 if source == "Polyps" and rng.random() < 0.35 else 1
    bumps = []
    for turn in (np.pi, np.pi + 1.7)[:count]:
        away = rng.uniform(0.3, 0.5)
        wide = rng.uniform(0.11, 0.38 if source == "Polyps" else 0.2)
        x, y = away * np.cos(bearing + turn), away * np.sin(bearing + turn)
        tilt, tall = rng.uniform(0, 3.1), rng.uniform(0.12, 0.34)
        bumps.append(Bump(float(x), float(y), wide, wide * rng.uniform(0.7, 0.95), tilt, tall))
    return tuple(bumps)


def _caption(rng: np.random.Generator, number: int) -> tuple[str, ...]:
    """Burned-in lines as endoscopes write them, about nobody."""
    day, month, hour, minute = (int(rng.integers(1, top)) for top in (28, 12, 17, 59))
    return ("Sex:   Age:", "D.O.B.:", f"{day:02d}/{month:02d}/2001", f"{hour:02d}:{minute:02d}:00", f"{number}/1")


def rows_of(img_id: str, scene: Scene, spec: DatasetSpec) -> list[Row]:
    """The rows about one frame, as consistent as the description's rules ask for."""
    return [
        {"source": scene.source, "question": spec.question_by_name[name].text, "answer": answer, "img_id": img_id}
        for name, answer in _answers(scene)
    ]


def _answers(scene: Scene) -> Iterator[tuple[str, str]]:
    if scene.source == "Normal":
        yield "finding", "no"
        return
    yield "procedure", "gastroscopy" if scene.z_line else "colonoscopy"
    yield "text", "yes" if scene.caption else "no"
    yield "box", "yes" if scene.box else "no"
    if scene.inflamed:
        x, y, _ = scene.inflamed
        yield from _abnormality("ulcerative colitis", "red; white", _cells(scene, [(x, y)], 0.3))
        yield from _no_landmark()
        yield from _no_polyp()
        yield from (("n_instr", "0"), ("instr", "none"), ("instr_loc", "none"))
    if scene.z_line:
        x, y, _ = scene.lumen
        yield from _abnormality("oesophagitis", "red; white", _cells(scene, [(x + 0.5, y)], 0.2))
        yield from (("landmark", "z-line"), ("landmark_colour", "pink; red"))
        yield "landmark_loc", _cells(scene, [(x, y)], 0.45)
    if scene.instrument:
        yield from (("n_instr", "1"), ("instr", scene.instrument))
        yield "instr_loc", _cells(scene, [scene.instrument_tip], 0.15)
        if not scene.bumps:
            yield from _no_polyp()
    if scene.bumps:
        yield from _polyps(scene)


def _abnormality(name: str, colour: str, place: str, count: int = 1) -> Iterator[tuple[str, str]]:
    yield from (("easy", "yes"), ("n_findings", str(count)), ("abn", name), ("abn_colour", colour), ("abn_loc", place))


def _no_landmark() -> Iterator[tuple[str, str]]:
    yield from (("landmark", "none"), ("landmark_colour", "none"), ("landmark_loc", "none"))


def _no_polyp() -> Iterator[tuple[str, str]]:
    yield from (("n_polyps", "0"), ("polyp_type", "none"), ("polyp_size", "none"), ("removed", "not relevant"))


def _polyps(scene: Scene) -> Iterator[tuple[str, str]]:
    count = len(scene.bumps)
    reach = max(bump.wide for bump in scene.bumps) * 0.5
    place = _cells(scene, [(bump.x, bump.y) for bump in scene.bumps], min(0.3, reach))
    yield from _abnormality("polyp", "pink; red", place, count)
    yield from (("n_polyps", str(count)), ("removed", "no"))
    for bump in scene.bumps:
        yield "polyp_type", "paris iia" if bump.height < 0.2 else "paris is"
    for bump in scene.bumps:
        sizes = ((0.15, "<5mm"), (0.25, "5-10mm"), (0.34, "11-20mm"))
        yield "polyp_size", next((name for limit, name in sizes if bump.wide < limit), ">20mm")


def _cells(scene: Scene, points: Iterable[tuple[float, float]], reach: float) -> str:
    """The cells of the 3 x 3 grid that the points, and what lies within reach of them, fall into."""
    half = min(scene.width, scene.height) / 2
    found = set()
    for x, y in points:
        for dx, dy in ((0, 0), (reach, 0), (-reach, 0), (0, reach), (0, -reach)):
            column = int(np.clip((scene.width / 2 + (x + dx) * half) / scene.width * 3, 0, 2))
            line = int(np.clip((scene.height / 2 + (y + dy) * half) / scene.height * 3, 0, 2))
            name = "center" if line == column == 1 else f"{_LINES[line]}-{_COLUMNS[column]}"
            found.add(name)
    return "; ".join(sorted(found))
