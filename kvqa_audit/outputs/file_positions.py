"""A finished audit comes in; where its findings stand in the table's file, and what belongs together, goes out."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from kvqa_audit.model import AuditRun, CheckOutcome, Finding, FindingStatus, OutcomeStatus, Severity
from kvqa_audit.release.gate import Verdict

TABLE_NAME = "metadata.csv"
_TEXT = (".csv", ".tsv", ".tab", ".psv", ".txt")
LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "note"}


@dataclass(frozen=True, slots=True)
class TableFile:
    """The file that holds the table: its path as a code host knows it, and the 1-based line of each row.

    `lines` is None where the table is no CSV, because a row of a Parquet file has no line.
    """

    path: str
    lines: Sequence[int] | None

    def line_of(self, finding: Finding) -> int | None:
        """The 1-based line a finding is about; None where it is about no row."""
        if self.lines is None or finding.row is None or finding.row >= len(self.lines):
            return None
        return self.lines[finding.row]

    def place_of(self, finding: Finding) -> str:
        """`line 5`, or `record 4`, counted from 1, where a row has no line; "" for a finding about no row."""
        if finding.row is None:
            return ""
        line = self.line_of(finding)
        return f"record {finding.row + 1:,}" if line is None else f"line {line:,}"


@dataclass(frozen=True, slots=True)
class FindingGroup:
    """The findings of one check about one question, of one status; `severity` is the worst of them."""

    check: str
    question: str | None
    severity: Severity
    waived: bool
    findings: tuple[Finding, ...]


def table_file(run: AuditRun) -> TableFile:
    """Finds the table's file at the audited place."""
    return table_file_at(Path(run.dataset.location), run.dataset.rows, run.dataset.tables)


def table_file_at(location: Path, rows: int, tables: Sequence[str] = ()) -> TableFile:
    """The table's file in a folder, or the file itself; where it is gone, a row is a line, below one line of header.

    Rows have lines in one text file alone: where the table is several files, or of another format, they have none.

    Args:
        location: what was audited.
        rows: how many rows it has.
        tables: the table's files below it, where they are known.
    """
    is_text = location.suffix.lower() in _TEXT
    root = location.parent if is_text or location.is_file() else location
    path = root / tables[0] if tables else location if is_text else location / TABLE_NAME
    if len(tables) > 1 or path.suffix.lower() not in _TEXT or (location.exists() and not path.exists()):
        return TableFile(_as_seen_from_here(path if len(tables) == 1 else location), None)
    return TableFile(_as_seen_from_here(path), _lines(path, rows) or range(2, rows + 2))


def grouped(run: AuditRun) -> tuple[FindingGroup, ...]:
    """All findings by check, question and status: errors first, then by check, then the largest groups."""
    parts: dict[tuple[str, str | None, bool], list[Finding]] = {}
    for finding in run.findings:
        waived = finding.status is not FindingStatus.OPEN
        parts.setdefault((finding.check, finding.question, waived), []).append(finding)
    groups = [
        FindingGroup(check, question, max((f.severity for f in part), key=lambda s: s.rank), waived, tuple(part))
        for (check, question, waived), part in parts.items()
    ]
    return tuple(
        sorted(groups, key=lambda g: (g.waived, -g.severity.rank, g.check, -len(g.findings), g.question or ""))
    )


def told_by_blockers(verdict: Verdict, outcome: CheckOutcome) -> str:
    """The verdict's own words about a check, or about a limit that its findings exceed; "" where it has none."""
    of_several = [one.name for one in verdict.together if any(f.check == outcome.code for f in one.findings)]
    starts = (
        f"{outcome.code} ",
        *(f"{what}{name}:" for name in (outcome.code, *of_several) for what in ("", "checks ")),
    )
    return "; ".join(reason for reason in verdict.reasons if reason.startswith(starts))


def count_of(outcomes: Iterable[CheckOutcome], status: OutcomeStatus) -> int:
    return sum(outcome.outcome is status for outcome in outcomes)


def _as_seen_from_here(path: Path) -> str:
    """Relative to the current folder where it lies in there, because a code host knows paths in its checkout only."""
    try:
        return Path(os.path.realpath(path)).relative_to(os.path.realpath(Path.cwd())).as_posix()
    except (OSError, ValueError):
        return PurePosixPath(path.name or TABLE_NAME).as_posix()


def _lines(path: Path, rows: int) -> list[int] | None:
    """The line each record starts in: cells may hold line breaks. None where the file is not the audited one."""
    starts, before = [], 0
    try:
        with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
            reader = csv.reader(file)
            for record in reader:
                if record:
                    starts.append(before + 1)
                before = reader.line_num
    except (OSError, csv.Error):
        return None
    return starts[1:] if len(starts) == rows + 1 else None
