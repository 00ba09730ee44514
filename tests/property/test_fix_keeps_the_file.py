"""Whatever stands in a document: written back without a correction it is the same, and with one, one value differs."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kvqa_audit.fixes.written_table import WrittenTable, read_written_table
from kvqa_audit.ingest.open import open_source
from kvqa_audit.ingest.source_format import Wanted
from kvqa_audit.ingest.table import whole_table
from kvqa_audit.pipeline.run_record import rows_of
from kvqa_audit.spec.dataset_spec import Columns

COLUMNS = Columns(source=None, img_id="image")
anything: st.SearchStrategy[Any] = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-9, 10**20), st.floats(allow_nan=False), st.text(max_size=4)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(["x", "y", "é."]), inner)),
    max_leaves=6,
)
values = st.one_of(st.text(min_size=1, max_size=5), st.integers(0, 99), st.booleans())
rows = st.lists(
    st.fixed_dictionaries(
        {"image": st.sampled_from(["a.jpg", "b.jpg"]), "question": st.text(min_size=1, max_size=6), "answer": values},
        optional={"extra": anything, "a.b": anything},
    ),
    min_size=3,
    max_size=5,
)
OTHER = 'quite \\ "other"'
Numbered = list[tuple[int, dict[str, Any]]]
SHAPES: dict[str, Callable[[Numbered], Any]] = {
    "list": lambda numbered: [record for _, record in numbered],
    "under a key": lambda numbered: {"info": {"rows": [1.50, None]}, "data": {"of": [r for _, r in numbered]}, "x": []},
    "by key": lambda numbered: {f"k{n}": record for n, record in numbered},
    "two splits": lambda numbered: {
        "train": [record for n, record in numbered if n < 2],
        "test": [record for n, record in numbered if n >= 2],
    },
}


def read(folder: Path, text: str) -> WrittenTable:
    (folder / "qa.json").write_text(text, encoding="utf-8")
    tables = open_source(str(folder), Wanted(COLUMNS)).tables
    return read_written_table(folder, tables, COLUMNS, rows_of(whole_table(tables, COLUMNS, "qa.json")))


@pytest.mark.parametrize("shape", SHAPES)
@settings(max_examples=25)
@given(records=rows, row=st.integers(0, 2), indent=st.sampled_from([None, 0, 3]), ascii_only=st.booleans())
def test_only_what_is_corrected_differs(
    tmp_path_factory: pytest.TempPathFactory,
    shape: str,
    records: list[dict[str, Any]],
    row: int,
    indent: int | None,
    ascii_only: bool,
) -> None:
    folder = tmp_path_factory.getbasetemp()
    out = folder / "out" / "qa.json"

    def text(of: Numbered) -> str:
        return json.dumps(SHAPES[shape](of), indent=indent, ensure_ascii=ascii_only)

    numbered = list(enumerate(records))
    table = read(folder, text(numbered))
    table.write(folder / "out", {}, frozenset())
    assert out.read_text(encoding="utf-8") == text(numbered)

    cells = list(table.rows[row])
    cells[table.positions["answer"]] = OTHER
    table.write(folder / "out", {row: cells}, frozenset())
    corrected = [(n, {**record, "answer": OTHER} if n == row else record) for n, record in numbered]
    assert json.loads(out.read_text(encoding="utf-8")) == SHAPES[shape](corrected)

    table.write(folder / "out", {}, {row})
    assert json.loads(out.read_text(encoding="utf-8")) == SHAPES[shape]([one for one in numbered if one[0] != row])
