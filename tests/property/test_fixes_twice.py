"""Whatever stands in a table: fixing it resolves what it says, and fixing the result changes nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kvqa_audit.ingest.csv_records import csv_line
from tests.unit.fixes.tables import COLOUR, HEADER, INSTRUMENTS, PLACE, SIZE, TEXT, fixed

sources = st.sampled_from(["Polyps", "Normal", " Polyps", "Norml", ""])
questions = st.sampled_from([TEXT, f"{TEXT} ", COLOUR, PLACE, SIZE, INSTRUMENTS.misspellings[0], "Is it raining?", ""])
atoms = st.sampled_from(
    ["red", "pink", " yes", "no", "lower-rigth", "center", ">20", "5-10mm", "1", "none", "odd", '"']
)
answers = st.one_of(
    st.lists(atoms, max_size=3).map("; ".join), st.lists(atoms, max_size=3).map(",".join), st.sampled_from(["", " "])
)
rows = st.tuples(sources, questions, answers, st.sampled_from(["a", "b", " a", ""]))
corrections = st.lists(
    st.tuples(st.sampled_from(["a", "b", "z"]), st.sampled_from(["text", "abn_colour", "polyp_size", "n_instr"])),
    max_size=3,
    unique=True,
)
RIGHT = {"text": "yes", "abn_colour": "red; pink", "polyp_size": "<5mm", "n_instr": "2"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("fixed")


@settings(max_examples=40)
@given(table=st.lists(rows, max_size=8), reviewed=corrections, removed=st.booleans(), quote_all=st.booleans())
def test_second_fix_changes_nothing(
    folder: Path,
    table: list[tuple[str, str, str, str]],
    reviewed: list[tuple[str, str]],
    removed: bool,
    quote_all: bool,
) -> None:
    text = HEADER + "".join(csv_line(row, quote_all=quote_all) for row in table)
    told = "img_id,question,answer\n" + "".join(csv_line([i, q, RIGHT[q]]) for i, q in reviewed)
    ways = {"corrections": told, "removals": {"b": "no consent"} if removed else {}}
    first = fixed(folder, text, **ways)  # type: ignore[arg-type]
    second = fixed(folder, first.text, **ways)  # type: ignore[arg-type]
    assert second.text == first.text
    assert second.patch.changes == ()
    assert not {f.check for f in second.findings} & {"KV004", "KV007"}
