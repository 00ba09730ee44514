"""A table and the promises of its description come in; how each came out goes out.

The only door to Great Expectations.
"""

from __future__ import annotations

import contextlib
import gc
import json
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from kvqa_audit.contracts.condition_mask import rows_that_meet
from kvqa_audit.contracts.judged_cells import as_judged
from kvqa_audit.engine.time_limit import raising_after, seconds_for
from kvqa_audit.errors import SpecError
from kvqa_audit.ingest.dataset import Table
from kvqa_audit.spec.condition_grammar import parse_condition
from kvqa_audit.spec.dataset_spec import DatasetSpec
from kvqa_audit.spec.expectation_types import TABLES, columns_named
from kvqa_audit.spec.promise import Promise

if TYPE_CHECKING:
    import pandas as pd

_NEEDS = {
    "rows": (),
    "images_per_source": ("column source", "column img_id"),
    "rows_per_question": ("column question", "column answer"),
}


@dataclass(frozen=True, slots=True)
class ExpectationResult:
    """How one promise came out.

    `evaluated` counts what was looked at (cells, or 1 for a figure of the whole table). `measured` and `threshold`
    are that figure and its bound, or the share of cells that hold and the least share; None where there is no single
    number. `message` says in words what was found, or why nothing was judged.
    """

    id: str
    outcome: Literal["passed", "failed", "vacuous", "skipped"]
    measured: float | None
    threshold: float | None
    message: str
    evaluated: int = 0


def judge_expectations(table: Table, spec: DatasetSpec, absent: Mapping[str, str]) -> dict[str, ExpectationResult]:
    """Judges every promise of the description, in its order.

    Args:
        table: the rows.
        spec: holds the promises, and the known sources and questions, which count as 0 where the table lacks them.
        absent: what is not there and why, as in `Evidence.absent`; promises that need it are skipped.

    Raises:
        SpecError: a promise cannot be evaluated, or takes too long; the text names the file, the line and the promise.
    """
    frame = table.frame
    tables = {
        "rows": lambda: frame,
        "images_per_source": lambda: images_per_source(_images_of_sources(frame), spec),
        "rows_per_question": lambda: rows_per_question(frame[["question", "answer"]].assign(rows=1), spec),
    }
    return judge_tables(tables, len(frame), spec, absent)


def judge_tables(
    tables: Mapping[str, Callable[[], pd.DataFrame]], rows: int, spec: DatasetSpec, absent: Mapping[str, str]
) -> dict[str, ExpectationResult]:
    """Judges every promise of the description, as `judge_expectations` does, on the tables that promises are about.

    Args:
        tables: how each of the tables that the promises name is made.
        rows: how many rows they are made of; a promise may take the longer, the more there are.
    """
    reasons = {promise.id: reason_to_skip(promise, absent) for promise in spec.promises}
    judge = _Judge(tables, spec) if any(reason is None for reason in reasons.values()) else None
    results, seconds = {}, seconds_for(rows)
    for promise in spec.promises:
        reason = reasons[promise.id]
        if judge is None or reason is not None:
            results[promise.id] = ExpectationResult(promise.id, "skipped", None, None, reason or "")
        else:
            where = spec.where("promises", promise.id)
            error = SpecError(f"{where}: takes longer than {seconds:,.0f} seconds; promise less at once")
            with raising_after(seconds, error):
                results[promise.id] = judge.result_of(promise)
    return results


def reason_to_skip(promise: Promise, absent: Mapping[str, str]) -> str | None:
    """Why a promise cannot be judged; None where it can."""
    needs = ["table", *(["whole dataset"] if promise.whole_dataset else []), *_NEEDS[promise.table]]
    if promise.table == "rows":
        needs += [f"column {name}" for name in sorted(columns_named(promise.table, promise.kwargs))]
    return next((absent[need] for need in needs if need in absent), None)


