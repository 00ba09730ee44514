"""The table and the description's rules come in; which images each rule applies to, and which break it, go out.

A rule is two SQL predicates over one wide row per image. SQL's three-valued logic is the semantics: a question that
was not asked, or not answered, is NULL, and a rule whose truth hangs on it is not judged for that image.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from kvqa_audit.answers.image_sources import source_of_images
from kvqa_audit.answers.parse import atoms, whole_number
from kvqa_audit.answers.predicate import DUCKDB_MAX_DEPTH, bound, columns_of
from kvqa_audit.engine.time_limit import interrupted_after, seconds_for
from kvqa_audit.errors import SpecError
from kvqa_audit.model.estimate import wilson
from kvqa_audit.spec.dataset_spec import DatasetSpec
from kvqa_audit.spec.question import Question
from kvqa_audit.spec.rule import COLUMNS_OF_RULES, Rule

if TYPE_CHECKING:
    import duckdb
    import pandas as pd

ANSWERS = "answers"


@dataclass(frozen=True, slots=True)
class RuleResult:
    """What one rule came to.

    `eligible` images are those where `when` is true and `must` is true or false; `violations` are the img_ids where
    it is false, in the order of the table. `answers` maps each of them to the answers the rule speaks of (by short
    name; None is "not asked"), `rows` to its first row with one of these questions. `share` is violations / eligible
    with its 95 % Wilson interval `low` to `high`; all three are None where no image is eligible. `questions` are the
    texts of the questions the rule speaks of.
    """

    id: str
    eligible: int
    violations: tuple[str, ...] = ()
    answers: Mapping[str, Mapping[str, int | str | None]] = field(default_factory=dict)
    rows: Mapping[str, int] = field(default_factory=dict)
    share: float | None = None
    low: float | None = None
    high: float | None = None
    questions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Probe:
    """An image that might be: its source, and its answers as short name and atoms; all else was not asked."""

    source: str
    answers: tuple[tuple[str, tuple[str, ...]], ...]


def judge_rules(frame: pd.DataFrame, spec: DatasetSpec) -> Mapping[str, RuleResult]:
    """Judges every rule of the description on a table with the text columns source, question, answer and img_id.

    Where an image answers a question twice and the question takes one answer, the first one counts; repeated rows are
    another check's matter. Questions with one row per item are pooled into one set. Rows without img_id are left out.

    Returns:
        Rule id to result, in the order of the description.

    Raises:
        SpecError: a rule is no predicate, names an unknown column, does more than compare answers, or takes too long;
            the text names the file, the line and the rule.
    """
    images, answers = wide_answers(frame, spec)
    first_rows = _first_rows(frame, spec)
    connection = _sealed(images, answers, spec)
    try:
        return {rule.id: _judge(connection, rule, spec, images, first_rows) for rule in spec.rules}
    finally:
        connection.close()


def breaks_a_rule(probes: Sequence[Probe], spec: DatasetSpec) -> list[bool]:
    """Whether each of some images that might be would break at least one rule.

    Rules that are limited to an export batch are left out.

    Raises:
        SpecError: as in `judge_rules`.
    """
    import pandas as pd

    ids = [str(number) for number in range(len(probes))]
    images = pd.DataFrame({"img_id": ids, "source": [probe.source for probe in probes], "row": range(len(probes))})
    answers: dict[str, dict[int, Any]] = {question.name: {} for question in spec.questions}
    for image, probe in enumerate(probes):
        for name, parts in probe.answers:
            question = spec.question_by_name[name]
            answers[name][image] = _parsed(question.separator.strip().join(parts), question, spec)
    connection = _sealed(images, answers, spec)
    conditions, given = ["false"], list[Any]()
    try:
        for rule in spec.rules:
            if rule.rows is None:
                when, must = _predicates(connection, rule, spec)
                within, values = _limits(rule)
                conditions.append(f"({when} AND NOT {must}{within})")
                given += values
        query = f"SELECT _image FROM {ANSWERS} WHERE {' OR '.join(conditions)}"  # noqa: S608 - all were parsed
        broken = {
            entry[0] for entry in _fetched(connection, query, given, "rules.yaml, all rules together", len(probes))
        }
    finally:
        connection.close()
    return [image in broken for image in range(len(probes))]


def wide_answers(frame: pd.DataFrame, spec: DatasetSpec) -> tuple[pd.DataFrame, dict[str, dict[int, Any]]]:
    """One row per image, with columns img_id, source and row (its first), and per short name: row → parsed answer.

    Parsed answers are whole numbers for counts, sorted tuples of distinct atoms for multi-valued questions and those
    with one row per item, and text otherwise.
    """
    named = frame[frame["img_id"] != ""]
    images = named.drop_duplicates("img_id")[["img_id"]].rename_axis("row").reset_index()
    images["source"] = images["img_id"].map(source_of_images(named))
    position = dict(zip(images["img_id"].tolist(), range(len(images)), strict=True))
    names = named["question"].map({text: q.name for text, q in spec.questions_in(named["question"]).items()})
    answered = named[(named["answer"].str.strip() != "") & names.notna()]
    answers: dict[str, dict[int, Any]] = {question.name: {} for question in spec.questions}
    # Where a question is answered in several ways, the order of the rows must not say which counts.
    texts = answered["answer"].tolist()
    answered = answered.iloc[sorted(range(len(texts)), key=texts.__getitem__)]
    for name, rows in answered.groupby(names):
        question = spec.question_by_name[str(name)]
        parsed = {answer: _parsed(answer, question, spec) for answer in rows["answer"].unique().tolist()}
        column = answers[question.name]
        for img_id, answer in zip(rows["img_id"].tolist(), rows["answer"].tolist(), strict=True):
            image, value = position[img_id], parsed[answer]
            if value is not None and question.one_row_per_item and image in column:
                column[image] = tuple(sorted({*column[image], *value}))
            elif value is not None:
                column.setdefault(image, value)
    return images, answers


def _parsed(answer: str, question: Question, spec: DatasetSpec) -> Any:
    if question.type == "numerical count" and not question.one_row_per_item:
        return whole_number(answer)
    parts = atoms(answer, question, spec.vocabulary_of(question))
    if question.is_multi_valued or question.one_row_per_item:
        return tuple(sorted(set(parts))) or None
    return parts[0] if parts else None


def _first_rows(frame: pd.DataFrame, spec: DatasetSpec) -> Mapping[tuple[str, str], int]:
    """(img_id, short name) → the first row where that question stands."""
    names = frame["question"].map({text: q.name for text, q in spec.questions_in(frame["question"]).items()})
    first = frame[["img_id"]].assign(name=names).dropna().drop_duplicates()
    keys = zip(first["img_id"].tolist(), first["name"].tolist(), strict=True)
    return dict(zip(keys, map(int, first.index.tolist()), strict=True))


def _sealed(
    images: pd.DataFrame, answers: Mapping[str, Mapping[int, Any]], spec: DatasetSpec
) -> duckdb.DuckDBPyConnection:
    """An in-memory database holding the wide rows, which can reach no file, network, extension or setting."""
    import duckdb
    import pyarrow as pa

    columns: dict[str, Any] = {
        "_image": pa.array(range(len(images)), pa.int64()),
        "_row": pa.array(images["row"].tolist(), pa.int64()),
        "img_id": _text(pa, images["img_id"].tolist()),
        "source": _text(pa, images["source"].tolist()),
    }
    for question in spec.questions:
        values = [answers[question.name].get(image) for image in range(len(images))]
        if question.type == "numerical count" and not question.one_row_per_item:
            columns[question.name] = pa.array(values, pa.int32())
        elif question.is_multi_valued or question.one_row_per_item:
            lists = [None if value is None else [_clean(atom) for atom in value] for value in values]
            columns[question.name] = pa.array(lists, pa.list_(pa.string()))
        else:
            columns[question.name] = _text(pa, values)
    settings: dict[str, Any] = {
        "enable_external_access": "false",
        "autoinstall_known_extensions": "false",
        "autoload_known_extensions": "false",
        "python_enable_replacements": "false",
    }
    connection = duckdb.connect(":memory:", config=settings)
    connection.register("given", pa.table(columns))
    connection.execute(f"CREATE TABLE {ANSWERS} AS SELECT * FROM given")  # noqa: S608 - a constant
    connection.unregister("given")
    connection.execute(f"SET max_expression_depth = {DUCKDB_MAX_DEPTH}")
    connection.execute("SET lock_configuration = true")
    return connection


def _text(pa: Any, values: Iterable[str | None]) -> Any:
    return pa.array([None if value is None else _clean(value) for value in values], pa.string())


def _clean(text: str) -> str:
    """Text the database can hold: a lone surrogate becomes a question mark."""
    return text.encode("utf-8", "replace").decode()


def _predicates(connection: duckdb.DuckDBPyConnection, rule: Rule, spec: DatasetSpec) -> tuple[str, str]:
    """`when` and `must`, safe to stand in a query."""
    allowed = (*COLUMNS_OF_RULES, *spec.question_by_name)
    when = bound(connection, rule.when, spec.where("rules", rule.id, "when"), allowed)
    return when, bound(connection, rule.must, spec.where("rules", rule.id, "must"), allowed)


def _judge(
    connection: duckdb.DuckDBPyConnection,
    rule: Rule,
    spec: DatasetSpec,
    images: pd.DataFrame,
    first_rows: Mapping[tuple[str, str], int],
) -> RuleResult:
    when, must = _predicates(connection, rule, spec)
    named = [name for name in columns_of(connection, when, must) if name in spec.question_by_name]
    within, given = _limits(rule)
    columns = "".join(f', "{name}"' for name in named)
    query = (
        f"SELECT _image, held{columns} FROM (SELECT *, {when} AS chosen, {must} AS held FROM {ANSWERS}) "  # noqa: S608 - both were parsed and hold nothing but comparisons
        f"WHERE chosen AND held IS NOT NULL{within} ORDER BY _image"
    )
    judged = _fetched(connection, query, given, spec.where("rules", rule.id), len(images))
    broken = [entry for entry in judged if not entry[1]]
    ids = [str(images["img_id"].iat[entry[0]]) for entry in broken]
    rows = {
        img_id: min(first_rows[img_id, name] for name in named if (img_id, name) in first_rows)
        for img_id in ids
        if any((img_id, name) in first_rows for name in named)
    }
    low, high = wilson(len(broken), len(judged)) if judged else (None, None)
    return RuleResult(
        id=rule.id,
        eligible=len(judged),
        violations=tuple(ids),
        answers={
            img_id: dict(zip(named, map(_shown, entry[2:]), strict=True))
            for img_id, entry in zip(ids, broken, strict=True)
        },
        rows=rows,
        share=len(broken) / len(judged) if judged else None,
        low=low,
        high=high,
        questions=tuple(spec.question_by_name[name].text for name in named),
    )


def _fetched(
    connection: duckdb.DuckDBPyConnection, query: str, given: list[Any], what: str, rows: int
) -> list[tuple[Any, ...]]:
    import duckdb

    seconds = seconds_for(rows)
    try:
        with interrupted_after(seconds, connection.interrupt):
            return connection.execute(query, given).fetchall()
    except duckdb.InterruptException:
        raise SpecError(f"{what}: takes longer than {seconds:,.0f} seconds; write it with fewer terms") from None
    except duckdb.Error as error:
        raise SpecError(f"{what}: cannot be computed: {str(error).splitlines()[0]}") from None


def _limits(rule: Rule) -> tuple[str, list[Any]]:
    """The conditions that limit a rule to its sources and rows, and the values that go into them."""
    within, given = "", list[Any]()
    if rule.sources:
        within, given = " AND source IN (SELECT unnest(?))", [rule.sources]
    if rule.rows is not None:
        within, given = f"{within} AND _row BETWEEN ? AND ?", [*given, *rule.rows]
    return within, given


def _shown(value: Any) -> int | str | None:
    return "; ".join(value) if isinstance(value, list) else value
