"""The fingerprints of one task come in as a file of their own, in a folder or in object storage; and go out again."""

from __future__ import annotations

import io
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from kvqa_audit.artifacts.atomic_file import write_atomically
from kvqa_audit.errors import ArtifactError, OutputError
from kvqa_audit.ingest.object_store import ObjectError, list_objects, open_object, put_object
from kvqa_audit.ingest.object_url import is_object_url, shown
from kvqa_audit.model import ImageFingerprint
from kvqa_audit.regular_file import read_regular_file

ENDING = ".fingerprints.parquet"
_NUMBERS = ("size_bytes", "frames", "width", "height", "orientation")
_MEASURES = ("brightness", "contrast", "sharpness", "entropy_bits", "dark_share", "bright_share")
_NAMES = tuple(one.name for one in fields(ImageFingerprint))
_NEEDED = ("img_id", "path", "size_bytes", "sha256")
_SEPARATOR = b";"
_MAX_BYTES = 1 << 30


@dataclass(frozen=True, slots=True)
class FingerprintFiles:
    """Files of fingerprints below a folder or a URL of object storage; each is there whole or not at all.

    They hold the small grey pictures, too, so they are for the work alone.
    """

    place: str

    @property
    def local_folders(self) -> tuple[str, ...]:
        """The folder, where it is one: it has to be there wherever files are written."""
        return () if is_object_url(self.place) else (self.place,)

    def names(self) -> frozenset[str]:
        """The names of the files that are there.

        Raises:
            OutputError: it is no folder, and none can be made.
            SourceError: the URL cannot be listed.
        """
        if is_object_url(self.place):
            found: Iterable[str] = list_objects(self.place)
        else:
            try:
                Path(self.place).mkdir(mode=0o700, parents=True, exist_ok=True)
                found = [file.name for file in Path(self.place).iterdir()]
            except OSError as error:
                raise OutputError(
                    f"{self.place}: no fingerprints can be kept there: {error.strerror}; name another folder"
                ) from None
        return frozenset(name for name in found if name.endswith(ENDING))

    def write(self, name: str, fingerprints: Sequence[ImageFingerprint]) -> None:
        """Writes one file.

        Raises:
            OutputError: it cannot be written.
        """
        content = _content(fingerprints)
        if not is_object_url(self.place):
            write_atomically(Path(self.place) / name, content)
            return
        with tempfile.TemporaryDirectory(prefix="kvqa-audit-") as folder:
            file = Path(folder) / name
            file.write_bytes(content)
            try:
                put_object(self._url(name), file)
            except ObjectError as error:
                raise OutputError(
                    f"{shown(self._url(name))}: cannot be written ({error.detail}). Check the URL and the credentials "
                    "in the environment."
                ) from None

    def read(self, names: Iterable[str], only: Sequence[str] = _NAMES) -> Iterator[ImageFingerprint]:
        """The fingerprints of these files, one file at a time in memory.

        Args:
            names: as `write` was given them.
            only: the fields that are wanted; the others are as if nothing were known.

        Raises:
            ArtifactError: a file cannot be read, or is none of these.
        """
        import pyarrow as pa
        import pyarrow.parquet as pq

        columns = [name for name in _NAMES if name in only or name in _NEEDED]
        for name in names:
            content = self._bytes(name)
            try:
                rows = pq.read_table(io.BytesIO(content), columns=columns).to_pylist()
                found = [_of_row(row) for row in rows]
            except (OSError, pa.ArrowException, TypeError, ValueError, AttributeError) as error:
                raise ArtifactError(
                    f"{shown(self._url(name))}: holds no fingerprints ({str(error).splitlines()[0][:200]}). Remove it, "
                    "and it is made anew."
                ) from None
            yield from found

    def _bytes(self, name: str) -> bytes:
        try:
            if is_object_url(self.place):
                return open_object(self._url(name)).read()
            return read_regular_file(Path(self.place) / name, _MAX_BYTES)
        except (OSError, ObjectError) as error:
            why = error.detail if isinstance(error, ObjectError) else error.strerror
            raise ArtifactError(
                f"{shown(self._url(name))}: cannot be read ({why}). See that it is there and call the search again."
            ) from None

    def _url(self, name: str) -> str:
        return f"{self.place.rstrip('/')}/{name}"


def _content(fingerprints: Sequence[ImageFingerprint]) -> bytes:
    import pyarrow as pa
    import pyarrow.parquet as pq

    kinds = {**dict.fromkeys(_NUMBERS, pa.int64()), **dict.fromkeys(_MEASURES, pa.float64())}
    columns = {
        name: pa.array([_cell(getattr(one, name)) for one in fingerprints], kinds.get(name, pa.binary()))
        for name in _NAMES
    }
    file = io.BytesIO()
    pq.write_table(pa.table(columns), file)
    return file.getvalue()


def _cell(value: Any) -> Any:
    """Texts as bytes: the name of a file need not be UTF-8."""
    if isinstance(value, tuple):
        return _SEPARATOR.join(_bytes_of(one) for one in value)
    return _bytes_of(value) if isinstance(value, str) else value


def _bytes_of(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _of_row(row: dict[str, Any]) -> ImageFingerprint:
    told: dict[str, Any] = {
        name: value.decode("utf-8", "surrogatepass") if isinstance(value, bytes) and name != "thumbnail" else value
        for name, value in row.items()
    }
    if "embedded" in told:
        told["embedded"] = tuple(filter(None, told["embedded"].split(_SEPARATOR.decode())))
    return ImageFingerprint(**told)
