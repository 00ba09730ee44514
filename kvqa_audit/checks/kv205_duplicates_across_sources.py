"""Verified pairs and the table come in; a defect for every picture that stands under two sources goes out."""

from __future__ import annotations

from dataclasses import replace

from kvqa_audit.checks.base import Checked, Evidence, check
from kvqa_audit.checks.pairs import COPIES, pair_defect, pairs_of, sources_by_image
from kvqa_audit.model import PairKind, Severity


@check(
    "KV205",
    Severity.ERROR,
    needs=("duplicates", "table", "column source", "column img_id"),
    unit="pairs whose sources are known",
    pair=PairKind.ACROSS_SOURCES,
)
def duplicates_across_sources(evidence: Evidence) -> Checked:
    """The same picture stands under two sources.

    Why: it is counted in both categories, and at least one of them is wrong or not exclusive.
    Fix: look up where the picture comes from, and keep it under that source only.
    """
    sources = sources_by_image(evidence)
    evaluated, defects = 0, []
    for pair in pairs_of(evidence, *COPIES):
        left, right = sources.get(pair.left), sources.get(pair.right)
        if left is None or right is None:
            continue
        evaluated += 1
        if left != right:
            named = [", ".join(names)[:100] for names in (left, right)]
            message = f"{pair.left} ({named[0]}) and {pair.right} ({named[1]}) are the same picture ({pair.tier.value})"
            found = pair_defect(pair, message, "Keep the picture under one source")
            defects.append(replace(found, evidence={**found.evidence, "sources": [list(left), list(right)]}))
    return Checked(evaluated, defects)
