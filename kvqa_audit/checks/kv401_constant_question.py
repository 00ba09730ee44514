"""The answer distributions come in; questions whose answer never varies go out."""

from __future__ import annotations

from kvqa_audit.checks.base import Checked, Defect, Evidence, check
from kvqa_audit.model import Severity

MIN_ANSWERS = 20


@check("KV401", Severity.INFO, needs=("table", "column question", "column answer"), unit="questions")
def constant_question(evidence: Evidence) -> Checked:
    """A question's answer never varies.

    Why: nothing can be learnt from a question that has one answer only, and a model scores full marks on it unseen.
    Fix: leave the question out of training and scores, or ask it where the other answer can occur.
    """
    judged = [q for q in evidence.distributions.questions if q.answered >= MIN_ANSWERS]
    return Checked(
        len(judged),
        [
            Defect(
                f"all {q.answered:,} answers to this question are {q.majority_answer!r}",
                question=q.question,
                answer=q.majority_answer,
                score=float(q.answered),
                evidence={"answered": q.answered, "images": q.images},
            )
            for q in judged
            if q.distinct_answers == 1
        ],
    )
