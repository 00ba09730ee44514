"""A rule's SQL text comes in; the same text, proven to be one comparison of answers and nothing else, goes out."""

from __future__ import annotations

import difflib
import json
from collections import deque
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from kvqa_audit.errors import SpecError

if TYPE_CHECKING:
    import duckdb

ALLOWED_FUNCTIONS = (
    "abs",
    "contains",
    "ends_with",
    "greatest",
    "least",
    "len",
    "length",
    "list_contains",
    "list_has_all",
    "list_has_any",
    "list_intersect",
    "list_value",
    "lower",
    "prefix",
    "starts_with",
    "suffix",
)
MAX_DEPTH = 100
# What a predicate is put into, and DuckDB's own count of brackets, need some levels more.
DUCKDB_MAX_DEPTH = 150
_TOO_DEEP = f"is nested too deeply: at most {MAX_DEPTH} calls, cases and brackets may stand in each other"
_OPERATORS = ("+", "-", "*", "~~", "!~~")
_KINDS = ("BETWEEN", "CASE", "COLUMN_REF", "COMPARISON", "CONJUNCTION", "CONSTANT", "FUNCTION", "OPERATOR")
_ALLOWED = (
    "and, or, not, =, <>, <, <=, >, >=, between, in, is null, coalesce, case, like, +, -, * and the functions "
    + ", ".join(name for name in ALLOWED_FUNCTIONS if name != "list_value")
)


def bound(connection: duckdb.DuckDBPyConnection, predicate: str, where: str, columns: tuple[str, ...]) -> str:
    """The predicate in brackets, safe to stand in a query.

    Args:
        connection: holds the table `answers`; it parses and binds the text.
        predicate: the condition as it stands in the rule.
        where: where that is, for messages.
        columns: the columns it may name.

    Raises:
        SpecError: it does not parse, is more than one expression, is nested too deeply, names an unknown column, uses
            anything beyond comparisons of answers, or is neither true nor false.
    """
    import duckdb

    # The line break keeps a trailing comment from swallowing the bracket.
    text = f"({predicate}\n)"
    for node, depth in _nodes(_syntax(connection, text, where)):
        if depth > MAX_DEPTH:
            raise SpecError(f"{where}: {_TOO_DEEP}")
        _refuse(node, where, columns)
    try:
        kind = connection.execute(f"DESCRIBE SELECT {text} FROM answers").fetchall()[0][1]  # noqa: S608 - each node was looked at
    except duckdb.Error as error:
        raise SpecError(f"{where}: {_first_line(error)}; allowed are {_ALLOWED}") from None
    if kind != "BOOLEAN":
        raise SpecError(f'{where}: is of type {kind} but has to be true or false, such as "n_items > 0"')
    return text


def columns_of(connection: duckdb.DuckDBPyConnection, *predicates: str) -> list[str]:
    """The columns the predicates name, each once, in the order they are named."""
    names: dict[str, None] = {}
    for text in predicates:
        for node, _ in _nodes(_syntax(connection, text, text)):
            if node["class"] == "COLUMN_REF":
                names[node["column_names"][-1].lower()] = None
    return list(names)


def _syntax(connection: duckdb.DuckDBPyConnection, text: str, where: str) -> Any:
    """The expression's syntax tree, as DuckDB's own parser sees it."""
    both = "SELECT json_serialize_sql(?), json_serialize_sql('SELECT (1)')"
    parsed, bare = map(json.loads, connection.execute(both, [f"SELECT {text}"]).fetchall()[0])
    if parsed.get("error"):
        if "expression depth" in parsed.get("error_message", ""):
            raise SpecError(f"{where}: {_TOO_DEEP}")
        raise SpecError(
            f"{where}: does not parse: {parsed.get('error_message', '')}; write one condition, such as "
            f'"n_items = 0" or "\'knife\' in tools"'
        )
    statement = parsed["statements"][0]["node"]
    expressions = statement.pop("select_list", ())
    if len(parsed["statements"]) != 1 or len(expressions) != 1 or statement != _bare_statement(bare):
        raise SpecError(f"{where}: has to be one single condition, without ';', ',' or a clause of its own")
    return expressions[0]


def _bare_statement(parsed: Any) -> Any:
    """What is left of the tree of a SELECT without any clause once its expressions are taken out."""
    statement = parsed["statements"][0]["node"]
    del statement["select_list"]
    return statement


def _nodes(tree: Any) -> Iterator[tuple[dict[str, Any], int]]:
    """All expressions of a syntax tree with how deep each stands in others, the outer ones first."""
    pending = deque([(tree, 0)])
    while pending:
        item, depth = pending.popleft()
        if isinstance(item, dict):
            if "class" in item:
                depth += 1
                yield item, depth
            pending.extend((one, depth) for one in item.values())
        elif isinstance(item, list):
            pending.extend((one, depth) for one in item)


def _refuse(node: dict[str, Any], where: str, columns: tuple[str, ...]) -> None:
    kind = node["class"]
    if kind not in _KINDS:
        raise SpecError(f"{where}: {kind.lower().replace('_', ' ')} is not allowed in a rule; allowed are {_ALLOWED}")
    if kind == "FUNCTION" and node["function_name"] not in (*ALLOWED_FUNCTIONS, *_OPERATORS):
        raise SpecError(f"{where}: the function {node['function_name']} is not allowed; allowed are {_ALLOWED}")
    if kind == "COLUMN_REF":
        name = ".".join(node["column_names"])
        if name.lower() not in columns:
            close = difflib.get_close_matches(name.lower(), columns, n=2)
            hint = f"; did you mean {' or '.join(close)}?" if close else ""
            raise SpecError(f"{where}: there is no column {name}{hint or ';'} known are: {', '.join(columns)}")


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0]
