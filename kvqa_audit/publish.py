"""A finished audit comes in; its report and its files go out, into one folder."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from kvqa_audit.artifacts import write_artifacts, write_whole
from kvqa_audit.errors import SourceError
from kvqa_audit.model import AuditRun
from kvqa_audit.spec.dataset_spec import DatasetSpec


def write_audit(run: AuditRun, out: Path, spec: DatasetSpec) -> None:
    """Writes the report and all files of the contract into a folder.

    Raises:
        OutputError: the folder cannot be written.
    """
    (out / "audit.json").unlink(missing_ok=True)
    write_report(run, out / "report.html", spec)
    write_artifacts(run, out)


def write_report(run: AuditRun, path: Path, spec: DatasetSpec) -> None:
    """Writes the report alone; pictures are opened anew at the audited location, where that still holds them."""
    from kvqa_audit.release.standing import judge_audit
    from kvqa_audit.report.as_html import render
    from kvqa_audit.report.view import pictures_wanted

    pictures = _pictures(run, pictures_wanted(run), spec)
    page = render(run, judge_audit(run, spec), pictures=pictures)
    write_whole(path, lambda file: file.write(page.encode("utf-8", "backslashreplace")))


def _pictures(run: AuditRun, wanted: Sequence[str], spec: DatasetSpec) -> dict[str, bytes]:
    """Small pictures of the wanted images; whatever cannot be opened any more is left out."""
    from kvqa_audit.images.thumbnails import thumbnail_jpeg
    from kvqa_audit.ingest.open import open_dataset

    if not wanted:
        return {}
    try:
        dataset = open_dataset(run.dataset.location, spec, revision=run.dataset.revision)
    except SourceError:
        return {}
    pictures = {raw.img_id: thumbnail_jpeg(raw.data) for raw in dataset.read_images(wanted)}
    return {img_id: picture for img_id, picture in pictures.items() if picture is not None}
