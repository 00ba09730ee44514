"""Verified pairs and the findings about them come in; groups of pictures with the answers that differ go out."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from kvqa_audit.model import JUDGED, AuditRun, DuplicatePair, Finding, Tier

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
    """The groups that are shown, worst first, and how many there are in all.

    `answers_were_compared` is False where the check that compares the copies' answers was not judged.
    """

    shown: tuple[Group, ...]
    total: int
    pictures: int
    conflicting: int
    across_sources: int
    answers_were_compared: bool


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
    compared = any(o.code == CONFLICT_CHECK and o.outcome in JUDGED for o in run.outcomes)
    return Groups(groups, len(members), len(group_of), len(conflicts), len(crossing), compared)


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
    differing = _conflicts(conflicts, in_page)
    words = TIER_WORDS[ordered[-1].tier]
    return Group(
        number,
        f"{len(members)} pictures, {words}" + (f", in {len(of_group)} sources" if len(of_group) > 1 else ""),
        tuple(Picture(img_id, sources.get(img_id, "")) for img_id in in_page),
        len(members) - len(in_page),
        tuple(ordered[:MAX_PAIRS_PER_GROUP]),
        max(0, len(ordered) - MAX_PAIRS_PER_GROUP),
        differing[:MAX_CONFLICTS_PER_GROUP],
        max(0, len(differing) - MAX_CONFLICTS_PER_GROUP),
        tuple(of_group),
    )


def _conflicts(findings: list[Finding], in_page: list[str]) -> tuple[Conflict, ...]:
    """One line for each question; a question that several pairs of the group differ in is one line still."""
    by_question: dict[str, list[Finding]] = defaultdict(list)
    for finding in findings:
        by_question[finding.question or ""].append(finding)
    return tuple(_conflict(question, of_question, in_page) for question, of_question in by_question.items())


def _conflict(question: str, findings: list[Finding], in_page: list[str]) -> Conflict:
    given: dict[str, str] = {}
    for finding in findings:
        given.update(answers_by_image(finding))
    first = findings[0]
    answers = tuple(given.get(img_id, "") for img_id in in_page)
    return Conflict(question, answers, f"{first.check}-{first.key}", first.message)


def answers_by_image(finding: Finding) -> dict[str, str]:
    """What the two pictures of a pair are answered with: `left` and `right` of the evidence, in the order of `related`.

    Empty where the evidence does not say it; the finding's message then has to do.
    """
    answers = [finding.evidence.get(side) for side in ("left", "right")]
    if len(finding.related) != len(answers) or None in answers:
        return {}
    return {img_id: str(answer) for img_id, answer in zip(finding.related, answers, strict=True)}
