"""A finished audit comes in; its report and its files go out, into one folder."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from kvqa_audit.artifacts.atomic_file import write_atomically
from kvqa_audit.artifacts.folder import write_artifacts
from kvqa_audit.errors import SourceError
from kvqa_audit.model import AuditRun
from kvqa_audit.spec.dataset_spec import DatasetSpec

# How a report shows pictures: as they are, with text in them smeared, or not at all.
Pictures = Literal["shown", "blurred", "none"]


def write_outputs(run: AuditRun, out: Path, spec: DatasetSpec, *, pictures: Pictures = "shown", jobs: int = 1) -> None:
    """Writes the report and all files of the contract into a folder.

    Raises:
        OutputError: the folder cannot be written.
    """
    (out / "audit.json").unlink(missing_ok=True)
    write_report(run, out / "report.html", spec, pictures=pictures, jobs=jobs)
    write_artifacts(run, out)


def write_report(run: AuditRun, path: Path, spec: DatasetSpec, *, pictures: Pictures = "shown", jobs: int = 1) -> None:
    """Writes the report alone; pictures are drawn anew by `jobs` children, where the audited place still holds them."""
    from kvqa_audit.release.standing import judge_audit
    from kvqa_audit.report.as_html import LEFT_OUT_ON_REQUEST, Report, render

    if pictures == "none":
        page = render(Report(run, judge_audit(run, spec), spec), {}, {}, missing=LEFT_OUT_ON_REQUEST)
    else:
        from kvqa_audit.previews.studio import studio_for
        from kvqa_audit.report.pictures import LAID_SIDE_PX

        with studio_for(run, spec, blur_text=pictures == "blurred", jobs=jobs) as studio:
            report = Report(run, judge_audit(run, spec), spec)
            wanted = report.wanted()
            drawn = studio.previews(wanted.sides_px), studio.pairs(wanted.pairs, LAID_SIDE_PX)
        page = render(report, *drawn)
    write_atomically(path, page.encode("utf-8", "backslashreplace"))


def pictures_named(*, no_images: bool, blur_text: bool) -> Pictures:
    """How the report shows pictures; none at all where both are asked for."""
    if no_images:
        return "none"
    return "blurred" if blur_text else "shown"


def write_croissant(run: AuditRun, path: Path, spec: DatasetSpec) -> None:
    """Writes Croissant metadata, with digests of the data files that are still at the audited place."""
    from kvqa_audit.outputs.croissant import croissant, data_files

    text = croissant(run, spec, data_files(run))
    write_atomically(path, text.encode("utf-8", "backslashreplace"))


def write_card(run: AuditRun, path: Path, spec: DatasetSpec) -> None:
    """Puts the block about the audit into a dataset card, which is begun where there is none.

    Raises:
        SourceError: the card is there and cannot be read as text.
    """
    from kvqa_audit.outputs.dataset_card import dataset_card
    from kvqa_audit.release.standing import judge_audit

    try:
        card = path.read_text(encoding="utf-8") if path.exists() else ""
    except (OSError, UnicodeDecodeError) as error:
        raise SourceError(f"{path}: cannot be read as a card ({error}). Save it as UTF-8.") from error
    text = dataset_card(run, judge_audit(run, spec), card)
    write_atomically(path, text.encode())
