"""A rule's SQL text comes in; the same text, proven to be one comparison of answers and nothing else, goes out."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Literal

from kvqa_audit.errors import SpecError
from kvqa_audit.spec.dataset_spec import Rule

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
_OPERATORS = ("+", "-", "*", "~~", "!~~")
_KINDS = ("BETWEEN", "CASE", "COLUMN_REF", "COMPARISON", "CONJUNCTION", "CONSTANT", "FUNCTION", "OPERATOR")
_ALLOWED = (
    "and, or, not, =, <>, <, <=, >, >=, between, in, is null, coalesce, case, like, +, -, * and the functions "
    + ", ".join(name for name in ALLOWED_FUNCTIONS if name != "list_value")
)


def bound(
    connection: duckdb.DuckDBPyConnection, rule: Rule, part: Literal["when", "must"], columns: tuple[str, ...]
) -> str:
    """The predicate in brackets, safe to stand in a query.

    Args:
        connection: holds the table `answers`; it parses and binds the text.
        rule: the rule it belongs to.
        part: which of its two predicates.
        columns: the columns it may name.

    Raises:
        SpecError: it does not parse, is more than one expression, names an unknown column, uses anything beyond
            comparisons of answers, or is neither true nor false.
    """
    import duckdb

    where = f"rules.yaml, rule {rule.id}, {part}"
    # The line break keeps a trailing comment from swallowing the bracket.
    text = f"({getattr(rule, part)}\n)"
    for node in _nodes(_syntax(connection, text, where)):
        _refuse(node, where, columns)
    try:
        kind = connection.execute(f"DESCRIBE SELECT {text} FROM answers").fetchall()[0][1]  # noqa: S608
    except duckdb.Error as error:
        raise SpecError(f"{where}: {_first_line(error)}; allowed are {_ALLOWED}") from None
    if kind != "BOOLEAN":
        raise SpecError(f'{where}: is of type {kind} but has to be true or false, such as "n_items > 0"')
    return text


def columns_of(connection: duckdb.DuckDBPyConnection, *predicates: str) -> list[str]:
    """The columns the predicates name, each once, in the order they are named."""
    names: dict[str, None] = {}
    for text in predicates:
        for node in _nodes(_syntax(connection, text, text)):
            if node["class"] == "COLUMN_REF":
                names[node["column_names"][-1].lower()] = None
    return list(names)


def _syntax(connection: duckdb.DuckDBPyConnection, text: str, where: str) -> Any:
    """The expression's syntax tree, as DuckDB's own parser sees it."""
    both = "SELECT json_serialize_sql(?), json_serialize_sql('SELECT (1)')"
    parsed, bare = map(json.loads, connection.execute(both, [f"SELECT {text}"]).fetchall()[0])
    if parsed.get("error"):
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


def _nodes(tree: Any) -> Iterator[dict[str, Any]]:
    """All expressions of a syntax tree, the outer ones first."""
    pending = [tree]
    while pending:
        item = pending.pop(0)
        if isinstance(item, dict):
            if "class" in item:
                yield item
            pending.extend(item.values())
        elif isinstance(item, list):
            pending.extend(item)


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
