"""The bytes of an EXIF block or a TIFF file come in; the tags that hold something, folder by folder, go out.

Bounded whatever the bytes say: at most `MAX_ENTRIES` of a folder are looked at, four folders at most, each once, and
of a value no more than its beginning. A library that reads whole values can be made to copy gigabytes.
"""

from __future__ import annotations

from dataclasses import dataclass, field

MAX_ENTRIES = 512
_VALUE_BYTES = 64
_ENTRY_BYTES = 12
_TYPE_BYTES = (0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8, 4)
_MARK = b"Exif\x00\x00"
_EXIF_FOLDER, _GPS_FOLDER = 0x8769, 0x8825


@dataclass(frozen=True, slots=True)
class Tags:
    """Tag → the first 64 bytes of its value, for tags whose value is there and not blank.

    `main` is the first folder, `second` the one after it, which in EXIF is about the embedded thumbnail. `order` is
    "little" or "big".
    """

    main: dict[int, bytes] = field(default_factory=dict)
    exif: dict[int, bytes] = field(default_factory=dict)
    gps: dict[int, bytes] = field(default_factory=dict)
    second: dict[int, bytes] = field(default_factory=dict)
    order: str = "big"

    def number(self, tag: int) -> int | None:
        """The 16-bit number in the main folder under this tag."""
        value = self.main.get(tag, b"")[:2]
        return int.from_bytes(value, "little" if self.order == "little" else "big") if len(value) == 2 else None


def read_tags(block: bytes) -> Tags:
    """Reads the folders of an EXIF block, with or without its mark, or of a TIFF file; never raises for bad bytes."""
    base = len(_MARK) if block.startswith(_MARK) else 0
    order = {b"II*\x00": "little", b"MM\x00*": "big"}.get(block[base : base + 4])
    if order is None:
        return Tags()
    reader = _Reader(memoryview(block)[base:], order)
    start = reader.number(4, 4)
    main, after = reader.folder(start)
    return Tags(
        main,
        reader.folder_named(main, _EXIF_FOLDER),
        reader.folder_named(main, _GPS_FOLDER),
        reader.folder(after)[0],
        order,
    )


class _Reader:
    def __init__(self, block: memoryview, order: str) -> None:
        self._block = block
        self._order = order
        self._seen: set[int] = set()

    def number(self, at: int, size: int) -> int:
        return int.from_bytes(self._block[at : at + size], "little" if self._order == "little" else "big")

    def folder_named(self, main: dict[int, bytes], tag: int) -> dict[int, bytes]:
        value = main.get(tag, b"")
        return self.folder(int.from_bytes(value[:4], "little" if self._order == "little" else "big"))[0]

    def folder(self, start: int) -> tuple[dict[int, bytes], int]:
        """The filled tags of the folder at this place, and where the next one is (0: nowhere)."""
        if start < 8 or start in self._seen or start + 2 > len(self._block):
            return {}, 0
        self._seen.add(start)
        count = self.number(start, 2)
        first = start + 2
        held = min(count, MAX_ENTRIES, (len(self._block) - first) // _ENTRY_BYTES)
        filled = {}
        for at in range(first, first + held * _ENTRY_BYTES, _ENTRY_BYTES):
            value = self._value(at)
            if value.strip(b"\x00 \t\r\n"):
                filled[self.number(at, 2)] = value
        end = first + count * _ENTRY_BYTES
        return filled, self.number(end, 4) if end + 4 <= len(self._block) else 0

    def _value(self, at: int) -> bytes:
        kind, count = self.number(at + 2, 2), self.number(at + 4, 4)
        size = _TYPE_BYTES[kind] * count if kind < len(_TYPE_BYTES) else 0
        place = at + 8 if size <= 4 else self.number(at + 8, 4)
        return bytes(self._block[place : place + min(size, _VALUE_BYTES)])
