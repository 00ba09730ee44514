"""Files are written whole, with the permissions that the process gives to its new files, by several threads at once."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from kvqa_audit.artifacts.atomic_file import write_atomically

FILES = 40


@pytest.fixture(params=[0o022, 0o027, 0o077], ids=oct)
def umask(request: pytest.FixtureRequest) -> Iterator[int]:
    before = os.umask(request.param)
    yield int(request.param)
    os.umask(before)


def test_threads_that_write_at_once_keep_permissions_and_umask(
    umask: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: int) -> int:
        raise AssertionError("for a moment the files of all other threads would get other permissions")

    def write(number: int) -> None:
        write_atomically(tmp_path / f"{number}.txt", str(number).encode())

    with monkeypatch.context() as patched, ThreadPoolExecutor(2) as threads:
        patched.setattr(os, "umask", refuse)
        list(threads.map(write, range(FILES)))
    written = {path: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}
    assert len(written) == FILES
    assert set(written.values()) == {0o666 & ~umask}
    assert os.umask(umask) == umask
