"""A table and the dataset description come in; for every row rule the rows that break it go out.

The only door to pandera. Cells are judged once per distinct (source, question, answer), of which a dataset of
58,849 rows has some hundreds, not once per row.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from kvqa_audit.contracts.readings import AnswerReading, read_answer
from kvqa_audit.ingest.dataset import ROLES, Table
from kvqa_audit.spec.dataset_spec import DatasetSpec
from kvqa_audit.spelling import folded

if TYPE_CHECKING:
    import pandas as pd
    import pandera.pandas as pa

RULES = (
    *(f"blank_{role}" for role in ROLES),
    *(f"padded_{role}" for role in ROLES),
    "unknown_source",
    "unknown_question",
    "misspelt_question",
    "answer_outside_vocabulary",
    "misspelt_answer",
    "non_canonical_answer",
    "repeated_row",
    "conflicting_repeat",
    "repeated_item_row",
    "image_under_two_sources",
)
_LINE_BREAK = r"\s*[\r\n\u2028\u2029]\s*"
Rows = NDArray[np.int64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class RowContract:
    """Which rows break which rule, and how every row's answer is read.

    `violations` maps each of `RULES` to the 0-based rows that break it, ascending. Of rows that say the same of an
    image the one with the most usual spelling is kept, the others are `repeated_row`; where answers differ, one row of
    each that is given less often is a `conflicting_repeat`. `first_row[row]` is the first row with the same img_id and
    question (the row itself where either is blank). `readings[reading_of_row[row]]` is the reading of the row's answer.
    """

    violations: Mapping[str, Rows]
    first_row: Rows
    readings: tuple[AnswerReading, ...]
    reading_of_row: Rows

    def rows(self, rule: str) -> list[int]:
        """The rows that break the rule, as plain numbers."""
        found: list[int] = self.violations[rule].tolist()
        return found

    def reading(self, row: int) -> AnswerReading:
        return self.readings[int(self.reading_of_row[row])]


def check_rows(table: Table, spec: DatasetSpec, written: Mapping[tuple[str, str], int] | None = None) -> RowContract:
    """Judges every row against the contract; never raises for anything a cell holds.

    Where the table is a part of a larger one, `written` maps question and answer to how many rows of the whole have
    them written so.

    Rules about a column that is missing hold nothing: that is the fault of the header, not of every row. Rows with too
    many or too few cells have them in the wrong columns: they break no other rule, and repeat no row.
    """
    frame = table.frame
    combination, distinct = _distinct_cells(frame)
    readings = tuple(
        read_answer(question, answer, spec)
        for question, answer in zip(distinct["question"], distinct["answer"], strict=True)
    )
    images, image_cells = _distinct_ids(frame)
    rows = np.bincount(combination, minlength=len(distinct))
    none = np.zeros(len(frame), dtype=bool)
    shifted = none.copy()
    shifted[[fault.row for fault in table.faults if fault.kind == "ragged_row" and fault.row is not None]] = True
    spelling = _spelling_ranks(distinct, rows, written)
    keyed = _keys(combination, _numbered(distinct, spelling, readings, spec), images, image_cells, shifted)
    masks: dict[str, Mask] = {}
    for rule, mask in _broken(_cell_schema(spec, readings), distinct).items():
        masks[rule] = mask[combination]
    for rule, mask in _broken(_id_schema(), image_cells).items():
        masks[rule] = mask[images]
    masks |= _broken(_key_schema(), keyed)
    for role in table.missing:
        for rule in (f"blank_{role}", f"padded_{role}"):
            masks.pop(rule, None)
    if "img_id" in table.missing or "source" in table.missing:
        masks.pop("image_under_two_sources", None)
    violations = {rule: np.flatnonzero(masks.get(rule, none) & ~shifted) for rule in RULES}
    return RowContract(violations, keyed["first_row"].to_numpy(), readings, combination)


def _distinct_cells(frame: pd.DataFrame) -> tuple[Rows, pd.DataFrame]:
    """Numbers the distinct (source, question, answer): each row's number, and the frame of the distinct ones."""
    roles = ["source", "question", "answer"]
    code = np.zeros(len(frame), dtype=np.int64)
    for role in roles:
        own, distinct = _factorised(frame[role])
        code, _ = _factorised(code * (len(distinct) + 1) + own)
    return code, frame.iloc[_first_rows(code)][roles].reset_index(drop=True).astype(object)


