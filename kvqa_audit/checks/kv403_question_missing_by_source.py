"""The answer distributions come in; questions that some sources are asked and others are not go out."""

from __future__ import annotations

from collections import defaultdict

from kvqa_audit.answers.distributions import Distributions
from kvqa_audit.checks.base import Checked, Defect, Evidence, check
from kvqa_audit.model import Severity

MIN_IMAGES = 20
ASKED_RARELY = 0.5
ASKED_MOSTLY = 0.9
_NEEDS = ("table", "column source", "column question", "column img_id")


@check("KV403", Severity.INFO, needs=_NEEDS, unit="questions")
def question_missing_by_source(evidence: Evidence) -> Checked:
    """A question is asked of nearly all images of one source and of few of another.

    Why: whether a question is asked then tells the source, and "not asked" is easily mistaken for the answer none.
    Fix: ask the question of all images, or compare the sources only on questions that both are asked.
    """
    asked = _asked_shares(evidence.distributions)
    defects = []
    for question, shares in sorted(asked.items()):
        mostly = [source for source, share in shares.items() if share >= ASKED_MOSTLY]
        rarely = [source for source, share in shares.items() if share < ASKED_RARELY]
        if mostly and rarely:
            few = ", ".join(f"{source} ({shares[source]:.0%})" for source in rarely)
            many = ", ".join(f"{source} ({shares[source]:.0%})" for source in mostly)
            defects.append(
                Defect(
                    f"asked of nearly all images of {many}, but of few of {few}",
                    question=question,
                    score=max(shares.values()) - min(shares.values()),
                    evidence={"asked_share": shares},
                )
            )
    widest = max((max(shares.values()) - min(shares.values()) for shares in asked.values()), default=None)
    return Checked(len(asked), defects, widest, None if widest is None else ASKED_MOSTLY - ASKED_RARELY)


def _asked_shares(distributions: Distributions) -> dict[str, dict[str, float]]:
    """Question to source to the share of the source's images that are asked it; small sources are left out."""
    sources = {
        cell.source: cell.images_of_source
        for cell in distributions.cells
        if cell.source is not None and cell.images_of_source >= MIN_IMAGES
    }
    asked: dict[str, dict[str, float]] = defaultdict(lambda: dict.fromkeys(sources, 0.0))
    for cell in distributions.cells:
        if cell.source in sources:
            asked[cell.question][cell.source] = 1.0 - cell.missing_share
    return dict(asked)
