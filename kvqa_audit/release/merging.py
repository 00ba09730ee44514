"""Three versions of a decisions file come in; one of what two people decided apart, and their disagreements, go out.

Nothing that somebody decided is lost or overruled in silence: where two decisions about one thing mean different
things, both stand in the result between the marks that git uses, and whoever merges keeps one of them.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from kvqa_audit.release.decisions import Decision
from kvqa_audit.release.decisions_file import CONFLICT_MARKS
from kvqa_audit.release.decisions_text import entries, opened, without


@dataclass(frozen=True, slots=True)
class Conflict:
    """What either side decided about one thing since they were the same, and means different things by."""

    ours: tuple[Decision, ...]
    theirs: tuple[Decision, ...]


@dataclass(frozen=True, slots=True)
class Merged:
    """What has to be done to our decisions, so that theirs are in them.

    Attributes:
        added: theirs that ours do not have, to be put behind them, so that of one thing the last counts.
        removed: ours that they took out, and nobody decided about since.
        conflicts: what both decided, and not alike; not in `added`.
    """

    added: tuple[Decision, ...]
    removed: tuple[Decision, ...]
    conflicts: tuple[Conflict, ...]


def merge_decisions(base: Sequence[Decision], ours: Sequence[Decision], theirs: Sequence[Decision]) -> Merged:
    """Merges what two sides made of one list of decisions.

    Both may add to it and take out of it. What both added in the same words is there once. Decisions of both about one
    finding, or corrections of both to one answer, are a conflict where they have another verdict, another right answer
    or another last day; where they agree, both stay.

    Args:
        base: what both sides began with; empty where they began apart.
        ours: our version, in its order.
        theirs: their version, in its order.
    """
    ours_new, theirs_new = _without(ours, base), _without(theirs, [*base, *_without(ours, base)])
    taken_out = _without(base, theirs)
    removed = [decision for decision in ours if decision in taken_out and decision not in ours_new]
    mine, others = _by_thing(ours_new), _by_thing(theirs_new)
    conflicts: list[Conflict] = []
    disputed: list[Decision] = []
    for thing in others:
        if thing in mine and _meaning(mine[thing][-1]) != _meaning(others[thing][-1]):
            new = [decision for decision in others[thing] if decision not in disputed]
            if new:
                conflicts.append(Conflict(tuple(mine[thing]), tuple(new)))
                disputed += new
    added = [decision for decision in theirs_new if decision not in disputed]
    return Merged(tuple(added), tuple(removed), tuple(conflicts))


def merged_text(path: Path, text: str, merged: Merged) -> str:
    """Our file's text with theirs merged into it; conflicts stand at its end, between marks.

    Args:
        path: the name of the file, which tells its format.
        text: our text, of which the decisions of `merged` were read.
        merged: what has to be done to it.
    """
    mine = [decision for conflict in merged.conflicts for decision in conflict.ours]
    told = [*merged.added, *(decision for one in merged.conflicts for decision in (*one.ours, *one.theirs))]
    made = without(path, text, [*merged.removed, *mine]) if merged.removed or mine else text
    if not told:
        return made
    made = opened(path, made, told)
    made += entries(path, made, merged.added)
    start, middle, end = CONFLICT_MARKS
    for conflict in merged.conflicts:
        ours, theirs = (entries(path, made, side) for side in (conflict.ours, conflict.theirs))
        made += f"{start} ours\n{ours}{middle}\n{theirs}{end} theirs\n"
    return made


def _without(decisions: Iterable[Decision], others: Iterable[Decision]) -> list[Decision]:
    """The decisions that the others do not have, in their order; of equal ones as many as there are more."""
    known = Counter(others)
    left = []
    for decision in decisions:
        if known[decision]:
            known[decision] -= 1
        else:
            left.append(decision)
    return left


def _by_thing(decisions: Iterable[Decision]) -> dict[Hashable, list[Decision]]:
    """What was decided about each finding, and about each answer that is to be corrected."""
    found: defaultdict[Hashable, list[Decision]] = defaultdict(list)
    for decision in decisions:
        for thing in _things(decision):
            found[thing].append(decision)
    return found


def _things(decision: Decision) -> Iterator[Hashable]:
    yield decision.key
    told = decision.correction
    if told is not None:
        yield told.img_id, told.question, told.old_answer


def _meaning(decision: Decision) -> Hashable:
    return decision.verdict, decision.expires, None if decision.correction is None else decision.correction.answer
