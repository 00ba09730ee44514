"""The name of a type of expectation and its arguments come in; what is wrong with them goes out, before any is judged.

A promise may use the types listed here and no others: each is judged in time linear in the table, reaches nothing but
the table, and has arguments of fixed types.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationInfo, model_validator

from kvqa_audit.spec.condition import Kind, columns_of
from kvqa_audit.spec.condition_grammar import MAX_NUMBER, parse_condition
from kvqa_audit.spec.faults import faults_at
from kvqa_audit.spec.linear_regex import compiled

TABLES: Mapping[str, Mapping[str, Kind]] = {
    "rows": {"source": "text", "question": "text", "answer": "text", "img_id": "text"},
    "images_per_source": {"source": "text", "images": "number"},
    "rows_per_question": {"question": "text", "rows": "number"},
}
MAX_VALUES = 100_000
MAX_PATTERNS = 20


def _in_the_table(name: str, info: ValidationInfo, kinds: tuple[Kind, ...] = ("text", "number")) -> str:
    columns: Mapping[str, Kind] = info.context or {}
    if name not in columns:
        raise ValueError(f"the table of this promise has no column {name!r}; it has: {', '.join(columns)}")
    if columns[name] not in kinds:
        fitting = [one for one, kind in columns.items() if kind in kinds]
        raise ValueError(
            f"the column {name!r} holds {columns[name]}s, and this type of expectation judges {kinds[0]}s; "
            f"such columns of the table are: {', '.join(fitting) or 'none'}"
        )
    return name


def _text_column(name: str, info: ValidationInfo) -> str:
    return _in_the_table(name, info, ("text",))


def _number_column(name: str, info: ValidationInfo) -> str:
    return _in_the_table(name, info, ("number",))


def _condition(text: str, info: ValidationInfo) -> str:
    parse_condition(text, info.context or {})
    return text


def _regex(pattern: str) -> str:
    compiled(pattern)
    return pattern


def _any_column(name: str, info: ValidationInfo) -> str:
    return _in_the_table(name, info)


def _value(value: object) -> object:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise ValueError('is neither a text nor a number; put a text into quotes: "…"')
    return value


AnyColumn = Annotated[str, AfterValidator(_any_column)]
TextColumn = Annotated[str, AfterValidator(_text_column)]
NumberColumn = Annotated[str, AfterValidator(_number_column)]
Number = Annotated[float, Field(ge=-MAX_NUMBER, le=MAX_NUMBER, allow_inf_nan=False)]
Count = Annotated[int, Field(ge=0, le=MAX_NUMBER)]
Share = Annotated[float, Field(ge=0, le=1)]
Regex = Annotated[str, AfterValidator(_regex)]
Values = Annotated[list[Annotated[Any, AfterValidator(_value)]], Field(min_length=1, max_length=MAX_VALUES)]


class Arguments(BaseModel):
    """Arguments of any expectation; `condition_parser` is what older descriptions say, and means nothing."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, defer_build=True)

    row_condition: Annotated[str, AfterValidator(_condition)] | None = None
    condition_parser: Literal["pandas"] | None = None

    @model_validator(mode="before")
    @classmethod
    def _are_known(cls, given: Any) -> Any:
        if isinstance(given, dict):
            unknown = [key for key in given if key not in cls.model_fields]
            if unknown:
                raise faults_at({(str(key),): cls._hint(str(key)) for key in unknown})
        return given

    @classmethod
    def _hint(cls, key: str) -> str:
        close = difflib.get_close_matches(key, cls.model_fields, n=1)
        hint = f"did you mean {close[0]!r}? " if close else ""
        return f"is no argument of this type of expectation; {hint}allowed are: {', '.join(sorted(cls.model_fields))}"


class RowCount(Arguments):
    value: Count


class Bounds(Arguments):
    min_value: Number | None = None
    max_value: Number | None = None
    strict_min: bool = False
    strict_max: bool = False

    @model_validator(mode="after")
    def _bound_something(self) -> Bounds:
        if self.min_value is None and self.max_value is None:
            raise ValueError("needs 'min_value', 'max_value' or both")
        if self.min_value is not None and self.max_value is not None and self.min_value > self.max_value:
            raise ValueError("'min_value' is greater than 'max_value', which nothing can meet")
        return self


class BoundsOfColumn(Bounds):
    column: AnyColumn


class BoundsOfNumbers(Bounds):
    column: NumberColumn


class BoundsOfCells(BoundsOfNumbers):
    mostly: Share = 1.0


class BoundsOfLengths(Bounds):
    column: TextColumn
    mostly: Share = 1.0


class Lengths(Arguments):
    column: TextColumn
    value: Count
    mostly: Share = 1.0


class Cells(Arguments):
    column: AnyColumn
    mostly: Share = 1.0


class SetOfColumn(Arguments):
    column: AnyColumn
    value_set: Values

    @model_validator(mode="after")
    def _are_of_the_columns_kind(self, info: ValidationInfo) -> SetOfColumn:
        kind = (info.context or {})[self.column]
        wrong = [value for value in self.value_set if isinstance(value, str) != (kind == "text")]
        if wrong:
            raise ValueError(f"value_set holds {wrong[0]!r}, and the column {self.column!r} holds {kind}s")
        return self


