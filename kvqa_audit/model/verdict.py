"""Findings counted by their own severity, and what an audit's record keeps of its verdict."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Counts:
    """Findings by their own severity; errors, warnings and notes are open, and some of the open ones block."""

    errors: int = 0
    warnings: int = 0
    notes: int = 0
    waived: int = 0
    blocking: int = 0

    @property
    def open(self) -> int:
        return self.errors + self.warnings + self.notes

    @property
    def found(self) -> int:
        return self.open + self.waived


@dataclass(frozen=True, slots=True)
class Tally:
    """The findings of an audit, counted once: all of them, and by the code of their check."""

    total: Counts = Counts()
    by_check: Mapping[str, Counts] = field(default_factory=dict)

    def of(self, code: str) -> Counts:
        """The counts of one check; all 0 where it found nothing."""
        return self.by_check.get(code, Counts())


@dataclass(frozen=True, slots=True)
class VerdictRecord:
    """A verdict as audit.json keeps it: checks by their codes, reasons in words, and its findings counted.

    `spared` says which checks would block if people had not found them wrong too often; empty in earlier versions.
    """

    ready: bool
    sentence: str
    reasons: tuple[str, ...]
    blockers: tuple[str, ...]
    warnings: tuple[str, ...]
    not_checked: tuple[str, ...]
    findings: Counts
    spared: tuple[str, ...] = ()
