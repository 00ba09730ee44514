"""A URL or a manifest comes in; the tables found there, fetched and read as files are, go out."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from kvqa_audit.errors import SourceError
from kvqa_audit.ingest.find_tables import FoundTables, find_tables, format_of, read_file
from kvqa_audit.ingest.manifest import Manifest, manifest_of
from kvqa_audit.ingest.object_folder import ObjectFolder
from kvqa_audit.ingest.object_store import library
from kvqa_audit.ingest.object_url import is_manifest, is_object_url, refuse_secrets
from kvqa_audit.ingest.source_format import Wanted
from kvqa_audit.spec.plan import MANIFEST


@dataclass(frozen=True)
class RemoteSource:
    """The tables at a URL, and the folder of objects around them; `is_file` says that one object was named."""

    objects: ObjectFolder
    found: FoundTables
    is_file: bool = False
    manifest: Manifest | None = None


def read_remote(source: str, wanted: Wanted) -> RemoteSource:
    """Reads the tables of a source that is not on this machine, or whose pictures are not.

    Raises:
        SourceError: it cannot be listed, fetched or read, or the extra is not installed.
    """
    library()
    refuse_secrets(source)
    url = source.removeprefix(MANIFEST)
    folder_url, _, name = url.rpartition("/")
    is_file = is_manifest(source) or (format_of(Path(name)) is not None and not folder_url.endswith("/"))
    objects = ObjectFolder(folder_url if is_file else url)
    try:
        if is_manifest(source):
            return _manifest(source, objects, wanted)
        if is_file:
            return RemoteSource(objects, read_file(objects.fetched(name), name, wanted), is_file=True)
        objects.sketch()
        if format_of(objects.root) is not None:
            objects.fetch([place for place in objects.objects if (objects.root / place).is_file()])
        return RemoteSource(objects, find_tables(objects.root, wanted, objects.fetched))
    except SourceError as error:
        # What is wrong with a file is wrong with the object that it is a copy of.
        raise SourceError(str(error).replace(str(objects.root), objects.url)) from None


def _manifest(source: str, objects: ObjectFolder, wanted: Wanted) -> RemoteSource:
    """The source whose pictures are those that a list names."""
    url = source.removeprefix(MANIFEST)
    name = url.rpartition("/")[2]
    path = objects.fetched(name) if is_object_url(url) else Path(url)
    if not path.exists():
        raise SourceError(f"{url}: does not exist. Name a CSV, JSON Lines or Parquet file with a column 'uri'.")
    form = format_of(path)
    if form is None:
        raise SourceError(f"{url}: is no kind of file that is read. Name a CSV, JSON Lines or Parquet file.")
    manifest = manifest_of(form.read(path, name, wanted), wanted, url)
    kind = form.name if manifest.tables else "images"
    return RemoteSource(objects, FoundTables(kind, manifest.tables), is_file=True, manifest=manifest)
