"""The scored sources come in; a defect for every image that seems to stand under a wrong one goes out."""

from __future__ import annotations

from collections.abc import Iterator

from kvqa_audit.checks.base import Checked, Defect, Evidence, check
from kvqa_audit.checks.reasons import in_words, look_of, quoted, severity_of
from kvqa_audit.model import Severity


@check(
    "KV351",
    Severity.WARNING,
    needs=("table", "column source", "column question", "column answer", "column img_id"),
    unit="images",
)
def suspicious_source(evidence: Evidence) -> Checked:
    """An image stands under a source that its answers and its look speak against.

    Why: a model that learns the source, or a split that goes by it, learns it wrong from this image. Sources
    exchanged in this very dataset tell how precise that is: where at least every second finding with such a score was
    an exchanged one this is a warning, below that a hint.
    Fix: look at the image; correct its source, or the answers that do not belong to it.
    """
    return Checked(evidence.suspicion.images_with_judged_source, _defects(evidence))


def _defects(evidence: Evidence) -> Iterator[Defect]:
    for suspect in evidence.suspicion.sources:
        reasons = [in_words(reason.fact, evidence.spec) for reason in suspect.reasons]
        yield Defect(
            f"The image stands under {quoted(suspect.source)}; what is known of it "
            f"({'; '.join(reasons) or 'all of it together'}) makes {quoted(suspect.expected)} more likely "
            f"(p = {suspect.expected_probability:.2f} against {suspect.probability:.2g})",
            img_id=suspect.img_id,
            score=suspect.score,
            evidence={
                "source": suspect.source,
                "probability": suspect.probability,
                "expected": suspect.expected,
                "expected_probability": suspect.expected_probability,
                "reasons": reasons,
                **look_of(None, suspect.nearest),
            },
            suggestion=f"Look at the image; if nothing speaks for {quoted(suspect.source)}, "
            f"make its source {quoted(suspect.expected)}",
            severity=severity_of(suspect.score, evidence.suspicion.source_self_test),
        )
