"""A source and what people reviewed come in; a corrected copy and the proof that it is right go out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from kvqa_audit.artifacts.atomic_file import write_atomically
from kvqa_audit.artifacts.out_folder import make_sure_it_is_apart, new_folder
from kvqa_audit.errors import SourceError
from kvqa_audit.fixes import write_copy
from kvqa_audit.fixes.copy_tree import TreeCopy, image_files
from kvqa_audit.fixes.patch import Patch
from kvqa_audit.fixes.plan import plan_fixes
from kvqa_audit.fixes.proof import Proof, prove
from kvqa_audit.fixes.reviewed import Correction
from kvqa_audit.fixes.written_table import WrittenTable, encoded, read_written_table
from kvqa_audit.model import AuditRun
from kvqa_audit.pipeline.audit import absolute_location
from kvqa_audit.pipeline.options import AuditOptions
from kvqa_audit.pipeline.publish import AuditRequest, audited
from kvqa_audit.progress import ItemsDone, Listener, StageStarted, ignore_events
from kvqa_audit.release.decisions_file import NAMES, text_of
from kvqa_audit.spec.dataset_spec import DatasetSpec

TABLE_NAME, IMAGES_NAME = "metadata.csv", "images"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a source has its table and its images; `whole` says that all of the folder is the dataset."""

    table: Path
    whole: bool

    @property
    def folder(self) -> Path:
        return self.table.parent

    @property
    def images(self) -> Path:
        return self.folder / IMAGES_NAME


@dataclass(frozen=True)
class Options:
    """How both audits, of the source and of the copy, are made; `link` shares the images' bytes with the source."""

    audit: AuditOptions
    cached: bool = True
    decisions: Path | None = None
    ignore_decisions: bool = False
    link: bool = False


@dataclass(frozen=True)
class Planned:
    """An audited source and the patch for it."""

    place: Place
    audit: AuditRun
    table: WrittenTable
    patch: Patch


def place_of(source: Path) -> Place:
    """Finds the table of a source that can be corrected.

    Raises:
        SourceError: the source is neither a folder with `metadata.csv` nor a CSV file.
    """
    if (source / TABLE_NAME).is_file():
        return Place(source / TABLE_NAME, whole=True)
    if source.is_file() and source.suffix.lower() == ".csv":
        return Place(source, whole=False)
    raise SourceError(
        f"{source}: only a folder with {TABLE_NAME}, or a .csv file, is corrected. Export the dataset to one first."
    )


def plan(
    source: Path,
    spec: DatasetSpec,
    options: Options,
    *,
    corrections: Sequence[Correction] = (),
    removals: Mapping[str, str] | None = None,
    listener: Listener = ignore_events,
) -> Planned:
    """Audits the source and plans what can be corrected; writes nothing."""
    place = place_of(source)
    audit = _audited(source, spec, options, listener)
    if audit.rows is None:
        raise SourceError(f"{source}: its rows are not at hand. Audit it again.")
    table = read_written_table(place.table, spec.columns, audit.rows)
    wanted = removals or {}
    files = image_files(place.images)
    there = {name for path in files for name in (path.stem, path.name) if name in wanted}
    patch = plan_fixes(
        table, audit.findings, spec, audit.docs, corrections=corrections, removals=wanted, image_ids=there
    )
    return Planned(place, audit, table, patch)


def write_and_prove(
    planned: Planned, out: Path, spec: DatasetSpec, options: Options, *, listener: Listener = ignore_events
) -> Proof:
    """Writes the corrected copy and its patch, audits the copy in the same way, and writes the proof beside it.

    The folder appears when all of it is there.

    Raises:
        OutputError: the folder is not a new one apart from the source, or cannot be written.
    """
    make_sure_it_is_apart(out, planned.place.folder if planned.place.whole else planned.place.table)
    with new_folder(out) as staging:
        return _write_and_prove(planned, staging, out, spec, options, listener)


def _write_and_prove(
    planned: Planned, staging: Path, out: Path, spec: DatasetSpec, options: Options, listener: Listener
) -> Proof:
    place, patch, used = planned.place, planned.patch, planned.audit.metrics["decisions"]["file"]
    listener(StageStarted("copy the images", sum(1 for _ in image_files(place.images))))
    written, not_taken = (
        {place.table.name, TABLE_NAME},
        {"changes.csv", "changes.md", "proof.json", *NAMES} - {Path(used or "").name},
    )
    tree = TreeCopy(place.folder, place.images, patch.removed_images, written, not_taken, place.whole, options.link)
    left_out = tree.write(staging, lambda count: listener(ItemsDone(count)))
    write_atomically(staging / TABLE_NAME, encoded(planned.table.text_with(patch.cells, patch.dropped)))
    write_atomically(staging / "changes.csv", write_copy.changes_csv(patch.changes))
    again = replace(options, decisions=Path(used) if used else None, ignore_decisions=not used)
    after = _audited(staging, spec, again, listener)
    after = replace(after, dataset=replace(after.dataset, location=absolute_location(out)))
    proof = prove(planned.audit, after, patch, planned.table, spec, left_out)
    if used:
        name = NAMES[1] if Path(used).suffix.lower() == ".csv" else NAMES[0]
        decisions = write_copy.decisions_for_the_copy(text_of(Path(used)), proof.new_keys)
        write_atomically(staging / name, decisions.encode())
    told = {"subset": options.audit.subset, "table_only": options.audit.table_only, "decisions": used}
    write_atomically(staging / "proof.json", write_copy.proof_json(planned.audit, after, proof, told).encode())
    summary = write_copy.changes_md(planned.audit.dataset.location, patch, proof, left_out)
    write_atomically(staging / "changes.md", summary.encode("utf-8", "backslashreplace"))
    return proof


def _audited(source: Path, spec: DatasetSpec, options: Options, listener: Listener) -> AuditRun:
    audit = replace(options.audit, spec=spec)
    request = AuditRequest(str(source), audit, options.decisions, options.ignore_decisions, options.cached)
    return audited(request, listener=listener)
