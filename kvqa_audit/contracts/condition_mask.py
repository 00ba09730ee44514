"""A condition and a table come in; which rows meet it goes out. Cells are compared, and no text is ever evaluated."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Mapping
from functools import reduce
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from kvqa_audit.spec.condition import (
    All,
    AnyOf,
    Column,
    ColumnComparison,
    Condition,
    IsBlank,
    IsIn,
    IsLike,
    Not,
    Operand,
    Operator,
)
from kvqa_audit.spec.linear_regex import like

if TYPE_CHECKING:
    import pandas as pd

Mask = NDArray[np.bool_]
_OPERATORS: Mapping[Operator, Callable[[Any, Any], Any]] = {
    "=": operator.eq,
    "<>": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def rows_that_meet(condition: Condition, frame: pd.DataFrame) -> Mask:
    """A mask of the frame's rows; its columns hold text or numbers, never NULL."""
    match condition:
        case ColumnComparison(left, sign, right):
            compared = _OPERATORS[sign](_operand(left, frame), _operand(right, frame))
            return np.asarray(compared, dtype=bool)
        case IsIn(column, values):
            return frame[column.name].isin(values).to_numpy(dtype=bool)
        case IsLike(column, pattern):
            return cells_that(like(pattern), frame[column.name])
        case IsBlank(column):
            return cells_that(_is_blank, frame[column.name])
        case Not(part):
            return ~rows_that_meet(part, frame)
        case All(parts):
            return _reduced(np.logical_and, parts, frame)
        case AnyOf(parts):
            return _reduced(np.logical_or, parts, frame)


def _reduced(join: np.ufunc, parts: Iterable[Condition], frame: pd.DataFrame) -> Mask:
    """Joined one after the other, so that many parts take the memory of two."""
    masks = (rows_that_meet(part, frame) for part in parts)
    return reduce(join, masks)


def cells_that(hold: Callable[[Any], bool], cells: pd.Series[Any]) -> Mask:
    """A mask of the cells for which something holds, asked once for each distinct one."""
    import pandas as pd

    numbers, distinct = pd.factorize(cells)
    return np.array([hold(cell) for cell in distinct], dtype=bool)[numbers]


def _is_blank(cell: object) -> bool:
    return isinstance(cell, str) and not cell.strip()


def _operand(operand: Operand, frame: pd.DataFrame) -> Any:
    return frame[operand.name].to_numpy() if isinstance(operand, Column) else operand.value