class _Judge:
    """Great Expectations, imported and silenced, with the three tables that promises are about."""

    def __init__(self, tables: Mapping[str, Callable[[], pd.DataFrame]], spec: DatasetSpec) -> None:
        os.environ["GX_ANALYTICS_ENABLED"] = "false"
        with _uncollected():
            import great_expectations as gx

        context = gx.get_context(mode="ephemeral")
        context.variables.progress_bars = {"globally": False}
        source = context.data_sources.add_pandas("dataset")
        self._whole = source.add_dataframe_asset("table").add_batch_definition_whole_dataframe("table")
        self._spec = spec
        self._tables = tables
        self._frames: dict[str, pd.DataFrame] = {}

    def result_of(self, promise: Promise) -> ExpectationResult:
        table = self._frame(promise.table)
        if text := promise.kwargs.get("row_condition"):
            table = table[rows_that_meet(parse_condition(text, TABLES[promise.table]), table)]
            if not len(table):
                return nothing_meets_the_condition(promise)
        judged, type_name, kwargs = as_judged(promise, table)
        return _result(promise, self._validated(promise, judged, _expectation(type_name, kwargs)))

    def _validated(self, promise: Promise, table: pd.DataFrame, expectation: Any) -> Any:
        result = self._whole.get_batch({"dataframe": table}).validate(expectation, result_format="BASIC")
        if not result.success and not result.result:
            reason = _exception_text(result.exception_info)
            raise SpecError(f"{self._spec.where('promises', promise.id)}: cannot be evaluated: {reason}")
        return result

    def _frame(self, table: str) -> pd.DataFrame:
        if table not in self._frames:
            self._frames[table] = self._tables[table]()
        return self._frames[table]


@contextlib.contextmanager
def _uncollected() -> Iterator[None]:
    """Keeps the collector from looking through what is being imported, which is a fifth of the time of the import."""
    collected = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collected:
            gc.enable()


def _expectation(type_name: str, kwargs: Mapping[str, Any]) -> Any:
    # The suite's own constructor drops an expectation it does not know without a word; this one raises.
    from great_expectations.expectations.expectation_configuration import ExpectationConfiguration

    return ExpectationConfiguration(type=type_name, kwargs=dict(kwargs)).to_domain_obj()


def _short(text: str) -> str:
    return " ".join(text.split())[:400]


def _exception_text(info: Any) -> str:
    entries = [info] if "exception_message" in info else list(info.values())
    messages = [str(entry.get("exception_message")) for entry in entries if isinstance(entry, dict)]
    return _short("; ".join(dict.fromkeys(messages)))


def _result(promise: Promise, validated: Any) -> ExpectationResult:
    found = validated.result
    outcome: Literal["passed", "failed"] = "passed" if validated.success else "failed"
    elements = found.get("element_count")
    if elements is None:
        measured = _number(found.get("observed_value"))
        return result_of_figure(promise, measured, _observed(found, validated.success), outcome)
    return result_of_cells(promise, elements - found.get("missing_count", 0), found["unexpected_count"], outcome)


def result_of_figure(
    promise: Promise, measured: float | None, told: str, outcome: Literal["passed", "failed"]
) -> ExpectationResult:
    """The result of a promise about a figure of the whole table, which is told in words, too."""
    message = f"found {told}, promised {_promised(promise)}"
    return ExpectationResult(promise.id, outcome, measured, _bound(promise.kwargs), message, 1)


def result_of_cells(
    promise: Promise, judged: int, broken: int, outcome: Literal["passed", "failed"]
) -> ExpectationResult:
    """The result of a promise about cells, of which so many are judged and so many of these break it."""
    if not judged:
        return ExpectationResult(promise.id, "vacuous", None, None, f"'{promise.table}' holds nothing to judge")
    share = 1 - broken / judged
    message = f"{share:.2%} of {judged:,} cells hold, promised {_promised(promise)}"
    return ExpectationResult(promise.id, outcome, share, float(promise.kwargs.get("mostly", 1.0)), message, judged)


