"""Rows that break a rule of the row contract come in; a defect for each, with the row's own cells, goes out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple, TypeVar

from kvqa_audit.checks.base import Checked, Defect, Evidence

MAX_SUGGESTED = 2_000
T = TypeVar("T")


class RowCells(NamedTuple):
    """One row of the table: its 0-based number and its cells."""

    row: int
    source: str
    question: str
    answer: str
    img_id: str


def cells_of(evidence: Evidence, rows: Iterable[int]) -> Iterator[RowCells]:
    """The cells of the rows with these numbers, in the order given."""
    wanted = list(rows)
    part = evidence.table.frame.iloc[wanted]
    columns = [part[role].tolist() for role in ("source", "question", "answer", "img_id")]
    for row, source, question, answer, img_id in zip(wanted, *columns, strict=True):
        yield RowCells(row, source, question, answer, img_id)


def row_defect(
    cells: RowCells, message: str, suggestion: str | None = None, evidence: dict[str, object] | None = None
) -> Defect:
    """A defect about one row."""
    return Defect(
        message,
        img_id=cells.img_id or None,
        question=cells.question or None,
        answer=cells.answer,
        row=cells.row,
        suggestion=suggestion,
        evidence=evidence or {},
    )


def judged(evidence: Evidence, rule: str, describe: Callable[[RowCells], tuple[str, str | None]]) -> Checked:
    """All rows evaluated, and a defect for each that breaks the rule; `describe` gives message and suggestion."""
    defects = [row_defect(cells, *describe(cells)) for cells in cells_of(evidence, evidence.contract.rows(rule))]
    return Checked(len(evidence.table.frame), defects)


def remembered(suggest: Callable[[T], str | None]) -> Callable[[T], str | None]:
    """Asks once per distinct text, and for the first `MAX_SUGGESTED` only.

    A table with more unknown texts is broken as a whole: its rows are all reported, but likeness is slow to measure.
    """
    known: dict[T, str | None] = {}

    def suggestion(about: T) -> str | None:
        if about not in known and len(known) < MAX_SUGGESTED:
            known[about] = suggest(about)
        return known.get(about)

    return suggestion


def shown(text: str) -> str:
    """A cell as a message quotes it: escaped, and cut where it is very long."""
    return repr(text if len(text) <= 200 else f"{text[:200]}… ({len(text):,} characters)")
