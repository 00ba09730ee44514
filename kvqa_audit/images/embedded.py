"""An opened picture and its bytes come in; which kinds of metadata are embedded in it, never their values, go out.

What an image carries beside its pixels is told by the header that opening it has parsed; nothing is decoded for it.
JFIF density, colour profiles and the like say nothing about anybody and are no metadata here.
"""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

from PIL import Image

from kvqa_audit.images.tiff_tags import Tags, read_tags

EMBEDDED_VERSION = "embedded-1"
CATEGORIES = (
    "exif",
    "gps",
    "place name",
    "person name",
    "device serial",
    "date",
    "comment",
    "thumbnail",
    "xmp",
    "iptc",
)
_MAX_BYTES = 262_144
_MAX_DATASETS = 1_000
_MAX_TEXTS = 1_000

# Where other folders are, how the pixels are to be shown, and versions of the form: these tell of nobody.
_TECHNICAL_TAGS = {0x8769, 0x8825, 0xA005, 0x0112, 0x011A, 0x011B, 0x0128, 0x0213}
_TECHNICAL_EXIF_TAGS = {0x9000, 0x9101, 0xA000, 0xA001, 0xA002, 0xA003, 0xA005}
_TECHNICAL_GPS_TAGS = {0}
_PERSON_TAGS = {0x013B, 0x9C9D, 0xA430}
_SERIAL_TAGS = {0xA431, 0xA435, 0xC62F}
_DATE_TAGS = {0x0132, 0x9003, 0x9004}
_COMMENT_TAGS = {0x010E, 0x9286, 0x9C9B, 0x9C9C, 0x9C9E, 0x9C9F}
_TAKEN_AT_TAG, _TAKEN_AT = 0x9003, re.compile(rb"([0-9]{4}:[0-9]{2}:[0-9]{2}) ([0-9]{2}:[0-9]{2}:[0-9]{2})")
_GPS_PLACE_TAGS = {2, 4, 20, 22, 27, 28}
_GPS_DATE_TAGS = {7, 29}
_PREVIEW_TAGS = {0x0111, 0x0201}
_TIFF_XMP, _TIFF_IPTC, _TIFF_PHOTOSHOP = 700, 33723, 34377

_PHOTOSHOP_IPTC, _PHOTOSHOP_THUMBNAILS = 0x0404, (0x0409, 0x040C)
_PHOTOSHOP_EXIF, _PHOTOSHOP_XMP = 0x0422, 0x0424
_IPTC_CATEGORIES = {
    **dict.fromkeys((80, 85, 118, 122), "person name"),
    **dict.fromkeys((26, 27, 90, 92, 95, 100, 101), "place name"),
    **dict.fromkeys((30, 37, 55, 60, 62, 63), "date"),
    **dict.fromkeys((5, 25, 40, 105, 120), "comment"),
}
# A value, as an attribute or as the first text within; bounded, so that hostile text costs no more than its length.
_VALUE = rb"""\s*(?:=\s*["'][^"'\s]|[^<>=]{0,80}>\s{0,80}(?:<[^<>]{1,120}>\s{0,80}){0,3}[^<\s])"""
_XMP_CATEGORIES = tuple(
    (category, re.compile(rb"[:](?:" + names + rb")" + _VALUE))
    for category, names in (
        ("gps", rb"GPSLatitude|GPSLongitude|GPSDestLatitude|GPSDestLongitude"),
        ("place name", rb"City|Location|LocationCreated|LocationShown|State|Country|CountryCode"),
        ("person name", rb"creator|PersonInImage|PersonInImageWDetails|OwnerName|CameraOwnerName|CaptionWriter"),
        ("device serial", rb"SerialNumber|BodySerialNumber|LensSerialNumber"),
        ("date", rb"CreateDate|ModifyDate|MetadataDate|DateCreated|DateTimeOriginal|DateTimeDigitized"),
        ("comment", rb"description|title|subject|UserComment|Headline|Instructions"),
        ("thumbnail", rb"Thumbnails|image"),
    )
)
_TEXT_CATEGORIES = {
    "author": "person name",
    "artist": "person name",
    "creator": "person name",
    "creation time": "date",
    "date:create": "date",
    "date:modify": "date",
    "date:timestamp": "date",
    "raw profile type exif": "exif",
    "raw profile type app1": "exif",
    "raw profile type iptc": "iptc",
    "raw profile type xmp": "xmp",
    "xml:com.adobe.xmp": "",
    "software": "",
}
# Where `_of_info` looks; most images have none of these.
_TELLING = frozenset(("exif", "xmp", "comment", "photoshop", "mp", "extension"))
# What encoders sign with; it tells which program wrote the file and nothing else.
_SIGNATURES = (b"CREATOR: gd-jpeg", b"Lavc", b"Created with GIMP", b"LEAD Technologies", b"Intel(R) JPEG Library")


def embedded_in(image: Image.Image, data: bytes) -> tuple[str, ...]:
    """The kinds of metadata that an image carries, in the order of `CATEGORIES`; never raises for bad metadata.

    Args:
        image: as Pillow opened it; text behind the pixels of a PNG is known once it was loaded.
        data: the bytes it was opened from.
    """
    if image.format not in ("TIFF", "PNG") and _TELLING.isdisjoint(image.info):
        return ()
    found = set(_of_tiff(data)) if image.format == "TIFF" else set(_of_info(image.info))
    if image.format == "PNG":
        found.update(_of_texts(image.info))
    return tuple(category for category in CATEGORIES if category in found)