def nothing_meets_the_condition(promise: Promise) -> ExpectationResult:
    """The result of a promise about the rows that meet a condition, where none does."""
    message = f"no row of '{promise.table}' meets the condition {promise.kwargs.get('row_condition')!r}"
    return ExpectationResult(promise.id, "vacuous", None, None, message)


def _observed(found: Mapping[str, Any], success: bool) -> str:
    """What was measured, in words; a set is told by what it has beside the promised one, and by what it lacks."""
    observed = found.get("observed_value")
    if isinstance(observed, list):
        return _listed(observed)
    if observed is not None:
        return _plain(observed)
    others, missing = found.get("partial_unexpected_list"), found.get("partial_missing_list")
    parts = [*([_listed(others)] if others else []), *([f"no {_listed(missing)}"] if missing else [])]
    return " and ".join(parts) or ("just that" if success else "too little to tell")


def _listed(values: list[Any]) -> str:
    return _short(", ".join(repr(value) if isinstance(value, str) else _plain(value) for value in values))


def _promised(promise: Promise) -> str:
    """The promise's arguments as a reader understands them: `exactly 2500`, `at least 1`, or as they stand."""
    kwargs = promise.kwargs
    if "value" in kwargs:
        return f"exactly {_plain(kwargs['value'])}"
    low, high = kwargs.get("min_value"), kwargs.get("max_value")
    if low is not None or high is not None:
        if low == high:
            return f"exactly {_plain(low)}"
        bounds = (("at least", low), ("at most", high))
        return " and ".join(f"{word} {_plain(bound)}" for word, bound in bounds if bound is not None)
    rest = {key: value for key, value in kwargs.items() if key not in ("row_condition", "condition_parser")}
    return _short(json.dumps(rest, ensure_ascii=False, default=str))


def _bound(kwargs: Mapping[str, Any]) -> float | None:
    """The one bound, where there is one; of two different ones neither is the threshold."""
    bounds = {_number(kwargs.get(key)) for key in ("value", "min_value", "max_value")} - {None}
    return bounds.pop() if len(bounds) == 1 else None


def _number(value: Any) -> float | None:
    try:
        return None if value is None or isinstance(value, str | bool) else float(value)
    except (TypeError, ValueError):
        return None


def _plain(value: Any) -> str:
    number = _number(value)
    if number is None:
        return _short(str(value))
    return f"{int(number):,}" if number == int(number) else f"{number:g}"


def _images_of_sources(frame: pd.DataFrame) -> Mapping[str, int]:
    named = frame[frame["img_id"].str.strip() != ""]
    return {str(source): int(n) for source, n in named.groupby("source")["img_id"].nunique().items()}


def images_per_source(images: Mapping[str, int], spec: DatasetSpec) -> pd.DataFrame:
    """source, images: distinct non-blank img_ids, counted by source; a known source without any counts 0."""
    return _counted(images, list(spec.sources), "source", "images")


def rows_per_question(cells: pd.DataFrame, spec: DatasetSpec) -> pd.DataFrame:
    """question, rows: answered rows under the catalogue's text; a known question without any counts 0.

    `cells` has the columns question, answer and rows, in how many rows they stand.
    """
    asked = cells["question"].str.strip()
    canonical = {text: question.text for text, question in spec.questions_in(asked).items()}
    answered = cells["rows"][cells["answer"].str.strip() != ""]
    counts = answered.groupby(asked.map(lambda text: canonical.get(text, text))).sum()
    return _counted(
        {str(text): int(n) for text, n in counts.items()},
        [question.text for question in spec.questions],
        "question",
        "rows",
    )


def _counted(found: Mapping[str, int], known: list[str], of: str, what: str) -> pd.DataFrame:
    import pandas as pd

    every = dict.fromkeys(known, 0) | {name: found[name] for name in sorted(found)}
    return pd.DataFrame({of: list(every), what: list(every.values())})
