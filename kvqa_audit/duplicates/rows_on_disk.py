"""Rows of numbers come in, one shape all; they lie in a file without a name, and those that are asked for go out."""

from __future__ import annotations

import os
import tempfile
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import copy
from itertools import pairwise
from typing import Any, Protocol

import numpy as np
from numpy.typing import DTypeLike, NDArray

from kvqa_audit.errors import OutputError


class Rows(Protocol):
    """What arrays of rows and rows on disk have in common: rows are given by numbers or a slice, and set by a slice."""

    def __len__(self) -> int: ...

    def __getitem__(self, chosen: Any, /) -> NDArray[Any]: ...

    def __setitem__(self, chosen: slice, values: NDArray[Any], /) -> None: ...


MakeRows = Callable[[tuple[int, ...], DTypeLike], Rows]


class RowsOnDisk:
    """As an array, (n, ...), of which no row is in memory but those that are asked for; 0 where none was written.

    The file lies in the folder for temporary files and is gone with its last user, even after a kill. Threads may read
    and write at once.

    Raises:
        OutputError: there is no room.
    """

    def __init__(self, shape: tuple[int, ...], dtype: DTypeLike) -> None:
        self._count, self._row, self._dtype = shape[0], shape[1:], np.dtype(dtype)
        self._row_bytes = int(np.prod(self._row)) * self._dtype.itemsize
        self._numbers: NDArray[np.int64] | None = None
        self._taken_from: RowsOnDisk | None = None
        with _told_where_it_fails(), tempfile.TemporaryFile(buffering=0) as file:
            os.ftruncate(file.fileno(), self._count * self._row_bytes)
            self._descriptor = os.dup(file.fileno())
        weakref.finalize(self, os.close, self._descriptor)

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, chosen: slice | NDArray[np.int64] | int) -> NDArray[Any]:
        numbers = self._in_file(chosen)
        rows = np.empty((*numbers.shape, *self._row), self._dtype)
        for part, offset in self._runs(rows, numbers.reshape(-1)):
            read = 0
            while read < len(part):
                read += os.preadv(self._descriptor, [part[read:]], offset + read)
        return rows

    def __setitem__(self, chosen: slice, values: NDArray[Any]) -> None:
        """
        Raises:
            OutputError: there is no room.
        """
        numbers = self._in_file(chosen)
        rows = np.ascontiguousarray(values, self._dtype)
        with _told_where_it_fails():
            for part, offset in self._runs(rows, numbers):
                written = 0
                while written < len(part):
                    written += os.pwrite(self._descriptor, part[written:], offset + written)

    def append(self, values: NDArray[Any]) -> None:
        """Adds rows after the last.

        Raises:
            OutputError: there is no room.
        """
        start, self._count = self._count, self._count + len(values)
        self[start:] = values

    def taken(self, numbers: NDArray[np.int64]) -> RowsOnDisk:
        """The rows of these numbers, in their order, in the same file."""
        taken = copy(self)
        taken._count, taken._numbers, taken._taken_from = len(numbers), self._in_file(numbers), self
        return taken

    def _in_file(self, chosen: slice | NDArray[np.int64] | int) -> NDArray[np.int64]:
        """Where the rows stand in the file.

        Raises:
            IndexError: there is no such row; unlike an array's, they are not counted from the end.
        """
        numbers = np.arange(*chosen.indices(self._count)) if isinstance(chosen, slice) else np.asarray(chosen, np.int64)
        if numbers.size and not 0 <= numbers.min() <= numbers.max() < self._count:
            raise IndexError(f"rows {numbers.min()} to {numbers.max()} of {self._count}")
        return numbers if self._numbers is None else np.asarray(self._numbers[numbers])

    def _runs(self, rows: NDArray[Any], numbers: NDArray[np.int64]) -> Iterator[tuple[memoryview, int]]:
        """The parts of rows that lie together in the file, and where each begins, in bytes."""
        held, size = rows.reshape(-1).view(np.uint8).data, self._row_bytes
        starts = [0, *(np.flatnonzero(np.diff(numbers) != 1) + 1).tolist(), len(numbers)]
        for start, stop in pairwise(starts):
            if start < stop:
                yield held[start * size : stop * size], int(numbers[start]) * size


@contextmanager
def _told_where_it_fails() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise OutputError(
            f"{tempfile.gettempdir()}: what the search for duplicates keeps of the pictures, some 10 kB each, "
            f"cannot be written there: {error.strerror}. Make room, or name another folder in TMPDIR."
        ) from None
