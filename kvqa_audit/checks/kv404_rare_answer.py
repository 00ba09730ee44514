"""The answer distributions come in; answers given only once to an often answered question go out."""

from __future__ import annotations

from collections import Counter

from kvqa_audit.checks.base import Checked, Defect, Evidence, check
from kvqa_audit.model import Severity

MIN_ANSWERS = 200
_CLOSED = ("yes/no", "single choice", "numerical count")


@check("KV404", Severity.INFO, needs=("table", "column question", "column answer"), unit="answers")
def rare_answer(evidence: Evidence) -> Checked:
    """An answer is given only once to a question with one answer that is answered often.

    Why: a single case is often a slip of the hand, and no split can hold it for training and for testing.
    Fix: look at the image; where the answer is right, keep it out of per-answer scores.
    """
    counts: Counter[tuple[str, str]] = Counter()
    answered: Counter[str] = Counter()
    for share in evidence.distributions.shares:
        counts[share.question, share.answer] += share.rows
        answered[share.question] += share.rows
    closed = {question.text for question in evidence.spec.questions if question.type in _CLOSED}
    judged = {key: rows for key, rows in counts.items() if key[0] in closed and answered[key[0]] >= MIN_ANSWERS}
    return Checked(
        len(judged),
        [
            Defect(
                f"{answer!r} is given once in {answered[question]:,} answers",
                question=question,
                answer=answer,
                score=1.0 - 1.0 / answered[question],
                evidence={"answered": answered[question]},
            )
            for (question, answer), rows in sorted(judged.items())
            if rows == 1
        ],
    )
