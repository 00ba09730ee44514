"""The columns that are not judged come in; rare values of theirs that are near a frequent one go out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from kvqa_audit.checks.base import Checked, Defect, Evidence, check
from kvqa_audit.checks.rows import shown
from kvqa_audit.model import Severity
from kvqa_audit.spelling import folded, is_near_miss

MAX_ROWS = 3
MAX_SHARE = 0.02


@check("KV415", Severity.WARNING, unit="values of columns that are not judged")
def misspelt_category(evidence: Evidence) -> Checked:
    """A rare value of a column is a near miss of a frequent one.

    Why: whoever groups the rows by this column loses those with a slip of the hand, and nobody counts what is not used.
    Only columns that the description leaves unjudged are looked at, and of those the ones with few values.
    Fix: correct the value to the suggested one.
    """
    columns = evidence.table.categories
    evaluated = sum(len(set(cells) - {""}) for cells in columns.values())
    return Checked(evaluated, [defect for name, cells in sorted(columns.items()) for defect in _defects(name, cells)])


def _defects(column: str, cells: Sequence[str]) -> Iterator[Defect]:
    rows = Counter(cell for cell in cells if cell.strip())
    for rare, number in sorted(rows.items()):
        near = [text for text, n in rows.items() if number <= max(MAX_ROWS, MAX_SHARE * n) < n and _is_near(rare, text)]
        if not near:
            continue
        meant = min(near, key=lambda text: (-rows[text], text))
        found = [row for row, cell in enumerate(cells) if cell == rare]
        yield Defect(
            f"The column {column!r} holds {shown(rare)} in {number:,} rows, and {shown(meant)} in {rows[meant]:,}",
            row=found[0],
            related=(column, rare),
            evidence={"column": column, "value": rare, "rows": found},
            suggestion=meant,
        )


def _is_near(rare: str, frequent: str) -> bool:
    return rare != frequent and (folded(rare) == folded(frequent) or is_near_miss(rare, frequent))
