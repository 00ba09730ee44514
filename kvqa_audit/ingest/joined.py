"""Tables that each hold a part of the rows come in; whole tables, joined by the ids they share, go out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from kvqa_audit.ingest.dataset import TableFault
from kvqa_audit.ingest.source_format import RawTable, Wanted
from kvqa_audit.ingest.usual_names import folded

_MIN_SHARED = 0.5
_KEYS = ("id", "idx", "key", "index")
_NAMES_A_QUESTION = frozenset(f"{start}{end}" for start in ("question", "questions", "q") for end in _KEYS)
_WHOLE = frozenset({"question", "answer"})


def joined_tables(tables: Sequence[RawTable], wanted: Wanted) -> list[RawTable]:
    """Joins tables of questions with those of their answers, and rows with the records of the same file they name.

    A file may list its images apart from its rows: the fields of the image that a row names by `image_id` are then the
    row's columns `image.…`.
    """
    tables = [_with_named_records(table, tables) for table in tables]
    roles = {id(table): wanted.roles(table) for table in tables}
    questions = [table for table in tables if roles[id(table)] & _WHOLE == {"question"}]
    answers = [table for table in tables if roles[id(table)] & _WHOLE == {"answer"}]
    joins = [join for table in answers if (join := _best_join(table, questions)) is not None]
    used = {id(table) for join in joins for table in (join.questions, join.answers)}
    return [*(table for table in tables if id(table) not in used), *(_joined(join) for join in joins)]


@dataclass(frozen=True, slots=True)
class _Join:
    """Rows of answers that name their question by a column of theirs, `naming`, as its `key` tells."""

    questions: RawTable
    answers: RawTable
    key: str
    naming: str
    shared: int
    is_meant: bool


def _best_join(answers: RawTable, questions: Sequence[RawTable]) -> _Join | None:
    joins = [join for table in questions for join in _joins(table, answers)]
    return max(joins, key=lambda join: (join.is_meant, join.shared), default=None)


def _joins(questions: RawTable, answers: RawTable) -> Iterator[_Join]:
    names = [name for name in answers.header if folded(name) in _NAMES_A_QUESTION]
    naming = next((name for name in names if name in questions.columns), names[0] if names else None)
    for key in questions.header:
        if not folded(key).endswith(_KEYS):
            continue
        is_own = folded(key) == "id"
        if naming is not None and (is_own or folded(key) in _NAMES_A_QUESTION):
            yield from _join(questions, answers, key, naming, is_meant=True)
        # Each table may number its own rows: where answers name their question, their own id is none of questions.
        elif key in answers.columns and not (is_own and naming is not None):
            yield from _join(questions, answers, key, key, is_meant=False)


def _join(questions: RawTable, answers: RawTable, key: str, naming: str, *, is_meant: bool) -> Iterator[_Join]:
    """The join, where each question has a key of its own and most answers name one."""
    left, right = questions.columns[key], answers.columns[naming]
    if not all(isinstance(value, (str, int)) for value in (*left[:1], *right[:1])):
        return
    asked = set(map(_hashable, left))
    shared = sum(_hashable(value) in asked for value in right)
    if len(asked) == len(left) and shared >= _MIN_SHARED * max(len(right), 1):
        yield _Join(questions, answers, key, naming, shared, is_meant)


def _joined(join: _Join) -> RawTable:
    """One row a question, in the order of the questions; annotations that name no question are a fault."""
    given = {_hashable(value): row for row, value in reversed(list(enumerate(join.answers.columns[join.naming])))}
    rows = [given.get(_hashable(value)) for value in join.questions.columns[join.key]]
    columns: dict[str, Sequence[Any]] = dict(join.questions.columns)
    for name, values in join.answers.columns.items():
        if name not in columns:
            columns[name] = [None if row is None else values[row] for row in rows]
    unnamed = join.answers.rows - sum(row is not None for row in rows)
    faults = [*join.questions.faults, *(f for f in join.answers.faults if f not in join.questions.faults)]
    if unnamed:
        message = (
            f"{unnamed:,} rows of {join.answers.place} name no question of {join.questions.place}, or one that is "
            f"answered already (column {join.naming!r}); they are not in the table"
        )
        faults.append(TableFault("not_joined", message, suggestion="Look for the questions that are missing"))
    same = join.answers.place == join.questions.place
    by = repr(join.naming) if join.key == join.naming else f"{join.naming!r}, which is their {join.key!r}"
    how = f"{join.questions.how}, joined with {join.answers.part if same else join.answers.place} by {by}"
    others = () if same else (join.answers.place,)
    return replace(
        join.questions, how=how, header=tuple(columns), columns=columns, faults=tuple(faults), joined_with=others
    )


def _with_named_records(table: RawTable, tables: Sequence[RawTable]) -> RawTable:
    columns: dict[str, Sequence[Any]] = {}
    for name in table.header:
        thing = folded(name).removesuffix("id")
        others = [
            other
            for other in tables
            if other is not table and other.place == table.place and other.part and "id" in other.columns
            and thing and folded(other.part.rpartition(".")[2]) in (thing, f"{thing}s", f"{thing}es")
        ]  # fmt: skip
        for other in others if folded(name) != thing else ():
            columns |= _looked_up(table.columns[name], other, thing)
    if not columns:
        return table
    columns = {**table.columns, **{name: values for name, values in columns.items() if name not in table.columns}}
    return replace(table, columns=columns)


def _looked_up(values: Sequence[Any], other: RawTable, thing: str) -> Mapping[str, Sequence[Any]]:
    ids = [_hashable(value) for value in other.columns["id"]]
    if max(Counter(ids).values(), default=0) != 1:
        return {}
    rows = {value: row for row, value in enumerate(ids)}
    places = [rows.get(_hashable(value)) for value in values]
    return {
        f"{thing}.{name}": [None if row is None else column[row] for row in places]
        for name, column in other.columns.items()
        if name != "id"
    }


def _hashable(value: Any) -> str | int | float | bool | None:
    return value if isinstance(value, (str, int, float, bool)) or value is None else repr(value)
