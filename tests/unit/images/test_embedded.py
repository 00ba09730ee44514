"""Embedded metadata: the kinds are named whatever the format, the values never kept, and hostile blocks cost little."""

from __future__ import annotations

import io
import struct
import time
import zlib
from pathlib import Path
from typing import Any

import pytest
from pictures import encoded, frame
from PIL import Image, PngImagePlugin

from kvqa_audit.artifacts.tables import fingerprint_of, fingerprints_of, fingerprints_table
from kvqa_audit.cache.fingerprints import FingerprintCache, version_of
from kvqa_audit.images.decode import decode
from kvqa_audit.images.embedded import CATEGORIES, embedded_in
from kvqa_audit.images.fingerprint import ALGORITHM, decoder, fingerprint
from kvqa_audit.images.tiff_tags import read_tags
from kvqa_audit.ingest.dataset import RawImage
from kvqa_audit.ingest.image_place import ImagePlace

XMP = b"""<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description exif:GPSLatitude="59,54.0N" xmp:CreateDate="2012-04-16T00:00:00" aux:SerialNumber="12345">
<dc:creator><rdf:Seq><rdf:li>Kari Nordmann</rdf:li></rdf:Seq></dc:creator></rdf:Description></rdf:RDF></x:xmpmeta>"""
BARE_XMP = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><dc:creator><rdf:Seq></rdf:Seq></dc:creator></x:xmpmeta>'


def segment(marker: int, body: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(body) + 2) + body


def with_segments(*segments: bytes) -> bytes:
    """A JPEG with more segments after its first mark."""
    plain = encoded(frame(160, 140))
    return plain[:2] + b"".join(segments) + plain[2:]


def exif_of(main: dict[int, Any], exif: dict[int, Any] | None = None, gps: dict[int, Any] | None = None) -> bytes:
    block = Image.Exif()
    block.update(main)
    block.get_ifd(0x8769).update(exif or {})
    block.get_ifd(0x8825).update(gps or {})
    return block.tobytes()


def iptc(*datasets: tuple[int, bytes]) -> bytes:
    block = b"".join(b"\x1c\x02" + struct.pack(">BH", number, len(value)) + value for number, value in datasets)
    resource = b"8BIM\x04\x04\x00\x00" + struct.pack(">I", len(block)) + block + b"\x00" * (len(block) % 2)
    return segment(0xED, b"Photoshop 3.0\x00" + resource)


def thumbnail_block() -> bytes:
    """EXIF whose second folder holds a small JPEG."""
    small = encoded(frame(40, 30))
    second = 8 + 2 + 12 + 4
    main = struct.pack(">H", 1) + struct.pack(">HHIHH", 0x0112, 3, 1, 1, 0) + struct.pack(">I", second)
    place = second + 2 + 24 + 4
    entries = struct.pack(">HHII", 0x0201, 4, 1, place) + struct.pack(">HHII", 0x0202, 4, 1, len(small))
    return b"MM\x00*\x00\x00\x00\x08" + main + struct.pack(">H", 2) + entries + b"\x00" * 4 + small


def multi_picture() -> bytes:
    """A JPEG with a second picture behind it, as cameras write them (MPF)."""
    target = io.BytesIO()
    frame(160, 140).save(target, "MPO", save_all=True, append_images=[frame(80, 70)])
    return target.getvalue()


