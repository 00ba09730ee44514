"""Verified pairs and the findings about them come in; groups of pictures with the answers that differ go out."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from kvqa_audit.model import MOVED, AuditRun, DuplicatePair, Finding, FindingStatus, Tier
from kvqa_audit.report.words import TIER_WORDS, change_words

MAX_GROUPS = 200
MAX_PICTURES_PER_GROUP = 8
MAX_PAIRS_PER_GROUP = 12
MAX_LAID_PAIRS_PER_GROUP = 3
MAX_CONFLICTS_PER_GROUP = 20
IN_PLACE = ("identity", "overlay", "light")

Pair = tuple[str, str]


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
    """Pictures that show the same; `more` pictures and `more_pairs` pairs are not in the page.

    `findings` are all that concern its pairs, the gravest first; `reasons` say in words what speaks for each pair.
    `laid` are the pairs that are laid on each other.
    """

    number: int
    title: str
    pictures: tuple[Picture, ...]
    more: int
    pairs: tuple[DuplicatePair, ...]
    more_pairs: int
    laid: tuple[Pair, ...]
    conflicts: tuple[Conflict, ...]
    more_conflicts: int
    reasons: tuple[str, ...]
    findings: tuple[Finding, ...]

    @property
    def moved(self) -> bool:
        """Whether a picture had to be moved to lie on another, so that it looks otherwise than it is stored."""
        return any(pair.transform not in IN_PLACE for pair in self.pairs)


@dataclass(frozen=True, slots=True)
class Groups:
    """The groups that are shown, worst first, and how many there are in all."""

    shown: tuple[Group, ...]
    total: int
    pictures: int
    conflicting: int


def duplicate_groups(run: AuditRun, *, most: int | None = MAX_GROUPS) -> Groups:
    """Groups with conflicting answers first, then those with the gravest findings, then the largest; at most `most`."""
    sources: Mapping[str, str] = run.metrics.get("sources") or {}
    pairs_of: dict[str, list[DuplicatePair]] = defaultdict(list)
    for pair in run.pairs:
        pairs_of[pair.group].append(pair)
    members = {group: _members(pairs) for group, pairs in pairs_of.items()}
    group_of = {img_id: group for group, ids in members.items() for img_id in ids}
    group_of_pair = {tuple(sorted((pair.left, pair.right))): pair.group for pair in run.pairs}
    about: dict[str, list[Finding]] = defaultdict(list)
    for finding in run.findings:
        group = _group_about(finding, members, group_of, group_of_pair)
        if group is not None:
            about[group].append(finding)
    conflicting = {g for g, findings in about.items() if any(map(is_conflict, findings))}
    order = sorted(members, key=lambda g: (g not in conflicting, -_gravity(about[g]), -len(members[g]), g))
    groups = tuple(
        _group(number, members[g], pairs_of[g], about[g], sources) for number, g in enumerate(order[:most], start=1)
    )
    return Groups(groups, len(members), len(group_of), len(conflicting))


def is_conflict(finding: Finding) -> bool:
    """Whether a finding about two pictures says that a question is answered in two ways."""
    return finding.question is not None and finding.img_id is None


def _members(pairs: Iterable[DuplicatePair]) -> list[str]:
    return sorted({img_id for pair in pairs for img_id in (pair.left, pair.right)})


def _group_about(
    finding: Finding,
    groups: Collection[str],
    group_of: Mapping[str, str],
    group_of_pair: Mapping[tuple[str, ...], str],
) -> str | None:
    """The group whose pairs a finding is about; None for every other finding. An image may stand in two groups."""
    if finding.img_id is not None or len(finding.related) < 2:
        return None
    told = finding.evidence.get("group")
    if isinstance(told, str) and len(finding.related) > 2 and told in groups:
        return told
    pair = tuple(sorted(finding.related))
    if pair in group_of_pair:
        return group_of_pair[pair]
    named = {group_of.get(img_id) for img_id in finding.related}
    return named.pop() if len(named) == 1 else None


def _gravity(findings: Iterable[Finding]) -> int:
    return max((f.severity.rank + 1 for f in findings if f.status is FindingStatus.OPEN), default=0)


def _group(
    number: int,
    members: list[str],
    pairs: list[DuplicatePair],
    findings: list[Finding],
    sources: Mapping[str, str],
) -> Group:
    in_page = members[:MAX_PICTURES_PER_GROUP]
    ordered = sorted(pairs, key=lambda pair: (list(Tier).index(pair.tier), pair.left, pair.right))
    of_group = sorted({sources[img_id] for img_id in members if img_id in sources})
    told = list(filter(is_conflict, findings))
    differing = _conflicts(told, in_page)
    words = TIER_WORDS[ordered[-1].tier]
    return Group(
        number,
        f"{len(members)} pictures, {words}" + (f", in {len(of_group)} sources" if len(of_group) > 1 else ""),
        tuple(Picture(img_id, sources.get(img_id, "")) for img_id in in_page),
        len(members) - len(in_page),
        tuple(ordered[:MAX_PAIRS_PER_GROUP]),
        max(0, len(ordered) - MAX_PAIRS_PER_GROUP),
        _laid(ordered, told, in_page),
        differing[:MAX_CONFLICTS_PER_GROUP],
        max(0, len(differing) - MAX_CONFLICTS_PER_GROUP),
        tuple(dict.fromkeys(_reason(pair) for pair in ordered[:MAX_PAIRS_PER_GROUP])),
        tuple(sorted(findings, key=lambda f: (f.status is FindingStatus.WAIVED, -f.severity.rank, f.check, f.key))),
    )


def _laid(pairs: Iterable[DuplicatePair], conflicts: Iterable[Finding], in_page: list[str]) -> tuple[Pair, ...]:
    """At most three pairs of pictures shown that can be laid on each other, those whose answers differ first."""
    differing = {tuple(sorted(finding.related)) for finding in conflicts}
    can_be_laid = (pair for pair in pairs if pair.transform != MOVED)
    found = [(pair.left, pair.right) for pair in can_be_laid if pair.left in in_page and pair.right in in_page]
    return tuple(sorted(found, key=lambda pair: tuple(sorted(pair)) not in differing)[:MAX_LAID_PAIRS_PER_GROUP])


def _reason(pair: DuplicatePair) -> str:
    done = change_words(pair.transform)
    if pair.tier in (Tier.IDENTICAL_BYTES, Tier.IDENTICAL_PIXELS):
        return f"they are {TIER_WORDS[pair.tier]}"
    if pair.tier is Tier.RE_ENCODE and not done:
        return "one is the other, saved anew"
    if pair.tier is Tier.NEAR_FRAME:
        moved = ", from which the camera or a part moved," if pair.transform == MOVED else ""
        return f"they show one scene{moved} and are no copies"
    return f"one is the other, {done}" if done else "one is the other, with small changes"


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
    """What the pictures are answered with: `answers_by_image` of the evidence, or `left` and `right` of a pair.

    Empty where the evidence does not say it; the finding's message then has to do.
    """
    told = finding.evidence.get("answers_by_image")
    if isinstance(told, Mapping):
        return {str(img_id): str(answer) for img_id, answer in told.items()}
    answers = [finding.evidence.get(side) for side in ("left", "right")]
    if len(finding.related) != len(answers) or None in answers:
        return {}
    return {img_id: str(answer) for img_id, answer in zip(finding.related, answers, strict=True)}
