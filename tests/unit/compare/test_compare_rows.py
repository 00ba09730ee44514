"""Rows are compared by content; a changed answer is one change, not one row less and one more."""

from __future__ import annotations

from kvqa_audit.compare.rows import row_changes
from kvqa_audit.model import AnswerRows

Cells = tuple[str, str, str, str]
FIRST: Cells = ("Polyps", "How many?", "1", "a")
SECOND: Cells = ("Polyps", "Is there text?", "yes", "a")
THIRD: Cells = ("Normal", "Is there text?", "no", "b")


def table(*rows: Cells) -> AnswerRows:
    return AnswerRows(*(tuple(row[n] for row in rows) for n in range(4)))


def test_rows_in_another_order_are_no_change() -> None:
    changes = row_changes(table(FIRST, SECOND, THIRD), table(THIRD, FIRST, SECOND), {})
    assert (changes.added, changes.removed, changes.changed, changes.unchanged) == ((), (), (), 3)


def test_added_removed_and_changed_rows_are_told_with_their_places() -> None:
    other = ("Polyps", "How many?", "2", "a")
    fresh = ("Normal", "How many?", "0", "c")
    changes = row_changes(table(FIRST, SECOND, THIRD), table(fresh, SECOND, other), {})
    assert [(row.number, row.content) for row in changes.added] == [(0, fresh)]
    assert [(row.number, row.content) for row in changes.removed] == [(2, THIRD)]
    (changed,) = changes.changed
    assert (changed.before.number, changed.after.number) == (0, 2)
    assert (changed.before.answer, changed.after.answer) == ("1", "2")
    assert (changes.before, changes.after, changes.unchanged) == (3, 3, 1)


def test_repeated_rows_count_as_often_as_they_stand_there() -> None:
    changes = row_changes(table(FIRST, FIRST, SECOND), table(FIRST, SECOND, SECOND, SECOND), {})
    assert [row.number for row in changes.added] == [2, 3]
    assert [row.number for row in changes.removed] == [1]
    assert changes.unchanged == 2


def test_rows_follow_a_renamed_image() -> None:
    after = table((*FIRST[:3], "z"), ("Polyps", "Is there text?", "no", "z"), THIRD)
    changes = row_changes(table(FIRST, SECOND, THIRD), after, {"a": "z"})
    assert (changes.added, changes.removed) == ((), ())
    assert [(one.before.answer, one.after.answer, one.after.img_id) for one in changes.changed] == [("yes", "no", "z")]
    assert len(row_changes(table(FIRST, SECOND, THIRD), after, {}).removed) == 2


def test_spelling_is_told_from_meaning_and_another_source_is_a_change() -> None:
    before = table(("Polyps", "Where?", "upper  left", "a"), ("Polyps", "Where?", "no", "b"), ("N", "Where?", "x", "c"))
    after = table(
        ("Polyps", "Where?", "Upper left ", "a"), ("Polyps", "Where?", "none", "b"), ("M", "Where?", "x", "c")
    )
    changes = row_changes(before, after, {})
    assert [change.is_spelling_only for change in changes.changed] == [True, False, False]
    assert [img_id for img_id, _ in changes.changed_by_image()] == ["a", "b", "c"]


def test_empty_tables_are_compared() -> None:
    assert row_changes(table(), table(FIRST), {}).added[0].content == FIRST
    assert row_changes(table(FIRST), table(), {}).removed[0].content == FIRST
