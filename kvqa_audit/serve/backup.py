"""A service comes in, running or not; one archive of its store and reports goes out, and a service out of one.

The store is copied as of one moment, without sessions and one-time links, then the reports, which never change: a run
that ended in between has files that its store does not name yet, never the other way round.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path, PurePosixPath

from sqlalchemy import delete

from kvqa_audit.artifacts.out_folder import new_folder
from kvqa_audit.errors import KvqaAuditError, OutputError
from kvqa_audit.jobs.job_store import JobStore
from kvqa_audit.serve.config import ServeConfig
from kvqa_audit.store.access_tables import ONE_TIME_LINKS, SESSIONS
from kvqa_audit.store.database import address_of

_OF_SESSIONS = (SESSIONS, ONE_TIME_LINKS)
SQLITE, DUMP, KEY, RUNS = "store.sqlite", "store.dump", "report-key", "runs"


def back_up(config: ServeConfig, archive: Path) -> None:
    """Writes one archive, whole or not at all; the service may go on meanwhile.

    Raises:
        OutputError: the archive is there already, or cannot be written.
        KvqaAuditError: the store cannot be copied.
    """
    if archive.exists():
        raise OutputError(f"{archive}: is there already; name a new file")
    part = archive.with_name(f".{archive.name}.part")
    try:
        with tempfile.TemporaryDirectory(prefix="kvqa-audit-") as name, tarfile.open(part, "w:gz") as tar:
            copy = _copied_store(config, Path(name))
            tar.add(copy, copy.name)
            for place in (KEY, RUNS):
                if (config.data / place).exists():
                    tar.add(config.data / place, place, filter=_finished)
        part.replace(archive)
    except OSError as error:
        raise OutputError(f"{archive}: cannot be written: {error.strerror or error}; name another file") from None
    finally:
        part.unlink(missing_ok=True)


def restore(config: ServeConfig, archive: Path) -> None:
    """Makes a service out of an archive, in a folder and a store that hold nothing yet; everybody has to log in anew.

    Raises:
        OutputError: the folder is not empty, or cannot be written.
        KvqaAuditError: it is no archive of a service, or the store cannot be written.
    """
    with new_folder(config.data) as staging:
        with _opened(archive) as tar:
            _extract(tar, staging)
        if not (staging / SQLITE).is_file() and not (staging / DUMP).is_file():
            raise KvqaAuditError(f"{archive}: holds no store; it is no archive of 'kvqa-audit serve backup'")
        _restored_store(config, staging)


def _extract(tar: tarfile.TarFile, folder: Path) -> None:
    """Extracts an archive of plain files and folders.

    Raises:
        KvqaAuditError: something else is in it, or something that would lie elsewhere.
    """
    # Older versions of Python have no filter; what it would keep away is refused below.
    tar.extraction_filter = getattr(tarfile, "data_filter", None)
    for member in tar:
        place = PurePosixPath(member.name)
        if not (member.isreg() or member.isdir()) or place.is_absolute() or ".." in place.parts:
            raise KvqaAuditError(f"{member.name!r} in the archive is no plain file below it; restore only own backups")
        tar.extract(member, folder)


def _end_sessions(place: str) -> None:
    with JobStore(place, make=False) as store, store.writing() as connection:
        for table in _OF_SESSIONS:
            connection.execute(delete(table))


def _finished(member: tarfile.TarInfo) -> tarfile.TarInfo | None:
    """What an audit that is being written has so far is left out."""
    return None if "/.kvqa-audit-" in f"/{member.name}" else member


@contextmanager
def _opened(archive: Path) -> Iterator[tarfile.TarFile]:
    try:
        with tarfile.open(archive, "r:gz") as tar:
            yield tar
    except (tarfile.TarError, EOFError) as error:
        raise KvqaAuditError(f"{archive}: is no archive, or is damaged ({error})") from None
    except OSError as error:
        raise KvqaAuditError(f"{archive}: cannot be read: {error.strerror or error}") from None


def _copied_store(config: ServeConfig, folder: Path) -> Path:
    url = address_of(config.place)
    if url.get_backend_name() == "sqlite":
        if not url.database or not Path(url.database).is_file():
            raise KvqaAuditError(f"{url.database}: there is no such store")
        copy = folder / SQLITE
        try:
            with closing(sqlite3.connect(url.database)) as source, closing(sqlite3.connect(copy)) as target:
                source.backup(target)
        except (sqlite3.Error, UnicodeDecodeError) as error:
            raise KvqaAuditError(f"{url.database}: the store cannot be copied ({error}); bring back a copy") from None
        _end_sessions(str(copy))
        return copy
    copy = folder / DUMP
    without = (f"--exclude-table-data={table.name}" for table in _OF_SESSIONS)
    _postgres("pg_dump", config, "--format=custom", "--no-owner", *without, f"--file={copy}")
    return copy


def _restored_store(config: ServeConfig, staging: Path) -> None:
    url = address_of(config.place)
    if url.get_backend_name() == "sqlite":
        if not (staging / SQLITE).is_file():
            raise KvqaAuditError("the archive is of a service on PostgreSQL: name an empty database with --store")
        # Archives of earlier versions hold sessions.
        _end_sessions(str(staging / SQLITE))
        if config.store is None:
            (staging / SQLITE).rename(staging / Path(config.place).name)
        elif Path(config.store).exists():
            raise OutputError(f"{config.store}: is there already; name a new file")
        else:
            part = Path(config.store).with_name(f".{Path(config.store).name}.part")
            shutil.move(staging / SQLITE, part)
            part.rename(config.store)
        return
    if not (staging / DUMP).is_file():
        raise KvqaAuditError("the archive is of a service on SQLite: leave --store out")
    _postgres("pg_restore", config, "--no-owner", "--exit-on-error", "--single-transaction", str(staging / DUMP))
    _end_sessions(config.place)
    (staging / DUMP).unlink()


def _postgres(program: str, config: ServeConfig, *arguments: str) -> None:
    """Runs a program of PostgreSQL on the store; its password goes by the environment, which others cannot see."""
    places = [os.environ.get("PATH", ""), *map(str, sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True))]
    found = shutil.which(program, path=os.pathsep.join(places))
    if found is None:
        raise KvqaAuditError(f"{program}: is not installed; it comes with the client programs of PostgreSQL")
    url = address_of(config.place)
    environment = {**os.environ, "PGPASSWORD": str(url.password or "")}
    plain = url.set(drivername="postgresql", password=None).render_as_string()
    database = f"--dbname={plain}"
    done = subprocess.run(  # noqa: S603 - a program that was looked for
        [found, database, *arguments], env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise KvqaAuditError(f"{program}: {' '.join(done.stderr.split())[:600]}")
