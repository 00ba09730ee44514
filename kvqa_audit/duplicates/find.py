"""Fingerprints come in; every verified pair of duplicates, its tier and its group go out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from itertools import product
from typing import Literal

from kvqa_audit.duplicates.exact import MAX_CLASS_WITH_ALL_PAIRS, all_pairs, classes_by_bytes, classes_by_pixels
from kvqa_audit.duplicates.groups import group_of, representatives
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


_Edges = dict[tuple[str, str], _Edge]


def find_duplicates(
    fingerprints: Sequence[ImageFingerprint],
    *,
    mode: Literal["all", "exact"] = "all",
    pool: Executor | None = None,
    min_frame_similarity: float | None = None,
    neighbours: Mapping[tuple[str, str], float | None] | None = None,
) -> DuplicateResult:
    """Finds the pairs of images that show the same picture; the order of the fingerprints does not matter.

    Args:
        fingerprints: one per image. Identical bytes are found among all non-empty files, everything else among those
            with a thumbnail.
        mode: "exact" finds identical bytes and pixels only.
        pool: children that help to verify; None does without.
        min_frame_similarity: what near frames have to reach; None measures it on unrelated pictures.
        neighbours: pairs of image ids of one group, to the seconds between them, a minute at most, or None where
            nothing tells them: whether they show one scene is asked even where they are not alike as a whole.

    Raises:
        WorkerError: no child can be started.
    """
    ordered = sorted(fingerprints, key=lambda found: (found.img_id, found.path))
    notes: list[str] = []
    edges: _Edges = {}
    copies = {found.img_id: [found.img_id] for found in ordered}
    for tier, classes in (
        (Tier.IDENTICAL_BYTES, classes_by_bytes(ordered)),
        (Tier.IDENTICAL_PIXELS, classes_by_pixels(ordered)),
    ):
        for members in classes:
            _add_class(edges, copies, members, tier, notes)
    examined = {"images": len(ordered)}
    if mode == "exact":
        return DuplicateResult(_grouped(edges), examined=examined, notes=tuple(notes))
    firsts = [found for found in ordered if copies[found.img_id][0] == found.img_id and found.thumbnail]
    close = {(copies[one][0], copies[other][0]): seconds for (one, other), seconds in (neighbours or {}).items()
             if one in copies and other in copies and copies[one] is not copies[other]}  # fmt: skip
    similar = similar_pairs(firsts, pool, min_frame_similarity, close)
    for pair in similar.pairs:
        _add_similar(edges, pair, copies[pair.left], copies[pair.right], notes)
    curve = tuple(DistanceBin(*counts) for counts in similar.curve)
    return DuplicateResult(
        _grouped(edges),
        curve,
        THRESHOLDS,
        examined | dict(similar.examined),
        (*notes, *similar.notes),
        RE_ENCODE_MAX_DISTANCE_BITS if curve else None,
        {} if similar.background is None else asdict(similar.background),
    )


def _add_class(
    edges: _Edges, copies: dict[str, list[str]], members: list[ImageFingerprint], tier: Tier, notes: list[str]
) -> None:
    """Adds a class of identical images; all of them then share one list of copies, led by the smallest id."""
    if len(members) > MAX_CLASS_WITH_ALL_PAIRS:
        notes.append(
            f"{len(members)} images are equal to {members[0].img_id} ({tier.value}); "
            "only their pairs with that image are listed"
        )
    for first, second in all_pairs(members):
        edges.setdefault((first.img_id, second.img_id), _Edge(tier, 0, 1.0, _IDENTITY))
    shared = sorted({image for member in members for image in copies[member.img_id]})
    for image in shared:
        copies[image] = shared


def _add_similar(edges: _Edges, pair: Similar, left: list[str], right: list[str], notes: list[str]) -> None:
    edge = _Edge(pair.tier, pair.distance_bits, pair.similarity, pair.transform)
    if len(left) * len(right) > MAX_EXPANSION:
        notes.append(
            f"the {len(left)} copies of {pair.left} and the {len(right)} of {pair.right} are listed as one pair"
        )
        left, right = left[:1], right[:1]
    for first, second in product(left, right):
        edges.setdefault((min(first, second), max(first, second)), edge)


def _grouped(edges: _Edges) -> tuple[DuplicatePair, ...]:
    """What can be laid on each other makes the groups; frames of which something moved join them, or make their own."""
    laid, moved = ({pair: edge for pair, edge in sorted(edges.items()) if (edge.transform == MOVED) is wanted}
                   for wanted in (False, True))  # fmt: skip
    group: dict[str, str] = {}
    for some in (moved, laid):
        group |= representatives((left, right, edge.similarity) for (left, right), edge in some.items())
    return tuple(
        DuplicatePair(
            left, right, edge.tier, edge.distance_bits, edge.similarity, edge.transform, group_of(left, right, group)
        )
        for (left, right), edge in sorted(edges.items())
    )
