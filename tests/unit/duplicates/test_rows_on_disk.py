"""Rows on disk are what an array would be, whatever is written and asked for; a full disk is told."""

from __future__ import annotations

import os
import resource
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kvqa_audit.duplicates.rows_on_disk import RowsOnDisk
from kvqa_audit.errors import OutputError

COUNT = 9
NUMBERS = st.lists(st.integers(0, COUNT - 1), max_size=12).map(lambda them: np.array(them, np.int64))
SLICES = st.tuples(st.integers(0, COUNT), st.integers(0, COUNT)).map(lambda ends: slice(*sorted(ends)))


@given(
    st.lists(SLICES, max_size=4),
    NUMBERS,
    st.one_of(NUMBERS, SLICES),
    st.sampled_from([(), (3,), (2, 5)]),
    st.booleans(),
)
def test_they_are_as_an_array(written, taken, asked, row, appended) -> None:
    rows = RowsOnDisk((COUNT - appended, *row), np.float32)
    array = np.zeros((COUNT, *row), np.float32)
    if appended:
        array[COUNT - 1] = 7
        rows.append(array[COUNT - 1 :])
    for number, part in enumerate(written, 1):
        array[part] = number + np.arange(array[part].size).reshape(array[part].shape)
        rows[part] = array[part]
    assert len(rows) == COUNT
    assert np.array_equal(rows[asked], array[asked])
    some, of_array = rows.taken(taken), array[taken]
    assert len(some) == len(taken)
    assert np.array_equal(some[:], of_array)
    if len(taken):
        assert np.array_equal(some[len(taken) - 1], of_array[-1])
        assert np.array_equal(some.taken(np.array([0]))[:], of_array[:1])


@pytest.mark.parametrize("number", [-1, 2])
def test_a_row_that_is_not_there_is_told(number: int) -> None:
    rows = RowsOnDisk((3, 1), np.int8).taken(np.array([0, 1]))
    with pytest.raises(IndexError, match=f"rows {number} to {number} of 2"):
        rows[np.array([number])]


def test_the_file_is_open_as_long_as_any_rows_of_it_are_used() -> None:
    rows = RowsOnDisk((2, 1), np.int8)
    rows[:] = np.array([[1], [2]])
    some, descriptor = rows.taken(np.array([1])), rows._descriptor
    del rows
    assert some[0].tolist() == [2]
    del some
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(descriptor)


def test_what_cannot_be_written_names_the_folder_and_what_to_do(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    rows = RowsOnDisk((0, 1024), np.uint8)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2048, hard))
    try:
        with pytest.raises(OutputError, match=rf"{tmp_path}: .* Make room, or name another folder in TMPDIR"):
            rows.append(np.ones((3, 1024), np.uint8))
        with pytest.raises(OutputError, match="cannot be written there"):
            RowsOnDisk((3, 1024), np.uint8)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