EXIF_GPS = exif_of({}, gps={1: "N", 2: (59.0, 54.0, 0.0), 3: "E", 4: (10.0, 45.0, 0.0)})
CASES = {
    "nothing": (encoded(frame(160, 140)), ()),
    "density and profile": (encoded(frame(160, 140), dpi=(72, 72), icc_profile=b"\x00" * 200), ()),
    "place": (encoded(frame(160, 140), exif=EXIF_GPS), ("exif", "gps")),
    "version of GPS alone": (encoded(frame(160, 140), exif=exif_of({}, gps={0: b"\x02\x03\x00\x00"})), ()),
    "blank tags": (encoded(frame(160, 140), exif=exif_of({0x013B: "   ", 0x0132: " "})), ()),
    "camera": (
        encoded(frame(160, 140), exif=exif_of({0x013B: "Kari N", 0x0132: "2012:04:16 10:00:00"}, {0xA431: "SN-0815"})),
        ("exif", "person name", "device serial", "date"),
    ),
    "orientation and resolution": (encoded(frame(160, 140), exif=exif_of({0x0112: 6, 0x011A: 72.0})), ()),
    "maker of the camera": (encoded(frame(160, 140), exif=exif_of({0x010F: "Some maker"})), ("exif",)),
    "remark in EXIF": (encoded(frame(160, 140), exif=exif_of({0x010E: "ward 3"})), ("exif", "comment")),
    "thumbnail": (with_segments(segment(0xE1, b"Exif\x00\x00" + thumbnail_block())), ("thumbnail",)),
    "second picture": (multi_picture(), ("thumbnail",)),
    "xmp": (encoded(frame(160, 140), xmp=XMP), ("gps", "person name", "device serial", "date", "xmp")),
    "xmp without a name": (encoded(frame(160, 140), xmp=BARE_XMP), ("xmp",)),
    "iptc": (
        with_segments(iptc((80, b"Kari N"), (90, b"Oslo"), (55, b"20120416"))),
        ("place name", "person name", "date", "iptc"),
    ),
    "iptc with blanks": (with_segments(iptc((80, b"  "), (0, b"\x00\x02"))), ()),
    "comment": (encoded(frame(160, 140), comment=b"patient 4711"), ("comment",)),
    "signature of an encoder": (encoded(frame(160, 140), comment=b"CREATOR: gd-jpeg v1.0"), ()),
    "comment in a GIF": (encoded(frame(160, 140), "GIF", comment=b"patient 4711"), ("comment",)),
    "place in a PNG": (encoded(frame(160, 140), "PNG", exif=EXIF_GPS), ("exif", "gps")),
    "place in a WebP": (encoded(frame(160, 140), "WEBP", exif=EXIF_GPS), ("exif", "gps")),
    "plain PNG": (encoded(frame(160, 140), "PNG", dpi=(72, 72)), ()),
    "plain TIFF": (encoded(frame(160, 140), "TIFF"), ()),
    "name in a TIFF": (encoded(frame(160, 140), "TIFF", tiffinfo={315: "Kari N"}), ("person name",)),
}


@pytest.mark.parametrize("name", CASES)
def test_kinds_are_named(name: str) -> None:
    data, expected = CASES[name]
    found = decode(data)
    assert found.problem is None
    assert found.embedded == expected


def test_texts_of_a_png_are_told_before_and_behind_the_pixels() -> None:
    texts = PngImagePlugin.PngInfo()
    texts.add_text("Author", "Kari N")
    texts.add_text("Software", "some program")
    data = encoded(frame(160, 140), "PNG", pnginfo=texts)
    body = b"tEXtComment\x00ward 3"
    chunk = struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body))
    assert decode(data[:-12] + chunk + data[-12:]).embedded == ("person name", "comment")


