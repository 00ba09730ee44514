"""Verified pairs and the table come in; a defect for every picture that stands under two sources goes out."""

from __future__ import annotations

from dataclasses import replace

from kvqa_audit.checks.base import Checked, Evidence, check
from kvqa_audit.checks.pairs import COPIES, MAX_IN_EVIDENCE, group_defect, groups_of, named, pairs_of, sources_by_image
from kvqa_audit.model import PairKind, Severity


@check(
    "KV205",
    Severity.ERROR,
    needs=("duplicates", "column source", "column img_id"),
    unit="groups of copies whose sources are known",
    pair=PairKind.ACROSS_SOURCES,
    by_description=True,
)
def duplicates_across_sources(evidence: Evidence) -> Checked:
    """The same picture stands under two sources.

    Why: it is counted in both categories, and at least one of them is wrong or not exclusive.
    Fix: look up where the picture comes from, and keep it under that source only.
    """
    sources = sources_by_image(evidence)
    known = [pair for pair in pairs_of(evidence, *COPIES) if pair.left in sources and pair.right in sources]
    evaluated, defects = 0, []
    for group in groups_of(known):
        evaluated += 1
        found = {image: sources[image] for image in group.members}
        if len({*found.values()}) > 1:
            said = [f"{image} ({', '.join(names)[:100]})" for image, names in found.items()]
            message = f"{named(said)} are the same picture ({group.weakest.tier.value})"
            defect = group_defect(group, message, "Keep the picture under one source")
            listed = [list(names) for names in found.values()][:MAX_IN_EVIDENCE]
            defects.append(replace(defect, evidence={**defect.evidence, "sources": listed}))
    return Checked(evaluated, defects)
