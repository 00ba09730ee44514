"""Identical pictures and the splits of their rows come in; those that are in several splits go out."""

from __future__ import annotations

from kvqa_audit.checks.base import Checked, Evidence, check
from kvqa_audit.checks.split_leaks import leaking_groups
from kvqa_audit.model import Severity, Tier


@check("KV410", Severity.ERROR, needs=("splits", "duplicates", "column img_id"), unit="images")
def split_leak_by_identical_picture(evidence: Evidence) -> Checked:
    """Images with identical bytes or pixels are in different splits.

    Why: a model that was trained on the picture is then tested on it under another id, and its score is too good.
    Fix: move all copies into one split, or drop all but one.
    """
    return leaking_groups(evidence, Tier.IDENTICAL_BYTES, Tier.IDENTICAL_PIXELS)
