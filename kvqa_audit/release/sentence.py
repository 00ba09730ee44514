"""How much keeps a version back comes in, counted by kind; the verdict in one sentence goes out."""

from __future__ import annotations


def plural(number: int, one: str, many: str = "") -> str:
    """The word for so many: one, or several."""
    return one if number == 1 else many or f"{one}s"


def counted(number: int, one: str, many: str = "") -> str:
    """`1 finding`, `2 findings`."""
    return f"{number:,} {plural(number, one, many)}"


def sentence_of(counts: tuple[int, ...], spared: int) -> str:
    """The verdict in one sentence.

    Args:
        counts: how many checks block by their own findings and by new ones, and how many limits on several checks,
            required checks, crashed checks, facts and kinds of decisions do.
        spared: how many checks warn only because they are not trusted.
    """
    defects, new, limits, unjudged, crashed, facts, decisions = counts
    parts = []
    if defects:
        parts.append(f"{defects} {plural(defects, 'check')} found defects that block")
    if new:
        parts.append(f"{new} {plural(new, 'check')} found what the baseline did not know")
    if limits:
        parts.append(f"{limits} {plural(limits, 'limit')} on several checks {plural(limits, 'is', 'are')} exceeded")
    if unjudged:
        parts.append(f"{unjudged} required {plural(unjudged, 'check')} could not be judged")
    if crashed:
        parts.append(f"{crashed} {plural(crashed, 'check')} crashed")
    if facts:
        parts.append(f"{facts} required {plural(facts, 'fact is', 'facts are')} not stated")
    if decisions:
        parts.append("decisions are out of date")
    told = ""
    if spared:
        warns = plural(spared, "warns", "warn")
        told = f"; {spared} {plural(spared, 'check')} below the precision that is asked {warns} only"
    return f"Not ready: {', '.join(parts)}{told}." if parts else f"Ready: nothing that blocks was found{told}."
