"""Fingerprints come in; every verified pair of duplicates, its tier and its group go out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from itertools import product
from typing import Literal

import numpy as np

from kvqa_audit.duplicates.exact import MAX_CLASS_WITH_ALL_PAIRS, all_pairs
from kvqa_audit.duplicates.groups import group_of, representatives
from kvqa_audit.duplicates.pictures import Pictures
from kvqa_audit.duplicates.similar import RE_ENCODE_MAX_DISTANCE_BITS, THRESHOLDS, Similar, similar_pairs
from kvqa_audit.engine.executor import Executor
from kvqa_audit.model import MOVED, DuplicatePair, ImageFingerprint, Tier

MAX_EXPANSION = 1_000_000
_IDENTITY = "identity"


@dataclass(frozen=True, slots=True)
class DistanceBin:
    """How many pairs of distinct pictures have hashes this far apart, and how many of them were verified."""

    distance_bits: int
    pairs: int
    verified: int


@dataclass(frozen=True, slots=True)
class DuplicateResult:
    """All pairs, sorted by left and right; the distance curve; the thresholds; what was examined; what was cut.

    `examined` counts images, images with a usable thumbnail, nominated and verified pairs. `notes` says in words
    where a class was too large for all its pairs. `near_threshold_bits` is the distance on the curve beyond which no
    pair is called a re-encode, at most near; None where there is no curve. Whether a pair is verified is decided by
    its pixels, at no distance. `background` says how alike unrelated pictures are (see duplicates.background), where
    near frames were held against it.
    """

    pairs: tuple[DuplicatePair, ...]
    curve: tuple[DistanceBin, ...] = ()
    thresholds: Mapping[str, float] = field(default_factory=dict)
    examined: Mapping[str, int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    near_threshold_bits: int | None = None
    background: Mapping[str, float | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Edge:
    tier: Tier
    distance_bits: int
    similarity: float
    transform: str


@dataclass
class _Edges:
    """The pairs found so far, as numbers of pictures, what was cut, and the identical pictures of those that have any.

    All of a class share one list of copies, led by the first.
    """

    img_ids: tuple[str, ...]
    found: dict[tuple[int, int], _Edge] = field(default_factory=dict)
    copies: dict[int, list[int]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def add_class(self, members: list[int], tier: Tier) -> None:
        """Adds a class of identical images."""
        if len(members) > MAX_CLASS_WITH_ALL_PAIRS:
            self.notes.append(
                f"{len(members)} images are equal to {self.img_ids[members[0]]} ({tier.value}); "
                "only their pairs with that image are listed"
            )
        for pair in all_pairs(members):
            self.found.setdefault(pair, _Edge(tier, 0, 1.0, _IDENTITY))
        shared = sorted({image for member in members for image in self._copies_of(member)})
        self.copies |= dict.fromkeys(shared, shared)

    def add_similar(self, pair: Similar) -> None:
        """Adds a pair of distinct pictures, for all their copies."""
        edge = _Edge(pair.tier, pair.distance_bits, pair.similarity, pair.transform)
        left, right = self._copies_of(pair.left), self._copies_of(pair.right)
        if len(left) * len(right) > MAX_EXPANSION:
            self.notes.append(
                f"the {len(left)} copies of {self.img_ids[pair.left]} and the {len(right)} of "
                f"{self.img_ids[pair.right]} are listed as one pair"
            )
            left, right = left[:1], right[:1]
        for first, second in product(left, right):
            self.found.setdefault((min(first, second), max(first, second)), edge)

    def of_distinct(self, pairs: Mapping[tuple[str, str], float | None]) -> dict[tuple[int, int], float | None]:
        """Pairs of ids as numbers of the first copies, without pictures that are not there and pairs of one picture."""
        asked = {name for pair in pairs for name in pair}
        number = {name: number for number, name in enumerate(self.img_ids) if name in asked}
        named = ((number.get(one), number.get(other), seconds) for (one, other), seconds in pairs.items())
        first = ((self._copies_of(one)[0], self._copies_of(other)[0], seconds) for one, other, seconds in named
                 if one is not None and other is not None)  # fmt: skip
        return {(one, other): seconds for one, other, seconds in first if one != other}

    def grouped(self) -> tuple[DuplicatePair, ...]:
        """What can be laid on each other makes the groups; frames of which something moved join or make their own."""
        edges = {(self.img_ids[left], self.img_ids[right]): edge for (left, right), edge in sorted(self.found.items())}
        group: dict[str, str] = {}
        for wanted in (True, False):
            some = {pair: edge for pair, edge in edges.items() if (edge.transform == MOVED) is wanted}
            group |= representatives((left, right, edge.similarity) for (left, right), edge in some.items())
        return tuple(
            DuplicatePair(
                left,
                right,
                edge.tier,
                edge.distance_bits,
                edge.similarity,
                edge.transform,
                group_of(left, right, group),
            )
            for (left, right), edge in edges.items()
        )

    def _copies_of(self, image: int) -> list[int]:
        return self.copies.get(image, [image])


def find_duplicates(
    fingerprints: Iterable[ImageFingerprint],
    *,
    mode: Literal["all", "exact"] = "all",
    pool: Executor | None = None,
    min_frame_similarity: float | None = None,
    neighbours: Mapping[tuple[str, str], float | None] | None = None,
) -> DuplicateResult:
    """Finds the pairs of images that show the same picture; the order of the fingerprints does not matter.

    Args:
        fingerprints: one per image, each asked for once and not kept. Identical bytes are found among all non-empty
            files, everything else among those with a thumbnail.
        mode: "exact" finds identical bytes and pixels only.
        pool: children that help to verify; None does without.
        min_frame_similarity: what near frames have to reach; None measures it on unrelated pictures.
        neighbours: pairs of image ids of one group, to the seconds between them, a minute at most, or None where
            nothing tells them: whether they show one scene is asked even where they are not alike as a whole.

    Raises:
        OutputError: there is no room for the pictures, some 10 kB each, in the folder for temporary files.
        WorkerError: no child can be started.
    """
    pictures = Pictures.of(fingerprints)
    edges = _Edges(pictures.img_ids)
    for members in pictures.by_bytes:
        edges.add_class(members, Tier.IDENTICAL_BYTES)
    for members in pictures.by_pixels:
        edges.add_class(members, Tier.IDENTICAL_PIXELS)
    examined = {"images": len(pictures.img_ids)}
    if mode == "exact":
        return DuplicateResult(edges.grouped(), examined=examined, notes=tuple(edges.notes))
    compared = pictures.comparable.copy()
    compared[[image for image, shared in edges.copies.items() if image != shared[0]]] = False
    close = edges.of_distinct(neighbours or {})
    similar = similar_pairs(pictures, np.flatnonzero(compared), pool, min_frame_similarity, close)
    for pair in similar.pairs:
        edges.add_similar(pair)
    curve = tuple(DistanceBin(*counts) for counts in similar.curve)
    return DuplicateResult(
        edges.grouped(),
        curve,
        THRESHOLDS,
        examined | dict(similar.examined),
        (*edges.notes, *similar.notes),
        RE_ENCODE_MAX_DISTANCE_BITS if curve else None,
        {} if similar.background is None else asdict(similar.background),
    )
