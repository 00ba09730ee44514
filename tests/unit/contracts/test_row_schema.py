"""The row contract: which rows break which rule, on small tables and on the real half of Kvasir-VQA."""

from __future__ import annotations

import csv
import subprocess
import sys
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from kvqa_audit.contracts.readings import closest_answer, read_answer
from kvqa_audit.contracts.row_schema import RULES, check_rows
from kvqa_audit.ingest.dataset import ROLES, Table, TableFault
from kvqa_audit.ingest.table import read_csv_table
from kvqa_audit.spec.dataset_spec import DatasetSpec
from kvqa_audit.spec.load import load_spec

SPEC = load_spec()
TEXT, LOC = "Is there text?", "Where in the image is the abnormality?"
SIZE, COLOUR = "What is the size of the polyp?", "What color is the abnormality? If more than one separate with ;"
COUNT = "How many polyps are in the image?"


def table(*rows: tuple[str, str, str, str]) -> Table:
    return Table(pd.DataFrame(list(rows), columns=list(ROLES), dtype=object))


def broken(*rows: tuple[str, str, str, str], spec: DatasetSpec = SPEC) -> dict[str, list[int]]:
    contract = check_rows(table(*rows), spec)
    return {rule: contract.rows(rule) for rule in RULES if contract.rows(rule)}


def test_a_sound_table_breaks_nothing() -> None:
    assert (
        broken(("Polyps", TEXT, "yes", "i1"), ("Polyps", LOC, "center; lower-left", "i1"), ("Normal", TEXT, "no", "i2"))
        == {}
    )


def test_a_table_without_rows_breaks_nothing() -> None:
    assert broken() == {}


def test_every_kind_of_cell_fault_is_under_one_rule_only() -> None:
    assert broken(
        ("Polyps", TEXT, "", "i0"),
        ("", TEXT, "yes", "i1"),
        ("Polyps", " ", "yes", "i2"),
        ("Polyps", TEXT, "yes", "\t"),
        ("Polyps", TEXT, " yes", "i4"),
        ("Polyp", TEXT, "yes", "i5"),
        ("Polyps", "Is there tekst?", "yes", "i6"),
        ("Polyps", "How many instrumnets are in the image?", "2", "i7"),
        ("Polyps", TEXT, "maybe", "i8"),
        ("Polyps", LOC, "lower-rigth", "i9"),
        ("Polyps", COLOUR, "red; pink", "i10"),
        ("Polyps", SIZE, "5-10mm, >20", "i11"),
        ("Polyps", COLOUR, "red; pinkish", "i12"),
        ("Polyps", COUNT, "-1", "i13"),
        (" Polyps", TEXT, "yes", "i14 "),
    ) == {
        "blank_answer": [0],
        "blank_source": [1],
        "blank_question": [2],
        "blank_img_id": [3],
        "padded_answer": [4],
        "padded_source": [14],
        "padded_img_id": [14],
        "unknown_source": [5],
        "unknown_question": [6],
        "misspelt_question": [7],
        "answer_outside_vocabulary": [8, 12, 13],
        "misspelt_answer": [9, 11],
        "non_canonical_answer": [10, 11],
    }


@pytest.mark.parametrize("line_break", ["\n", "\r\n", " \n ", "\u2028"])
def test_a_question_in_two_lines_is_the_one_in_a_line(line_break) -> None:
    assert broken(("Polyps", TEXT.replace(" ", line_break, 1), "yes", "i1")) == {}


def test_repeats_conflicts_and_rows_per_item_are_told_apart() -> None:
    contract = check_rows(
        table(
            ("Polyps", TEXT, "yes", "i1"),
            ("Polyps", TEXT, "no", "i1"),
            ("Polyps", TEXT, "no", "i1"),
            ("Polyps", TEXT, "", "i1"),
            ("Polyps", COLOUR, "pink; red", "i1"),
            ("Polyps", COLOUR, "red; pink", "i1"),
            ("Polyps", SIZE, "<5mm", "i1"),
            ("Polyps", SIZE, "<5mm", "i1"),
            ("Polyps", SIZE, "5-10mm", "i1"),
            ("Polyps", "How many instruments are in the image?", "1", "i2"),
            ("Polyps", "How many instrumnets are in the image?", "1", "i2"),
            ("Polyps", TEXT, "", "i3"),
            ("Polyps", TEXT, "yes", "i3"),
        ),
        SPEC,
    )
    assert contract.rows("conflicting_repeat") == [0]
    assert contract.rows("repeated_row") == [2, 5, 10]
    assert contract.rows("repeated_item_row") == [7, 8]
    assert contract.first_row.tolist() == [0, 0, 0, 0, 4, 4, 6, 6, 6, 9, 9, 11, 11]


def test_an_image_under_two_sources_takes_all_its_rows() -> None:
    found = broken(
        ("Polyps", TEXT, "yes", "i1"),
        ("Normal", LOC, "center", "i1"),
        ("Normal", TEXT, "yes", "i2"),
        ("", LOC, "none", "i2"),
    )
    assert found == {"image_under_two_sources": [0, 1], "blank_source": [3]}


def test_a_row_with_shifted_cells_breaks_no_rule_and_repeats_no_row() -> None:
    fault = TableFault("ragged_row", "five cells", row=1)
    told = replace(table(*[("Polyps", TEXT, "a tale", " and more")] * 2), faults=(fault,))
    contract = check_rows(told, SPEC)
    assert {rule: contract.rows(rule) for rule in RULES if contract.rows(rule)} == {
        "padded_img_id": [0],
        "answer_outside_vocabulary": [0],
    }