def _distinct_ids(frame: pd.DataFrame) -> tuple[Rows, pd.DataFrame]:
    import pandas as pd

    codes, distinct = _factorised(frame["img_id"])
    return codes, pd.DataFrame({"img_id": distinct}, dtype=object)


def _factorised(cells: pd.Series[Any] | Rows) -> tuple[Rows, NDArray[Any]]:
    """Each cell's number, in the order of first appearance, and the distinct cells."""
    import pandas as pd

    codes, distinct = pd.factorize(cells)
    return codes.astype(np.int64), np.asarray(distinct, dtype=object)


def _first_rows(codes: Rows) -> Rows:
    """The first row of each number from 0 to the largest."""
    first = np.zeros(codes.max(initial=-1) + 1, dtype=np.int64)
    # Of several values for one place the last one stays, so that rows go in from the last to the first.
    first[codes[::-1]] = np.arange(len(codes))[::-1]
    return first


def _numbered(
    distinct: pd.DataFrame, spelling: Rows, readings: tuple[AnswerReading, ...], spec: DatasetSpec
) -> pd.DataFrame:
    """The distinct cells as numbers, -1 where blank: source, question and answer as they are meant, per_item, spelling.

    `spelling` is the rank of how question and answer are written, the most usual first: what is kept of rows that say
    the same must not hang on their order.
    """
    import pandas as pd

    per_item = {question.name for question in spec.questions if question.one_row_per_item}
    meant = zip(readings, distinct["question"], strict=True)
    return pd.DataFrame(
        {
            "source": _numbers(map(str.strip, distinct["source"])),
            "question": _numbers(reading.question or folded(text) for reading, text in meant),
            "answer": _numbers(folded(reading.canonical) for reading in readings),
            "per_item": np.array([reading.question in per_item for reading in readings], dtype=bool),
            "spelling": spelling,
        }
    )


def _spelling_ranks(distinct: pd.DataFrame, rows: Rows, given: Mapping[tuple[str, str], int] | None) -> Rows:
    """The rank of each (question, answer) as it is written: in the most rows first, then by its text."""
    written = list(zip(distinct["question"], distinct["answer"], strict=True))
    counts = Counter(given)
    for cells, number in zip(written, rows.tolist(), strict=True) if given is None else ():
        counts[cells] += number
    rank = {cells: place for place, cells in enumerate(sorted(counts, key=lambda cells: (-counts[cells], cells)))}
    return np.array([rank[cells] for cells in written], dtype=np.int64)


def _numbers(texts: Iterable[str]) -> Rows:
    """A number per distinct text, and -1 for blank ones."""
    numbers = {"": -1}
    return np.array([numbers.setdefault(text, len(numbers) - 1) for text in texts], dtype=np.int64)


def _keys(
    combination: Rows, numbered: pd.DataFrame, images: Rows, image_cells: pd.DataFrame, shifted: Mask
) -> pd.DataFrame:
    """Numbers in place of texts, one row per row of the table: what the rules about repeats look at.

    Columns: those of `_numbered`, image (-1 where blank), key (image and question, -1 where either is blank),
    first_row and role: "kept" (the one row that stands for all of its key that say the same), "again" (another of
    them), "other" (kept, but its key is answered otherwise more often) or "" (not answered, or without key).
    """
    keyed = numbered.iloc[combination].reset_index(drop=True)
    image, question = _numbers(map(str.strip, image_cells["img_id"]))[images], keyed["question"].to_numpy()
    image = np.where(shifted, -1, image)
    key = np.where((image < 0) | (question < 0), -1, image * (question.max(initial=0) + 1) + question)
    codes, _ = _factorised(key)
    first_row = np.where(key < 0, np.arange(len(key)), _first_rows(codes)[codes])
    keyed = keyed.assign(image=image, key=key, first_row=first_row)
    return keyed.assign(role=_roles(keyed))


def _roles(keyed: pd.DataFrame) -> NDArray[Any]:
    """Each row's role among those of its key, whatever the order of the rows."""
    answered = keyed[(keyed["key"] >= 0) & (keyed["answer"] >= 0)].sort_values("spelling", kind="stable")
    says_so = answered.groupby(["key", "answer"])["spelling"].transform("size")
    kept = answered.assign(says_so=says_so).drop_duplicates(["key", "answer"])
    most = kept.sort_values(["says_so", "spelling"], ascending=[False, True], kind="stable").drop_duplicates("key")
    role = np.full(len(keyed), "", dtype="<U5")
    role[answered.index] = "again"
    role[kept.index] = "other"
    role[most.index] = "kept"
    return role


