"""The bytes of a text file come in; its text, the encoding in words, and what is wrong with the encoding go out."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from kvqa_audit.errors import SourceError
from kvqa_audit.ingest.dataset import TableFault

_BYTES_AS_LATIN_1 = {0xDC00 + byte: byte for byte in range(0x80, 0x100)}
# What Windows has where Latin-1 has control characters; its five gaps stay as they are.
_BYTES_AS_CP1252 = {0xDC00 + byte: bytes([byte]).decode("cp1252", "ignore") or chr(byte) for byte in range(0x80, 0x100)}
_UNDECODED = re.compile("[\udc80-\udcff]")
_MARKS = (
    (b"\xff\xfe\x00\x00", "utf-32"),
    (b"\x00\x00\xfe\xff", "utf-32"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)
# Of what JSON escapes, a pair of surrogates is one character; half of a pair is none, and no other format can hold it.
_ESCAPES = re.compile(
    r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|\\(?P<half>u[dD][89a-fA-F][0-9a-fA-F]{2})|\\.",
    re.DOTALL,
)
_UTF8_MARK = b"\xef\xbb\xbf"
_SAMPLE_BYTES = 4096


def decoded(data: bytes) -> tuple[str, str, list[TableFault]]:
    """Text, name of the encoding, and faults; a byte that is no UTF-8 is kept as the character it most likely is."""
    wide = _wide_encoding(data)
    if wide is not None:
        name = wide.upper().removesuffix("-LE").removesuffix("-BE")
        fault = TableFault("other_encoding", f"The file is {name}, not UTF-8", suggestion="Save the file as UTF-8")
        return data.decode(wide, "replace").removeprefix("\ufeff"), name, [fault]
    data = data.removeprefix(b"\xef\xbb\xbf")
    faults: list[TableFault] = []
    if b"\x00" in data:
        faults += _per_line(data.decode("utf-8", "replace"), "nul_byte", re.compile("\x00"), _nul_message)
    try:
        return data.decode("utf-8"), "UTF-8", faults
    except UnicodeDecodeError:
        text = data.decode("utf-8", "surrogateescape")
    # Bytes 80 to 9F are letters and quotes in Windows-1252, and nothing that anybody writes in Latin-1.
    windows = any("\udc80" <= found <= "\udc9f" for found in _UNDECODED.findall(text))
    name, table = ("Windows-1252", _BYTES_AS_CP1252) if windows else ("Latin-1", _BYTES_AS_LATIN_1)
    lines = _per_line(text, "not_utf8", _UNDECODED, lambda count: _bytes_message(count, name))
    is_mixed = any(character > "\x7f" and not "\udc80" <= character <= "\udcff" for character in set(text))
    if len(lines) > 1 and not is_mixed:
        first = lines[0].line
        message = f"The file is {name}, not UTF-8: {len(lines):,} lines hold such bytes, line {first} is the first"
        lines = [TableFault("other_encoding", message, line=first, suggestion="Save the file as UTF-8")]
    return text.translate(table), f"UTF-8 with bytes of {name}" if is_mixed else name, faults + lines


def whole_characters(text: str) -> tuple[str, list[TableFault]]:
    """JSON in which halves of characters, such as `\\ud800`, are read as they are written; and what told of them."""
    if r"\ud" not in text and r"\uD" not in text:
        return text, []
    halves = 0

    def written(escape: re.Match[str]) -> str:
        nonlocal halves
        if escape["half"] is None:
            return escape[0]
        halves += 1
        return f"\\\\{escape['half']}"

    text = _ESCAPES.sub(written, text)
    if not halves:
        return text, []
    message = (
        f"{halves:,} escapes are half a character, such as \\ud83d without its other half; read as they are written"
    )
    return text, [TableFault("not_utf8", message, suggestion="Cut texts between characters, and export them again")]


@dataclass(frozen=True)
class EncodedText:
    """A text, and how it becomes the bytes of its file again; what `decoded` reads is read in the same way."""

    text: str
    codec: str
    mark: bytes = b""
    letters: Mapping[int, int | str] = field(default_factory=dict)

    @classmethod
    def of(cls, data: bytes) -> EncodedText:
        """The text of a file; bytes that are no UTF-8 in a file that mostly is are kept as lone surrogates."""
        wide = _wide_encoding(data)
        if wide is not None:
            mark = next((mark for mark, _ in _MARKS if data.startswith(mark)), b"")
            codec = wide if not mark else f"{wide}-{'le' if mark[0] == 0xFF else 'be'}"
            return cls(data[len(mark) :].decode(codec, "surrogatepass"), codec, mark)
        mark = _UTF8_MARK if data.startswith(_UTF8_MARK) else b""
        _, name, _ = decoded(data)
        tables: Mapping[str, Mapping[int, int | str]] = {
            "Windows-1252": dict(_BYTES_AS_CP1252),
            "Latin-1": dict(_BYTES_AS_LATIN_1),
        }
        letters = tables.get(name, {})
        text = data[len(mark) :].decode("utf-8", "surrogateescape")
        return cls(text.translate(letters), "utf-8", mark, letters)

    def back(self, text: str, path: Path) -> bytes:
        """The bytes of a text.

        Raises:
            SourceError: it holds a letter that the file's encoding has not.
        """
        if self.codec != "utf-8":
            return self.mark + text.encode(self.codec, "surrogatepass")
        known = {ord(letter) if isinstance(letter, str) else letter: code for code, letter in self.letters.items()}
        if self.letters and (lacking := {c for c in text if c > "\x7f" and ord(c) not in known}):
            raise SourceError(
                f"{path.name}: {min(lacking)!r} cannot be written in the encoding of the file. Save it as UTF-8 first."
            )
        return self.mark + text.translate(known).encode("utf-8", "surrogateescape")


def _wide_encoding(data: bytes) -> str | None:
    """UTF-16 or UTF-32 by its mark, or UTF-16 by the zero bytes that its ASCII characters have on one side."""
    for mark, name in _MARKS:
        if data.startswith(mark):
            return name
    sample = data[: _SAMPLE_BYTES // 2 * 2]
    sample = sample[: len(sample) // 2 * 2]
    if len(sample) >= 8:
        high, low = sample[0::2].count(0), sample[1::2].count(0)
        if low > 0.4 * len(sample) / 2 and high == 0:
            return "utf-16-le"
        if high > 0.4 * len(sample) / 2 and low == 0:
            return "utf-16-be"
    return None


def _per_line(text: str, kind: str, pattern: re.Pattern[str], message: Callable[[int], str]) -> list[TableFault]:
    return [
        TableFault(kind, message(len(found)), line=number, suggestion="Save the file as clean UTF-8")
        for number, line in enumerate(text.split("\n"), 1)
        if (found := pattern.findall(line))
    ]


def _nul_message(count: int) -> str:
    return f"The line holds {count} NUL byte(s)"


def _bytes_message(count: int, name: str) -> str:
    return f"The line holds {count} byte(s) that are not UTF-8; they were taken as {name}"
