"""A source and what people reviewed come in; a corrected copy and the proof that it is right go out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from kvqa_audit.artifacts.atomic_file import write_atomically
from kvqa_audit.artifacts.out_folder import make_sure_it_is_apart, new_folder
from kvqa_audit.errors import SourceError
from kvqa_audit.fixes import write_copy
from kvqa_audit.fixes.copy_tree import Removed, TreeCopy, image_files
from kvqa_audit.fixes.patch import Patch
from kvqa_audit.fixes.plan import plan_fixes
from kvqa_audit.fixes.proof import Proof, prove
from kvqa_audit.fixes.reviewed import Correction
from kvqa_audit.fixes.written_table import WrittenTable, read_written_table
from kvqa_audit.ingest.image_ids import IMAGES_NAME
from kvqa_audit.ingest.object_url import absolute_location
from kvqa_audit.ingest.open import open_source
from kvqa_audit.ingest.source_format import Wanted
from kvqa_audit.model import AuditRun
from kvqa_audit.pipeline.options import AuditOptions
from kvqa_audit.pipeline.publish import AuditRequest, audited
from kvqa_audit.progress import ItemsDone, Listener, StageStarted, ignore_events
from kvqa_audit.release.decisions_file import NAMES, text_of
from kvqa_audit.spec.dataset_spec import DatasetSpec


@dataclass(frozen=True, slots=True)
class Place:
    """The folder of a source, and the file that was named; None where all of the folder is the dataset."""

    folder: Path
    file: Path | None = None

    @property
    def dataset(self) -> Path:
        return self.folder if self.file is None else self.file

    def images_of(self, audit: AuditRun) -> tuple[Path, ...]:
        """The folders in which the images lie, and images that lie beside the table."""
        tops = {image.path.partition("/")[0] for image in audit.fingerprints}
        return tuple(self.folder / name for name in sorted({IMAGES_NAME, *tops}) if (self.folder / name).exists())


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
    """Where a source that can be corrected lies.

    Raises:
        SourceError: the source is neither a folder nor a file.
    """
    if source.is_dir():
        return Place(source)
    if source.is_file():
        return Place(source.parent, source)
    raise SourceError(f"{source}: only a dataset on disk is corrected. Download or export it first.")


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
    opened = open_source(str(source), Wanted(spec.columns))
    if not opened.tables:
        raise SourceError(f"{source}: holds no table to correct.")
    table = read_written_table(place.folder, opened.tables, spec.columns, audit.rows)
    wanted = removals or {}
    files = [path for folder in place.images_of(audit) for path in image_files(folder)]
    there = {name for path in files for name in (path.stem, path.name) if name in wanted}
    patch = plan_fixes(
        table,
        audit.findings,
        spec,
        audit.docs,
        corrections=corrections,
        removals=wanted,
        image_ids=there,
        digests={image.img_id: image.sha256 for image in audit.fingerprints},
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
    make_sure_it_is_apart(out, planned.place.dataset)
    with new_folder(out) as staging:
        return _write_and_prove(planned, staging, out, spec, options, listener)


def _write_and_prove(
    planned: Planned, staging: Path, out: Path, spec: DatasetSpec, options: Options, listener: Listener
) -> Proof:
    place, patch, used = planned.place, planned.patch, planned.audit.metrics["decisions"]["file"]
    images = place.images_of(planned.audit)
    listener(StageStarted("copy the images", sum(1 for folder in images for _ in image_files(folder))))
    not_taken = {"changes.csv", "changes.md", "proof.json", *NAMES} - {Path(used or "").name}
    gone = {one.path for one in planned.audit.fingerprints if one.img_id in patch.removed_images}
    removed = Removed(patch.removed_images, frozenset(gone))
    tree = TreeCopy(place.folder, images, removed, planned.table.files, not_taken, place.file is None, options.link)
    left_out = tree.write(staging, lambda count: listener(ItemsDone(count)))
    planned.table.write(staging, patch.cells, patch.dropped)
    write_atomically(staging / "changes.csv", write_copy.changes_csv(patch.changes))
    again = replace(options, decisions=Path(used) if used else None, ignore_decisions=not used)
    copied = staging if place.file is None else staging / place.file.name
    after = _audited(copied, spec, again, listener)
    after = replace(
        after, dataset=replace(after.dataset, location=absolute_location(str(out / copied.relative_to(staging))))
    )
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
