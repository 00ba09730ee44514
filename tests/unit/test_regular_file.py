"""What is no regular file, or too large, is told and not read, whoever would read it."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from kvqa_audit.errors import KvqaAuditError
from kvqa_audit.fixes.reviewed import read_removals
from kvqa_audit.ingest.read_bytes import read_table_bytes
from kvqa_audit.regular_file import read_regular_file
from kvqa_audit.release.decisions_file import read_decisions
from kvqa_audit.spec.yaml_file import read_yaml

READERS: tuple[Callable[[Path], object], ...] = (read_yaml, read_decisions, read_removals, read_table_bytes)


def endless(path: Path) -> None:
    path.symlink_to("/dev/zero")


def sparse(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(2**40)


@pytest.mark.parametrize("make", [endless, sparse, os.mkfifo, os.mkdir])
@pytest.mark.parametrize("read", READERS)
def test_what_cannot_be_read_whole_is_told(
    tmp_path: Path, make: Callable[[Path], None], read: Callable[[Path], object]
) -> None:
    path = tmp_path / "decisions.csv"
    make(path)
    with pytest.raises(KvqaAuditError, match=r"decisions\.csv: .*(regular file|bytes; at most|Is a directory)"):
        read(path)


def test_a_file_is_read_up_to_the_limit(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"abc")
    assert read_regular_file(tmp_path / "a", 3) == b"abc"
    with pytest.raises(OSError, match="has 3 bytes; at most 2 are read"):
        read_regular_file(tmp_path / "a", 2)
