"""Verified pairs come in; a defect for every group of images that show one scene and are no copies."""

from __future__ import annotations

from kvqa_audit.checks.base import Checked, Defect, Evidence, check
from kvqa_audit.checks.pairs import PictureGroup, alignment, facts_of, groups_of, named, pairs_of
from kvqa_audit.model import PairKind, Severity, Tier


@check("KV206", Severity.INFO, needs=("duplicates",), unit="images", pair=PairKind.SAME_PICTURE)
def near_frames(evidence: Evidence) -> Checked:
    """Images show the same scene, as pictures taken one after the other do.

    Why: they are not copies, but a split that separates them overstates what a model has learnt.
    Fix: keep all in the same part of every split.
    """
    found = [(group, _seconds_apart(evidence, group)) for group in groups_of(pairs_of(evidence, Tier.NEAR_FRAME))]
    return Checked(len(evidence.fingerprints), [_defect(*one) for one in found])


def _seconds_apart(evidence: Evidence, group: PictureGroup) -> int | None:
    """The most seconds that lie between two of its pictures; None where they are not known of all pairs."""
    apart = [evidence.groups.seconds_apart(pair.left, pair.right) for pair in group.pairs]
    known = [seconds for seconds in apart if seconds is not None]
    return max(known) if known and len(known) == len(apart) else None


def _defect(group: PictureGroup, seconds: int | None) -> Defect:
    apart = "" if seconds is None else f", {'' if len(group.members) == 2 else 'at most '}{seconds:,} s apart"
    return Defect(
        f"{named(group.members)} show the same scene{apart} ({alignment(group)})",
        related=group.members,
        evidence=facts_of(group) | ({} if seconds is None else {"seconds": seconds}),
        suggestion="Keep all in the same part of every split",
    )
