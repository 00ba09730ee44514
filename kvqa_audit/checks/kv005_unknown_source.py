"""Rows come in; a defect for every source that the description does not know goes out."""

from __future__ import annotations

from functools import partial

from kvqa_audit.checks.base import Checked, Evidence, check
from kvqa_audit.checks.rows import RowCells, judged, remembered, shown
from kvqa_audit.contracts.readings import closest
from kvqa_audit.model import Severity


@check("KV005", Severity.ERROR, needs=("table", "column source"), by_description=True)
def unknown_source(evidence: Evidence) -> Checked:
    """A source is not one of the dataset's categories.

    Why: the image drops out of its category, and a new one appears that nobody described.
    Fix: correct the source to the suggested one, or add the category to the dataset description.
    """
    suggestion = remembered(partial(closest, allowed=evidence.spec.sources))

    def describe(cells: RowCells) -> tuple[str, str | None]:
        return f"The source {shown(cells.source)} is not known", suggestion(cells.source)

    return judged(evidence, "unknown_source", describe)
