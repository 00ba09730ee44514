"""The rows of two audits come in; which were added, removed or changed goes out."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import chain, groupby

from kvqa_audit.model import AnswerRows


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the table; `number` is its 0-based place there."""

    number: int
    source: str
    question: str
    answer: str
    img_id: str

    @property
    def content(self) -> tuple[str, str, str, str]:
        """All that the row says, without its place."""
        return self.source, self.question, self.answer, self.img_id


@dataclass(frozen=True, slots=True)
class RowChange:
    """One question about one image that is answered otherwise, or whose source is another one now.

    `before` has the image's id of today, if it was renamed.
    """

    before: Row
    after: Row

    @property
    def is_spelling_only(self) -> bool:
        """Whether source and answer differ in white space and capitals alone."""
        return _plain(self.before) == _plain(self.after)


@dataclass(frozen=True, slots=True)
class RowChanges:
    """What became of the rows; `before` and `after` are the numbers of rows.

    `added` and `changed` are in the order of today's table, `removed` in that of the earlier one. Removed rows have
    the image's id of today, if it was renamed.
    """

    before: int
    after: int
    added: tuple[Row, ...]
    removed: tuple[Row, ...]
    changed: tuple[RowChange, ...]
    unchanged: int

    def changed_by_image(self) -> Iterator[tuple[str, tuple[RowChange, ...]]]:
        """The changed rows image by image, sorted by id."""
        in_order = sorted(self.changed, key=lambda change: (change.after.img_id, change.after.number))
        for img_id, changes in groupby(in_order, key=lambda change: change.after.img_id):
            yield img_id, tuple(changes)


def row_changes(before: AnswerRows, after: AnswerRows, renamed: Mapping[str, str]) -> RowChanges:
    """Compares rows by their content; what is left is paired up by image and question.

    A row that moved to another place in the table is no change. A repeated row counts as often as it stands there.

    Args:
        before: the earlier rows.
        after: today's rows.
        renamed: earlier id → today's id of images that only changed their name.
    """
    old = (replace(row, img_id=renamed.get(row.img_id, row.img_id)) for row in _numbered(before))
    gone, come = _without_equals(old, _numbered(after))
    waiting: dict[tuple[str, str], deque[Row]] = defaultdict(deque)
    for row in gone:
        waiting[row.img_id, row.question].append(row)
    added, changed = [], []
    for row in come:
        of_before = waiting.get((row.img_id, row.question))
        if of_before:
            changed.append(RowChange(of_before.popleft(), row))
        else:
            added.append(row)
    removed = sorted(chain.from_iterable(waiting.values()), key=lambda row: row.number)
    return RowChanges(len(before), len(after), tuple(added), tuple(removed), tuple(changed), len(after) - len(come))


def _numbered(rows: AnswerRows) -> Iterator[Row]:
    return (Row(number, *cells) for number, cells in enumerate(rows))


def _without_equals(before: Iterable[Row], after: Iterable[Row]) -> tuple[list[Row], list[Row]]:
    """The rows of either side that have no equal on the other, each in its table's order."""
    waiting: dict[tuple[str, str, str, str], deque[Row]] = defaultdict(deque)
    for row in before:
        waiting[row.content].append(row)
    come = []
    for row in after:
        equal = waiting.get(row.content)
        if equal:
            equal.popleft()
        else:
            come.append(row)
    return sorted(chain.from_iterable(waiting.values()), key=lambda row: row.number), come


def _plain(row: Row) -> tuple[str, str]:
    return " ".join(row.source.split()).casefold(), " ".join(row.answer.split()).casefold()
