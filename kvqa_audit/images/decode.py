"""The bytes of an image come in; its header and one reduced decode, or the reason why there is none, go out."""

from __future__ import annotations

import io
import warnings
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import PIL
from numpy.typing import NDArray
from PIL import Image, ImageFile, features

from kvqa_audit.images.embedded import embedded_in, exif_tags
from kvqa_audit.images.endings import is_cut_off, known_format, unread_format
from kvqa_audit.images.jpeg_damage import damage_inside

MIN_SIDE_PX = 128
MAX_PIXELS = 178_956_970
FORMATS = ("JPEG", "PNG", "GIF", "WEBP", "BMP", "TIFF")
_BUILT_IN = ("JPEG", "PNG", "GIF", "BMP")
DECODE_VERSION = "decode-3"
_ORIENTATION_TAG = 0x0112
_ALL_IGNORED = ("ignore", None, Warning, None, 0)
_WIDE_MODES = ("I", "F", "I;16", "I;16L", "I;16B", "I;16N")


@dataclass(frozen=True, slots=True)
class Decoded:
    """What one reduced decode tells about one image.

    Either `colour` (RGB) or, where that was not asked for, `luma` (L) is the picture reduced so that the shorter side
    keeps at least MIN_SIDE_PX where the image has that many; pixels stand as stored, `orientation` (EXIF, 1 to 8) is
    not applied, alpha is dropped, and of an animation it is the first frame. `width` and `height` are the full size in
    pixels. `mode` is Pillow's for the picture as stored, with `;16` added where 16 bits a channel were stored.
    `problem` is None or one of: empty, not_an_image, format_not_read, truncated, damaged (told of grey alone),
    unreadable, too_large; the pictures are then None, and `detail` says what was wrong. `embedded` names the kinds of
    metadata that the file carries (see images.embedded), never their values.
    """

    colour: Image.Image | None = None
    luma: Image.Image | None = None
    width: int | None = None
    height: int | None = None
    format: str | None = None
    mode: str | None = None
    frames: int | None = None
    orientation: int = 1
    problem: str | None = None
    detail: str | None = None
    embedded: tuple[str, ...] = ()

    @property
    def rgb(self) -> NDArray[np.uint8] | None:
        """The reduced pixels, (height, width, 3) uint8."""
        return None if self.colour is None else np.asarray(self.colour)

    @property
    def grey(self) -> NDArray[np.uint8] | None:
        """The reduced pixels, (height, width) uint8."""
        if self.colour is not None:
            return np.asarray(self.colour.convert("L"))
        return None if self.luma is None else np.asarray(self.luma)


def squeezed(picture: Image.Image, side_px: int) -> NDArray[np.uint8]:
    """The pixels of an RGB picture, made a square, (side, side, 3)."""
    return np.asarray(picture.resize((side_px, side_px), Image.Resampling.BICUBIC))


def decoder_version() -> str:
    """Which decoder gives the pixels, e.g. `Pillow 13.0.0/libjpeg-turbo 3.2.0`."""
    turbo = features.version_feature("libjpeg_turbo")
    jpeg = f"libjpeg-turbo {turbo}" if turbo else f"libjpeg {features.version_codec('jpg')}"
    return f"Pillow {PIL.__version__}/{jpeg}"


def decode(data: bytes, min_side_px: int = MIN_SIDE_PX, *, colour: bool = True) -> Decoded:
    """Decodes one image once, reduced to no less than `min_side_px`; never raises for bad data.

    Args:
        data: the image file.
        min_side_px: what the shorter side keeps at least, where the image has that many pixels.
        colour: False gives the grey picture alone; of a JPEG in colour that is the stored luminance, a few grey levels
            from what its rounded RGB pixels give, and its colours are not worked out.

    Raises:
        MemoryError: the decoder ran out of memory; whoever guards the decoder has to know.
    """
    if not data:
        return Decoded(problem="empty", detail="the file has no bytes")
    with without_warnings():
        try:
            image = Image.open(io.BytesIO(data), formats=formats_of(data))
        except MemoryError:
            raise
        except Image.DecompressionBombError as error:
            return Decoded(problem="too_large", detail=str(error), format=known_format(data))
        except Exception as error:  # noqa: BLE001 - hostile bytes make the decoders raise anything
            return _unopened(data, error)
        return _load(image, data, min_side_px, colour)


def without_warnings() -> AbstractContextManager[object]:
    """Ignores what decoders warn of; costs nothing in a process that was started with `-W ignore`, as children are."""
    if warnings.filters[:1] == [_ALL_IGNORED]:
        return nullcontext()
    return warnings.catch_warnings(action="ignore")


def formats_of(data: bytes) -> tuple[str, ...]:
    """The formats to try; Pillow learns of some only when they are imported, which Image.init() would do for all."""
    name = known_format(data)
    if name in _BUILT_IN:
        return (name,)
    from PIL import TiffImagePlugin, WebPImagePlugin  # noqa: F401

    return FORMATS


