"""Two finished audits come in; one comparison goes out, with all that changed and all that could not be compared."""

from __future__ import annotations

from dataclasses import dataclass

from kvqa_audit.compare.drift import (
    OF_THE_FILE,
    OF_THE_PIXELS,
    AnswerDrift,
    ImageDrift,
    answer_drift,
    image_drift,
)
from kvqa_audit.compare.findings import CheckChange, changes_since, check_changes
from kvqa_audit.compare.images import ImageChanges, image_changes
from kvqa_audit.compare.rows import RowChanges, row_changes
from kvqa_audit.model import AuditRun, DatasetFacts, Severity
from kvqa_audit.release.changes import FindingChanges


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two audits."""

    run_id: str
    finished_at: str
    dataset: DatasetFacts
    exit_code: int
    findings: int


@dataclass(frozen=True, slots=True)
class Comparison:
    """What changed from one audit to another.

    `rows` and `images` are None where one side does not have them; `notes` says so, and all else that could not be
    compared.
    """

    before: Side
    after: Side
    rows: RowChanges | None
    images: ImageChanges | None
    findings: FindingChanges
    checks: tuple[CheckChange, ...]
    answers: tuple[AnswerDrift, ...]
    image_measures: tuple[ImageDrift, ...]
    notes: tuple[str, ...]

    @property
    def is_same_data(self) -> bool:
        """Whether table and images are the same to the byte."""
        return self.before.dataset.digest == self.after.dataset.digest

    def exit_code(self, gate: Severity) -> int:
        """1 if there are new findings at or above the gate, else 0."""
        return 1 if self.findings.new_at(gate) else 0


def compare_audits(before: AuditRun, after: AuditRun) -> Comparison:
    """Compares two audits of one dataset, of which the first is the earlier one."""
    notes = _of_the_audits(before, after)
    images = _images(before, after, notes)
    renamed = images.new_names if images else {}
    findings = changes_since(before, after, renamed)
    checks = check_changes(before, after, findings)
    return Comparison(
        before=_side(before),
        after=_side(after),
        rows=_rows(before, after, renamed, notes),
        images=images,
        findings=findings,
        checks=checks,
        answers=answer_drift(before.profile, after.profile),
        image_measures=_image_measures(before, after, notes) if images else (),
        notes=(*notes, *_of_checks(checks, findings)),
    )


def _side(run: AuditRun) -> Side:
    return Side(run.run_id, run.finished_at, run.dataset, run.exit_code, len(run.findings))


def _of_the_audits(before: AuditRun, after: AuditRun) -> list[str]:
    notes = []
    if before.dataset.name != after.dataset.name:
        notes.append(f"These are two datasets: {before.dataset.name} and {after.dataset.name}.")
    if bool(before.metrics.get("subset")) != bool(after.metrics.get("subset")):
        notes.append("One audit is of a part, the other of the whole dataset.")
    versions = [run.tool.get("version", "unknown") for run in (before, after)]
    if versions[0] != versions[1]:
        told = " and ".join(versions)
        notes.append(f"The audits were made by versions {told} of kvqa-audit, whose checks may differ.")
    return notes


def _images(before: AuditRun, after: AuditRun, notes: list[str]) -> ImageChanges | None:
    without = [name for name, run in _sides(before, after) if not run.fingerprints]
    if without:
        notes.append(
            f"Images are not compared, and renamed ones not recognised: no image was looked at in {_named(without)}."
        )
        return None
    return image_changes(before.fingerprints, after.fingerprints)


def _rows(before: AuditRun, after: AuditRun, renamed: dict[str, str], notes: list[str]) -> RowChanges | None:
    if before.rows is not None and after.rows is not None:
        return row_changes(before.rows, after.rows, renamed)
    without = [name for name, run in _sides(before, after) if run.rows is None]
    notes.append(
        f"Rows are not compared: there is no answers.parquet in {_named(without)}, as earlier versions wrote none; "
        "audit the dataset again to have it."
    )
    return None


def _image_measures(before: AuditRun, after: AuditRun, notes: list[str]) -> tuple[ImageDrift, ...]:
    measures: tuple[str, ...] = OF_THE_FILE
    versions = {(one.decoder, one.algorithm) for run in (before, after) for one in run.fingerprints}
    if len(versions) == 1:
        measures = (*measures, *OF_THE_PIXELS)
    else:
        notes.append(
            "Brightness, contrast, sharpness and entropy are not compared: they were measured by different versions."
        )
    sources = [run.metrics.get("sources", {}) for run in (before, after)]
    return image_drift(before.fingerprints, after.fingerprints, sources[0], sources[1], measures)


def _of_checks(checks: tuple[CheckChange, ...], findings: FindingChanges) -> list[str]:
    notes = []
    newly = [check.code for check in checks if check.is_newly_judged and check.new]
    if newly:
        notes.append(f"New because nobody looked before, not because the data changed: all of {', '.join(newly)}.")
    if findings.not_judged:
        codes = ", ".join(sorted({finding.check for finding in findings.not_judged}))
        notes.append(f"Not known whether resolved: {len(findings.not_judged):,} findings of {codes}, not judged now.")
    return notes


def _sides(before: AuditRun, after: AuditRun) -> tuple[tuple[str, AuditRun], tuple[str, AuditRun]]:
    return ("the first audit", before), ("the second audit", after)


def _named(names: list[str]) -> str:
    return "both audits" if len(names) == 2 else names[0]
