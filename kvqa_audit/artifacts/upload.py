"""A finished audit in a folder comes in; it goes to a place in object storage, its record last."""

from __future__ import annotations

from pathlib import Path

from kvqa_audit.artifacts.out_folder import RECORD
from kvqa_audit.errors import OutputError, SourceError
from kvqa_audit.ingest.object_store import ObjectError, list_objects, put_object
from kvqa_audit.ingest.object_url import shown

_STORES = ("s3://", "gs://", "az://")


def make_sure_it_takes_an_audit(url: str) -> None:
    """Refuses a place where no audit can go, before the work is done.

    Raises:
        OutputError: it cannot be listed, holds other things than an audit, or is none of s3://, gs:// and az://.
    """
    if shown(url) != url or not url.lower().startswith(_STORES):
        raise OutputError(
            f"{shown(url)}: results go to a folder, or to s3://, gs:// or az:// without credentials in the URL; these "
            "come from the environment"
        )
    try:
        there = list_objects(url)
    except SourceError as error:
        raise OutputError(str(error)) from None
    if there and RECORD not in there:
        raise OutputError(f"{url}: holds other things than an audit; name a new place with --out")


def upload_audit(folder: Path, url: str) -> None:
    """Puts all files of the folder below the URL; a place that has its record has all of it.

    Where an audit is there already, its record has the digests of its own files, so that no mixture is believed. What
    it has besides stays.

    Raises:
        OutputError: one cannot be written; the folder has them all still.
    """
    names = [path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()]
    for name in sorted(names, key=lambda name: (name == RECORD, name)):
        target = f"{url.rstrip('/')}/{name}"
        try:
            put_object(target, folder / name)
        except ObjectError as error:
            raise OutputError(
                f"{target}: cannot be written ({error.detail}). Check the URL and the credentials in the environment."
            ) from None
