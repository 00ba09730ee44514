"""The images with their sources and groups come in; sources that a few groups dominate go out."""

from __future__ import annotations

from collections import defaultdict

from kvqa_audit.answers.image_groups import effective_number
from kvqa_audit.checks.base import Checked, Defect, Evidence, check
from kvqa_audit.checks.image_groups import members_by_group
from kvqa_audit.model import Severity

MIN_IMAGES = 20
MAX_SHARE = 0.25


@check("KV419", Severity.INFO, needs=("table", "groups", "column img_id"), unit="sources with at least 20 such images")
def dominant_group(evidence: Evidence) -> Checked:
    """Many images of a source come from one group.

    Why: pictures of one patient, examination or video are alike; a source with a dominant group tells less than its
    number of images suggests, and a score on it hangs on one case.
    Fix: say how many groups there are, and report intervals by group, or collect more cases.
    """
    frame = evidence.table.frame
    source_of = dict(zip(frame["img_id"].str.strip().tolist(), frame["source"].str.strip().tolist(), strict=True))
    sizes: defaultdict[str, dict[str, int]] = defaultdict(dict)
    for group, images in members_by_group(evidence).items():
        for image in images:
            sizes[source_of[image]][group] = sizes[source_of[image]].get(group, 0) + 1
    judged = {source: of for source, of in sorted(sizes.items()) if sum(of.values()) >= MIN_IMAGES}
    found = [(source, of, max(of, key=lambda group: (of[group], group))) for source, of in judged.items()]
    return Checked(
        len(judged),
        [_defect(source, of, most) for source, of, most in found if of[most] > MAX_SHARE * sum(of.values())],
    )


def _defect(source: str, sizes: dict[str, int], most: str) -> Defect:
    images, effective = sum(sizes.values()), effective_number(sizes.values())
    where = f"in {source}, " if source else ""
    return Defect(
        f"{where}{sizes[most]:,} of {images:,} images come from the group {most!r}; the {len(sizes):,} groups tell as "
        f"much as {effective:.1f} of one size",
        score=sizes[most] / images,
        related=(source,) if source else (),
        evidence={"source": source, "group": most, "groups": len(sizes), "images": images, "effective": effective},
    )
