"""What was measured about the answers comes in; tables for the page go out, each with a sentence on what to see."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kvqa_audit.model import AuditRun
from kvqa_audit.report.text import share, shown

MAX_LISTED = 20
MAX_QUESTIONS = 60
MAX_FOLDED = 32
FEW_GROUPS = 10

Entry = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Folded:
    """A cell that says `line`, and unfolds to pairs of texts."""

    line: str
    pairs: tuple[tuple[str, str], ...]


Cell = str | Folded


@dataclass(frozen=True, slots=True)
class Listing:
    """A table in a section of the page: columns with whether they are numbers, and the rows that are shown.

    The page shows `rows` of the `rows_in_all`, the rest are in `file`; `note` says what the columns mean.
    """

    key: str
    section: str
    title: str
    sentence: str
    columns: tuple[tuple[str, bool], ...]
    rows: tuple[tuple[Cell, ...], ...]
    rows_in_all: int
    note: str = ""
    file: str = "audit.json"


def listings(run: AuditRun) -> tuple[Listing, ...]:
    """The tables this run has numbers for, in the order of the page."""
    made = (label_stability(run), answer_forms(run), stereotyped_answers(run), split_proposal(run))
    return tuple(listing for listing in made if listing is not None)


def label_stability(run: AuditRun) -> Listing | None:
    """How equally copies of one picture are answered, question by question, the least stable first."""
    entries: Sequence[Entry] = run.metrics.get("stability") or ()
    if not entries:
        return None
    ordered = sorted(entries, key=lambda entry: (entry["agreement"], -entry["pairs"], entry["question"]))
    return Listing(
        "stability",
        "answers",
        "How stable are the answers on copies of one picture?",
        _stable(ordered),
        (("question", False), ("groups", True), ("cells", True), ("pairs", True), ("equal pairs", True),
         ("kappa", True), ("alpha", True)),
        tuple(
            (
                entry["question"], f"{entry['groups']:,}", f"{entry['images']:,}", f"{entry['pairs']:,}",
                _with_ends(entry, "agreement", share), _with_ends(entry, "kappa", _figure),
                _with_ends(entry, "alpha", _figure),
            )
            for entry in ordered[:MAX_QUESTIONS]
        ),
        len(ordered),
        "Groups are sets of images that show one picture, cells the answers in them; in brackets are 95 % intervals. "
        "Cohen's kappa is for questions with one answer, Krippendorff's alpha (MASI distance) for those with several: "
        "0 is what chance gives, 1 is all equal, and a dash stands where nothing varies.",
    )  # fmt: skip


def _stable(ordered: Sequence[Entry]) -> str:
    least, most_groups = ordered[0], max(entry["groups"] for entry in ordered)
    sentence = "This is label stability, not agreement between raters: nobody knows who answered. "
    sentence += f"At most {most_groups:,} group{'s' * (most_groups != 1)} of copies stand behind a figure"
    sentence += ", too few to conclude much. " if most_groups < FEW_GROUPS else ". "
    if least["agreement"] == 1:
        return f"{sentence}On all of them all {len(ordered):,} questions are answered alike."
    pairs = f"{least['pairs']:,} pair{'s' * (least['pairs'] != 1)}"
    return (
        f"{sentence}Least stable is “{shown(least['question'], 90)}”: equal in {share(least['agreement'])} of {pairs}."
    )


def answer_forms(run: AuditRun) -> Listing | None:
    """In how many ways the answers are written, against how many things they mean."""
    entries: Sequence[Entry] = run.metrics.get("answer_forms") or ()
    varied = [e for e in entries if e["rewritten_rows"] or e["stored_forms"] != e["canonical_forms"]]
    if not varied:
        return None
    varied.sort(key=lambda entry: (-entry["rewritten_rows"], entry["question"]))
    first, rewritten = varied[0], sum(entry["rewritten_rows"] for entry in entries)
    rows = sum(entry["rows"] for entry in entries)
    return Listing(
        "forms",
        "answers",
        "How many ways are the answers written in?",
        f"{rewritten:,} of {rows:,} answers are not written in the canonical form (misspellings corrected, each part "
        f"once, in alphabetical order). Most are of “{shown(first['question'], 90)}”: {first['stored_forms']:,} ways "
        f"of writing mean {first['canonical_forms']:,} answers. The other {len(entries) - len(varied):,} questions are "
        "written in one way throughout.",
        (("question", False), ("answers", True), ("ways of writing", True), ("meanings", True),
         ("not canonical", True), ("written in most ways", False), ("ways", False)),
        tuple(
            (
                entry["question"], f"{entry['rows']:,}", f"{entry['stored_forms']:,}", f"{entry['canonical_forms']:,}",
                f"{entry['rewritten_rows']:,}", entry["most_split"],
                _folded([(form, f"{n:,} rows") for form, n in entry["written_as"].items()], 0),
            )
            for entry in varied[:MAX_QUESTIONS]
        ),
        len(varied),
    )  # fmt: skip


def stereotyped_answers(run: AuditRun) -> Listing | None:
    """Images of one source that share all their answers, the largest groups first."""
    groups: Sequence[Entry] = run.metrics.get("stereotypes") or ()
    if not groups:
        return None
    sizes = [len(group["img_ids"]) for group in groups]
    first = max(groups, key=lambda group: len(group["img_ids"]))
    return Listing(
        "stereotypes",
        "balance",
        "Which images share all their answers?",
        f"{sum(sizes):,} images stand in {len(groups):,} groups of {min(sizes):,} to {max(sizes):,} images of one "
        f"source that are answered alike in every question. The largest is {share(first['share'])} of "
        f"{shown(first['source'], 40)}: a model can learn such answers by heart.",
        (("images", True), ("source", False), ("share of source", True), ("questions", True), ("answers", False)),
        tuple(
            (
                f"{len(group['img_ids']):,}", group["source"], share(group["share"]), f"{len(group['answers']):,}",
                _folded(list(group["answers"].items()), 1),
            )
            for group in groups[:MAX_LISTED]
        ),
        len(groups),
    )  # fmt: skip


def split_proposal(run: AuditRun) -> Listing | None:
    """The sizes of splits that keep copies and of pictures of one scene together, by source."""
    proposal: Entry = run.metrics.get("split_proposal") or {}
    sizes: Mapping[str, int] = proposal.get("images") or {}
    total = sum(sizes.values())
    if not total:
        return None
    by_source: Mapping[str, Mapping[str, int]] = proposal["images_by_source"]
    asked = ", ".join(f"{shown(name, 40)} {share(fraction)}" for name, fraction in proposal["fractions"].items())
    came = ", ".join(f"{shown(name, 40)} {share(number / total)}" for name, number in sizes.items())
    kept = (
        f"keeps the {proposal['groups']:,} groups of copies and of pictures of one scene together (the largest has "
        f"{proposal['largest_group']:,} images)"
        if proposal["groups"]
        else "has no copies to keep together"
    )
    return Listing(
        "splits",
        "balance",
        "How could it be split without leaks?",
        f"A proposal for {total:,} images that {kept} and divides every source as far as that allows: {came}. "
        f"Asked for were {asked}. Which image goes where stands under split_proposal in audit.json.",
        (("source", False), *((name, True) for name in sizes), ("images", True)),
        tuple(_split_line(name, counts, sizes) for name, counts in [("all sources", sizes), *by_source.items()])[
            : MAX_QUESTIONS + 1
        ],
        len(by_source) + 1,
    )


def _split_line(name: str, counts: Mapping[str, int], splits: Mapping[str, int]) -> tuple[str, ...]:
    total = sum(counts.values())
    parts = [f"{counts[split]:,} ({share(counts[split] / total)})" if total else "0" for split in splits]
    return (name, *parts, f"{total:,}")


def _folded(pairs: Sequence[tuple[str, str]], said: int) -> Folded:
    """At most 20 pairs, and a short line of the first of their left (0) or right (1) texts."""
    line = " | ".join(shown(pair[said], MAX_FOLDED) for pair in pairs[:MAX_LISTED])
    return Folded(line if len(line) <= MAX_FOLDED else f"{line[:MAX_FOLDED]}…", tuple(pairs[:MAX_LISTED]))


def _figure(value: float) -> str:
    return f"{value:.2f}"


def _with_ends(entry: Entry, name: str, written: Callable[[float], str]) -> str:
    value, low, high = (entry[f"{name}{end}"] for end in ("", "_low", "_high"))
    if value is None:
        return "-"
    return written(value) if low is None or high is None else f"{written(value)} ({written(low)} to {written(high)})"
