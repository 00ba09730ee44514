"""Rows with splits, or images with groups of copies, come in; which image is in which split goes out."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

FRACTIONS = {"train": 0.8, "validation": 0.1, "test": 0.1}


@dataclass(frozen=True, slots=True)
class SplitProposal:
    """Splits in which no picture and no neighbouring video frame is in two of them.

    `split_of` gives every image's split. `fractions` were asked for; `images` are the sizes that came out, and
    `images_by_source` the same by source, then split. `groups` counts the groups of several images that had to stay
    together, `largest_group` the images of the largest.
    """

    split_of: Mapping[str, str] = field(default_factory=dict)
    fractions: Mapping[str, float] = field(default_factory=dict)
    images: Mapping[str, int] = field(default_factory=dict)
    images_by_source: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    groups: int = 0
    largest_group: int = 0


def splits_of_images(img_ids: Iterable[str], splits: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Image → the splits of its rows, sorted; rows without an id or a split are left out."""
    found: dict[str, set[str]] = {}
    for img_id, split in zip(img_ids, splits, strict=True):
        if img_id.strip() and split.strip():
            found.setdefault(img_id.strip(), set()).add(split.strip())
    return {img_id: tuple(sorted(names)) for img_id, names in found.items()}


def propose_splits(
    source_of: Mapping[str, str], group_of: Mapping[str, str], fractions: Mapping[str, float] = FRACTIONS
) -> SplitProposal:
    """Puts whole groups of images into splits so that every source is divided as asked, as far as its groups allow.

    Each source is dealt out by itself, large groups first, then in the order of a hash of the group's id, each to the
    split that lacks the most images. A group over several sources goes with the source most of its images have. The
    order of the rows plays no part, and the same images with the same groups always give the same splits.

    Args:
        source_of: the images to divide → their source.
        group_of: images that must not be parted from others → their group.
        fractions: split → its share of the images; together 1.
    """
    members: dict[str, list[str]] = {}
    for img_id in sorted(source_of):
        members.setdefault(group_of.get(img_id, img_id), []).append(img_id)
    strata: dict[str, list[str]] = {}
    for group, images in members.items():
        counts = Counter(source_of[image] for image in images)
        strata.setdefault(min(counts, key=lambda source: (-counts[source], source)), []).append(group)
    split_of: dict[str, str] = {}
    for _, groups in sorted(strata.items()):
        groups.sort(key=lambda group: (-len(members[group]), _digest(group)))
        lacking = {split: share * sum(len(members[group]) for group in groups) for split, share in fractions.items()}
        for group in groups:
            split = max(lacking, key=lacking.__getitem__)
            lacking[split] -= len(members[group])
            split_of.update(dict.fromkeys(members[group], split))
    by_source = {source: dict.fromkeys(fractions, 0) for source in sorted(set(source_of.values()))}
    for image, split in split_of.items():
        by_source[source_of[image]][split] += 1
    return SplitProposal(
        split_of=split_of,
        fractions=dict(fractions),
        images={split: sum(counts[split] for counts in by_source.values()) for split in fractions},
        images_by_source=by_source,
        groups=sum(len(images) > 1 for images in members.values()),
        largest_group=max(map(len, members.values()), default=0),
    )


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
