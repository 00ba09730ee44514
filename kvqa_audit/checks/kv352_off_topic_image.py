"""The images that look unlike the others of their source come in; a defect for each goes out."""

from __future__ import annotations

from collections.abc import Iterator

from kvqa_audit.checks.base import Checked, Defect, Evidence, check
from kvqa_audit.checks.reasons import quoted
from kvqa_audit.model import Severity

CERTAIN_DEVIATIONS = 5.0


@check("KV352", Severity.WARNING, needs=("images",), unit="images")
def off_topic_image(evidence: Evidence) -> Checked:
    """An image looks unlike the others of its source.

    Why: a chart, a screen or a picture of something else among frames teaches what was not meant. Judged by how far an
    image lies from the pictures around it, by its edges, its tones and the vectors that were given; from five
    robust standard deviations on this is a warning, from three and a half on a hint. An odd picture may be a right one.
    Fix: look at it; drop it, or put it where it belongs.
    """
    return Checked(evidence.suspicion.off_topic.images_judged, _defects(evidence))


def _defects(evidence: Evidence) -> Iterator[Defect]:
    for image in evidence.suspicion.off_topic.images:
        among = f"of {quoted(image.source)}" if image.source else "of the dataset"
        yield Defect(
            f"The image looks unlike the other pictures {among}: it lies {image.deviations:.1f} deviations farther "
            "from them than they do from each other",
            img_id=image.img_id,
            score=image.deviations,
            evidence={"source": image.source, "deviations": image.deviations},
            suggestion="Look at it; drop it, or put it where it belongs",
            severity=Severity.WARNING if image.deviations >= CERTAIN_DEVIATIONS else Severity.INFO,
        )
