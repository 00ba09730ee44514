"""What was planted into the sample dataset: which defect, where, and which checks have to find it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from kvqa_audit.model import Finding


@dataclass(frozen=True, slots=True)
class Planted:
    """One planted defect.

    `expected` are the codes of the checks that have to find it. A finding is about it if it names all of `img_ids`
    (as its image or as related ones) and, where `question` is given and the finding has a question, that question.
    """

    what: str
    where: str
    expected: tuple[str, ...]
    img_ids: tuple[str, ...]
    question: str | None = None

    def found_in(self, findings: Iterable[Finding]) -> tuple[str, ...]:
        """The expected codes among the findings that are about this defect, sorted."""
        return tuple(sorted({finding.check for finding in findings if self._is_about(finding)}))

    def _is_about(self, finding: Finding) -> bool:
        if finding.check not in self.expected or not {*self.img_ids} <= {finding.img_id, *finding.related}:
            return False
        return self.question is None or finding.question in (None, self.question)


@dataclass(frozen=True, slots=True)
class DemoTruth:
    """The sample dataset's folder, how much it holds, and all that was planted into it."""

    folder: Path
    rows: int
    images: int
    planted: tuple[Planted, ...]
