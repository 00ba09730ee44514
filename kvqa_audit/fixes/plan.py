"""A table, the findings about it and what people reviewed come in; the patch that corrects it goes out.

Nothing here knows how to correct a cell: that stands in the findings' suggestions, and in the readings of answers.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

from kvqa_audit.contracts.readings import read_answer
from kvqa_audit.errors import SourceError
from kvqa_audit.fixes.patch import CORRECTION, REMOVAL, WHOLE_IMAGE, WHOLE_ROW, CellChange, Patch, Unapplied
from kvqa_audit.fixes.reviewed import Correction
from kvqa_audit.fixes.written_table import WrittenTable
from kvqa_audit.ingest.csv_records import csv_line
from kvqa_audit.model import CheckDoc, Finding, FindingStatus, Repair
from kvqa_audit.spec.dataset_spec import DatasetSpec

_ORDER = {repair: number for number, repair in enumerate(Repair)}


def plan_fixes(
    table: WrittenTable,
    findings: Iterable[Finding],
    spec: DatasetSpec,
    docs: Mapping[str, CheckDoc],
    *,
    corrections: Sequence[Correction] = (),
    removals: Mapping[str, str] | None = None,
    image_ids: Collection[str] = (),
    digests: Mapping[str, str | None] | None = None,
) -> Patch:
    """Plans what can be corrected without judging a picture, and what a person has judged.

    Left alone: findings that are waived, cells of which a part is waived, answers with a part outside the vocabulary,
    rows that are not read as they are written, and repeats that differ in any cell.

    Args:
        table: the table that was audited.
        findings: of its audit.
        spec: its description.
        docs: what is known about its checks, by code.
        corrections: reviewed answers.
        removals: image → why it goes, with its rows.
        image_ids: the images that are there.
        digests: image → SHA-256 of its file; a correction that was decided on another picture is not applied.
    """
    findings = tuple(findings)
    repairs = {code: doc.repair for code, doc in docs.items() if doc.repair is not None}
    work = _Work(table, spec, repairs, digests or {})
    work.remove(removals or {}, image_ids)
    for (row, column), group in work.by_cell(findings).items():
        work.rewrite(row, column, group)
    corrected = frozenset(key for correction in corrections if (key := work.correct(correction)))
    repeated = {f.row: f.check for f in findings if work.is_repeat(f) and f.status is FindingStatus.OPEN}
    work.drop_repeats(repeated, corrected)
    opened = [finding for finding in findings if finding.status is FindingStatus.OPEN]
    return Patch(
        changes=(
            *(work.changes[row][column] for row in sorted(work.changes) for column in work.changes[row]),
            *work.gone,
        ),
        cells={row: tuple(cells) for row, cells in work.cells.items() if row not in work.dropped},
        dropped=frozenset(work.dropped),
        removed_images=frozenset(work.removed),
        corrected=corrected,
        fixed=tuple(finding for finding in opened if work.has_fixed(finding)),
        left=tuple(f for f in opened if not work.has_fixed(f) and not work.has_removed(f, corrected)),
        unapplied=tuple(work.unapplied),
        unremoved=tuple(sorted((removals or {}).keys() - work.removed)),
    )


@dataclass
class _Work:
    """The table as it is being corrected; `changes` has them by row and column, `gone` the removed images."""

    table: WrittenTable
    spec: DatasetSpec
    repairs: Mapping[str, Repair]
    digests: Mapping[str, str | None]
    cells: dict[int, list[str]] = field(default_factory=dict)
    dropped: set[int] = field(default_factory=set)
    removed: set[str] = field(default_factory=set)
    changes: dict[int, dict[str, CellChange]] = field(default_factory=dict)
    gone: list[CellChange] = field(default_factory=list)
    unapplied: list[Unapplied] = field(default_factory=list)

    @cached_property
    def rows_of(self) -> dict[tuple[str, str], list[int]]:
        """(img_id, question as the catalogue has it) → rows that may be changed; asked once all cells are trimmed."""
        found: dict[tuple[str, str], list[int]] = {}
        for row in range(len(self.table.rows)):
            question = self.spec.question_by_text.get(self.now(row, "question").strip())
            if question is not None and row not in self.dropped and row not in self.table.locked:
                found.setdefault((self.table.img_ids[row].strip(), question.text), []).append(row)
        return found

    def now(self, row: int, role: str) -> str:
        cells = self.cells.get(row)
        return self.table.cell(row, role) if cells is None else cells[self.table.positions[role]]

    def is_repeat(self, finding: Finding) -> bool:
        return self.repairs.get(finding.check) is Repair.REPEATED_ROW

    def column_of(self, finding: Finding) -> str | None:
        """The column of the cell that the finding is about, None where no cell is rewritten for it."""
        match self.repairs.get(finding.check):
            case Repair.WHITESPACE | Repair.ODD_SPACES | Repair.SPELLING_VARIANT:
                return str(finding.evidence["column"])
            case Repair.QUESTION_SPELLING:
                return "question"
            case Repair.ANSWER_SPELLING | Repair.ANSWER_ORDER | Repair.BY_HAND:
                return "answer"
        return None

    def by_cell(self, findings: Iterable[Finding]) -> dict[tuple[int, str], list[Finding]]:
        """By row and column: the findings that a rewritten cell answers, and those that forbid to rewrite it."""
        cells: dict[tuple[int, str], list[Finding]] = {}
        for finding in findings:
            column = self.column_of(finding)
            if column is not None:
                for row in self.rows_about(finding):
                    cells.setdefault((row, column), []).append(finding)
        return cells

    def rows_about(self, finding: Finding) -> list[int]:
        """The rows that a finding is about: all that spell a value otherwise, else its one row."""
        if self.repairs.get(finding.check) is Repair.SPELLING_VARIANT:
            return list(finding.evidence["rows"])
        return [] if finding.row is None else [finding.row]

    def has_fixed(self, finding: Finding) -> bool:
        if finding.row is None:
            return False
        if self.is_repeat(finding):
            return finding.row in self.dropped
        column = self.column_of(finding) or ""
        changes = [self.changes.get(row, {}).get(column) for row in self.rows_about(finding)]
        return all(change is not None and finding.check in change.rules for change in changes)

    def has_removed(self, finding: Finding, corrected: Collection[tuple[str, str]]) -> bool:
        """Whether what the finding is about goes, or was settled by a person."""
        about = {finding.img_id or "", *finding.related}
        known = self.spec.question_by_text.get((finding.question or "").strip())
        settled = (
            known is not None and finding.row is not None and ((finding.img_id or "").strip(), known.text) in corrected
        )
        return finding.row in self.dropped or not self.removed.isdisjoint(about) or settled

    def remove(self, removals: Mapping[str, str], image_ids: Collection[str]) -> None:
        for row in range(len(self.table.rows)):
            img_id = self.table.img_ids[row].strip()
            if img_id in removals:
                if not self.table.can_drop(row):
                    raise SourceError(
                        f"{img_id}: its question in record {row + 1:,} stands in no record of its own (several lists "
                        "side by side, or a row that is not read as it is written), and is not taken out. Write one "
                        "record for each question first."
                    )
                self._drop(row, REMOVAL, removals[img_id])
                self.removed.add(img_id)
        for img_id in sorted(removals.keys() & set(image_ids)):
            self.removed.add(img_id)
            self.gone.append(CellChange(None, img_id, "", WHOLE_IMAGE, img_id, "", (REMOVAL,), removals[img_id]))

    def rewrite(self, row: int, column: str, group: Sequence[Finding]) -> None:
        """Puts the suggested text of the findings about one cell into it."""
        is_open = all(finding.status is FindingStatus.OPEN for finding in group)
        if row in self.dropped or not is_open or not self.table.can_change(row, column):
            return
        if any(self.repairs[finding.check] is Repair.BY_HAND for finding in group):
            spaces = (Repair.WHITESPACE, Repair.ODD_SPACES)
            group = [finding for finding in group if self.repairs[finding.check] in spaces]
        # The reading that finds a misspelling or another order ignores the whitespace, so its suggestion says it all.
        most = max(group, key=lambda finding: _ORDER[self.repairs[finding.check]], default=None)
        if most is not None and most.suggestion is not None:
            rules = tuple(finding.check for finding in group)
            why = "; ".join(finding.message for finding in group)
            self._set(row, column, most.suggestion, rules, why)

    def correct(self, correction: Correction) -> tuple[str, str] | None:
        """Puts a reviewed answer into its row; gives image and question where a row says it now."""
        key = (correction.img_id, correction.question)
        answers = {
            row: read_answer(correction.question, self.now(row, "answer"), self.spec).canonical
            for row in self.rows_of.get(key, ())
        }
        wanted = [row for row, answer in answers.items() if correction.old_answer in (None, answer)]
        why = self._against(correction, answers, wanted)
        if why is not None:
            self.unapplied.append(Unapplied(correction.line, correction.img_id, correction.question, why))
            return None
        for row in wanted:
            if answers[row] != correction.answer:
                self._set(row, "answer", correction.answer, (CORRECTION,), correction.reason)
        return key

    def _against(self, correction: Correction, answers: Mapping[int, str], wanted: Sequence[int]) -> str | None:
        """Why a correction cannot be applied, or None."""
        if not answers:
            return "no row asks this question about this image"
        if not wanted and correction.answer not in answers.values():
            return f"no row says {correction.old_answer!r}"
        question = self.spec.question_by_text[correction.question]
        for image in () if correction.evidence is None else correction.evidence.images:
            now = self.digests.get(image.img_id)
            if image.sha256 and now and image.sha256 != now:
                return f"decided on another picture of {image.img_id}: decide again"
        if any(answers[row] != correction.answer and not self.table.can_change(row, "answer") for row in wanted):
            return "the answer does not stand in a place of its own (several accepted answers, or rows that share it)"
        if len(wanted) > 1 and question.one_row_per_item and {answers[row] for row in wanted} != {correction.answer}:
            return f"{len(wanted)} rows fit, one for each item"
        return None

    def drop_repeats(self, repeated: Mapping[int | None, str], corrected: Collection[tuple[str, str]]) -> None:
        """Drops rows that were found to repeat an earlier one, or do since a correction, if they do in every cell."""
        settled = {
            row
            for key in corrected
            if not self.spec.question_by_text[key[1]].one_row_per_item
            for row in self.rows_of[key]
        }
        equal: dict[tuple[str, ...], list[int]] = {}
        numbers = self.table.row_ids
        for row, cells in enumerate(self.table.rows):
            if row not in self.dropped and self.table.can_drop(row):
                said = tuple(c for place, c in enumerate(self.cells.get(row, cells)) if place not in numbers)
                equal.setdefault(said, []).append(row)
        named = ", ".join(self.table.header[place] for place in sorted(numbers))
        but = f" but what numbers the rows ({named})" if named else ""
        for rows in equal.values():
            # Which row of equal ones was not found to repeat another stays; it need not be the first.
            kept = next((row for row in rows if row not in repeated), rows[0])
            for row in rows:
                if row != kept and row in repeated:
                    self._drop(row, repeated[row], f"repeats record {kept + 1} in every cell{but}")
                elif row != kept and row in settled:
                    self._drop(row, CORRECTION, f"repeats record {kept + 1} in every cell{but}, once corrected")

    def _set(self, row: int, role: str, text: str, rules: tuple[str, ...], why: str) -> None:
        if self.now(row, role) == text:
            return
        cells = self.cells.setdefault(row, list(self.table.rows[row]))
        cells[self.table.positions[role]] = text
        img_id, question = self.table.img_ids[row], self.table.cell(row, "question")
        change = CellChange(row, img_id, question, role, self.table.cell(row, role), text, rules, why)
        earlier = self.changes.setdefault(row, {}).get(role)
        if earlier is not None:
            change = replace(change, rules=(*earlier.rules, *rules), why=f"{earlier.why}; {why}")
        self.changes[row][role] = change

    def _drop(self, row: int, rule: str, why: str) -> None:
        """Notes a row that goes, in place of what would have changed in it."""
        self.dropped.add(row)
        img_id, question = self.table.img_ids[row], self.table.cell(row, "question")
        whole = csv_line(self.table.rows[row], end="")
        self.changes[row] = {WHOLE_ROW: CellChange(row, img_id, question, WHOLE_ROW, whole, "", (rule,), why)}
