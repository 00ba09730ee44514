"""A finished audit comes in; its report and its files go out, into one folder."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from kvqa_audit.artifacts.atomic_file import write_atomically
from kvqa_audit.artifacts.folder import write_artifacts
from kvqa_audit.artifacts.out_file import PAGE, beginning_of, make_sure_it_can_be_replaced
from kvqa_audit.artifacts.out_folder import Reserved
from kvqa_audit.errors import OutputError, SourceError
from kvqa_audit.ingest.read_bytes import read_table_bytes
from kvqa_audit.model import AuditRun
from kvqa_audit.outputs.formats import FORMATS
from kvqa_audit.outputs.originals import originals_of
from kvqa_audit.spec.dataset_spec import DatasetSpec

if TYPE_CHECKING:
    from kvqa_audit.ingest.dataset import ImageShard
    from kvqa_audit.previews.records import PairPreview, Preview
    from kvqa_audit.previews.studio import Studio
    from kvqa_audit.report.as_html import Report
    from kvqa_audit.report.duplicate_groups import Pair
    from kvqa_audit.report.pictures import Wanted

INDEX = "index.html"
# What an audit says of itself in the metadata that it writes.
_CROISSANT = re.compile(rb'"Audited on [0-9-]{10} with kvqa-audit ')
_CARD_ENDINGS = (".md", ".markdown")
# How a report shows pictures: as they are, with text in them smeared, or not at all.
Pictures = Literal["shown", "blurred", "none"]


def write_outputs(
    run: AuditRun,
    out: Path,
    spec: DatasetSpec,
    *,
    pictures: Pictures = "shown",
    pages: bool = False,
    jobs: int = 1,
    shards: tuple[ImageShard, ...] | None = None,
    home: Path | None = None,
) -> None:
    """Writes the report and all files of the contract into a folder without an earlier audit.

    Args:
        run, out, spec, pictures, pages, jobs: as for `write_report`, but for the folder.
        shards: references to the pictures; None looks for them at the audited place.
        home: where the folder's files will lie in the end, for links out of it; None is the folder itself.

    Raises:
        OutputError: the folder cannot be written.
    """
    write_report(run, out / "report.html", spec, pictures=pictures, pages=pages, jobs=jobs, shards=shards, home=home)
    write_artifacts(run, out)


def replace_outputs(reserved: Reserved) -> tuple[str, ...]:
    """Moves what is staged to its place, and removes what an earlier audit left there; gives the names of that.

    Raises:
        OutputError: the folder cannot be written.
    """
    written = reserved.publish()
    names = ("answers.parquet", *(one.file_name for one in FORMATS if one.file_name is not None))
    stale = [name for name in names if Path(name) not in written and (reserved.out / name).is_file()]
    for name in stale:
        (reserved.out / name).unlink()
    _remove_pages(reserved.out / "report", kept={name.name for name in written if name.parent == Path("report")})
    return tuple(stale)


def make_sure_report_can_be_written(run: AuditRun, path: Path, *, pages: bool) -> None:
    """
    Raises:
        OutputError: the report, or its folder of pages, would harm what others made.
    """
    make_sure_it_can_be_replaced(path, PAGE, run.dataset.location)
    if pages:
        make_sure_pages_can_be_written(path)


def make_sure_pages_can_be_written(report: Path) -> None:
    """
    Raises:
        OutputError: the folder for the pages of this report leads elsewhere, or holds what others made.
    """
    folder = report.with_suffix("")
    if folder.is_symlink():
        raise OutputError(f"{folder}: is a link, and the pages of a report would go where it leads; remove it")
    # What a killed report left has no index yet.
    there = folder.iterdir() if folder.is_dir() else ()
    if not all(_is_page(path) or path.name.endswith(".html.part") for path in there):
        raise OutputError(f"{folder}: holds other things than the pages of a report; name another place with --out")


def write_report(
    run: AuditRun,
    path: Path,
    spec: DatasetSpec,
    *,
    pictures: Pictures = "shown",
    pages: bool = False,
    jobs: int = 1,
    shards: tuple[ImageShard, ...] | None = None,
    home: Path | None = None,
) -> None:
    """Writes the report alone; pictures are drawn anew by `jobs` children, where the audited place still holds them.

    `pages` writes every finding with its picture into the folder beside it that is named like the report; without it
    the pages that an earlier report left there are removed. Pictures lead to their files, as seen from `home`, but
    where they are left out or smeared.
    """
    from kvqa_audit.release.standing import judge_audit
    from kvqa_audit.report.as_html import LEFT_OUT_ON_REQUEST, Report, render

    missing = LEFT_OUT_ON_REQUEST if pictures == "none" else ""
    folder = path.with_suffix("")
    with _studio(run, spec, pictures, jobs, shards) as studio:
        links = {"original": originals_of(run, home or path.parent)} if pictures == "shown" else {}
        report = Report(run, judge_audit(run, spec), spec, **links)
        drawn = _drawn(studio, report.wanted())
        page = render(report, *drawn, missing=missing, pages=f"{folder.name}/{INDEX}" if pages else "")
        write_atomically(path, page.encode("utf-8", "backslashreplace"))
        _remove_pages(folder)
        if pages:
            _write_pages(report, folder, studio, missing)


def _write_pages(report: Report, folder: Path, studio: Studio | None, missing: str) -> None:
    from kvqa_audit.report.pages import pages_of, render_index, render_page

    pages = tuple(pages_of(report))
    names = [None, *(page.name for page in pages), None]
    for place, page in enumerate(pages):
        drawn = _drawn(studio, page.wanted())
        text = render_page(report, page, (names[place], names[place + 2]), *drawn, missing=missing)
        write_atomically(folder / page.name, text.encode("utf-8", "backslashreplace"))
    write_atomically(folder / INDEX, render_index(report, pages).encode("utf-8", "backslashreplace"))


def _remove_pages(folder: Path, kept: Collection[str] = ()) -> None:
    """Removes the pages that an earlier report left; nothing else that lies there, or where a link leads."""
    if folder.is_symlink() or not _is_page(folder / INDEX):
        return
    for path in folder.glob("*.html"):
        if path.name not in kept and _is_page(path):
            path.unlink(missing_ok=True)
    with contextlib.suppress(OSError):
        folder.rmdir()


def _is_page(path: Path) -> bool:
    return path.is_file() and PAGE.search(beginning_of(path)) is not None


def _studio(
    run: AuditRun, spec: DatasetSpec, pictures: Pictures, jobs: int, shards: tuple[ImageShard, ...] | None
) -> contextlib.AbstractContextManager[Studio | None]:
    if pictures == "none":
        return contextlib.nullcontext()
    from kvqa_audit.previews.studio import studio_for

    return studio_for(run, spec, blur_text=pictures == "blurred", jobs=jobs, shards=shards)


def _drawn(studio: Studio | None, wanted: Wanted) -> tuple[Mapping[str, Preview], Mapping[Pair, PairPreview]]:
    from kvqa_audit.report.pictures import LAID_SIDE_PX

    return ({}, {}) if studio is None else (studio.previews(wanted.sides_px), studio.pairs(wanted.pairs, LAID_SIDE_PX))


def pictures_named(*, no_images: bool, blur_text: bool) -> Pictures:
    """How the report shows pictures; none at all where both are asked for."""
    if no_images:
        return "none"
    return "blurred" if blur_text else "shown"


def write_metadata(run: AuditRun, spec: DatasetSpec, croissant: Path | None, card: Path | None) -> None:
    """Writes Croissant metadata, with digests of the data files that are still at the audited place, and the block of
    the dataset card, which is begun where there is none; both may lie in the dataset, with which they travel.

    Raises:
        OutputError: a file belongs to something else, or cannot be written.
        SourceError: the card cannot be read as text.
    """
    from kvqa_audit.outputs.croissant import croissant as rendered
    from kvqa_audit.outputs.croissant import data_files
    from kvqa_audit.outputs.dataset_card import dataset_card
    from kvqa_audit.release.standing import judge_audit

    texts: dict[Path, str] = {}
    if croissant is not None:
        make_sure_it_can_be_replaced(croissant, _CROISSANT)
        texts[croissant] = rendered(run, spec, data_files(run))
    if card is not None:
        texts[card] = dataset_card(run, judge_audit(run, spec), _card(card))
    for path, text in texts.items():
        write_atomically(path, text.encode("utf-8", "backslashreplace"))


def _card(path: Path) -> str:
    """The text of a dataset card, with its line ends; "" where there is none."""
    if path.suffix.lower() not in _CARD_ENDINGS:
        raise OutputError(f"{path}: is no name of a dataset card; name a Markdown file, such as README.md")
    if not path.exists():
        return ""
    try:
        return read_table_bytes(path).decode("utf-8")
    except UnicodeDecodeError as error:
        raise SourceError(f"{path}: cannot be read as a card ({error}). Save it as UTF-8.") from error
