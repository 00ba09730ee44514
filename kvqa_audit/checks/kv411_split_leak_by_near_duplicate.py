"""Near-duplicates and the splits of their rows come in; those that are in several splits go out."""

from __future__ import annotations

from kvqa_audit.checks.base import Checked, Evidence, check
from kvqa_audit.checks.split_leaks import leaking_groups
from kvqa_audit.model import Severity, Tier


@check("KV411", Severity.ERROR, needs=("splits", "duplicates", "column img_id"), unit="images")
def split_leak_by_near_duplicate(evidence: Evidence) -> Checked:
    """Near-duplicates, or pictures of one scene, are in different splits.

    Why: a model that was trained on nearly the same picture is then tested on it, and its score is too good.
    Fix: keep groups of near-duplicates together when splitting; the audit proposes such splits.
    """
    return leaking_groups(evidence, Tier.RE_ENCODE, Tier.NEAR, Tier.NEAR_FRAME)
