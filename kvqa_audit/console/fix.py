"""A patch and its proof come in; what was corrected, what is left, and whether it holds, goes to the terminal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from kvqa_audit.console.terminal import console, plain, say, table
from kvqa_audit.fixes.patch import WHOLE_IMAGE, WHOLE_ROW, CellChange, Patch
from kvqa_audit.fixes.proof import Proof, by_check
from kvqa_audit.fixes.write_copy import changes_by_rule
from kvqa_audit.release.sentence import counted

if TYPE_CHECKING:
    from rich.console import Console

    from kvqa_audit.model import Finding

_SHOWN = 20


def print_patch(patch: Patch, docs: dict[str, str], *, is_dry: bool) -> None:
    """The changes by the check that asked for them, the most frequent in full, and what was not applied."""
    screen = console()
    verb = "would change" if is_dry else "changed"
    images = f"{counted(len(patch.removed_images), 'image')} removed"
    screen.print(f"{counted(len(patch.cells), 'row')} {verb}, {len(patch.dropped):,} dropped; {images}", style="bold")
    lines = table("asked for by")
    lines.add_column("changes", justify="right", no_wrap=True)
    lines.add_column("why", overflow="fold")
    for rule, number in changes_by_rule(patch.changes).items():
        lines.add_row(rule, f"{number:,}", plain(docs.get(rule, "Reviewed by a person.")))
    if patch.changes:
        screen.print(lines)
    said = Counter(map(_in_words, patch.changes))
    for words, number in said.most_common(_SHOWN):
        say(f"  {words}" + (f"  ({number:,} times)" if number > 1 else ""))
    if len(said) > _SHOWN:
        rest = "" if is_dry else "; changes.csv has all"
        screen.print(f"  … {_SHOWN} of {len(said):,} kinds of change shown{rest}")
    for one in patch.unapplied:
        where = f"{plain(one.img_id)}, {plain(one.question)}"
        say(f"not applied, line {one.line}: {where}: {one.why}", style="yellow")
    for img_id in patch.unremoved:
        say(f"not removed: {plain(img_id)}: no row and no image has this id", style="yellow")


def print_left(left: Iterable[Finding]) -> None:
    """How many findings wait for a person, by check."""
    screen, counts = console(), by_check(left)
    screen.print(f"left for a person: {counted(sum(counts.values()), 'finding')}", style="bold")
    if counts:
        screen.print(f"  {_in_numbers(counts)}")


def print_proof(proof: Proof, out: Path) -> None:
    """What the audit of the copy found: resolved, settled, shifted, and everything that stands against the patch."""
    screen = console()
    screen.print()
    screen.print(f"{counted(len(proof.resolved), 'finding')} resolved by the changes")
    if proof.settled:
        screen.print(f"{len(proof.settled):,} more went with a row, an image or an answer that was settled")
    for shifted, what in ((proof.shifted_in, "came"), (proof.shifted_out, "went")):
        if shifted:
            number = counted(len(shifted), "finding that depends", "findings that depend")
            told = f"{number} on all rows {what} with it (proof.json has them)"
            screen.print(f"{told}: {_in_numbers(by_check(shifted))}", style="yellow")
    _print_some(screen, proof.lost, "gone, and no change accounts for it", "red")
    _print_some(screen, proof.new, "new", "red")
    if proof.unjudged:
        screen.print(f"not judged again: {', '.join(map(plain, proof.unjudged))}", style="red")
    if proof.same_images is not None:
        screen.print(
            f"{counted(proof.same_images, 'image has', 'images have')} the same bytes as before; "
            f"{counted(len(proof.other_images), 'has', 'have')} not"
        )
    beside = " beside those" if proof.shifted_in else ""
    verdict = f"the proof holds: exactly what was fixed is resolved, and nothing new came{beside}"
    if not proof.holds:
        verdict = "the proof DOES NOT HOLD; do not use the copy before you know why"
    screen.print(verdict, style="bold green" if proof.holds else "bold red")
    say(f"copy: {out}")


def _in_numbers(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{code} {number:,}" for code, number in counts.items())


def _print_some(screen: Console, findings: tuple[Finding, ...], what: str, style: str) -> None:
    if not findings:
        return
    screen.print(f"{counted(len(findings), 'finding')} {what}:", style=style)
    for finding in findings[:_SHOWN]:
        say(f"  {finding.check} {finding.img_id or ''} {finding.message}")
    if len(findings) > _SHOWN:
        screen.print(f"  … {_SHOWN} of {len(findings):,} shown; proof.json has all")


def _in_words(change: CellChange) -> str:
    if change.column == WHOLE_IMAGE:
        return f"image {plain(change.img_id)}: removed ({plain(change.why)})"
    if change.column == WHOLE_ROW:
        return f"record {(change.row or 0) + 1}, {plain(change.img_id)}: dropped ({plain(change.why)})"
    return f"{change.column}: {_quoted(change.before)} -> {_quoted(change.after)}"


def _quoted(text: str) -> str:
    return plain(repr(text if len(text) <= 80 else f"{text[:80]}…"))
