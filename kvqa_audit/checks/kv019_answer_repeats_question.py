"""Rows come in; a defect for every answer that says the question again goes out."""

from __future__ import annotations

from kvqa_audit.checks.base import Checked, Evidence, check
from kvqa_audit.checks.rows import cells_of, row_defect, shown
from kvqa_audit.model import Severity
from kvqa_audit.spelling import folded

MIN_WORDS = 3


@check("KV019", Severity.WARNING, needs=("table", "column question", "column answer"))
def answer_repeats_question(evidence: Evidence) -> Checked:
    """An answer repeats its question.

    Why: a cell was filled twice, or a language model echoed what it was asked; in either case nothing is answered, or
    the answer is longer than what is compared with it.
    Fix: answer the question, or leave the question out of the answer.
    """
    frame = evidence.table.frame
    cells = zip(frame["question"].tolist(), frame["answer"].tolist(), strict=True)
    rows = [row for row, (question, answer) in enumerate(cells) if _repeats(question, answer)]
    return Checked(
        len(frame),
        [row_defect(one, f"The answer repeats the question: {shown(one.answer)}")
         for one in cells_of(evidence, rows)],
    )  # fmt: skip


def _repeats(question: str, answer: str) -> bool:
    if len(answer) < len(question.strip()) // 2 or not question.strip():
        return False
    asked, said = folded(question), folded(answer)
    return said == asked or (said.startswith(asked) and len(asked.split()) >= MIN_WORDS)
