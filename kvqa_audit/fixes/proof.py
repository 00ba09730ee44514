"""The findings before and after a patch come in; whether exactly those that it answers are gone goes out."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import Any

from kvqa_audit.contracts.readings import read_answer
from kvqa_audit.fixes.patch import CORRECTION, WHOLE_ROW, CellChange, Patch
from kvqa_audit.fixes.written_table import WrittenTable
from kvqa_audit.model import JUDGED, AuditRun, Finding, FindingStatus, OutcomeStatus
from kvqa_audit.spec.dataset_spec import DatasetSpec

NOT_JUDGED = (OutcomeStatus.SKIPPED, OutcomeStatus.ERRORED)
Signature = tuple[Any, ...]


@dataclass(frozen=True)
class Proof:
    """What a second audit, of the corrected copy, says about a patch.

    It holds if nothing stands in `new`, `lost`, `other_images` and `unjudged` (checks that the source's audit judged,
    and the copy's did not). `left` are the open findings of the copy. `settled` went with a row, an image or an answer
    that a person removed or corrected. `shifted_in` and `shifted_out` came and went with it although nobody touched
    what they are about: findings about the dataset as a whole, and suspicions, whose score depends on all other rows.
    `new_keys` maps the keys of findings that stayed to those they have now, where a corrected text gives them another
    one. `same_images` counts images whose bytes are what they were, None where none was looked at.
    """

    resolved: tuple[Finding, ...]
    settled: tuple[Finding, ...]
    shifted_in: tuple[Finding, ...]
    shifted_out: tuple[Finding, ...]
    lost: tuple[Finding, ...]
    new: tuple[Finding, ...]
    left: tuple[Finding, ...]
    same_images: int | None
    other_images: tuple[str, ...]
    unjudged: tuple[str, ...]
    new_keys: Mapping[str, str] = field(default_factory=dict)

    @property
    def holds(self) -> bool:
        return not (self.new or self.lost or self.other_images or self.unjudged)


def prove(
    before: AuditRun,
    after: AuditRun,
    patch: Patch,
    table: WrittenTable,
    spec: DatasetSpec,
    left_out: Collection[str] = (),
) -> Proof:
    """Compares the audit of the source with the audit of the copy, which has to be made with the same options.

    Findings are compared by check and by what they are about, read as it is meant: a finding about an answer is the
    same before and after the answer's order is corrected. Those that the patch answers have to be gone, all others have
    to be there still.

    Args:
        left_out: what was not copied, each "path: why"; findings about these files go with them.
    """
    sign = _Signing(patch, table, spec)
    answered = {finding.key for finding in patch.fixed}
    expected: dict[Signature, list[Finding]] = defaultdict(list)
    for finding in before.findings:
        if finding.key not in answered:
            expected[sign.before(finding)].append(finding)
    new, new_keys = [], {}
    for finding in after.findings:
        same = expected.get(sign.after(finding))
        if not same:
            new.append(finding)
        elif (old := same.pop(0)).key != finding.key:
            new_keys[old.key] = finding.key
    gone = [finding for findings in expected.values() for finding in findings]
    absent = {*patch.removed_images, *(name for one in left_out for name in _names(one))}
    touched = _Touched(patch, absent)
    settled = [finding for finding in gone if touched.explains(finding, spec)]
    others = [finding for finding in gone if not touched.explains(finding, spec)]
    shifts = bool(patch.dropped or patch.removed_images or patch.corrected)
    same_images, other_images = _images(before, after, absent)
    return Proof(
        resolved=patch.fixed,
        settled=tuple(settled),
        shifted_in=tuple(f for f in new if _may_shift(f, shifts)),
        shifted_out=tuple(f for f in others if _may_shift(f, shifts)),
        lost=tuple(f for f in others if not _may_shift(f, shifts)),
        new=tuple(f for f in new if not _may_shift(f, shifts)),
        left=tuple(finding for finding in after.findings if finding.status is FindingStatus.OPEN),
        same_images=same_images,
        other_images=other_images,
        unjudged=tuple(sorted(_codes(before, JUDGED) & _codes(after, NOT_JUDGED))),
        new_keys=new_keys,
    )


def by_check(findings: Iterable[Finding]) -> dict[str, int]:
    """How many findings each check has, by code."""
    return dict(sorted(Counter(finding.check for finding in findings).items()))


@dataclass(frozen=True)
class _Signing:
    """Says of a finding what it is about, in words that no correction of the spelling changes."""

    patch: Patch
    table: WrittenTable
    spec: DatasetSpec

    def before(self, finding: Finding) -> Signature:
        """The signature that the finding will have once its row is corrected."""
        question, answer, img_id = finding.question, finding.answer, finding.img_id
        cells = self.patch.cells.get(-1 if finding.row is None else finding.row)
        if cells is not None and finding.row is not None:
            now = {role: cells[place] for role, place in self.table.positions.items()}
            old = {role: self.table.cell(finding.row, role) for role in now}
            question = now["question"] if question is not None and question == old.get("question") else question
            answer = now["answer"] if answer is not None and answer == old.get("answer") else answer
            img_id = now["img_id"] if img_id is not None and img_id == old.get("img_id") else img_id
        return self._signature(finding, img_id, question, answer)

    def after(self, finding: Finding) -> Signature:
        return self._signature(finding, finding.img_id, finding.question, finding.answer)

    def _signature(self, finding: Finding, img_id: str | None, question: str | None, answer: str | None) -> Signature:
        known = self.spec.question_by_text.get((question or "").strip())
        # What is said of all answers of an image is the same when the rows that say them again are gone.
        told = finding.evidence.get("answers")
        answers = told if isinstance(told, (list, tuple)) else [answer or ""]
        read = {read_answer(question or "", str(one), self.spec).canonical for one in answers}
        # A line number changes with every row that is dropped before it.
        is_line = finding.evidence.get("line") is not None
        related = (str(finding.evidence.get("kind")),) if is_line else tuple(sorted(r.strip() for r in finding.related))
        return (
            finding.check,
            (img_id or "").strip(),
            known.text if known else " ".join((question or "").split()),
            " / ".join(sorted({" ".join(one.split()).casefold() for one in read})),
            related,
            finding.evidence.get("column"),
        )


class _Touched:
    """What a patch took away, or a person settled: findings about it may go."""

    def __init__(self, patch: Patch, absent: Collection[str]) -> None:
        self._patch = patch
        self._absent = absent
        changes = [change for change in patch.changes if change.row is not None]
        self._rows = {change.row: change for change in changes if _is_persons_or_drop(change)}
        self._moved = {change.row for change in changes if change.column == "img_id"}
        self._images = {change.img_id.strip() for change in self._rows.values()}

    def explains(self, finding: Finding, spec: DatasetSpec) -> bool:
        about = {(finding.img_id or "").strip(), *(other.strip() for other in finding.related)}
        if not about.isdisjoint(self._absent):
            return True
        if finding.row in self._rows or finding.row in self._moved:
            return True
        if about.isdisjoint(self._images):
            return False
        known = spec.question_by_text.get((finding.question or "").strip())
        if finding.question is None or known is None:
            return True
        return any(
            change.img_id.strip() in about and spec.question_by_text.get(change.question.strip()) is known
            for change in self._rows.values()
        )


def _is_persons_or_drop(change: CellChange) -> bool:
    return change.column == WHOLE_ROW or CORRECTION in change.rules


def _may_shift(finding: Finding, shifts: bool) -> bool:
    """Whether a finding may come or go with others: scored against them, or about the dataset as a whole."""
    is_of_the_whole = finding.img_id is None and finding.row is None and len(finding.related) < 2
    return finding.score is not None or (shifts and is_of_the_whole)


def _codes(run: AuditRun, statuses: tuple[OutcomeStatus, ...]) -> set[str]:
    return {outcome.code for outcome in run.outcomes if outcome.outcome in statuses}


def _names(left: str) -> tuple[str, ...]:
    """What a file that was left is called in findings: its path, or the id of its image."""
    path = PurePath(left.rpartition(": ")[0])
    return str(path), path.name, path.stem


def _images(before: AuditRun, after: AuditRun, absent: Collection[str]) -> tuple[int | None, tuple[str, ...]]:
    """How many images are what they were, and those that are not (gone without being removed, added, changed)."""
    if not before.fingerprints:
        return None, ()
    was: Mapping[str, str | None] = {f.img_id: f.sha256 for f in before.fingerprints}
    now = {f.img_id: f.sha256 for f in after.fingerprints}
    kept = {img_id: digest for img_id, digest in was.items() if img_id not in absent}
    other = {img_id for img_id in kept.keys() | now.keys() if kept.get(img_id, "") != now.get(img_id, "")}
    return len(kept) - len(other & kept.keys()), tuple(sorted(other))
