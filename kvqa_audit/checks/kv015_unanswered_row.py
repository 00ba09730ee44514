"""Rows come in; a defect for every row without an answer goes out."""

from __future__ import annotations

from kvqa_audit.checks.base import Checked, Evidence, check
from kvqa_audit.checks.rows import judged
from kvqa_audit.model import Severity


@check("KV015", Severity.ERROR, needs=("table", "column answer"))
def unanswered_row(evidence: Evidence) -> Checked:
    """A row has no answer.

    Why: a blank is neither 'none' nor 'no'; readers turn it into a null, an empty class or a crash.
    Fix: fill in the answer, or drop the row: a question that was not asked has no row.
    """
    return judged(evidence, "blank_answer", lambda _: ("This row has no answer", "Fill in the answer, or drop the row"))
