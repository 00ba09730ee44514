"""A folder for results comes in; it is refused, or reserved for one run, and the results go into it all at once."""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from kvqa_audit.errors import OutputError

RECORD = "audit.json"
_RECORD_BEGINS = re.compile(rb'\A\{\s*"schema_version":\s*[0-9]+,\s*"run_id":\s*"')
_PREFIX = ".kvqa-audit-"
# The folders in which pictures are looked for beside a table that was named as a file.
_BESIDE_A_TABLE = ("images",)


@dataclass(frozen=True, slots=True)
class Reserved:
    """A folder that no other run writes to; files are written to `staging`, and `publish` moves them to `out`."""

    out: Path
    staging: Path

    def publish(self) -> frozenset[Path]:
        """Moves all staged files and gives their names.

        The record goes first: it has the digests of the others, so that no mixture of two audits is believed.

        Raises:
            OutputError: one cannot be moved.
        """
        staged = [path.relative_to(self.staging) for path in self.staging.rglob("*") if not path.is_dir()]
        for name in staged:
            if (self.out / name).is_dir():
                raise OutputError(f"{self.out / name}: cannot be written: is a folder; move it away")
            if (place := (self.out / name).parent) != self.out and place.is_symlink():
                raise OutputError(f"{place}: cannot be written: is a link that leads elsewhere; remove it")
        for name in sorted(staged, key=lambda name: (name != Path(RECORD), name)):
            target = self.out / name
            try:
                target.parent.mkdir(exist_ok=True)
                (self.staging / name).replace(target)
            except OSError as error:
                raise _cannot_be_written(target, error) from None
        return frozenset(staged)


def make_sure_it_is_apart(out: Path, source: str | Path, *, may_hold: bool = False) -> None:
    """Refuses a folder for results that is the source, lies inside it, or holds it.

    Args:
        out: the folder.
        source: a path; what does not exist (the id of a Hub dataset) is nowhere.
        may_hold: the source may lie in a folder below `out`.

    Raises:
        OutputError: it is such a folder.
    """
    if not os.path.exists(source):  # noqa: PTH110 - Path.exists raises for a name that is too long
        return
    place, target = Path(os.path.realpath(source)), Path(os.path.realpath(out))
    kept = [place] if place.is_dir() else [place, *(place.parent / name for name in _BESIDE_A_TABLE)]
    if any(target.is_relative_to(one) for one in kept):
        raise OutputError(f"{out}: lies in the dataset itself, which is never changed; name a place elsewhere")
    if place.is_relative_to(target) and not (may_hold and place.is_dir()):
        raise OutputError(f"{out}: holds the dataset {source}, which is never changed; name a place apart from it")


@contextmanager
def reserved(out: Path, source: str | Path, *, may_hold: bool = False) -> Iterator[Reserved]:
    """Reserves a folder for the results of one run; what a killed run left half done in it is removed.

    Raises:
        OutputError: it is not apart from the source, holds other things than an audit, cannot be written, or another
            process is writing to it.
    """
    make_sure_it_is_apart(out, source, may_hold=may_hold)
    made = not out.exists()
    try:
        out.mkdir(parents=True, exist_ok=True)
        folder = os.open(out, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        raise _cannot_be_written(out, error) from None
    try:
        if not _locked(folder):
            raise OutputError(f"{out}: {_owner(out)} is writing there; wait for its end, or name another folder")
        _make_sure_it_is_ours(out, Path(source) if may_hold else None)
        with _staging(out, out) as staging:
            yield Reserved(out, staging)
    finally:
        if made and not any(out.iterdir()):
            out.rmdir()
        os.close(folder)


@contextmanager
def new_folder(target: Path) -> Iterator[Path]:
    """A folder to fill, which becomes `target` when the block ends: at any moment there is all of it, or nothing.

    Raises:
        OutputError: `target` is there already and not an empty folder, or cannot be written.
    """
    make_sure_it_is_empty(target)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _cannot_be_written(target, error) from None
    with _staging(target.parent, target) as staging:
        yield staging
        make_sure_it_is_empty(target)
        try:
            staging.rename(target)
        except OSError as error:
            raise _cannot_be_written(target, error) from None


@contextmanager
def _staging(place: Path, target: Path) -> Iterator[Path]:
    """A folder in `place` for what is to become `target`; those that killed processes left for it are removed."""
    prefix = f"{_PREFIX}{hashlib.sha256(os.fsencode(target.name)).hexdigest()[:8]}-"
    staging = place / f"{prefix}{os.getpid()}.part"
    try:
        for left in place.glob(f"{prefix}*.part"):
            _remove_if_left(left)
        staging.mkdir()
        lock = os.open(staging, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        _locked(lock)
    except OSError as error:
        raise _cannot_be_written(target, error) from None
    try:
        yield staging
    finally:
        shutil.rmtree(staging, ignore_errors=True)
        os.close(lock)


def _remove_if_left(staging: Path) -> None:
    try:
        lock = os.open(staging, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return  # no folder of this module
    try:
        if _locked(lock):
            shutil.rmtree(staging)
    finally:
        os.close(lock)


def make_sure_it_is_empty(target: Path) -> None:
    """
    Raises:
        OutputError: something is there that is not an empty folder.
    """
    if os.path.lexists(target) and (not target.is_dir() or any(target.iterdir())):
        raise OutputError(f"{target}: is there already and not an empty folder; name a new one")


def _make_sure_it_is_ours(out: Path, source: Path | None) -> None:
    try:
        others = [path for path in out.iterdir() if path != source and not _is_staging(path)]
        if others and not is_ours(out):
            raise OutputError(
                f"{out}: is not empty, and holds no audit that could be replaced; name a new folder with --out"
            )
    except OSError as error:
        raise _cannot_be_written(out, error) from None


def is_ours(folder: Path) -> bool:
    """Whether a folder holds the record of an audit."""
    record = folder / RECORD
    if not record.is_file():
        return False
    with record.open("rb") as file:
        return _RECORD_BEGINS.match(file.read(200)) is not None


def _locked(descriptor: int) -> bool:
    """Locks an open folder until it is closed; False where another process holds it."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return True  # a file system without locks
    return True


def _owner(out: Path) -> str:
    pids = [path.name.removesuffix(".part").rpartition("-")[2] for path in out.glob(f"{_PREFIX}*.part")]
    return f"process {pids[0]}" if pids else "another process"


def _is_staging(path: Path) -> bool:
    return path.name.startswith(_PREFIX) and path.name.endswith(".part")


def _cannot_be_written(path: Path, error: OSError) -> OutputError:
    return OutputError(f"{path}: cannot be written: {error.strerror}; give another folder with --out, or make room")
