"""Shards of images come in; what date and clock each of them shows, hidden under a secret, goes out.

Some frames are read as any text is; from these the letters of the devices are learned, with which all are read.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from kvqa_audit.cache.texts import Cache
from kvqa_audit.clocks.clock_cache import keep_readings, known_readings
from kvqa_audit.clocks.find import Found, find_clocks
from kvqa_audit.clocks.fonts import Font, labels_in_doubt, learn_fonts
from kvqa_audit.clocks.hidden import HiddenReading, hidden
from kvqa_audit.clocks.samples import Characters, FrameSample, sample_of, written_lines
from kvqa_audit.clocks.written import Form
from kvqa_audit.engine.executor import Executor
from kvqa_audit.images.decode import Decoded, decode
from kvqa_audit.images.each import PickedImages, for_each_image
from kvqa_audit.images.embedded import taken_at
from kvqa_audit.ingest.dataset import ImageShard, RawImage
from kvqa_audit.overlays.detection import Region
from kvqa_audit.privacy.reader import read_characters, read_line

READ_MIN_SIDE_PX = 500
# The loading of the weights by a child's first image included.
READ_TIMEOUT_SECONDS = 120.0
# What the first images tell is where the others are read; more are read where letters are missing then.
SAMPLED_FIRST, MAX_SAMPLED = 48, 192
_SURE = 0.95
# How much of a letter's half height and half width is shown around the middles of a line's letters.
_AROUND_LETTERS = (1.25, 1.5)
_EXIF = (Form("date", "Yddd:Dd:Dd"), Form("clock", "Hd:Sd:Sd"))
# How many widths of a digit the clock of the day is from the date at most; what is further away tells a duration.
_NEAR_DIGITS = 4.0


@dataclass(frozen=True, slots=True)
class Sampled:
    """One image read as any text is: what it tells of its device's letters, and its reading where all of it is sure."""

    img_id: str
    sample: FrameSample | None = None
    reading: HiddenReading | None = None


def read_clocks(
    shards: Sequence[ImageShard],
    ids: Collection[str],
    key: bytes,
    *,
    pool: Executor,
    cache: Cache | None = None,
    digests: Mapping[str, str] | None = None,
    on_progress: Callable[[int], None] | None = None,
) -> tuple[HiddenReading, ...]:
    """Reads dates and clocks in some images, in guarded children; an image that harms one costs itself.

    Args:
        shards: references to the images; the bytes are opened by the children.
        ids: the images to read.
        key: the secret; readings belong together across runs only under the same.
        pool: the children.
        cache: what earlier runs read; None reads every image.
        digests: image id → SHA-256 of its bytes, by which readings are kept.
        on_progress: is told how many more images are done.

    Raises:
        WorkerError: no child can be started.
    """
    kept = {img_id: digests[img_id] for img_id in ids if img_id in digests} if digests is not None else {}
    found = known_readings(cache, kept, key) if cache is not None else {}
    if found and on_progress is not None:
        on_progress(len(found))
    fresh = frozenset(ids).difference(found)
    if fresh:
        sampled, fonts, doubted = _learned(shards, sorted(ids), key, pool)
        read = for_each_image(
            find_task,
            shards,
            fresh,
            lambda img_id, failure: HiddenReading(img_id, problem=failure.kind),
            pool.share([font for font in fonts if font.is_complete]),
            pool.share(doubted),
            pool.share(key),
            pool=pool,
            item_timeout_seconds=READ_TIMEOUT_SECONDS,
            on_progress=on_progress,
        )
        for one in sampled:
            if one.reading is not None and one.img_id in read and read[one.img_id].form != _EXIF[0].cells:
                read[one.img_id] = _agreed(read[one.img_id], one.reading)
        if cache is not None:
            keep_readings(cache, read.values(), kept, key)
        found.update(read)
    return tuple(found[img_id] for img_id in sorted(found))


def sample_task(task: PickedImages, done: frozenset[int], key: bytes, region: Region | None) -> Iterator[Sampled]:
    """One task's images, read as any text is, without those at the positions `done`."""
    return (_sampled(raw, key, region) for raw in task.read(done))


def find_task(
    task: PickedImages, done: frozenset[int], fonts: Sequence[Font], doubted: frozenset[str], key: bytes
) -> Iterator[HiddenReading]:
    """One task's images, read with the letters of known devices, without those at the positions `done`.

    `doubted` are digits that the reader of any text gives where others stand.
    """
    return (_found(raw, fonts, doubted, key) for raw in task.read(done))


def _learned(
    shards: Sequence[ImageShard], ids: Sequence[str], key: bytes, pool: Executor
) -> tuple[list[Sampled], tuple[Font, ...], frozenset[str]]:
    """Reads some images, and more of them where not all letters of all devices are known then.

    Where the reader took one character for another in any of them, its readings are not to be trusted alone; the digits
    that it gave for others come last.
    """
    sampled, fonts, region = list[Sampled](), tuple[Font, ...](), None
    spread = _spread(ids)[:MAX_SAMPLED]
    for some in filter(None, (spread[:SAMPLED_FIRST], spread[SAMPLED_FIRST:])):
        read = for_each_image(
            sample_task,
            shards,
            some,
            lambda img_id, _: Sampled(img_id),
            pool.share(key),
            pool.share(region),
            pool=pool,
            item_timeout_seconds=READ_TIMEOUT_SECONDS,
        )
        sampled += [read[img_id] for img_id in sorted(read)]
        samples = [one.sample for one in sampled if one.sample is not None]
        fonts = learn_fonts(samples)
        if not samples or (fonts and all(font.is_complete for font in fonts)):
            break
        region = _around([sample.place for sample in samples])
    doubts = labels_in_doubt([glyph for one in sampled if one.sample is not None for glyph in one.sample.glyphs])
    if doubts:
        sampled = [replace(one, reading=None) for one in sampled]
    return sampled, fonts, frozenset(said for said, other in doubts if other.isdigit())