def test_a_truncated_image_tells_its_metadata_too() -> None:
    data = encoded(frame(160, 140), exif=EXIF_GPS)
    found = decode(data[: len(data) // 2])
    assert (found.problem, found.embedded) == ("truncated", ("exif", "gps"))


def test_every_kind_is_in_the_list() -> None:
    assert {kind for _, kinds in CASES.values() for kind in kinds} == set(CATEGORIES)


def test_no_value_is_kept_in_a_fingerprint() -> None:
    one = fingerprint(RawImage("a", "images/a.jpg", encoded(frame(160, 140), xmp=XMP, comment=b"patient 4711")))
    assert one.embedded == ("gps", "person name", "device serial", "date", "comment", "xmp")
    assert not any(word in repr(one) for word in ("Kari", "4711", "12345", "2012"))


def folder(entries: int, value_bytes: int, size: int) -> bytes:
    """EXIF whose one folder has many entries, each of which claims almost the whole block as its value."""
    body = b"".join(struct.pack(">HHII", 0x9003 + n % 0x6000, 2, value_bytes, 8) for n in range(entries))
    block = b"Exif\x00\x00MM\x00*\x00\x00\x00\x08" + struct.pack(">H", entries) + body + b"\x00\x00\x00\x08"
    return block.ljust(size, b"x")


HOSTILE = {
    "no folder": b"Exif\x00\x00MM\x00*\x00\x00\xff\xff",
    "cut mark": b"Exif\x00\x00MM",
    "folder in itself": b"Exif\x00\x00"
    + b"II*\x00\x08\x00\x00\x00"
    + b"\x02\x00"
    + struct.pack("<HHII", 0x8769, 4, 1, 8)
    + struct.pack("<HHII", 0x8825, 4, 1, 8)
    + struct.pack("<I", 8),
    "unknown types": b"Exif\x00\x00MM\x00*\x00\x00\x00\x08\x00\x01" + struct.pack(">HHII", 0x013B, 999, 2**32 - 1, 8),
    "many values": folder(5_000, 60_000, 65_000),
    "count without entries": b"Exif\x00\x00MM\x00*\x00\x00\x00\x08\xff\xff",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_broken_block_harms_nothing(name: str) -> None:
    found = decode(with_segments(segment(0xE1, HOSTILE[name])))
    assert found.problem is None
    assert set(found.embedded) <= {"exif", "person name", "comment", "date"}


def test_huge_blocks_are_read_in_no_time() -> None:
    image = Image.new("RGB", (8, 8))
    started = time.process_time()
    tags = read_tags(folder(65_535, 20_000_000, 20_000_000))
    image.info["xmp"] = b"<a xmp:CreateDate   xmp:creator>" * 300_000 + b"<" * 1_000_000
    image.info["photoshop"] = {0x0404: b"\x1c\x02\x50\x00\x00" * 1_000_000}
    kinds = embedded_in(image, b"")
    assert len(tags.main) <= 512
    assert kinds == ("xmp",)
    assert time.process_time() - started < 2.0


def test_a_plain_image_costs_next_to_nothing() -> None:
    image = Image.open(io.BytesIO(CASES["nothing"][0]))
    started = time.process_time()
    for _ in range(1_000):
        embedded_in(image, b"")
    assert (time.process_time() - started) / 1_000 < 0.000_05


def test_kinds_survive_the_cache(tmp_path: Path) -> None:
    raws = [RawImage(name, f"{name}.jpg", CASES[name][0]) for name in ("camera", "nothing")]
    images = [fingerprint(raw) for raw in raws]
    places = [ImagePlace(f"/{one.img_id}", "1") for one in images]
    with FingerprintCache(tmp_path) as cache:
        cache.keep(images, list(zip(places, images, strict=True)))
        kept = cache.find_unchanged(places, version_of(decoder(), ALGORITHM))
        assert cache.notes == []
    again = [kept[f"/{one.img_id}"].fingerprint(one.img_id, decoder(), ALGORITHM) for one in images]
    assert again == images


def test_kinds_survive_the_file_and_older_files_are_read() -> None:
    import pyarrow.parquet as pq

    images = [fingerprint(RawImage(name, f"{name}.jpg", CASES[name][0])) for name in ("camera", "nothing")]
    table = fingerprints_table(images)
    target = io.BytesIO()
    pq.write_table(table, target)
    again = fingerprints_of(target.getvalue())
    assert [one.embedded for one in again] == [("exif", "person name", "device serial", "date"), ()]
    older = table.drop_columns(["embedded"]).to_pylist()
    assert [fingerprint_of(row).embedded for row in older] == [(), ()]
