"""Rows as a database holds them come in; cells of the kinds that their columns promise go out, or what is wrong."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Column, Connection, DateTime, Dialect, Enum, Select, Text, TypeDecorator

from kvqa_audit.artifacts.tables import storable
from kvqa_audit.errors import StoreError
from kvqa_audit.json_text import value_of_json
from kvqa_audit.store.database import shown


class UtcTime(TypeDecorator[datetime]):
    """A moment, always in UTC and aware of it: SQLite, which knows no zones, holds the same clock time without one."""

    impl = DateTime(timezone=True)
    cache_ok = True

    @property
    def python_type(self) -> type:
        return datetime

    def process_bind_param(self, value: datetime | None, _: Dialect) -> datetime | None:
        if value is not None and value.tzinfo is None:
            raise ValueError(f"{value}: a time without a zone is no moment")
        return value if value is None else value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, _: Dialect) -> datetime | None:
        if value is None or value.tzinfo is not None:
            return value if value is None else value.astimezone(UTC)
        return value.replace(tzinfo=UTC)


class Json(TypeDecorator[Any]):
    """A list or a dictionary as text in ASCII, so that every database holds any character."""

    impl = Text
    cache_ok = True

    def __init__(self, kind: type) -> None:
        super().__init__()
        self.kind = kind

    @property
    def python_type(self) -> type:
        return self.kind

    def process_bind_param(self, value: Any, _: Dialect) -> str | None:
        return None if value is None else json.dumps(value, sort_keys=True, allow_nan=False)

    def process_result_value(self, value: str | None, _: Dialect) -> Any:
        return None if value is None else value_of_json(value)


def one_of(kind: type[StrEnum], characters: int = 10) -> Enum:
    """The type of a column that holds one of these words, none of them longer."""
    return Enum(
        kind, native_enum=False, length=characters, values_callable=lambda words: [word.value for word in words]
    )


def fetched(connection: Connection, wanted: Select[Any], **given: Any) -> list[dict[str, Any]]:
    """The rows of a query, each cell of its column's kind; SQLite would give whatever another program put there.

    A query that is made once, with `bindparam` for what is `given` each time, takes a third of the time of a new one.

    Raises:
        StoreError: a cell is of another kind.
    """
    place, todo = shown(connection.engine.url), "Another program changed the store: bring back a copy, or name another."
    try:
        result = connection.execute(wanted, given)
        names = tuple(result.keys())
        rows = [dict(zip(names, row, strict=True)) for row in result.all()]
    except (ValueError, TypeError, LookupError) as error:
        tables = " and ".join(sorted({column.table.name for column in _columns(wanted)}))
        raise StoreError(f"{place}: a cell of the table {tables} cannot be read ({error}). {todo}") from None
    for name, column in zip(rows[0] if rows else (), _columns(wanted), strict=bool(rows)):
        kind = column.type.python_type
        wrong = {type(row[name]) for row in rows} - ({kind, type(None)} if column.nullable else {kind})
        if wrong:
            cell = repr(next(row[name] for row in rows if type(row[name]) in wrong))
            where = f"table {column.table.name}, column {column.name}"
            raise StoreError(f"{place}: {where}: holds {cell:.60}, which is no {kind.__name__}. {todo}")
    return rows


def _columns(wanted: Select[Any]) -> list[Column[Any]]:
    bases = (base for column in wanted.selected_columns for base in column.base_columns)
    return [base for base in bases if isinstance(base, Column)]


def kept_text(text: str | None) -> str | None:
    """Text that every database can hold: PostgreSQL refuses the character NUL."""
    clean = storable(text)
    return clean if clean is None else clean.replace("\0", "\\x00")


def moment(text: str) -> datetime:
    """The moment that an audit's record tells, in UTC."""
    told = datetime.fromisoformat(text)
    return told.replace(tzinfo=UTC) if told.tzinfo is None else told.astimezone(UTC)
