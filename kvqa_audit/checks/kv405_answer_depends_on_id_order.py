"""Tests of answers along the ids come in; questions whose answers change from batch to batch go out."""

from __future__ import annotations

from kvqa_audit.checks.base import Checked, Defect, Evidence, check
from kvqa_audit.model import Severity

MAX_Q_VALUE = 0.01
MIN_CRAMERS_V = 0.2


@check(
    "KV405",
    Severity.WARNING,
    needs=("table", "column source", "column question", "column answer", "column img_id"),
    unit="source and question pairs",
)
def answer_depends_on_id_order(evidence: Evidence) -> Checked:
    """How a question is answered changes along the ids of one source.

    Why: images come in batches with ids that follow each other, and a batch with other answers was mostly labelled by
    another hand or another rule.
    Fix: compare the batches, settle one way of answering, and never split the data in the order of the ids.
    """
    tests = evidence.study.row_order
    return Checked(
        len(tests),
        [
            Defect(
                f"in {test.source}, images {test.first_image} to {test.last_image} (by id) have "
                f"{test.share_in_block:.0%} {test.answer!r} against {test.share:.0%} overall",
                question=test.question,
                answer=test.answer,
                score=test.cramers_v,
                related=(test.source,),
                evidence={
                    "source": test.source,
                    "answered": test.answered,
                    "blocks": test.blocks,
                    "chi_square": test.chi_square,
                    "degrees_of_freedom": test.degrees_of_freedom,
                    "p_value": test.p_value,
                    "q_value": test.q_value,
                    "cramers_v": test.cramers_v,
                    "images": [test.first_image, test.last_image],
                    "share_in_block": test.share_in_block,
                    "share": test.share,
                },
            )
            for test in tests
            if test.q_value < MAX_Q_VALUE and test.cramers_v >= MIN_CRAMERS_V
        ],
        max((test.cramers_v for test in tests if test.q_value < MAX_Q_VALUE), default=0.0) if tests else None,
        MIN_CRAMERS_V if tests else None,
    )
