"""A finished audit comes in; its report and its files go out, into one folder."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from kvqa_audit.artifacts.atomic_file import write_atomically
from kvqa_audit.artifacts.folder import write_artifacts
from kvqa_audit.errors import KvqaAuditError, SourceError
from kvqa_audit.model import AuditRun
from kvqa_audit.spec.dataset_spec import DatasetSpec

if TYPE_CHECKING:
    from kvqa_audit.release.gate import Verdict

# What is written on request, by the name it is asked for; "github" is said on standard output.
FILE_OF_FORMAT = {"junit": "junit.xml", "sarif": "findings.sarif", "summary": "summary.md", "badge": "badge.svg"}
SAID = "github"
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
    from kvqa_audit.report.as_html import LEFT_OUT_ON_REQUEST, NOT_AVAILABLE, render
    from kvqa_audit.report.pictures import pictures_wanted

    small: dict[str, bytes] = {}
    if pictures != "none":
        from kvqa_audit.previews.studio import studio_for

        with studio_for(run, spec, blur_text=pictures == "blurred", jobs=jobs) as studio:
            previews = studio.previews(pictures_wanted(run))
        small = {img_id: preview.picture for img_id, preview in previews.items() if preview.picture}
    missing = LEFT_OUT_ON_REQUEST if pictures == "none" else NOT_AVAILABLE
    page = render(run, judge_audit(run, spec), pictures=small, missing=missing)
    write_atomically(path, page.encode("utf-8", "backslashreplace"))


def pictures_named(*, no_images: bool, blur_text: bool) -> Pictures:
    """How the report shows pictures; none at all where both are asked for."""
    if no_images:
        return "none"
    return "blurred" if blur_text else "shown"


def formats_named(also: str | None) -> tuple[str, ...]:
    """The formats in a list with commas, each once.

    Raises:
        KvqaAuditError: a format is not known.
    """
    known = (*FILE_OF_FORMAT, SAID)
    names = tuple(dict.fromkeys(name.strip().lower() for name in (also or "").split(",") if name.strip()))
    for name in names:
        if name not in known:
            raise KvqaAuditError(f"--also {name}: is not a known format; known are: {', '.join(known)}")
    return names


def write_formats(run: AuditRun, verdict: Verdict, out: Path, formats: Sequence[str]) -> str:
    """Writes what was asked for beside the report, and gives what is to be said on standard output.

    Raises:
        OutputError: the folder cannot be written.
    """
    from kvqa_audit.outputs.badge import badge_svg
    from kvqa_audit.outputs.github import github_annotations
    from kvqa_audit.outputs.junit import junit_xml
    from kvqa_audit.outputs.sarif import sarif_log
    from kvqa_audit.outputs.summary_md import summary_markdown

    badge = FILE_OF_FORMAT["badge"] if "badge" in formats else None
    makers: dict[str, Callable[[], bytes]] = {
        "junit": lambda: junit_xml(run, verdict),
        "sarif": lambda: sarif_log(run).encode(),
        "summary": lambda: summary_markdown(run, verdict, badge=badge).encode(),
        "badge": lambda: badge_svg(run, verdict).encode(),
    }
    for name in formats:
        if name in makers:
            content = makers[name]()
            write_atomically(out / FILE_OF_FORMAT[name], content)
    return github_annotations(run, verdict) if SAID in formats else ""


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
