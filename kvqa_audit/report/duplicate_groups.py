"""Verified pairs and the findings about them come in; groups of pictures with the answers that differ go out."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from kvqa_audit.model import AuditRun, DuplicatePair, Finding, Tier
from kvqa_audit.report.text import shown

CONFLICT_CHECK = "KV203"
MAX_GROUPS = 60
MAX_PICTURES_PER_GROUP = 8
MAX_PAIRS_PER_GROUP = 12
MAX_CONFLICTS_PER_GROUP = 20

TIER_WORDS: Mapping[Tier, str] = {
    Tier.IDENTICAL_BYTES: "the same file",
    Tier.IDENTICAL_PIXELS: "the same pixels",
    Tier.RE_ENCODE: "saved anew",
    Tier.NEAR: "nearly the same",
    Tier.NEAR_FRAME: "a neighbouring frame",
}


@dataclass(frozen=True, slots=True)
class Picture:
    """A place for one picture in the page; `caption` is its source or what is said about it."""

    img_id: str
    caption: str


@dataclass(frozen=True, slots=True)
class Conflict:
    """One question that the copies answer in different ways; `answers` is one text per picture shown."""

    question: str
    answers: tuple[str, ...]
    anchor: str
    message: str


@dataclass(frozen=True, slots=True)
class Group:
    """Pictures that show the same; `more` pictures and `more_pairs` pairs are not in the page."""

    number: int
    title: str
    pictures: tuple[Picture, ...]
    more: int
    pairs: tuple[DuplicatePair, ...]
    more_pairs: int
    conflicts: tuple[Conflict, ...]
    more_conflicts: int
    sources: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Groups:
    """The groups that are shown, worst first, and how many there are in all."""

    shown: tuple[Group, ...]
    total: int
    pictures: int
    conflicting: int
    across_sources: int


def duplicate_groups(run: AuditRun) -> Groups:
    """Groups with conflicting answers first, then those that cross sources, then the largest."""
    sources: Mapping[str, str] = run.metrics.get("sources") or {}
    pairs_of: dict[str, list[DuplicatePair]] = defaultdict(list)
    for pair in run.pairs:
        pairs_of[pair.group].append(pair)
    members = {group: _members(pairs) for group, pairs in pairs_of.items()}
    group_of = {img_id: group for group, ids in members.items() for img_id in ids}
    conflicts: dict[str, list[Finding]] = defaultdict(list)
    for finding in run.findings:
        if finding.check == CONFLICT_CHECK:
            for group in _groups_of(finding, group_of):
                conflicts[group].append(finding)
    crossing = {group for group, ids in members.items() if len({sources.get(i) for i in ids}) > 1}
    order = sorted(members, key=lambda g: (-len(conflicts.get(g, ())), g not in crossing, -len(members[g]), g))
    groups = tuple(
        _group(number, members[g], pairs_of[g], conflicts.get(g, []), sources)
        for number, g in enumerate(order[:MAX_GROUPS], start=1)
    )
    return Groups(groups, len(members), len(group_of), len(conflicts), len(crossing))


def _members(pairs: Iterable[DuplicatePair]) -> list[str]:
    return sorted({img_id for pair in pairs for img_id in (pair.left, pair.right)})


def _groups_of(finding: Finding, group_of: Mapping[str, str]) -> list[str]:
    about = (*finding.related, *([finding.img_id] if finding.img_id else []))
    return sorted({group_of[img_id] for img_id in about if img_id in group_of})


def _group(
    number: int,
    members: list[str],
    pairs: list[DuplicatePair],
    conflicts: list[Finding],
    sources: Mapping[str, str],
) -> Group:
    in_page = members[:MAX_PICTURES_PER_GROUP]
    ordered = sorted(pairs, key=lambda pair: (list(Tier).index(pair.tier), pair.left, pair.right))
    of_group = sorted({sources[img_id] for img_id in members if img_id in sources})
    words = TIER_WORDS[ordered[-1].tier]
    return Group(
        number,
        f"{len(members)} pictures, {words}" + (f", in {len(of_group)} sources" if len(of_group) > 1 else ""),
        tuple(Picture(img_id, sources.get(img_id, "")) for img_id in in_page),
        len(members) - len(in_page),
        tuple(ordered[:MAX_PAIRS_PER_GROUP]),
        max(0, len(ordered) - MAX_PAIRS_PER_GROUP),
        tuple(_conflict(finding, in_page) for finding in conflicts[:MAX_CONFLICTS_PER_GROUP]),
        max(0, len(conflicts) - MAX_CONFLICTS_PER_GROUP),
        tuple(of_group),
    )


def _conflict(finding: Finding, in_page: list[str]) -> Conflict:
    given = answers_by_image(finding)
    answers = tuple(given.get(img_id, "") for img_id in in_page)
    return Conflict(finding.question or "", answers, f"{finding.check}-{finding.key}", finding.message)


def answers_by_image(finding: Finding) -> dict[str, str]:
    """What each picture's rows answer, from the finding's evidence: `answers` maps img_id to one or more answers."""
    answers: Any = finding.evidence.get("answers")
    if not isinstance(answers, Mapping):
        return {}
    return {
        str(img_id): shown("; ".join(map(str, value)) if isinstance(value, (list, tuple)) else value)
        for img_id, value in answers.items()
    }
