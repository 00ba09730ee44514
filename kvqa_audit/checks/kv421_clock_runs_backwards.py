"""The images with their groups and clocks come in; images that stand later than what was taken after them go out."""

from __future__ import annotations

import re
from itertools import pairwise

from kvqa_audit.checks.base import Checked, Defect, Evidence, check
from kvqa_audit.model import Severity

MIN_STEPS = 10
MIN_SHARE_IN_ORDER = 0.9


@check("KV421", Severity.INFO, needs=("groups",), unit="images that follow another in a group told by clocks")
def clock_runs_backwards(evidence: Evidence) -> Checked:
    """A clock runs backwards where the ids count the images of an examination in order.

    Why: an image was numbered wrongly, or is of another moment; whatever relies on the order of the frames is wrong.
    Fix: look at the image and the one before it, and number them as they were taken.
    """
    steps = [step for group, images in evidence.groups.members().items() for step in _steps(evidence, group, images)]
    backwards = [step for step in steps if step[2] > step[3]]
    # Ids that say nothing of the order are no wrong order.
    if len(steps) < MIN_STEPS or len(backwards) > (1 - MIN_SHARE_IN_ORDER) * len(steps):
        return Checked(0)
    return Checked(len(steps), [_defect(evidence, *step) for step in backwards])


def _steps(evidence: Evidence, group: str, images: tuple[str, ...]) -> list[tuple[str, str, int, int, str]]:
    """Each image and the next by their numbers, with their seconds."""
    seconds = {place.seconds_from_start for image in images for place in evidence.groups.places[image]}
    if None in seconds:
        return []
    ordered = sorted(images, key=_number)
    times = [_seconds(evidence, group, image) for image in ordered]
    return [
        (one, other, before, after, group)
        for (one, before), (other, after) in pairwise(zip(ordered, times, strict=True))
    ]


def _seconds(evidence: Evidence, group: str, image: str) -> int:
    return next(place.seconds_from_start or 0 for place in evidence.groups.places[image] if place.group == group)


def _number(image: str) -> tuple[list[str], list[int], str]:
    """Ids in the order of their numbers: what stands between them, then the numbers themselves."""
    return re.split(r"[0-9]+", image), [int(one) for one in re.findall(r"[0-9]+", image)], image


def _defect(evidence: Evidence, one: str, other: str, before: int, after: int, group: str) -> Defect:
    return Defect(
        f"{other} stands after {one} in {evidence.groups.called(group)}, and was taken {before - after:,} seconds "
        "before it",
        related=(one, other),
        evidence={"group": group, "seconds": {one: before, other: after}},
        suggestion="Number them as they were taken",
    )
