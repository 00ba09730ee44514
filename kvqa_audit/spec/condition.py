"""What a condition of a promise is made of, as records: comparisons of columns, and what joins them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

Kind: TypeAlias = Literal["text", "number"]
Operator: TypeAlias = Literal["=", "<>", "<", "<=", ">", ">="]


@dataclass(frozen=True, slots=True)
class Column:
    """The row's cell in a column."""

    name: str


@dataclass(frozen=True, slots=True)
class Value:
    """A text or a number as it stands in the condition."""

    value: str | int | float


Operand: TypeAlias = Column | Value


@dataclass(frozen=True, slots=True)
class ColumnComparison:
    """Two operands of one kind."""

    left: Operand
    operator: Operator
    right: Operand


@dataclass(frozen=True, slots=True)
class IsIn:
    """The column's cell is one of the values."""

    column: Column
    values: tuple[str | int | float, ...]


@dataclass(frozen=True, slots=True)
class IsLike:
    """The whole cell is like the pattern, in which `%` is any text and `_` any character."""

    column: Column
    pattern: str


@dataclass(frozen=True, slots=True)
class IsBlank:
    """The cell is empty or white space; a number never is."""

    column: Column


@dataclass(frozen=True, slots=True)
class Not:
    """The part does not hold."""

    part: Condition


@dataclass(frozen=True, slots=True)
class All:
    """Every part holds."""

    parts: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """At least one part holds."""

    parts: tuple[Condition, ...]


Condition: TypeAlias = ColumnComparison | IsIn | IsLike | IsBlank | Not | All | AnyOf


def columns_of(condition: Condition) -> frozenset[str]:
    """The columns a condition speaks of."""
    match condition:
        case ColumnComparison(left, _, right):
            return frozenset(side.name for side in (left, right) if isinstance(side, Column))
        case IsIn(column) | IsLike(column) | IsBlank(column):
            return frozenset({column.name})
        case Not(part):
            return columns_of(part)
        case All(parts) | AnyOf(parts):
            return frozenset().union(*map(columns_of, parts))
