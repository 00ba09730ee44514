"""A pattern such as `reports/{dataset}/{date}` comes in; the folder it stands for, `latest`, and old ones go out."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from contextlib import suppress
from datetime import date
from pathlib import Path, PurePosixPath

from kvqa_audit.artifacts.out_folder import RECORD, is_ours
from kvqa_audit.errors import OutputError
from kvqa_audit.ingest.object_url import is_remote, last_name

DATASET, DATE = "{dataset}", "{date}"
LATEST = "latest"
_DATED = re.compile(r"\d{4}-\d{2}-\d{2}.*")
_UNUSUAL = re.compile(r"[^\w.-]+")


def name_of(source: str) -> str:
    """What stands for `{dataset}`: the folder's name, the file's without its ending, or `owner-name` of a Hub id."""
    if source.startswith("hf://"):
        return source.removeprefix("hf://").replace("/", "-")
    if is_remote(source):
        return PurePosixPath(last_name(source)).stem
    path = Path(source).absolute()
    return path.stem if path.is_file() else path.name


def filled(pattern: str, dataset: str, day: date) -> str:
    """The folder or URL that a pattern stands for; the dataset's name leads nowhere else.

    Raises:
        OutputError: the pattern holds something else in braces.
    """
    name = _UNUSUAL.sub("-", dataset).strip(".-") or "dataset"
    if unknown := re.search(r"\{(?!dataset\}|date\})\w*\}", pattern):
        raise OutputError(f"{pattern}: {unknown[0]} is not known; a folder may hold {DATASET} and {DATE}")
    return pattern.replace(DATE, f"{day}").replace(DATASET, name)


def make_sure_latest_can_be_linked(pattern: str, out: Path) -> None:
    """
    Raises:
        OutputError: where the link would stand is something else.
    """
    link = out.parent / LATEST
    if _is_dated(pattern) and os.path.lexists(link) and not link.is_symlink():
        raise OutputError(f"{link}: has to be a link to the latest audit, and is something else; move it away")


def link_latest(pattern: str, out: Path) -> None:
    """Makes `latest`, beside a folder that is named by the date, a link to it.

    Raises:
        OutputError: it cannot be made.
    """
    if not _is_dated(pattern):
        return
    link, made = out.parent / LATEST, out.parent / f".{LATEST}-{os.getpid()}"
    try:
        with suppress(FileNotFoundError):
            made.unlink()
        made.symlink_to(out.name, target_is_directory=True)
        made.replace(link)
    except OSError as error:
        raise OutputError(f"{link}: cannot be made a link to {out.name}: {error.strerror}") from None


def _is_dated(pattern: str) -> bool:
    return DATE in Path(pattern).name


def old_audits(folder: Path, keep: int) -> tuple[Path, ...]:
    """The audits in folders named by dates, here and one folder below, each without the last `keep`, oldest first.

    What is no audit, is named otherwise, or is what a link beside it leads to, is never among them.

    Raises:
        OutputError: the folder cannot be read.
    """
    try:
        below = [path for path in sorted(folder.iterdir()) if path.is_dir() and not path.is_symlink()]
        return tuple(old for place in (folder, *below) for old in _old_in(place, keep))
    except OSError as error:
        raise OutputError(f"{folder}: cannot be read: {error.strerror}; name a folder that holds audits") from None


def _old_in(folder: Path, keep: int) -> list[Path]:
    inside = sorted(folder.iterdir())
    linked = {os.path.realpath(path) for path in inside if path.is_symlink()}
    dated = [path for path in inside if _DATED.fullmatch(path.name) and not path.is_symlink() and is_ours(path)]
    return [path for path in dated[: max(len(dated) - keep, 0)] if os.path.realpath(path) not in linked]


def remove_audits(folders: Iterable[Path]) -> None:
    """Removes whole audits, their record first, so that nobody takes what is left half-way for one.

    Raises:
        OutputError: one cannot be removed.
    """
    import shutil

    for folder in folders:
        try:
            (folder / RECORD).unlink()
            shutil.rmtree(folder)
        except OSError as error:
            raise OutputError(f"{folder}: cannot be removed: {error.strerror}") from None
