"""The answer distributions come in; source and question pairs that one answer dominates go out."""

from __future__ import annotations

from kvqa_audit.checks.base import Checked, Defect, Evidence, check
from kvqa_audit.model import Severity

MIN_ANSWERS = 20
MAX_SHARE = 0.95
_NEEDS = ("table", "column source", "column question", "column answer")


@check("KV402", Severity.INFO, needs=_NEEDS, unit="source and question pairs")
def dominant_answer(evidence: Evidence) -> Checked:
    """One answer dominates a question within a source.

    Why: the source alone gives the answer away, so a model may learn the source instead of the finding.
    Fix: report scores per source and beside the majority answer, or balance the answers.
    """
    judged = [cell for cell in evidence.distributions.cells if cell.answered >= MIN_ANSWERS]
    shares = ((cell, cell.majority_share or 0.0) for cell in judged)
    return Checked(
        len(judged),
        [
            Defect(
                f"in {cell.source}, {share:.1%} of {cell.answered:,} answers are {cell.majority_answer!r}",
                question=cell.question,
                answer=cell.majority_answer,
                score=share,
                related=(str(cell.source),),
                evidence={
                    "source": cell.source,
                    "answered": cell.answered,
                    "majority_share": share,
                    "entropy_bits": cell.entropy_bits,
                    "effective_answers": cell.effective_answers,
                },
            )
            for cell, share in shares
            if share >= MAX_SHARE
        ],
    )