def _load(image: Image.Image, data: bytes, min_side_px: int, wants_colour: bool) -> Decoded:
    (width, height), stored, embedded = image.size, image.format, embedded_in(image, data)
    told = partial(Decoded, width=width, height=height, format=stored, mode=stored_mode(image))
    if width * height > MAX_PIXELS:
        detail = f"{width}x{height} pixels, the limit is {MAX_PIXELS}"
        return told(problem="too_large", detail=detail, embedded=embedded)
    cut_off = is_cut_off(data)
    try:
        frames, orientation = frames_of(image), _orientation(image)
        colour, luma = _reduced(image, min_side_px, wants_colour)
        damage = None
        if stored == "JPEG" and luma is not None and not cut_off:
            damage = damage_inside(data, luma, (width, height), partial(_grey_again, min_side_px=min_side_px))
    except MemoryError:
        raise
    except Image.DecompressionBombError as error:
        return told(problem="too_large", detail=str(error), embedded=embedded)
    except Exception as error:  # noqa: BLE001 - hostile bytes make the decoders raise anything
        problem = "truncated" if cut_off or "truncated" in str(error).casefold() else "unreadable"
        return told(problem=problem, detail=_words(error), embedded=embedded)
    told = partial(told, frames=frames, orientation=orientation)
    if cut_off:
        return told(problem="truncated", detail="the end of the image is missing", embedded=embedded)
    if damage is not None:
        return told(problem="damaged", detail=damage, embedded=embedded)
    if stored == "PNG":
        embedded = embedded_in(image, data)
    return told(colour=colour, luma=luma, embedded=embedded)


def _unopened(data: bytes, error: Exception) -> Decoded:
    name = known_format(data)
    if name is None and (other := unread_format(data)) is not None:
        return Decoded(problem="format_not_read", detail=f"it is {other}", format=other)
    if name is None:
        return Decoded(problem="not_an_image", detail=f"the file begins with {data[:16]!r}")
    problem = "truncated" if is_cut_off(data) else "unreadable"
    return Decoded(
        problem=problem, detail=f"begins like {name}, but the header cannot be read ({_words(error)})", format=name
    )


def _words(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"[:200]


def stored_mode(image: Image.Image) -> str:
    tiles = image.tile if isinstance(image, ImageFile.ImageFile) else []
    stored: Any = tiles[0].args if tiles else ""
    raw_mode = stored if isinstance(stored, str) else (stored[0] if stored else "")
    if ";16" in str(raw_mode) and ";16" not in image.mode:
        return f"{image.mode};16"
    return image.mode


def frames_of(image: Image.Image) -> int:
    return int(getattr(image, "n_frames", 1)) if image.format not in ("JPEG", "BMP") else 1


def _orientation(image: Image.Image) -> int:
    if image.format == "TIFF":
        value = image.getexif().get(_ORIENTATION_TAG, 1)
    else:
        value = exif_tags(image).number(_ORIENTATION_TAG) if "exif" in image.info else 1
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def _reduced(image: Image.Image, min_side_px: int, wants_colour: bool) -> tuple[Image.Image | None, Image.Image | None]:
    image.draft(None if wants_colour else "L", (min_side_px, min_side_px))
    image.load()
    if image.mode in _WIDE_MODES:
        image = Image.fromarray(_eight_bits(np.asarray(image)))
    elif image.mode == "P":
        image = image.convert("RGBA" if "transparency" in image.info else "RGB")
    elif image.mode == "1":
        image = image.convert("L")
    factor = min(image.size) // min_side_px
    if factor > 1:
        image = image.reduce(factor)
    if image.mode == "L" and not wants_colour:
        return None, image
    colour = image if image.mode == "RGB" else image.convert("RGB")
    return (colour, None) if wants_colour else (None, colour.convert("L"))


def _grey_again(data: bytes, min_side_px: int) -> Image.Image | None:
    return _reduced(Image.open(io.BytesIO(data), formats=("JPEG",)), min_side_px, wants_colour=False)[1]


def _eight_bits(wide: NDArray[Any]) -> NDArray[np.uint8]:
    values = np.nan_to_num(wide.astype(np.float32), posinf=0.0, neginf=0.0)
    highest = float(values.max(initial=0.0))
    if highest <= 1.0:
        values = values * 255.0
    elif highest > 255.0:
        # Cameras and scanners store 10, 12 or 14 bits in 16: what is brightest tells how many there are.
        depth = next((bits for bits in (10, 12, 14, 16) if highest < 1 << bits), None)
        values = values * (255.0 / highest) if depth is None else values / float(1 << (depth - 8))
    return np.clip(values, 0, 255).astype(np.uint8)