def test_rules_about_a_missing_column_hold_nothing() -> None:
    frame = pd.DataFrame([("", TEXT, "yes", "i1")], columns=list(ROLES), dtype=object)
    contract = check_rows(Table(frame, missing=("source",)), SPEC)
    assert all(len(contract.violations[rule]) == 0 for rule in RULES)


@pytest.mark.parametrize(
    ("question", "answer", "canonical", "suggestion"),
    [
        (LOC, "upper-rigth; center", "center; upper-right", None),
        (LOC, "lower-rigth;lower-right", "lower-right", None),
        (COLOUR, "red,pink;", "pink; red", None),
        (COLOUR, ";", ";", None),
        (COLOUR, "Red; pnk", "pnk; red", "pink; red"),
        (TEXT, "YES", "yes", "yes"),
        (COUNT, "03", "03", "3"),
        (COUNT, "2.0", "2.0", "2"),
        (COUNT, "٣", "٣", None),
        (TEXT, "<script>alert(1)</script>" * 400, "<script>alert(1)</script>" * 400, None),
        ("unknown", "a;b", "a;b", None),
    ],
)
def test_answers_are_read_and_the_nearest_allowed_one_is_found(
    question: str, answer: str, canonical: str, suggestion: str | None
) -> None:
    reading = read_answer(question, answer, SPEC)
    assert reading.canonical == canonical
    if reading.outside:
        assert closest_answer(reading, SPEC) == suggestion


def sample(shared: Path) -> Path:
    return shared / "data" / "kvasir-vqa" / "full" / "metadata.sample-29307.csv"


def test_the_known_faults_of_the_real_table(shared: Path) -> None:
    with sample(shared).open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    contract = check_rows(read_csv_table(sample(shared), SPEC.columns), SPEC)
    holding = {
        "instrumnets": [i for i, row in enumerate(rows) if "instrumnets" in row["question"]],
        "rigth": [i for i, row in enumerate(rows) if "lower-rigth" in row["answer"]],
        ">20": [i for i, row in enumerate(rows) if row["answer"] == ">20"],
        "misspelt": [i for i, row in enumerate(rows) if "rigth" in row["answer"] or row["answer"] == ">20"],
    }
    assert (len(holding["instrumnets"]), len(holding[">20"])) == (1772, 18)
    assert contract.rows("misspelt_question") == holding["instrumnets"]
    assert contract.rows("misspelt_answer") == holding["misspelt"]
    assert len(holding["rigth"]) == 143
    keys = Counter((row["img_id"], row["question"]) for row in rows)
    repeated = Counter(question for (_, question), count in keys.items() if count > 1)
    assert repeated == {"What type of polyp is present?": 60, SIZE: 41}
    found = {(rows[i]["img_id"], rows[i]["question"]) for i in contract.rows("repeated_item_row")}
    assert found == {key for key, count in keys.items() if count > 1}
    for rule in (
        "repeated_row",
        "conflicting_repeat",
        "answer_outside_vocabulary",
        "unknown_question",
        "unknown_source",
    ):
        assert contract.rows(rule) == []


@pytest.fixture
def whole_table(shared: Path, tmp_path: Path) -> Path:
    """A table of the real size: the real half twice, the second time under other ids, and some rows more."""
    with sample(shared).open(newline="", encoding="utf-8") as file:
        header, *rows = csv.reader(file)
    rows += [[*row[:3], f"second-{row[3]}"] for row in rows]
    rows += [["Polyps", TEXT, "yes", f"more-{number}"] for number in range(58_849 - len(rows))]
    with (tmp_path / "metadata.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([header, *rows])
    return tmp_path / "metadata.csv"


def test_a_table_where_every_row_is_bad_costs_little_more(whole_table: Path) -> None:
    frame = read_csv_table(whole_table, SPEC.columns).frame
    good = Table(frame)
    bad = Table(frame.assign(source="?", question="??", answer=" ", img_id="").astype(object))
    check_rows(good, SPEC)
    seconds = []
    for one in (good, bad):
        started = time.process_time()
        contract = check_rows(one, SPEC)
        seconds.append(time.process_time() - started)
    assert len(contract.rows("blank_img_id")) == len(contract.rows("unknown_source")) == 58_849
    assert seconds[1] < 3 * seconds[0]


def test_reading_and_judging_the_whole_table_costs_little_beside_the_imports(whole_table: Path) -> None:
    # From the start of the process this has to take under 2 s on a quiet machine, of which the imports take most;
    # beside them it is measured here, because a busy machine slows both down alike.
    program = (
        "import sys, time\n"
        "import pandas, pandera.pandas\n"
        "from kvqa_audit.contracts.row_schema import check_rows\n"
        "from kvqa_audit.ingest.table import read_csv_table\n"
        "from kvqa_audit.spec.load import load_spec\n"
        "imported = time.process_time()\n"
        "spec = load_spec()\n"
        "contract = check_rows(read_csv_table(sys.argv[1], spec.columns), spec)\n"
        "assert 'great_expectations' not in sys.modules\n"
        "print(contract.first_row.size, imported, time.process_time() - imported)\n"
    )
    ran = subprocess.run([sys.executable, "-c", program, str(whole_table)], capture_output=True, text=True, check=True)
    rows, import_seconds, own_seconds = ran.stdout.split()
    assert int(rows) == 58_849
    assert float(own_seconds) < 2 * float(import_seconds), ran.stdout
