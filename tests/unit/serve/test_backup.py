"""A backup holds nobody's session; an archive that holds something else than files below it is refused whole."""

from __future__ import annotations

import io
import sqlite3
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from kvqa_audit.access.sessions import begin_session, user_of_session
from kvqa_audit.access.users import add_user
from kvqa_audit.errors import KvqaAuditError
from kvqa_audit.jobs.job_store import JobStore
from kvqa_audit.serve.backup import SQLITE, back_up, restore
from kvqa_audit.serve.config import ServeConfig
from kvqa_audit.store.access_tables import Role


def member(name: str, **about: object) -> tarfile.TarInfo:
    made = tarfile.TarInfo(name)
    for word, value in about.items():
        setattr(made, word, value)
    return made


@pytest.mark.parametrize(
    "hostile",
    [
        member("../outside"),
        member("runs/../../outside"),
        member("/tmp/outside"),
        member("runs", type=tarfile.SYMTYPE, linkname="/etc"),
        member("key", type=tarfile.LNKTYPE, linkname="store.sqlite"),
        member("pipe", type=tarfile.FIFOTYPE),
    ],
    ids=lambda one: one.name,
)
def test_archive_with_anything_but_files_below_it_is_refused(tmp_path: Path, hostile: tarfile.TarInfo) -> None:
    archive = tmp_path / "service.tar.gz"
    with tarfile.open(archive, "w:gz") as tar:
        tar.addfile(member("store.sqlite", size=4), io.BytesIO(b"none"))
        tar.addfile(hostile, io.BytesIO())
    with pytest.raises(KvqaAuditError, match="is no plain file below it"):
        restore(ServeConfig(data=tmp_path / "data"), archive)
    assert [path.name for path in tmp_path.iterdir()] == ["service.tar.gz"]


def test_backup_holds_no_session_and_ends_none(tmp_path: Path) -> None:
    config = ServeConfig(data=tmp_path / "data")
    config.data.mkdir()
    with JobStore(config.place) as store, store.writing() as connection:
        now = store.clock(connection)
        user = add_user(connection, "anna", Role.REVIEWER, now)
        secret = begin_session(connection, user, now)
    back_up(config, tmp_path / "service.tar.gz")
    with tarfile.open(tmp_path / "service.tar.gz") as tar:
        held = tar.extractfile(SQLITE)
        assert held is not None
        (tmp_path / SQLITE).write_bytes(held.read())
    copy = sqlite3.connect(tmp_path / SQLITE)
    assert copy.execute("SELECT name FROM users").fetchall() == [("anna",)]
    assert copy.execute("SELECT * FROM sessions").fetchall() == []
    copy.close()
    with JobStore(config.place) as store, store.reading() as connection:
        assert user_of_session(connection, secret, now) is not None


def _cut(store: bytes) -> bytes:
    return store[: len(store) // 2]


@pytest.mark.parametrize(
    "damaged",
    [lambda _: b"no store" * 900, _cut, lambda store: store.replace(b"CREATE TABLE", b"CREATE T\xffBLE")],
    ids=["junk", "half", "schema"],
)
def test_store_that_is_damaged_is_told_and_no_archive_is_left(
    tmp_path: Path, damaged: Callable[[bytes], bytes]
) -> None:
    config = ServeConfig(data=tmp_path / "data")
    config.data.mkdir()
    with JobStore(config.place):
        pass
    place = Path(config.place)
    for left in place.parent.glob(f"{place.name}-*"):
        left.unlink()
    place.write_bytes(damaged(place.read_bytes()))
    with pytest.raises(KvqaAuditError, match=r"malformed|not a database|cannot be copied"):
        back_up(config, tmp_path / "service.tar.gz")
    assert [path.name for path in tmp_path.iterdir()] == ["data"]