def exif_tags(image: Image.Image) -> Tags:
    """The tags of the EXIF block that came with an image other than a TIFF."""
    block = image.info.get("exif")
    return read_tags(block) if isinstance(block, bytes) else Tags()


def taken_at(data: bytes) -> tuple[str, str] | None:
    """Day and clock, as digits, at which EXIF says that a picture was taken; None where it says nothing of the kind."""
    try:
        with warnings.catch_warnings(action="ignore"), Image.open(io.BytesIO(data)) as image:
            tags = read_tags(data) if image.format == "TIFF" else exif_tags(image)
    except Exception:  # noqa: BLE001 - hostile bytes make the decoders raise anything
        return None
    found = _TAKEN_AT.match(tags.exif.get(_TAKEN_AT_TAG, b""))
    return None if found is None else (found[1].decode(), found[2].decode())


def _of_info(info: Mapping[Any, Any]) -> Iterator[str]:
    block, xmp, comment, photoshop = (info.get(name) for name in ("exif", "xmp", "comment", "photoshop"))
    if isinstance(block, bytes):
        yield from _of_tags(read_tags(block))
    if xmp:
        yield from _of_xmp(xmp)
    if comment:
        text = comment if isinstance(comment, bytes) else str(comment).encode("utf-8", "replace")
        if text.strip(b"\x00 \r\n") and not text.startswith(_SIGNATURES):
            yield "comment"
    if isinstance(photoshop, Mapping):
        yield from _of_photoshop(photoshop)
    if "mp" in info:
        yield "thumbnail"
    if isinstance(info.get("extension"), tuple) and info["extension"][:1] == (b"XMP DataXMP",):
        yield "xmp"


def _of_tags(tags: Tags) -> Iterator[str]:
    if tags.main.keys() - _TECHNICAL_TAGS or _tells_more(tags):
        yield "exif"
    named = (tags.main.keys() | tags.exif.keys(), tags.gps.keys(), tags.second.keys())
    for category, held, wanted in (
        ("person name", named[0], _PERSON_TAGS),
        ("device serial", named[0], _SERIAL_TAGS),
        ("date", named[0], _DATE_TAGS),
        ("comment", named[0], _COMMENT_TAGS),
        ("gps", named[1], _GPS_PLACE_TAGS),
        ("date", named[1], _GPS_DATE_TAGS),
        ("thumbnail", named[2], _PREVIEW_TAGS),
    ):
        if held & wanted:
            yield category


def _tells_more(tags: Tags) -> bool:
    return bool(tags.exif.keys() - _TECHNICAL_EXIF_TAGS or tags.gps.keys() - _TECHNICAL_GPS_TAGS)


def _of_xmp(packet: Any) -> Iterator[str]:
    yield "xmp"
    text = packet if isinstance(packet, bytes) else str(packet).encode("utf-8", "replace")
    text = text[:_MAX_BYTES].replace(b"\x00", b"")
    yield from (category for category, pattern in _XMP_CATEGORIES if pattern.search(text))


def _of_photoshop(resources: Mapping[Any, Any]) -> Iterator[str]:
    if isinstance(resources.get(_PHOTOSHOP_IPTC), bytes):
        yield from _of_iptc(resources[_PHOTOSHOP_IPTC])
    if isinstance(resources.get(_PHOTOSHOP_EXIF), bytes):
        yield from _of_tags(read_tags(resources[_PHOTOSHOP_EXIF]))
    if isinstance(resources.get(_PHOTOSHOP_XMP), bytes):
        yield from _of_xmp(resources[_PHOTOSHOP_XMP])
    if any(resources.get(number) for number in _PHOTOSHOP_THUMBNAILS):
        yield "thumbnail"


def _of_iptc(block: bytes) -> Iterator[str]:
    """The datasets of record 2 (IPTC-IIM 4.2), one after the other: mark, record, number, length, value."""
    at = 0
    for _ in range(_MAX_DATASETS):
        if block[at : at + 1] != b"\x1c" or at + 5 > len(block):
            return
        record, number, length = block[at + 1], block[at + 2], int.from_bytes(block[at + 3 : at + 5], "big")
        if length >= 0x8000:
            return
        if record == 2 and number != 0 and block[at + 5 : at + 5 + length].strip(b"\x00 "):
            yield "iptc"
            if number in _IPTC_CATEGORIES:
                yield _IPTC_CATEGORIES[number]
        at += 5 + length


def _of_tiff(data: bytes) -> Iterator[str]:
    """A TIFF is made of tags itself: only those that say something about somebody count."""
    tags = read_tags(data)
    yield from (category for category in _of_tags(Tags(tags.main, tags.exif, tags.gps)) if category != "exif")
    if _tells_more(tags):
        yield "exif"
    yield from (name for tag, name in ((_TIFF_XMP, "xmp"), (_TIFF_IPTC, "iptc")) if tag in tags.main)
    if _TIFF_PHOTOSHOP in tags.main:
        yield "iptc"


def _of_texts(info: Mapping[Any, Any]) -> Iterator[str]:
    """The text chunks of a PNG, by their keys; nothing else among its general facts is text."""
    for key, value in islice(info.items(), _MAX_TEXTS):
        if isinstance(key, str) and isinstance(value, str) and value.strip():
            category = _TEXT_CATEGORIES.get(key.casefold(), "comment")
            if category:
                yield category
