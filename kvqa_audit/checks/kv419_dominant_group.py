"""The images with their sources and groups come in; sources that a few groups dominate go out."""

from __future__ import annotations

from collections import defaultdict

from kvqa_audit.answers.image_groups import effective_number
from kvqa_audit.checks.base import Checked, Defect, Evidence, check
from kvqa_audit.checks.pairs import sources_by_image
from kvqa_audit.model import ImageGroups, Severity

MIN_IMAGES = 20
MAX_SHARE = 0.25


@check("KV419", Severity.INFO, needs=("groups", "column img_id"), unit="sources with at least 20 such images")
def dominant_group(evidence: Evidence) -> Checked:
    """Many images of a source come from one group.

    Why: pictures of one patient, examination or video are alike; a source with a dominant group tells less than its
    number of images suggests, and a score on it hangs on one case.
    Fix: say how many groups there are, and report intervals by group, or collect more cases.
    """
    sources = sources_by_image(evidence)
    sizes: defaultdict[str, dict[str, int]] = defaultdict(dict)
    for group, images in evidence.groups.members().items():
        for image in images:
            for source in sources.get(image, ("",)):
                sizes[source][group] = sizes[source].get(group, 0) + 1
    judged = {source: of for source, of in sorted(sizes.items()) if sum(of.values()) >= MIN_IMAGES}
    found = [(source, of, max(of, key=lambda group: (of[group], group))) for source, of in judged.items()]
    return Checked(
        len(judged),
        [
            _defect(source, of, most, evidence.groups)
            for source, of, most in found
            if of[most] > MAX_SHARE * sum(of.values())
        ],
    )


def _defect(source: str, sizes: dict[str, int], most: str, groups: ImageGroups) -> Defect:
    images, effective = sum(sizes.values()), effective_number(sizes.values())
    where = f"in {source}, " if source else ""
    return Defect(
        f"{where}{sizes[most]:,} of {images:,} images come from {groups.called(most)}; the {len(sizes):,} "
        f"{groups.word}s tell as much as {effective:.1f} of one size",
        score=sizes[most] / images,
        related=(source,) if source else (),
        evidence={"source": source, "group": most, "groups": len(sizes), "images": images, "effective": effective},
    )
