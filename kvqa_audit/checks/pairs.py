"""Verified pairs come in; groups of images that show the same, and a defect for each, go out."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from kvqa_audit.answers.stability import connected
from kvqa_audit.checks.base import Defect, Evidence
from kvqa_audit.model import MOVED, DuplicatePair, Tier

COPIES = (Tier.IDENTICAL_BYTES, Tier.IDENTICAL_PIXELS, Tier.RE_ENCODE, Tier.NEAR)
IDENTICAL = (Tier.IDENTICAL_BYTES, Tier.IDENTICAL_PIXELS)
# The transform that shows a stored picture as its EXIF orientation asks; of quarter turns either, by who is the copy.
_UNDONE_BY = {
    2: ("flip-horizontal",),
    3: ("rotate-180",),
    4: ("flip-vertical",),
    5: ("transpose",),
    6: ("rotate-90", "rotate-270"),
    7: ("transverse",),
    8: ("rotate-90", "rotate-270"),
}
MAX_NAMED = 4
MAX_IN_EVIDENCE = 20
_RANKS = {tier: rank for rank, tier in enumerate(Tier)}
_NOT_MOVED = {"identity": "", "light": " in other light", "overlay": " beside what was laid over one"}


@dataclass(frozen=True, slots=True)
class PictureGroup:
    """Two or more images, sorted by id, and the verified pairs among them, at least one for each image."""

    members: tuple[str, ...]
    pairs: tuple[DuplicatePair, ...]

    @property
    def representative(self) -> str:
        """The image that most pairs have; of several the one with the smallest id."""
        pairs = Counter(image for pair in self.pairs for image in (pair.left, pair.right))
        return min(self.members, key=lambda image: (-pairs[image], image))

    @property
    def weakest(self) -> DuplicatePair:
        """The pair that is least alike."""
        return max(self.pairs, key=lambda pair: (_RANKS[pair.tier], -pair.similarity, pair.left, pair.right))


def pairs_of(evidence: Evidence, *tiers: Tier) -> Iterator[DuplicatePair]:
    """The pairs of these tiers, in the order of their ids."""
    return (pair for pair in evidence.pairs if pair.tier in tiers)


def groups_of(pairs: Iterable[DuplicatePair]) -> list[PictureGroup]:
    """The groups that the pairs make up, in the order of their first ids.

    Identical pictures are one group however many there are. Others are in the group that the search gave their pair,
    in which all resemble one image, so that a chain of frames does not become one group.
    """
    found: dict[str, list[DuplicatePair]] = defaultdict(list)
    listed = list(pairs)
    only_identical = all(pair.tier in IDENTICAL for pair in listed)
    identical = connected((pair.left, pair.right) for pair in listed) if only_identical else {}
    for pair in listed:
        found[identical[pair.left] if only_identical else pair.group].append(pair)
    groups = [
        PictureGroup(tuple(sorted({image for pair in held for image in (pair.left, pair.right)})), tuple(held))
        for held in found.values()
    ]
    return sorted(groups, key=lambda group: group.members)


def facts_of(group: PictureGroup) -> dict[str, object]:
    """How a group was verified, as JSON values: what its least alike pair has, and for more than two how many."""
    weakest = group.weakest
    facts: dict[str, object] = {
        "tier": weakest.tier.value,
        "distance_bits": weakest.distance_bits,
        "similarity": weakest.similarity,
        "transform": weakest.transform,
        "group": weakest.group,
    }
    if len(group.members) == 2:
        facts["images"] = list(group.members)
    else:
        tiers = Counter(pair.tier.value for pair in group.pairs)
        facts |= {
            "members": len(group.members),
            "representative": group.representative,
            "pairs": len(group.pairs),
            "tiers": {tier.value: tiers[tier.value] for tier in Tier if tiers[tier.value]},
            "transforms": sorted({pair.transform for pair in group.pairs})[:MAX_IN_EVIDENCE],
        }
    return facts


def group_defect(group: PictureGroup, message: str, suggestion: str) -> Defect:
    """A defect about a group of images."""
    return Defect(message, related=group.members, evidence=facts_of(group), suggestion=suggestion)


def named(images: Iterable[str]) -> str:
    """A few of the images in words: `a and b`, or `a, b, c, d and 7 more`."""
    listed = list(images)
    shown, rest = listed[:MAX_NAMED], len(listed) - MAX_NAMED
    if rest > 0:
        return f"{', '.join(shown)} and {rest:,} more"
    return " and ".join((", ".join(shown[:-1]), shown[-1])) if len(shown) > 1 else "".join(shown)


def keep_one(group: PictureGroup) -> str:
    """What to do about identical images, in words."""
    if len(group.members) == 2:
        return f"Keep {group.members[0]}, drop {group.members[1]}"
    return f"Keep {group.members[0]}, drop the other {len(group.members) - 1:,}"


def alignment(group: PictureGroup) -> str:
    """How the group's least alike pair agrees, in words for a message."""
    pair = group.weakest
    if pair.transform == MOVED:
        at_least = "" if len(group.members) == 2 else "at least "
        return f"{at_least}{pair.similarity:.0%} of the places with texture are found again as if moved together"
    done = _NOT_MOVED.get(pair.transform, f" after {pair.transform}")
    least = "" if len(group.members) == 2 else "at least "
    most = "" if len(group.members) == 2 else "at most "
    return f"{least}similarity {pair.similarity:.3f}{done}, {most}{pair.distance_bits} of 256 hash bits differ"


def orientations_of(evidence: Evidence) -> dict[str, int]:
    """The EXIF orientation of every image that has another than 1."""
    return {one.img_id: one.orientation for one in evidence.fingerprints if one.orientation not in (None, 1)}


def as_displayed(group: PictureGroup, orientations: Mapping[str, int]) -> str:
    """Whether viewers show the group as it is stored, in words for a message; "" where no EXIF tag turns any of it."""
    turned = {image: orientations.get(image, 1) for image in group.members}
    told = sorted(set(turned.values()))
    if told == [1]:
        return ""
    if len(told) == 1:
        return f"; all are turned by their EXIF tag ({told[0]})"
    by_tag = [_UNDONE_BY.get(max(turned[pair.left], turned[pair.right]), ()) for pair in group.pairs]
    one_is_upright = all(1 in (turned[pair.left], turned[pair.right]) for pair in group.pairs)
    if one_is_upright and all(pair.transform in names for pair, names in zip(group.pairs, by_tag, strict=True)):
        return f"; as viewers show them they are equal, as an EXIF tag turns one ({told[-1]}): the stored pixels differ"
    return f"; viewers show them turned against what is stored (EXIF orientations {', '.join(map(str, told))})"


def sources_by_image(evidence: Evidence) -> dict[str, tuple[str, ...]]:
    """Every image's sources as its rows name them, sorted, or without a table as folders do; some have none."""
    if "table" in evidence.absent:
        return {img_id: (source,) for img_id, source in evidence.folders.sources.items()}
    frame = evidence.table.frame
    found: dict[str, set[str]] = {}
    for img_id, source in zip(frame["img_id"].tolist(), frame["source"].tolist(), strict=True):
        if source.strip():
            found.setdefault(img_id.strip(), set()).add(source.strip())
    return {img_id: tuple(sorted(sources)) for img_id, sources in found.items()}
