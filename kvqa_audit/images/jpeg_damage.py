"""The bytes of a JPEG and its reduced picture come in; whether it is damaged before its end goes out.

libjpeg fills what it cannot decode and says so only in warnings, which Pillow does not pass on. Two things make a
picture suspect. Where its lower part is of one tone, it is decoded once more without the last bytes of its data: in a
sound picture only the last blocks can change then, where the data ran out early a place far above. And a run of zero
bytes, as a lost block of a disk or of a download leaves, is no data unless zero bits mean that nothing changes.
"""

from __future__ import annotations

from collections.abc import Callable

from PIL import Image, ImageChops

_SCAN = b"\xff\xda"
_END = b"\xff\xd9"
_TABLES, _COUNTS = 0xC4, 17
_BASELINE = (b"\xff\xc0", b"\xff\xc1")
_ZERO_RUN = bytes(32)
_MIN_FILLED_ROWS_SHARE = 0.08
_LEFT_OUT_BYTES = 24
# A block of one tone takes at least a bit for its mean and one for its end, and is at most two blocks high.
_MIN_BITS_A_BLOCK = 2
_BLOCK_PX, _MAX_BLOCK_PX = 8, 16


def damage_inside(
    data: bytes, luma: Image.Image, size_px: tuple[int, int], decode: Callable[[bytes], Image.Image | None]
) -> str | None:
    """What is wrong, in words; None for a sound picture, for a progressive one, and where it cannot be told.

    Args:
        data: the file, which ends as a JPEG does.
        luma: its reduced grey picture.
        size_px: width and height as stored.
        decode: gives the same of other bytes.
    """
    filled, zeros = _is_filled(luma), data.find(_ZERO_RUN)
    if not filled and zeros < 0:
        return None
    start, end = data.rfind(_SCAN), data.rfind(_END)
    header = data[: max(start, 0)]
    if end <= start + _LEFT_OUT_BYTES or not any(marker in header for marker in _BASELINE):
        return None
    zeros = data.find(_ZERO_RUN, start, end)
    if zeros > 0 and not _zero_bits_mean_nothing(header):
        return f"zero bytes stand inside the data, {(zeros - start) / (end - start):.0%} of the way"
    if not filled:
        return None
    shortened = data[:start] + data[start : end - _LEFT_OUT_BYTES].rstrip(b"\xff") + _END
    again = decode(shortened)
    changed = None if again is None else ImageChops.difference(again, luma).getbbox()
    width, height = size_px
    last_blocks = _LEFT_OUT_BYTES * 8 // _MIN_BITS_A_BLOCK
    last_rows = 1 + -(-last_blocks // -(-width // _BLOCK_PX))
    first_px = height if changed is None else changed[1] * height // luma.height
    if first_px >= height - last_rows * _MAX_BLOCK_PX:
        return None
    return f"the data ends at row {first_px} of {height}, and the rest is filled"


def _is_filled(luma: Image.Image) -> bool:
    """Whether the lower part is of one tone, as the decoder leaves what it has no data for."""
    rows = max(3, int(_MIN_FILLED_ROWS_SHARE * luma.height))
    darkest, brightest = luma.crop((0, max(0, luma.height - rows), luma.width, luma.height)).getextrema()
    return darkest == brightest


def _zero_bits_mean_nothing(header: bytes) -> bool:
    """Whether zero bits may say that nothing follows in a block: the first code of each table, all zeros, is symbol 0.

    So it is where the tables were made for a picture with large flat parts; in the usual table for grey it is not.
    """
    at, first_symbols = 2, []
    while at + 4 <= len(header) and header[at] == 0xFF:
        size = int.from_bytes(header[at + 2 : at + 4], "big")
        part = header[at + 4 : at + 2 + size] if header[at + 1] == _TABLES else b""
        while len(part) > _COUNTS:
            if part[0] >> 4 == 1:
                first_symbols.append(part[_COUNTS])
            part = part[_COUNTS + sum(part[1:_COUNTS]) :]
        at += 2 + size
    return not any(first_symbols)
