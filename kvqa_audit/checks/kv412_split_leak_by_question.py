"""The rows and their splits come in; questions that are asked of one image in several splits go out."""

from __future__ import annotations

from collections import defaultdict

import numpy as np

from kvqa_audit.checks.base import Checked, Defect, Evidence, check
from kvqa_audit.checks.rows import cells_of
from kvqa_audit.model import Severity
from kvqa_audit.spelling import folded

_NEEDS = ("table", "splits", "column question", "column img_id")


@check("KV412", Severity.ERROR, needs=_NEEDS, unit="questions about an image, with a split")
def split_leak_by_question(evidence: Evidence) -> Checked:
    """A question is asked of the same image in several splits.

    Why: what is asked in the test was shown in training, with its answer: that part of a score is memory.
    Fix: move all rows of an image into one split, or drop the question from all splits but one.
    """
    frame = evidence.table.frame
    split = np.array([name.strip() for name in evidence.table.splits], dtype=object)
    said = (split != "") & (frame["question"].str.strip() != "") & (frame["img_id"].str.strip() != "")
    rows = np.flatnonzero(said)
    _, first, asked = np.unique(evidence.contract.first_row[rows], return_index=True, return_inverse=True)
    leaking = np.flatnonzero(np.isin(asked, asked[split[rows] != split[rows][first][asked]]))
    rows_of: defaultdict[int, list[int]] = defaultdict(list)
    for place in leaking.tolist():
        rows_of[int(asked[place])].append(int(rows[place]))
    return Checked(len(first), [_defect(rows, evidence) for rows in rows_of.values()])


def _defect(rows: list[int], evidence: Evidence) -> Defect:
    splits = evidence.table.splits
    cells = list(cells_of(evidence, rows))
    question = min(one.question for one in cells)
    known = evidence.spec.question_of(question)
    answers = {folded(evidence.contract.reading(row).canonical) for row in rows}
    told = "with the same answer" if len(answers) == 1 else f"with {len(answers)} answers"
    names = sorted({splits[row].strip() for row in rows})
    return Defect(
        f"The question is asked of this image in the splits {', '.join(names)}, {told}",
        img_id=cells[0].img_id.strip(),
        question=known.text if known is not None else question,
        row=rows[0],
        evidence={"splits": names, "rows": rows, "answers": sorted(answers)},
        suggestion="Keep the question in one split",
    )
