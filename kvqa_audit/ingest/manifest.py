"""A list of pictures' URLs comes in, perhaps with questions and answers; its tables and shards of pictures go out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256

from kvqa_audit.errors import SourceError
from kvqa_audit.ingest.dataset import ImageFault
from kvqa_audit.ingest.field_path import as_text
from kvqa_audit.ingest.image_folder import FILES_PER_SHARD
from kvqa_audit.ingest.image_ids import stem_of
from kvqa_audit.ingest.object_shard import ObjectImage, ObjectShard
from kvqa_audit.ingest.object_url import last_name, shown
from kvqa_audit.ingest.source_format import RawTable, Wanted
from kvqa_audit.ingest.usual_names import folded, usual_columns

# Letters and digits only, the most telling first.
URL_COLUMNS = ("uri", "url", "imageuri", "imageurl", "imguri", "imgurl", "objecturi", "objecturl", "fileuri", "fileurl")


@dataclass(frozen=True)
class Manifest:
    """The tables of a manifest without the URLs, where they hold questions and answers, and its pictures."""

    tables: tuple[RawTable, ...]
    shards: tuple[ObjectShard, ...]
    faults: tuple[ImageFault, ...] = ()


def manifest_of(tables: Sequence[RawTable], wanted: Wanted, where: str) -> Manifest:
    """Takes a table for a manifest.

    An id is the row's own, or else the name in the URL without its ending, or with it, or the URL: the shortest that
    is the only one.

    Args:
        tables: as they stand in the file.
        wanted: the columns that are looked for.
        where: the source, for errors.

    Raises:
        SourceError: no column has URLs.
    """
    urls: dict[str, str] = {}
    faults: dict[str, list[str]] = {}
    kept: list[RawTable] = []
    columns = [_url_column(table, where) for table in tables]
    named = _names(url for table, column in zip(tables, columns, strict=True) for url in _cells(table, column))
    for table, column in zip(tables, columns, strict=True):
        cells = _cells(table, column)
        id_column = _id_column(table, column, wanted)
        given = _cells(table, id_column) if id_column in table.columns else [""] * table.rows
        ids = [img_id or named.get(url, "") for img_id, url in zip(given, cells, strict=True)]
        for img_id, url in zip(ids, cells, strict=True):
            if url and urls.setdefault(img_id, url) != url:
                faults.setdefault(img_id, [urls[img_id]]).append(url)
        kept.append(_without_urls(table, column, id_column, ids))
    whole = tuple(table for table in kept if wanted.roles(table) >= {"question", "answer"})
    images = [ObjectImage(img_id, url) for img_id, url in urls.items()]
    shards = [
        ObjectShard("", tuple(images[start : start + FILES_PER_SHARD]))
        for start in range(0, len(images), FILES_PER_SHARD)
    ]
    return Manifest(whole, tuple(shards), tuple(_several(faults)))


def _url_column(table: RawTable, where: str) -> str:
    by_name = {folded(name): name for name in reversed(table.header)}
    found = next((by_name[name] for name in URL_COLUMNS if name in by_name), None)
    if found is None:
        raise SourceError(
            f"{where}: has no column with the URLs of pictures. Name one of its columns 'uri'; "
            f"it has: {', '.join(table.header[:20])}."
        )
    return found


def _id_column(table: RawTable, url_column: str, wanted: Wanted) -> str:
    described = wanted.columns.text_columns if wanted.columns is not None else {}
    of_description = [name for name, role in described.items() if role == "img_id"]
    rest = [name for name in table.header if name != url_column]
    found = [name for name in of_description if name in rest] or usual_columns("img_id", rest)
    return (found or of_description or ["img_id"])[0]


def _cells(table: RawTable, column: str) -> list[str]:
    return [as_text(value).strip() for value in table.columns[column]]


def _names(urls: Iterator[str]) -> dict[str, str]:
    """URL → the shortest name that is no other's."""
    free = dict.fromkeys(filter(None, urls))
    names: dict[str, str] = {}
    for shorten in (lambda url: stem_of(last_name(url)), last_name, shown, _with_digest):
        counts = Counter(map(shorten, free))
        taken = set(names.values())
        fits = {url: name for url in free if counts[name := shorten(url)] == 1 and name and name not in taken}
        names |= fits
        free = dict.fromkeys(url for url in free if url not in fits)
    return names


def _with_digest(url: str) -> str:
    """URLs that differ in their query alone are told apart without showing it."""
    return f"{shown(url)}-{sha256(url.encode('utf-8', 'surrogatepass')).hexdigest()[:12]}"


def _without_urls(table: RawTable, url_column: str, id_column: str, ids: Sequence[str]) -> RawTable:
    header = tuple(name for name in dict.fromkeys((*table.header, id_column)) if name != url_column)
    columns = {name: ids if name == id_column else table.columns[name] for name in header}
    return replace(table, header=header, columns=columns, pictures={})


def _several(faults: Mapping[str, Sequence[str]]) -> Iterator[ImageFault]:
    for img_id, urls in faults.items():
        paths = tuple(dict.fromkeys(map(shown, urls)))
        message = f"{len(paths)} URLs have this id, of which the first is taken: {', '.join(paths[:20])}"
        yield ImageFault("two_files_for_one_id", message, img_id, paths)