def _cell_schema(spec: DatasetSpec, readings: tuple[AnswerReading, ...]) -> pa.DataFrameSchema:
    """The contract of source, question and answer, over the distinct ones."""
    import pandera.pandas as pa

    known = _one_of(set(spec.question_by_text))
    if spec.made_by != "person":
        # Of a catalogue that was inferred every spelling is one question; the spellings have a check of their own.
        known = lambda cells: cells.map(lambda text: not text.strip() or spec.question_of(text) is not None)  # noqa: E731
    misspelt = {text for question in spec.questions for text in question.misspellings}

    def read_as(holds: Callable[[AnswerReading], bool]) -> Callable[[pd.DataFrame], pd.Series[bool]]:
        return lambda frame: _series([holds(reading) for reading in readings], frame)

    return pa.DataFrameSchema(
        {
            "source": pa.Column(object, [*_text_checks("source"), _rule("unknown_source", _one_of(set(spec.sources)))]),
            "question": pa.Column(
                object,
                [
                    *_text_checks("question"),
                    *([] if spec.other_questions == "free text" else [_rule("unknown_question", known)]),
                    _rule("misspelt_question", lambda cells: ~cells.str.strip().isin(misspelt)),
                ],
            ),
            "answer": pa.Column(object, _text_checks("answer")),
        },
        checks=[
            _rule("answer_outside_vocabulary", read_as(lambda reading: not reading.outside)),
            _rule("misspelt_answer", read_as(lambda reading: not reading.misspelt)),
            _rule("non_canonical_answer", read_as(lambda reading: reading.canonical_form or bool(reading.outside))),
        ],
    )


def _id_schema() -> pa.DataFrameSchema:
    import pandera.pandas as pa

    return pa.DataFrameSchema({"img_id": pa.Column(object, _text_checks("img_id"))})


def _key_schema() -> pa.DataFrameSchema:
    """The contract of the rows among each other, over the numbers `_keys` gives."""
    import pandera.pandas as pa

    def single(frame: pd.DataFrame, role: str) -> pd.Series[bool]:
        return ~((frame["role"] == role) & ~frame["per_item"])

    def repeated_item(frame: pd.DataFrame) -> pd.Series[bool]:
        answered = frame[frame["role"] != ""]
        return ~(frame["per_item"] & frame.index.isin(answered.index[answered.duplicated("key")]))

    def sources_of_image(frame: pd.DataFrame) -> pd.Series[bool]:
        known = frame[(frame["image"] >= 0) & (frame["source"] >= 0)]
        several = known.groupby("image")["source"].nunique()
        return ~frame["image"].isin(several[several > 1].index) | (frame["source"] < 0)

    return pa.DataFrameSchema(
        checks=[
            _rule("repeated_row", lambda frame: single(frame, "again")),
            _rule("conflicting_repeat", lambda frame: single(frame, "other")),
            _rule("repeated_item_row", repeated_item),
            _rule("image_under_two_sources", sources_of_image),
        ]
    )


def _series(values: list[bool] | Mask, frame: pd.DataFrame) -> pd.Series[bool]:
    import pandas as pd

    return pd.Series(values, index=frame.index, dtype=bool)


def _text_checks(role: str) -> list[pa.Check]:
    return [
        _rule(f"blank_{role}", lambda cells: cells.str.strip() != ""),
        _rule(f"padded_{role}", lambda cells: (cells.str.strip() == cells) | (cells.str.strip() == "")),
    ]


def _one_of(allowed: set[str]) -> Callable[[pd.Series[Any]], Any]:
    """Whether a cell holds one of the texts; how a text is broken into lines does not count."""
    return lambda cells: cells.str.strip().str.replace(_LINE_BREAK, " ", regex=True).isin({*allowed, ""})


def _rule(name: str, holds: Callable[..., Any]) -> pa.Check:
    import pandera.pandas as pa

    # Masks tell all rows; failure cases beyond the first would only cost time.
    return pa.Check(holds, name=name, error=name, n_failure_cases=1)


def _broken(schema: pa.DataFrameSchema, frame: pd.DataFrame) -> dict[str, Mask]:
    """Rule → mask of the frame's rows that break it; rules that no row breaks are left out."""
    import pandera.pandas as pa

    if frame.empty:
        return {}
    try:
        schema.validate(frame, lazy=True)
    except pa.errors.SchemaErrors as errors:
        return {str(error.check.error): ~np.asarray(error.check_output, dtype=bool) for error in errors.schema_errors}
    return {}
