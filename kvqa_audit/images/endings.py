"""The bytes of an image come in; which format they begin like, and whether their end is missing, go out."""

from __future__ import annotations

_SIGNATURES = (
    ("JPEG", b"\xff\xd8"),
    ("PNG", b"\x89PNG\r\n\x1a\n"),
    ("GIF", b"GIF87a"),
    ("GIF", b"GIF89a"),
    ("TIFF", b"II*\x00"),
    ("TIFF", b"MM\x00*"),
    ("BMP", b"BM"),
)
_JPEG_SCAN = b"\xff\xda"
_JPEG_END = b"\xff\xd9"
_GIF_EXTENSION, _GIF_IMAGE, _GIF_END = 0x21, 0x2C, 0x3B


def known_format(data: bytes) -> str | None:
    """The format whose signature the bytes begin with, or None."""
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "WEBP"
    return next((name for name, signature in _SIGNATURES if data.startswith(signature)), None)


_UNREAD = (
    (0, b"\x00\x00\x00\x0cjP  ", "JPEG 2000"),
    (0, b"\xff\x4f\xff\x51", "JPEG 2000"),
    (0, b"\xff\x0a", "JPEG XL"),
    (0, b"\x00\x00\x00\x0cJXL ", "JPEG XL"),
    (128, b"DICM", "DICOM"),
    (0, b"%PDF-", "PDF"),
    (0, b"8BPS", "Photoshop (PSD)"),
    (0, b"v/1\x01", "OpenEXR"),
    (344, b"n+1\x00", "NIfTI"),
    (0, b"\x1aE\xdf\xa3", "a Matroska or WebM video"),
    (8, b"AVI ", "an AVI video"),
    (0, b"\x00\x00\x01\xba", "an MPEG video"),
)
_BRANDS = {b"avif": "AVIF", b"avis": "AVIF", b"heic": "HEIC", b"heix": "HEIC", b"mif1": "HEIF", b"msf1": "HEIF"}
_SEEN_BYTES = 1024


def unread_format(data: bytes) -> str | None:
    """What a file is that holds pictures in a format that is not read here; None where that is not known."""
    if data[4:8] == b"ftyp":
        return _BRANDS.get(data[8:12], "an MP4 or QuickTime video")
    for at, signature, name in _UNREAD:
        if data.startswith(signature, at):
            return name
    start = data[:_SEEN_BYTES].lstrip(b"\xef\xbb\xbf \t\r\n")
    return "SVG" if start.startswith((b"<svg", b"<?xml", b"<!")) and b"<svg" in start else None


def is_cut_off(data: bytes) -> bool:
    """Whether the format's own end is missing; bytes after the end are no harm.

    A reduced decode can miss this: a JPEG whose last rows are gone may still fill the small picture. In a JPEG's
    entropy-coded data a 0xFF is always followed by 0x00 or a restart marker, so an end marker after the last scan
    header is a real one; one before it belongs to an embedded preview. Formats without an end of their own (BMP,
    TIFF) are never called cut off here.
    """
    name = known_format(data)
    if name == "JPEG":
        if data.endswith(_JPEG_END):
            return False
        return data.rfind(_JPEG_END) <= data.rfind(_JPEG_SCAN)
    if name == "PNG":
        return b"IEND" not in data
    if name == "GIF":
        return not _gif_ends(data)
    if name == "WEBP":
        return len(data) < 8 + int.from_bytes(data[4:8], "little")
    return False


def _gif_ends(data: bytes) -> bool:
    """Walks over the blocks; any byte may stand in their data, so that only this finds the real end."""
    if len(data) < 13:
        return False
    at = 13 + _colour_table_bytes(data[10])
    while at < len(data) and data[at] != _GIF_END:
        if data[at] == _GIF_EXTENSION:
            at += 2
        elif data[at] == _GIF_IMAGE and at + 9 < len(data):
            at += 11 + _colour_table_bytes(data[at + 9])
        else:
            return False
        while at < len(data) and data[at]:
            at += 1 + data[at]
        at += 1
    return at < len(data)


def _colour_table_bytes(flags: int) -> int:
    return 3 << ((flags & 7) + 1) if flags & 0x80 else 0
