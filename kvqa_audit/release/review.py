"""An audit and a decisions file come in; what is still to be decided goes out, and decisions go into the file."""

from __future__ import annotations

import tempfile
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from kvqa_audit.artifacts.atomic_file import write_atomically
from kvqa_audit.errors import KvqaAuditError, SpecError
from kvqa_audit.model import AuditRun, Finding, Severity
from kvqa_audit.release.applying import DecisionReport, apply_decisions, undecided
from kvqa_audit.release.decisions import Decision
from kvqa_audit.release.decisions_file import NAMES, decisions_beside, read_decisions, text_of
from kvqa_audit.release.decisions_text import with_added, without


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which findings a person wants to see; None for a part wants all. `severity` is the least one."""

    checks: frozenset[str] | None = None
    severity: Severity = Severity.INFO
    img_id: str | None = None

    def wants(self, finding: Finding) -> bool:
        if self.img_id is not None and self.img_id not in (finding.img_id, *finding.related):
            return False
        if finding.severity.rank < self.severity.rank:
            return False
        return self.checks is None or finding.check in self.checks


def file_for(run: AuditRun, named: Path | None) -> Path:
    """The decisions file of an audit: the named one, or the one in the dataset's own folder, there or to be begun.

    Raises:
        SpecError: none is named, and the dataset's folder is not at hand.
    """
    if named is not None:
        return named
    location = Path(run.dataset.location)
    if not location.exists():
        raise SpecError(f"{location}: is not a folder at hand, so name the decisions file with --decisions")
    return decisions_beside(location) or (location if location.is_dir() else location.parent) / NAMES[0]


def decisions_in(path: Path) -> tuple[Decision, ...]:
    """The decisions of a file; none where there is no file yet."""
    return read_decisions(path) if path.exists() else ()


def to_decide(run: AuditRun, decisions: Sequence[Decision], wanted: Wanted, today: date) -> tuple[Finding, ...]:
    """The wanted findings that are not decided yet, the gravest first, and within one severity in the audit's order."""
    found = [finding for finding in undecided(run.findings, decisions, today, run.docs) if wanted.wants(finding)]
    return tuple(sorted(found, key=lambda finding: -finding.severity.rank))


def report_on(run: AuditRun, decisions: Sequence[Decision], today: date) -> DecisionReport:
    """What comes of decisions in a finished audit."""
    whole = not (run.metrics.get("decisions") or {}).get("subset", False)
    return apply_decisions(run.findings, run.outcomes, decisions, today, run.docs, whole=whole)[2]


def finding_named(run: AuditRun, name: str) -> Finding:
    """The one finding whose key this is, or begins so; `KV203-<key>` is understood, too.

    Raises:
        KvqaAuditError: no finding, or more than one, is named so.
    """
    key = name.rpartition("-")[2].casefold()
    found = [finding for finding in run.findings if key and finding.key.startswith(key)]
    if len(found) != 1:
        told = (
            "no finding of this audit has this key" if not found else f"{len(found):,} findings have keys that begin so"
        )
        raise KvqaAuditError(f"{name}: {told}; findings.csv lists all keys")
    return found[0]


def last_batch(decisions: Sequence[Decision]) -> tuple[Decision, ...]:
    """The decisions at the end that were made together: by one person, on one day, in one verdict and in one reason."""

    def made(decision: Decision) -> tuple[object, ...]:
        return decision.who, decision.when, decision.verdict, decision.reason, decision.expires

    batch: list[Decision] = []
    for decision in reversed(decisions):
        if made(decision) != made(decisions[-1]):
            break
        batch.append(decision)
    return tuple(reversed(batch))


def pictures_of(finding: Finding, run: AuditRun) -> tuple[str, ...]:
    """Where the pictures are that a finding is about; below the dataset's folder, where that is at hand."""
    location = Path(run.dataset.location)
    folder = location if location.is_dir() else location.parent
    wanted = {finding.img_id, *finding.related}
    below = [image.path for image in run.fingerprints if image.img_id in wanted]
    return tuple(str(folder / path) if location.exists() else path for path in below)


def merged(path: Path, incoming: Sequence[Decision]) -> tuple[int, int]:
    """Adds decisions to the file, at its end, so that they hold; gives how many, and how many stand there already.

    What is decided in the same words about the same finding, and is the last word there, is not written twice.

    Raises:
        SpecError, OutputError: as for `store`.
    """
    last = {decision.key: decision for decision in decisions_in(path)}
    new = []
    for decision in incoming:
        if last.get(decision.key) != decision:
            new.append(decision)
        last[decision.key] = decision
    if new:
        store(path, new)
    return len(new), len(incoming) - len(new)


def store(path: Path, added: Sequence[Decision] = (), removed: Collection[Decision] = ()) -> None:
    """Puts decisions into the file and takes some out; what else stands there stays, and the file is whole always.

    Raises:
        SpecError: the file's layout does not allow it (a list in brackets, say); it is left as it was.
        OutputError: the file cannot be written.
    """
    text = text_of(path) if path.exists() else ""
    before = decisions_in(path)
    lines = {decision.line for decision in removed}
    kept = [decision for decision in before if decision.line not in lines]
    if removed:
        text = without(path, text, removed)
    if added:
        text = with_added(path, text, added)
    with tempfile.TemporaryDirectory() as folder:
        trial = Path(folder) / path.name
        trial.write_bytes(text.encode("utf-8"))
        try:
            fits = list(read_decisions(trial)) == [*kept, *added]
        except SpecError:
            fits = False
    if not fits:
        raise SpecError(
            f"{path}: entries cannot be added or taken out as it is laid out; write the list as 'decisions:' with an "
            "entry '- key: …' for each decision below it, or the CSV with all columns"
        )
    write_atomically(path, text.encode("utf-8"))