class SetOfCells(SetOfColumn):
    mostly: Share = 1.0


class MostCommon(SetOfColumn):
    ties_okay: bool = False


class Pattern(Arguments):
    column: TextColumn
    regex: Regex
    mostly: Share = 1.0


class Patterns(Arguments):
    column: TextColumn
    regex_list: Annotated[list[Regex], Field(min_length=1, max_length=MAX_PATTERNS)]
    mostly: Share = 1.0


class PatternsMatched(Patterns):
    match_on: Literal["any", "all"] = "any"


class QuantileRanges(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, defer_build=True)

    quantiles: Annotated[list[Share], Field(min_length=1, max_length=100)]
    value_ranges: Annotated[
        list[Annotated[list[Number | None], Field(min_length=2, max_length=2)]], Field(min_length=1)
    ]

    @model_validator(mode="after")
    def _belong_together(self) -> QuantileRanges:
        if len(self.quantiles) != len(self.value_ranges):
            raise ValueError("needs one [low, high] in 'value_ranges' for each of 'quantiles'")
        return self


class Quantiles(Arguments):
    column: NumberColumn
    quantile_ranges: QuantileRanges


class Pair(Arguments):
    column_A: TextColumn  # noqa: N815 - Great Expectations' own name
    column_B: TextColumn  # noqa: N815
    mostly: Share = 1.0


class PairInSet(Pair):
    value_pairs_set: Annotated[
        list[Annotated[list[str], Field(min_length=2, max_length=2)]], Field(min_length=1, max_length=MAX_VALUES)
    ]


class Columns(Arguments):
    column_list: Annotated[list[AnyColumn], Field(min_length=2)]
    mostly: Share = 1.0


TYPES: Mapping[str, type[Arguments]] = {
    "expect_table_row_count_to_equal": RowCount,
    "expect_table_row_count_to_be_between": Bounds,
    "expect_column_unique_value_count_to_be_between": BoundsOfColumn,
    "expect_column_proportion_of_unique_values_to_be_between": BoundsOfColumn,
    "expect_column_proportion_of_non_null_values_to_be_between": BoundsOfColumn,
    "expect_column_sum_to_be_between": BoundsOfNumbers,
    "expect_column_min_to_be_between": BoundsOfNumbers,
    "expect_column_max_to_be_between": BoundsOfNumbers,
    "expect_column_mean_to_be_between": BoundsOfNumbers,
    "expect_column_median_to_be_between": BoundsOfNumbers,
    "expect_column_stdev_to_be_between": BoundsOfNumbers,
    "expect_column_quantile_values_to_be_between": Quantiles,
    "expect_column_distinct_values_to_be_in_set": SetOfColumn,
    "expect_column_distinct_values_to_contain_set": SetOfColumn,
    "expect_column_distinct_values_to_equal_set": SetOfColumn,
    "expect_column_most_common_value_to_be_in_set": MostCommon,
    "expect_column_values_to_be_between": BoundsOfCells,
    "expect_column_values_to_be_in_set": SetOfCells,
    "expect_column_values_to_not_be_in_set": SetOfCells,
    "expect_column_values_to_be_unique": Cells,
    "expect_column_values_to_be_null": Cells,
    "expect_column_values_to_not_be_null": Cells,
    "expect_column_value_lengths_to_be_between": BoundsOfLengths,
    "expect_column_value_lengths_to_equal": Lengths,
    "expect_column_values_to_match_regex": Pattern,
    "expect_column_values_to_not_match_regex": Pattern,
    "expect_column_values_to_match_regex_list": PatternsMatched,
    "expect_column_values_to_not_match_regex_list": Patterns,
    "expect_column_pair_values_to_be_equal": Pair,
    "expect_column_pair_values_to_be_in_set": PairInSet,
    "expect_compound_columns_to_be_unique": Columns,
    "expect_select_column_values_to_be_unique_within_record": Columns,
}


def known_type(name: str) -> str:
    """The name, if a promise may be of this type.

    Raises:
        ValueError: it may not; the text says what is close, or what is allowed.
    """
    if name in TYPES:
        return name
    close = difflib.get_close_matches(name, TYPES, n=3)
    hint = f"did you mean {' or '.join(close)}? " if close else ""
    raise ValueError(
        f"{name[:80]!r} is no type of expectation that is judged here; {hint}allowed are: {', '.join(TYPES)}"
    )


def check_arguments(type_name: str, table: str, arguments: Mapping[str, Any]) -> None:
    """Checks the arguments of a promise.

    Args:
        type_name: one of `TYPES`.
        table: one of `TABLES`.
        arguments: as they stand in the description.

    Raises:
        ValidationError: an argument is unknown, missing, of the wrong type, or names what the table does not have.
    """
    TYPES[type_name].model_validate(dict(arguments), context=TABLES[table])


def columns_named(table: str, arguments: Mapping[str, Any]) -> frozenset[str]:
    """The columns that arguments which were checked speak of."""
    named = {arguments[key] for key in ("column", "column_A", "column_B") if key in arguments}
    named |= set(arguments.get("column_list", ()))
    if text := arguments.get("row_condition"):
        named |= columns_of(parse_condition(text, TABLES[table]))
    return frozenset(named)
