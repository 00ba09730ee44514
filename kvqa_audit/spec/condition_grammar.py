"""The condition of a promise comes in as text; which comparisons it is made of goes out, and nothing else can.

    condition  = all { "or" all }
    all        = negation { "and" negation }
    negation   = "not" negation | "(" condition ")" | comparison
    comparison = operand ("=" | "<>" | "<" | "<=" | ">" | ">=") operand
               | operand ["not"] "between" operand "and" operand
               | column  ["not"] "in" "(" value { "," value } ")"
               | column  ["not"] "like" text
               | column  "is" ["not"] "null"
    operand    = column | value          value = text | number

`==`, `!=`, `&`, `|`, `~`, lists in `[…]` and columns in backticks are read as well, as pandas writes them. A text
stands in either kind of quotes, which are doubled within it. The tables of promises hold no NULL, so that a condition
is true or false for every row; `is null` asks for a cell that is blank. Text compares with text only.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from kvqa_audit.spec.condition import (
    All,
    AnyOf,
    Column,
    ColumnComparison,
    Condition,
    IsBlank,
    IsIn,
    IsLike,
    Kind,
    Not,
    Operand,
    Operator,
    Value,
)
from kvqa_audit.spec.linear_regex import like

MAX_CHARACTERS = 10_000
MAX_DEPTH = 50
MAX_NUMBER = 2**53
ALLOWED = (
    "columns, texts in quotes, numbers, =, <>, <, <=, >, >=, between, in, like, is null, and, or, not; "
    "such as \"answer <> '' and question in ('…', '…')\""
)


def parse_condition(text: str, columns: Mapping[str, Kind]) -> Condition:
    """Reads a condition, in time linear in its length.

    Args:
        text: the condition.
        columns: the columns it may name, and what their cells are.

    Raises:
        ValueError: the text is anything else; it says where, and what is allowed.
    """
    if len(text) > MAX_CHARACTERS:
        raise ValueError(f"has {len(text):,} characters; a condition has at most {MAX_CHARACTERS:,}")
    parser = _Parser(_tokens(text), columns)
    condition = parser.any_of(0)
    parser.must_end()
    return condition


@dataclass(frozen=True, slots=True)
class _Token:
    kind: Literal["text", "number", "name", "quoted name", "sign", "end"]
    text: str
    place: int


_TOKEN = re.compile(
    r"(?P<text>'[^']*'(?:'[^']*')*|\"[^\"]*\"(?:\"[^\"]*\")*)"
    r"|(?P<number>-?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)"
    r"|(?P<name>[A-Za-z_][A-Za-z0-9_]*)"
    r"|(?P<quoted>`[^`]*`)"
    r"|(?P<sign><=|>=|<>|!=|==|[=<>(),&|~\[\]])"
)
_SPACE = re.compile(r"\s*")
_KEYWORDS = ("and", "or", "not", "in", "is", "null", "like", "between")
_SAME = {"==": "=", "!=": "<>", "&": "and", "|": "or", "~": "not"}
_OPERATORS: Mapping[str, Operator] = {"=": "=", "<>": "<>", "<": "<", "<=": "<=", ">": ">", ">=": ">="}


def _tokens(text: str) -> list[_Token]:
    tokens = []
    place = len(_leading_space(text, 0))
    while place < len(text):
        found = _TOKEN.match(text, place)
        if found is None:
            raise _wrong(
                place, f"{text[place]!r} has no meaning here" if text[place] not in "'\"`" else "a quote stays open"
            )
        part = found[0]
        if found["text"]:
            tokens.append(_Token("text", part[1:-1].replace(part[0] * 2, part[0]), place))
        elif found["number"]:
            tokens.append(_Token("number", part, place))
        elif found["quoted"]:
            tokens.append(_Token("quoted name", part[1:-1], place))
        elif found["name"] and part.lower() not in _KEYWORDS:
            tokens.append(_Token("name", part, place))
        else:
            tokens.append(_Token("sign", _SAME.get(part, part.lower()), place))
        place = found.end()
        place += len(_leading_space(text, place))
    return [*tokens, _Token("end", "", place)]


def _leading_space(text: str, place: int) -> str:
    found = _SPACE.match(text, place)
    return found[0] if found else ""


class _Parser:
    """One method for each line of the grammar; each takes what it reads off the tokens."""

    def __init__(self, tokens: Sequence[_Token], columns: Mapping[str, Kind]) -> None:
        self._tokens = tokens
        self._at = 0
        self._columns = columns

    def any_of(self, depth: int) -> Condition:
        parts = [self._all_of(depth)]
        while self._took("or"):
            parts.append(self._all_of(depth))
        return parts[0] if len(parts) == 1 else AnyOf(tuple(parts))

    def must_end(self) -> None:
        if self._next.kind != "end":
            raise _wrong(
                self._next.place, f"{self._next.text!r} follows a whole comparison; write 'and' or 'or' between"
            )

    def _all_of(self, depth: int) -> Condition:
        parts = [self._negation(depth)]
        while self._took("and"):
            parts.append(self._negation(depth))
        return parts[0] if len(parts) == 1 else All(tuple(parts))

    def _negation(self, depth: int) -> Condition:
        if depth > MAX_DEPTH:
            raise _wrong(self._next.place, f"more than {MAX_DEPTH} brackets and 'not' stand in each other")
        if self._took("not"):
            return Not(self._negation(depth + 1))
        if self._took("("):
            inner = self.any_of(depth + 1)
            self._must_take(")")
            return inner
        return self._comparison()

    def _comparison(self) -> Condition:
        place = self._next.place
        left = self._operand()
        if operator := _OPERATORS.get(self._next.text if self._next.kind == "sign" else ""):
            self._at += 1
            return self._compared(left, operator, self._operand(), place)
        if self._took("is"):
            negated = self._took("not")
            self._must_take("null")
            blank = IsBlank(self._column(left, place))
            return Not(blank) if negated else blank
        negated = self._took("not")
        condition = self._ranged(left, place)
        return Not(condition) if negated else condition

    def _ranged(self, left: Operand, place: int) -> Condition:
        if self._took("between"):
            low = self._operand()
            self._must_take("and")
            high = self._operand()
            return All((self._compared(left, ">=", low, place), self._compared(left, "<=", high, place)))
        if self._took("in"):
            column, values = self._column(left, place), self._list()
            for one in values:
                self._same_kind(column, one, place)
            return IsIn(column, tuple(one.value for one in values))
        if self._took("like"):
            column, pattern = self._column(left, place), self._operand()
            if not isinstance(pattern, Value) or not isinstance(pattern.value, str):
                raise _wrong(place, "'like' takes a text in quotes, such as '%…%'")
            self._same_kind(column, pattern, place)
            try:
                like(pattern.value)
            except ValueError as error:
                raise _wrong(place, f"the pattern {error}") from None
            return IsLike(column, pattern.value)
        raise _wrong(self._next.place, "a comparison is missing")

    def _list(self) -> list[Value]:
        close = "]" if self._took("[") else ")"
        if close == ")":
            self._must_take("(")
        values = [self._value()]
        while self._took(","):
            values.append(self._value())
        self._must_take(close)
        return values

    def _value(self) -> Value:
        place, value = self._next.place, self._operand()
        if isinstance(value, Column):
            raise _wrong(place, f"{value.name!r} is a column; a list holds texts in quotes, or numbers")
        return value

    def _operand(self) -> Operand:
        token = self._next
        if token.kind in ("name", "quoted name"):
            self._at += 1
            if self._next.text == "(" and self._next.kind == "sign":
                raise _wrong(token.place, f"calls such as {token.text}(…) are not allowed")
            return Column(self._known(token))
        if token.kind == "text":
            self._at += 1
            return Value(token.text)
        if token.kind == "number":
            self._at += 1
            return Value(_number(token))
        raise _wrong(
            token.place, f"{token.text!r} stands where a column or a value is expected" if token.text else "it ends"
        )

    def _known(self, token: _Token) -> str:
        if token.text in self._columns:
            return token.text
        close = difflib.get_close_matches(token.text, self._columns, n=1)
        hint = f"did you mean {close[0]}? " if close else ""
        raise ValueError(
            f"at character {token.place + 1}: there is no column {token.text[:80]!r}; {hint}"
            f"known are: {', '.join(self._columns)}; a text stands in quotes"
        )

    def _compared(self, left: Operand, operator: Operator, right: Operand, place: int) -> ColumnComparison:
        if isinstance(left, Value) and isinstance(right, Value):
            raise _wrong(place, "two values are compared, and no column")
        self._same_kind(left, right, place)
        return ColumnComparison(left, operator, right)

    def _same_kind(self, left: Operand, right: Operand, place: int) -> None:
        kinds = [self._kind(left), self._kind(right)]
        if kinds[0] != kinds[1]:
            raise _wrong(
                place, f"a {kinds[0]} is compared with a {kinds[1]}; a text stands in quotes, a number does not"
            )

    def _kind(self, operand: Operand) -> Kind:
        if isinstance(operand, Column):
            return self._columns[operand.name]
        return "text" if isinstance(operand.value, str) else "number"

    def _column(self, operand: Operand, place: int) -> Column:
        if not isinstance(operand, Column):
            raise _wrong(place, "a value stands where a column is expected")
        return operand

    @property
    def _next(self) -> _Token:
        return self._tokens[self._at]

    def _took(self, sign: str) -> bool:
        token = self._next
        taken = token.kind == "sign" and token.text == sign
        self._at += taken
        return taken

    def _must_take(self, sign: str) -> None:
        if not self._took(sign):
            found = repr(self._next.text) if self._next.kind != "end" else "the end"
            raise _wrong(self._next.place, f"{sign!r} is expected and {found} found")


def _number(token: _Token) -> int | float:
    value = float(token.text)
    if abs(value) > MAX_NUMBER:
        raise _wrong(token.place, f"the number is beyond ±{MAX_NUMBER:,}")
    return int(value) if value.is_integer() else value


def _wrong(place: int, what: str) -> ValueError:
    return ValueError(f"at character {place + 1}: {what}; allowed are {ALLOWED}")
