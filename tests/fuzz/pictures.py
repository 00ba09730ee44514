"""A random generator and a case come in; hostile pictures in the case, and the command that looks at them, go out."""

from __future__ import annotations

import io
import os
import random
import struct
import zlib
from collections.abc import Callable

from PIL import Image

from tests.fuzz.accounts import images_are_accounted_for
from tests.fuzz.case import Case, Try
from tests.fuzz.texts import mutate_file, mutated

FORMATS = ("PNG", "GIF", "TIFF", "WEBP", "BMP", "JPEG", "PPM", "JPEG2000")


def picture(random_: random.Random, case: Case) -> Try:
    """Pictures by mutation, in several formats, and such as are links, pipes or folders."""
    for path in sorted(case.images.iterdir()):
        kind = random_.random()
        if kind < 0.4:
            mutate_file(random_, path)
        elif kind < 0.7:
            drawn = io.BytesIO()
            Image.effect_noise((64, 48), 60).save(drawn, random_.choice(FORMATS))
            path.write_bytes(mutated(random_, drawn.getvalue()))
        elif kind < 0.9:
            path.unlink()
            random_.choice((os.mkfifo, os.mkdir, lambda at: at.symlink_to("/dev/zero")))(path)
    return _looked_at(random_, case)


def bomb(random_: random.Random, case: Case) -> Try:
    """Pictures that are small as files and large as pixels, frames or metadata."""
    for path in random_.sample(sorted(case.images.iterdir()), 2):
        path.write_bytes(random_.choice(BOMBS)(random_))
    return _looked_at(random_, case)


def _looked_at(random_: random.Random, case: Case) -> Try:
    if random_.random() < 0.3:
        words = ["duplicates", str(case.source), "--mode", "exact", "-j", "1", "-q"]
        return Try([*words, "--out", str(case.out)], (case.out,))
    return Try(case.run("--spec", str(case.spec)), (case.out,), accounts=images_are_accounted_for)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _png(width: int, height: int, *chunks: bytes, depth: int = 8, rows: int = 1) -> bytes:
    header = struct.pack(">IIBBBBB", width, height, depth, 0, 0, 0, 0)
    pixels = zlib.compress(bytes((width * depth // 8 + 1) * rows), 9)
    return (
        b"\x89PNG\r\n\x1a\n"
        + _chunk(b"IHDR", header)
        + b"".join(chunks)
        + _chunk(b"IDAT", pixels)
        + _chunk(b"IEND", b"")
    )


def _large_png(random_: random.Random) -> bytes:
    side = random_.choice((9_000, 20_000, 60_000))
    return _png(side, side, depth=1, rows=min(side, 20_000))


def _many_texts(random_: random.Random) -> bytes:
    packed = zlib.compress(bytes(random_.choice((10**6, 10**8))), 9)
    text = _chunk(b"zTXt", b"a\0\0" + packed)
    profile = _chunk(b"iCCP", b"a\0\0" + packed)
    return _png(8, 8, *random_.choice(([text] * random_.choice((1, 50)), [profile])), rows=8)


def _many_frames(random_: random.Random) -> bytes:
    width = random_.choice((1, 4_000))
    frame = b"\x21\xf9\x04\0\0\0\0\0\x2c\0\0\0\0" + struct.pack("<HH", width, width) + b"\0\x02\x02\x44\x01\0"
    return b"GIF89a" + struct.pack("<HH", width, width) + b"\x80\0\0\0\0\0\xff\xff\xff" + frame * 20_000 + b";"


def _large_header(random_: random.Random) -> bytes:
    """A file of a few bytes whose header tells of many pixels."""
    side = random_.choice((30_000, 65_535))
    bitmap = b"BM" + struct.pack("<IHHI", 60, 0, 0, 54) + struct.pack("<IiiHHIIiiII", 40, side, side, 1, 24, *[0] * 6)
    net = f"P5 {side} {side} 255\n".encode()
    tiff = b"II*\0" + struct.pack("<IH", 8, 8)
    for tag, value in ((256, side), (257, side), (258, 8), (259, 1), (262, 1), (273, 200), (277, 1), (279, 2**31 - 1)):
        tiff += struct.pack("<HHII", tag, 4, 1, value)
    jpeg = b"\xff\xd8\xff\xc2\0\x0b\x08" + struct.pack(">HH", side, side) + b"\x01\x01\x11\0"
    return random_.choice((bitmap, net, tiff + bytes(4), jpeg + b"\xff\xda\0\x08\x01\x01\0\0\x3f\0" * 2_000))


def _tiff(random_: random.Random) -> bytes:
    """One packed strip of zeros for all pixels of a directory; many directories, or one that leads to itself."""
    side = random_.choice((2_000, 9_000, 30_000))
    strip = zlib.compress(bytes((side + 7) // 8 * side), 9)
    count, at = random_.choice((1, 1, 20_000)), 8 + len(strip)
    tags = ((256, side), (257, side), (258, 1), (259, 8), (262, 1), (273, 8), (277, 1), (278, side), (279, len(strip)))
    entries = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags)
    length = 2 + len(entries) + 4
    last = random_.choice((0, at))
    nexts = [*(at + number * length for number in range(1, count)), last]
    directories = (struct.pack("<H", len(tags)) + entries + struct.pack("<I", one) for one in nexts)
    return struct.pack("<2sHI", b"II", 42, at) + strip + b"".join(directories)


def _webp(random_: random.Random) -> bytes:
    """A picture of one colour, which costs no bit a pixel; alone, as frames of a film, or beside large metadata."""
    side = random_.choice((2_000, 8_000, 16_383))
    bits, place = 0, 0
    # One colour: no transform, no cache of colours, one set of codes, each with a single symbol.
    for value, width in ((side - 1, 14), (side - 1, 14), (0, 4), (0, 3), *[(0b001, 4)] * 5):
        bits |= value << place
        place += width
    picture = _riff(b"VP8L", b"\x2f" + bits.to_bytes((place + 7) // 8, "little"))
    kind = random_.choice(("alone", "frames", "metadata"))
    size = (side - 1).to_bytes(3, "little") * 2
    if kind == "frames":
        frame = _riff(b"ANMF", bytes(6) + size + b"\x01\0\0\0" + picture)
        content = _riff(b"VP8X", b"\x02\0\0\0" + size) + _riff(b"ANIM", bytes(6)) + frame * 20_000
    elif kind == "metadata":
        content = _riff(b"VP8X", b"\x20\0\0\0" + size) + _riff(b"ICCP", bytes(20_000_000)) + picture
    else:
        content = picture
    return _riff(b"RIFF", b"WEBP" + content)


def _riff(kind: bytes, data: bytes) -> bytes:
    return kind + struct.pack("<I", len(data)) + data + bytes(len(data) % 2)


BOMBS: tuple[Callable[[random.Random], bytes], ...] = (
    _large_png, _many_texts, _many_frames, _large_header, _tiff, _webp,
)  # fmt: skip
