"""The scored answers come in; a defect for every answer that the rest of its image speaks against goes out."""

from __future__ import annotations

from collections.abc import Iterator

from kvqa_audit.checks.base import Checked, Defect, Evidence, check
from kvqa_audit.checks.reasons import in_words, look_of, quoted, severity_of
from kvqa_audit.model import Severity


@check(
    "KV350",
    Severity.WARNING,
    needs=("table", "column question", "column answer", "column img_id"),
    unit="answers",
)
def suspicious_answer(evidence: Evidence) -> Checked:
    """An answer does not fit the image's other answers.

    Why: a slip of the hand teaches a model a wrong answer, and in a test it marks the right one wrong. The other
    answers, the source, the look of the picture and the images exported beside it make another answer likelier here.
    Errors planted into this very dataset tell how precise that is: where at least every second finding with such a
    score was planted this is a warning, below that a hint.
    Fix: look at the image, most suspicious answers first; correct the answer, or the other answers that contradict it.
    """
    return Checked(len(evidence.suspicion.scores), _defects(evidence))


def _defects(evidence: Evidence) -> Iterator[Defect]:
    answers = evidence.table.frame["answer"]
    for suspect in evidence.suspicion.suspects:
        question = evidence.spec.question_by_name[suspect.question].text
        expected = quoted(suspect.expected)
        reasons = [in_words(reason.fact, evidence.spec) for reason in suspect.reasons]
        yield Defect(
            f"{question!r} is answered {quoted(suspect.answer)}; what else is known of this image "
            f"({'; '.join(reasons) or 'all of it together'}) makes {expected} more likely "
            f"(p = {suspect.expected_probability:.2f} against {suspect.probability:.2g})",
            img_id=suspect.img_id,
            question=question,
            answer=str(answers.iat[suspect.row]),
            row=suspect.row,
            score=suspect.score,
            evidence={
                "probability": suspect.probability,
                "expected": suspect.expected,
                "expected_probability": suspect.expected_probability,
                "reasons": reasons,
                **look_of(suspect.picture, suspect.nearest),
            },
            suggestion=f"Look at the image; if nothing speaks for the given answer, make it {expected}",
            severity=severity_of(suspect.score, evidence.suspicion.self_test),
        )
