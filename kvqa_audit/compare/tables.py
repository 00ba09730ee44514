"""A comparison comes in; titled tables of text, the same for every way of writing them, go out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from kvqa_audit.compare.comparison import Comparison
from kvqa_audit.compare.drift import AnswerDrift, ImageDrift
from kvqa_audit.compare.findings import CheckChange
from kvqa_audit.compare.rows import Row
from kvqa_audit.model import Finding
from kvqa_audit.report.text import count, measure, share

UNITS = {"width": "px", "height": "px", "size_bytes": "bytes", "entropy_bits": "bits"}


@dataclass(frozen=True, slots=True)
class ChangeTable:
    """One table; of `in_all` lines those that fit are in `lines`. `numbers` names the columns that hold numbers."""

    title: str
    about: str
    columns: tuple[str, ...]
    lines: tuple[tuple[str, ...], ...]
    in_all: int
    numbers: tuple[str, ...] = ()

    @property
    def cut(self) -> str:
        """What is not shown, in words; nothing if all is."""
        return f"{len(self.lines):,} of {self.in_all:,} shown" if len(self.lines) < self.in_all else ""


@dataclass(frozen=True, slots=True)
class Headline:
    """One number of the summary: what, how many before and after (or "-"), and what changed, in words."""

    what: str
    before: str
    after: str
    changes: str


def sentence(comparison: Comparison) -> str:
    """The comparison in one sentence."""
    findings = comparison.findings
    new, resolved = len(findings.new) + len(findings.reopened), len(findings.resolved)
    told = f"{new:,} new, {resolved:,} resolved and {len(findings.still_open):,} still open findings"
    return f"Nothing changed in the data: {told}." if comparison.is_same_data else f"{told.capitalize()}."


def headlines(comparison: Comparison) -> tuple[Headline, ...]:
    """Rows, images and findings before and after."""
    found = comparison.findings
    of_findings = [(len(found.new), "new"), (len(found.reopened), "reopened"), (len(found.resolved), "resolved")]
    of_findings += [(len(found.still_open), "still open"), (len(found.decided), "decided")]
    of_findings += [(len(found.not_judged), "not judged now")]
    before, after = comparison.before, comparison.after
    return (
        Headline("rows", count(before.dataset.rows), count(after.dataset.rows), _row_words(comparison)),
        Headline("images", count(before.dataset.images), count(after.dataset.images), _image_words(comparison)),
        Headline("findings", count(before.findings), count(after.findings), _words(of_findings)),
    )


def change_tables(comparison: Comparison, limit: int) -> tuple[ChangeTable, ...]:
    """All that changed as tables of at most `limit` lines; tables without lines are left out."""
    tables = (
        _findings_table("New findings", comparison.findings.new, limit),
        _findings_table("Reopened findings", comparison.findings.reopened, limit),
        _findings_table("Resolved findings", comparison.findings.resolved, limit),
        _checks_table(comparison.checks, limit),
        *_row_tables(comparison, limit),
        *_image_tables(comparison, limit),
        _answers_table(comparison.answers, limit),
        _measures_table(comparison.image_measures, limit),
    )
    return tuple(table for table in tables if table.in_all)


def _row_words(comparison: Comparison) -> str:
    rows = comparison.rows
    if rows is None:
        return "not compared"
    spelling = sum(change.is_spelling_only for change in rows.changed)
    changed = f"changed ({spelling:,} of them in spelling only)" if spelling else "changed"
    return _words([(len(rows.added), "added"), (len(rows.removed), "removed"), (len(rows.changed), changed)])


def _image_words(comparison: Comparison) -> str:
    images = comparison.images
    if images is None:
        return "not compared"
    numbers = [(len(images.added), "added"), (len(images.removed), "removed"), (len(images.renamed), "renamed")]
    return _words([*numbers, (len(images.changed), "changed")])


def _words(numbers: Iterable[tuple[int, str]]) -> str:
    return ", ".join(f"{number:,} {what}" for number, what in numbers if number) or "no change"


def _table(
    title: str,
    about: str,
    columns: Sequence[str],
    lines: Iterator[tuple[str, ...]],
    in_all: int,
    limit: int,
    numbers: Sequence[str] = (),
) -> ChangeTable:
    return ChangeTable(title, about, tuple(columns), tuple(islice(lines, limit)), in_all, tuple(numbers))


def _findings_table(title: str, findings: Sequence[Finding], limit: int) -> ChangeTable:
    worst_first = sorted(findings, key=lambda finding: -finding.severity.rank)
    lines = ((one.check, one.severity.value, _about(one), one.question or "", one.message) for one in worst_first)
    return _table(title, "", ("check", "severity", "image", "question", "what"), lines, len(findings), limit)


def _about(finding: Finding) -> str:
    return finding.img_id if finding.img_id is not None else " and ".join(finding.related[:2])


def _checks_table(checks: Sequence[CheckChange], limit: int) -> ChangeTable:
    moved = [check for check in checks if check.new or check.resolved or check.before != check.after]
    lines = (
        (
            check.code,
            check.name.replace("_", " "),
            check.before.value if check.before else "not run",
            check.after.value if check.after else "not run",
            count(check.new),
            count(check.resolved),
            count(check.still_open),
        )
        for check in moved
    )
    numbers = ("new", "resolved", "still open")
    columns = ("check", "name", "before", "after", *numbers)
    return _table("Checks that came out otherwise", "", columns, lines, len(moved), limit, numbers)


def _row_tables(comparison: Comparison, limit: int) -> Iterator[ChangeTable]:
    if comparison.rows is None:
        return
    rows = comparison.rows
    changed = (
        (img_id, one.after.question, *_source_and_answer(one.before, one.after))
        for img_id, changes in rows.changed_by_image()
        for one in changes
    )
    images = len({one.after.img_id for one in rows.changed})
    about = f"{count(len(rows.changed))} rows of {count(images)} images."
    columns = ("image", "question", "before", "after")
    yield _table("Answers changed", about, columns, changed, len(rows.changed), limit)
    for title, some in (("Rows added", rows.added), ("Rows removed", rows.removed)):
        lines = ((count(row.number), row.img_id, row.source, row.question, row.answer) for row in some)
        columns_of_rows = ("row", "image", "source", "question", "answer")
        yield _table(title, "", columns_of_rows, lines, len(some), limit, ("row",))


def _source_and_answer(before: Row, after: Row) -> tuple[str, str]:
    if before.source == after.source:
        return before.answer, after.answer
    return f"{before.answer} ({before.source})", f"{after.answer} ({after.source})"


def _image_tables(comparison: Comparison, limit: int) -> Iterator[ChangeTable]:
    if comparison.images is None:
        return
    images = comparison.images
    about = "The same picture under another id; its rows and findings were compared under the new one."
    renamed = ((one.before, one.after, f"same {one.same}") for one in images.renamed)
    yield _table("Images renamed", about, ("before", "after", "why"), renamed, len(images.renamed), limit)
    changed = ((one.img_id, one.how) for one in images.changed)
    yield _table("Images changed", "", ("image", "how"), changed, len(images.changed), limit)
    for title, ids in (("Images added", images.added), ("Images removed", images.removed)):
        yield _table(title, "", ("image",), ((img_id,) for img_id in ids), len(ids), limit)


def _answers_table(cells: Sequence[AnswerDrift], limit: int) -> ChangeTable:
    notable = [cell for cell in cells if cell.is_notable or not (cell.before and cell.after)]
    notable.sort(key=lambda cell: -(cell.js_bits if cell.js_bits is not None else 1.0))
    lines = (
        (
            cell.source,
            cell.question,
            count(cell.before),
            count(cell.after),
            measure(cell.js_bits),
            measure(cell.psi),
            measure(cell.q),
            f"{cell.moved[0]}: {share(cell.moved[1])} to {share(cell.moved[2])}" if cell.moved else "",
        )
        for cell in notable
    )
    about = (
        f"{count(len(notable))} of {count(len(cells))} source x question cells moved notably: q at most 0.05 "
        "(chi-square, Benjamini-Hochberg) and a population stability index of at least 0.1; or stand on one side only."
    )
    numbers = ("before", "after", "JS bits", "PSI", "q")
    columns = ("source", "question", *numbers, "moved most")
    return _table("Answers distributed otherwise", about, columns, lines, len(notable), limit, numbers)


def _measures_table(measures: Sequence[ImageDrift], limit: int) -> ChangeTable:
    notable = sorted((one for one in measures if one.is_notable), key=lambda one: -one.ks)
    lines = (
        (
            f"{one.measure.replace('_', ' ')}{f' ({UNITS[one.measure]})' if one.measure in UNITS else ''}",
            one.source if one.source is not None else "all",
            measure(one.median_before),
            measure(one.median_after),
            measure(one.ks),
            measure(one.q),
        )
        for one in notable
    )
    about = (
        f"{count(len(notable))} of {count(len(measures))} measures moved notably: q at most 0.05 "
        "(Kolmogorov-Smirnov, Benjamini-Hochberg) and a distance of at least 0.1."
    )
    numbers = ("median before", "median after", "KS", "q")
    return _table("Images look otherwise", about, ("measure", "source", *numbers), lines, len(notable), limit, numbers)
