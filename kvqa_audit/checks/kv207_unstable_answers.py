"""The stability of answers on copies comes in; questions that copies of a picture often answer differently go out."""

from __future__ import annotations

from kvqa_audit.checks.base import Checked, Defect, Evidence, check
from kvqa_audit.model import Severity

MIN_GROUPS = 10
MIN_AGREEMENT = 0.9


@check(
    "KV207",
    Severity.INFO,
    needs=("duplicates", "table", "column question", "column answer", "column img_id"),
    unit="questions answered for at least ten groups of copies",
)
def unstable_answers(evidence: Evidence) -> Checked:
    """A question is often answered differently on copies of one picture.

    Why: a score on it cannot be trusted beyond the point where its own answers agree.
    Fix: settle what the question means, and answer it anew; quote the agreement beside every score.
    """
    judged = [found for found in evidence.study.stability if found.groups >= MIN_GROUPS]
    lowest = min((found.agreement for found in judged), default=None)
    return Checked(
        len(judged),
        [
            Defect(
                f"of {found.pairs:,} pairs of copies {found.agreement:.0%} have the same answer "
                f"(95 % interval {found.agreement_low or 0:.0%} to {found.agreement_high or 0:.0%})",
                question=found.question,
                score=1.0 - found.agreement,
                evidence={
                    "groups": found.groups,
                    "images": found.images,
                    "pairs": found.pairs,
                    "agreement": found.agreement,
                    "kappa": found.kappa,
                    "alpha": found.alpha,
                },
            )
            for found in judged
            if (found.agreement_high or 0.0) < MIN_AGREEMENT
        ],
        lowest,
        None if lowest is None else MIN_AGREEMENT,
    )