def _spread(ids: Sequence[str]) -> list[str]:
    """The ids in an order of which any beginning is spread over all of them (van der Corput)."""
    bits = max(1, (len(ids) - 1).bit_length())
    return [ids[at] for n in range(1 << bits) if (at := int(f"{n:0{bits}b}"[::-1], 2)) < len(ids)]


def _around(places: Sequence[Region]) -> Region:
    left, top = min(one.x for one in places), min(one.y for one in places)
    right, bottom = max(one.x + one.width for one in places), max(one.y + one.height for one in places)
    return Region(left, top, right - left, bottom - top)


def _sampled(raw: RawImage, key: bytes, region: Region | None) -> Sampled:
    decoded = Decoded(problem=raw.problem) if raw.problem is not None else decode(raw.data, READ_MIN_SIDE_PX)
    if decoded.rgb is None or decoded.grey is None:
        return Sampled(raw.img_id)
    lines = _read_in(decoded.rgb, region)
    written = written_lines(lines)
    told = [(form, "".join(one.text for one in line), line[0].y) for form, line in written]
    sure = all(one.confidence >= _SURE for _, line in written for one in line)
    sample = sample_of(decoded.grey, lines)
    if sample is None or not sure:
        return Sampled(raw.img_id, sample)
    return Sampled(raw.img_id, sample, _hidden(raw.img_id, key, told, sample.digit_px))


def _read_in(rgb: NDArray[np.uint8], region: Region | None) -> list[Characters]:
    """The characters of each line, in pixels of the whole picture."""
    if region is None:
        return list(read_characters(rgb))
    height, width = rgb.shape[:2]
    left, top = int(region.x * width), int(region.y * height)
    part = rgb[top : round((region.y + region.height) * height), left : round((region.x + region.width) * width)]
    return [[replace(one, x=one.x + left, y=one.y + top) for one in line] for line in read_characters(part)]


def _found(raw: RawImage, fonts: Sequence[Font], doubted: frozenset[str], key: bytes) -> HiddenReading:
    if raw.problem is not None:
        return HiddenReading(raw.img_id, problem=raw.problem)
    decoded = decode(raw.data, READ_MIN_SIDE_PX, colour=False)
    if decoded.grey is None:
        return HiddenReading(raw.img_id, problem=decoded.problem)
    if (taken := taken_at(raw.data)) is not None:
        by_exif = _hidden(raw.img_id, key, [(form, text, 0.0) for form, text in zip(_EXIF, taken, strict=True)], 1.0)
        if by_exif is not None:
            return by_exif
    found = find_clocks(decoded.grey, fonts)
    if found is None:
        return HiddenReading(raw.img_id)
    number, text = found
    seen = [text.date, *text.clocks]
    doubtful = [one for one in seen if one.is_doubtful and doubted.isdisjoint(one.text)]
    told = _told_twice(raw, doubtful, fonts[number]) if text.date.is_certain or text.date in doubtful else []
    sure = [one for one in seen if one.is_certain or one in told]
    if text.date not in sure:
        return HiddenReading(raw.img_id, "uncertain")
    lines = [(one.line.form, one.text, float(one.y)) for one in sure]
    return _hidden(raw.img_id, key, lines, fonts[number].digit_px) or HiddenReading(raw.img_id, "uncertain")


def _told_twice(raw: RawImage, lines: Sequence[Found], font: Font) -> list[Found]:
    """Those of some lines of which the reader of any text says the same."""
    rgb = decode(raw.data, READ_MIN_SIDE_PX).rgb if lines else None
    if rgb is None:
        return []
    high, wide = (round(half * share) for half, share in zip(font.letters.half_size, _AROUND_LETTERS, strict=True))
    told = list[Found]()
    for one in lines:
        left, right = max(0, one.x - wide), round(one.x + one.line.offsets[-1]) + wide + 1
        text, confidence = read_line(rgb[max(0, one.y - high) : one.y + high + 1, left:right])
        if text == one.text and confidence >= _SURE:
            told.append(one)
    return told


def _agreed(one: HiddenReading, other: HiddenReading) -> HiddenReading:
    """What two ways of reading say together, which is not certain where both are and say different things."""
    if one.seen != "certain":
        return other
    known = [
        {value for value in values if value is not None}
        for values in ((one.day, other.day), (one.clock, other.clock), (one.elapsed, other.elapsed))
    ]
    if any(len(values) > 1 for values in known):
        return HiddenReading(one.img_id, "uncertain")
    clock, elapsed = (
        first if first is not None else second
        for first, second in ((one.clock, other.clock), (one.elapsed, other.elapsed))
    )
    return replace(one, clock=clock, elapsed=elapsed)


def _hidden(img_id: str, key: bytes, lines: Sequence[tuple[Form, str, float]], digit_px: float) -> HiddenReading | None:
    """The reading of lines (form, text, height), the date first; None where one of them cannot be.

    The clock of the day stands beside the date or next to it; one that is further away tells a duration.
    """
    if not lines or any(not form.can_be(text) for form, text, _ in lines):
        return None
    (form, date, level), *others = lines
    clocks: dict[str, int | None] = {"clock": None, "elapsed": None}
    for other, text, down in sorted(others, key=lambda one: abs(one[2] - level)):
        near = other.kind == "clock" and abs(down - level) <= _NEAR_DIGITS * digit_px
        kind = "clock" if near and clocks["clock"] is None else "elapsed"
        clocks[kind] = other.seconds(text) if clocks[kind] is None else clocks[kind]
    return hidden(img_id, key, form.cells, date, clocks["clock"], clocks["elapsed"])
