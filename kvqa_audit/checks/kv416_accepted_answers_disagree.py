"""Rows with several accepted answers come in; those without an answer that most agree on go out."""

from __future__ import annotations

from collections import Counter

from kvqa_audit.checks.base import Checked, Defect, Evidence, check
from kvqa_audit.checks.rows import RowCells, cells_of, row_defect, shown
from kvqa_audit.ingest.dataset import Accepted
from kvqa_audit.model import Severity
from kvqa_audit.spelling import folded

MIN_GIVEN = 3


@check("KV416", Severity.INFO, needs=("table", "column answer"), unit="rows with at least three accepted answers")
def accepted_answers_disagree(evidence: Evidence) -> Checked:
    """Of the answers a question accepts no half are the same.

    Why: nobody knows what a model is to say, and whichever answer is taken for the right one was given by a minority.
    What is measured is the mean share of the answer that is given most often, spellings of one value together.
    Fix: look at the image; ask the question more clearly, or leave it out of the scores.
    """
    given = {row: _by_value(accepted) for row, accepted in enumerate(evidence.table.accepted)}
    judged = {row: values for row, values in given.items() if sum(values.values()) >= MIN_GIVEN}
    shares = {row: max(values.values()) / sum(values.values()) for row, values in judged.items()}
    split = [row for row, share in shares.items() if share < 0.5]
    return Checked(
        len(judged),
        [_defect(cells, judged[cells.row], shares[cells.row]) for cells in cells_of(evidence, split)],
        sum(shares.values()) / len(shares) if shares else None,
        0.5 if shares else None,
    )


def _by_value(accepted: Accepted) -> Counter[str]:
    values: Counter[str] = Counter()
    for answer, number in accepted:
        values[folded(answer)] += number  # type: ignore[assignment]
    return values


def _defect(cells: RowCells, values: Counter[str], share: float) -> Defect:
    most = sorted(values.items(), key=lambda one: (-one[1], one[0]))
    told = ", ".join(f"{shown(answer)} {number:g} times" for answer, number in most[:5])
    return row_defect(
        cells,
        f"The answer given most often has a share of {share:.0%}: {told}",
        evidence={"answers": dict(most), "agreement": share},
    )
