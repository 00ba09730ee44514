"""The checks of rows, columns and files: one table with every fault, and what each check says about it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pandas as pd
import pytest

from kvqa_audit.answers.distributions import Distributions
from kvqa_audit.checks.base import Check, Evidence
from kvqa_audit.checks.expectation_checks import check_of_expectation
from kvqa_audit.checks.kv001_unexpected_columns import unexpected_columns
from kvqa_audit.checks.kv002_unreadable_rows import unreadable_rows
from kvqa_audit.checks.kv003_blank_cell import blank_cell
from kvqa_audit.checks.kv004_surrounding_whitespace import surrounding_whitespace
from kvqa_audit.checks.kv005_unknown_source import unknown_source
from kvqa_audit.checks.kv006_unknown_question import unknown_question
from kvqa_audit.checks.kv007_misspelt_question import misspelt_question
from kvqa_audit.checks.kv008_answer_outside_vocabulary import answer_outside_vocabulary
from kvqa_audit.checks.kv009_misspelt_answer import misspelt_answer
from kvqa_audit.checks.kv010_non_canonical_answer import non_canonical_answer
from kvqa_audit.checks.kv011_repeated_row import repeated_row
from kvqa_audit.checks.kv012_conflicting_repeat import conflicting_repeat
from kvqa_audit.checks.kv013_repeated_item_rows import repeated_item_rows
from kvqa_audit.checks.kv014_image_under_two_sources import image_under_two_sources
from kvqa_audit.checks.kv015_unanswered_row import unanswered_row
from kvqa_audit.checks.kv101_row_without_image import row_without_image
from kvqa_audit.checks.kv102_image_without_rows import image_without_rows
from kvqa_audit.checks.kv118_two_files_for_one_id import two_files_for_one_id
from kvqa_audit.checks.kv119_two_pictures_for_one_id import two_pictures_for_one_id
from kvqa_audit.checks.runner import run_check
from kvqa_audit.contracts.expectations import ExpectationResult
from kvqa_audit.contracts.row_schema import check_rows
from kvqa_audit.ingest.dataset import ROLES, ImageFault, Table
from kvqa_audit.ingest.table import read_csv_table
from kvqa_audit.model import ImageFingerprint, OutcomeStatus, Severity
from kvqa_audit.spec.dataset_spec import Promise
from kvqa_audit.spec.load import load_spec

SPEC = load_spec()
TEXT, SIZE = "Is there text?", "What is the size of the polyp?"
COLOUR = "What color is the abnormality? If more than one separate with ;"
LOC = "Where in the image is the abnormality?"
ROW_CHECKS = (
    blank_cell, surrounding_whitespace, unknown_source, unknown_question, misspelt_question, answer_outside_vocabulary,
    misspelt_answer, non_canonical_answer, repeated_row, conflicting_repeat, repeated_item_rows,
    image_under_two_sources, unanswered_row,
)  # fmt: skip


def evidence(
    table: Table,
    *,
    images: tuple[str, ...] = (),
    faults: tuple[ImageFault, ...] = (),
    absent: Mapping[str, str] | None = None,
    promises: Mapping[str, ExpectationResult] | None = None,
) -> Evidence:
    return Evidence(
        spec=SPEC,
        table=table,
        contract=check_rows(table, SPEC),
        promises=promises or {},
        rules={},
        distributions=Distributions((), ()),
        fingerprints=tuple(ImageFingerprint(img_id, f"images/{img_id}.jpg", 1, None) for img_id in images),
        image_faults=faults,
        absent=absent or {},
    )


def table(*rows: tuple[str, str, str, str]) -> Table:
    return Table(pd.DataFrame(list(rows), columns=list(ROLES), dtype=object))


# Each row has one fault; which check names it, and what it suggests.
FAULTY = (
    pytest.param("KV003", ("Polyps", TEXT, "yes", " "), None, marks=pytest.mark.fires("KV003")),
    pytest.param("KV004", ("Polyps", TEXT, "yes ", "i"), "yes", marks=pytest.mark.fires("KV004")),
    pytest.param("KV005", ("Polyp", TEXT, "yes", "i"), "Polyps", marks=pytest.mark.fires("KV005")),
    ("KV005", ("zzzz", TEXT, "yes", "i"), None),
    pytest.param("KV006", ("Polyps", "is there  text", "yes", "i"), TEXT, marks=pytest.mark.fires("KV006")),
    pytest.param(
        "KV007",
        ("Polyps", "How many instrumnets are in the image?", "1", "i"),
        "How many instruments are in the image?",
        marks=pytest.mark.fires("KV007"),
    ),
    pytest.param("KV008", ("Polyps", TEXT, "Yes", "i"), "yes", marks=pytest.mark.fires("KV008")),
    ("KV008", ("Polyps", TEXT, "<script>alert(1)</script>", "i"), None),
    pytest.param(
        "KV009", ("Polyps", LOC, "center; lower-rigth", "i"), "center; lower-right", marks=pytest.mark.fires("KV009")
    ),
    ("KV009", ("Polyps", SIZE, ">20", "i"), ">20mm"),
    pytest.param("KV010", ("Polyps", COLOUR, "red; pink", "i"), "pink; red", marks=pytest.mark.fires("KV010")),
    ("KV010", ("Polyps", COLOUR, "pink;red", "i"), "pink; red"),
    pytest.param(
        "KV015", ("Polyps", TEXT, "", "i"), "Fill in the answer, or drop the row", marks=pytest.mark.fires("KV015")
    ),
    ("KV015", ("Polyps", TEXT, "  ", "i"), "Fill in the answer, or drop the row"),
)


@pytest.mark.parametrize(("code", "row", "suggestion"), FAULTY)
def test_each_fault_is_named_by_one_check_with_its_row_and_suggestion(
    code: str, row: tuple[str, str, str, str], suggestion: str | None
) -> None:
    given = evidence(table(("Normal", TEXT, "no", "other"), row))
    found = [finding for check in ROW_CHECKS for finding in run_check(check, given)[1]]
    assert [(f.check, f.row, f.suggestion, f.answer) for f in found] == [(code, 1, suggestion, row[2])]


def test_a_sound_table_passes_every_check_and_an_empty_one_none() -> None:
    sound, empty = evidence(table(("Polyps", TEXT, "yes", "i"))), evidence(table())
    assert {run_check(check, sound)[0].outcome for check in ROW_CHECKS} == {OutcomeStatus.PASSED}
    assert {run_check(check, empty)[0].outcome for check in ROW_CHECKS} == {OutcomeStatus.VACUOUS}


def test_blank_cell_about_no_image_names_none() -> None:
    (finding,) = run_check(blank_cell, evidence(table(("Polyps", TEXT, "yes", ""))))[1]
    assert (finding.img_id, finding.question, finding.row) == (None, TEXT, 0)


@pytest.mark.fires("KV011", "KV012", "KV013")
def test_repeats_are_told_apart_from_rows_per_item() -> None:
    given = evidence(
        table(
            ("Polyps", TEXT, "yes", "i"), ("Polyps", TEXT, "yes", "i"), ("Polyps", TEXT, "no", "i"),
            ("Polyps", SIZE, "<5mm", "i"), ("Polyps", SIZE, "<5mm", "i"),
            ("Polyps", SIZE, "<5mm", "j"), ("Polyps", SIZE, "5-10mm", "j"), ("Polyps", SIZE, "<5mm", "j"),
        )
    )  # fmt: skip
    (repeated,) = run_check(repeated_row, given)[1]
    assert (repeated.row, repeated.evidence["first_row"]) == (1, 0)
    (conflict,) = run_check(conflicting_repeat, given)[1]
    assert (conflict.row, conflict.answer, conflict.evidence["first_answer"]) == (2, "no", "yes")
    items = run_check(repeated_item_rows, given)[1]
    assert [(f.img_id, f.severity, f.evidence["rows"], f.evidence["answers_are"]) for f in items] == [
        ("i", Severity.INFO, [3, 4], "identical"),
        ("j", Severity.INFO, [5, 6, 7], "different"),
    ]


@pytest.mark.fires("KV014")
def test_an_image_under_two_sources_is_one_finding_with_the_odd_row() -> None:
    given = evidence(table(("A", TEXT, "yes", "i"), ("Polyps", LOC, "none", "i"), ("Polyps", SIZE, "none", "i")))
    (finding,) = run_check(image_under_two_sources, given)[1]
    assert (finding.img_id, finding.row, finding.related, finding.suggestion) == ("i", 0, ("A", "Polyps"), "Polyps")


@pytest.mark.fires("KV101", "KV102")
def test_rows_without_image_once_per_image_and_images_without_rows() -> None:
    rows = (
        ("Polyps", TEXT, "yes", "a"),
        ("Polyps", TEXT, "yes", "b"),
        ("Polyps", LOC, "none", "b"),
        ("A", TEXT, "", ""),
    )
    given = evidence(table(*rows), images=("a", "c"))
    outcome, (finding,) = run_check(row_without_image, given)
    assert (finding.img_id, finding.row, finding.evidence["rows"], outcome.evaluated) == ("b", 1, 2, 2)
    outcome, (finding,) = run_check(image_without_rows, given)
    assert (finding.img_id, finding.severity, outcome.evaluated) == ("c", Severity.WARNING, 2)
    assert "images/c.jpg" in finding.message


@pytest.mark.parametrize(
    "check",
    [
        pytest.param(two_files_for_one_id, marks=pytest.mark.fires("KV118")),
        pytest.param(two_pictures_for_one_id, marks=pytest.mark.fires("KV119")),
    ],
)
def test_image_faults_are_findings_of_their_own_check(check: Check) -> None:
    kinds = ("two_files_for_one_id", "two_pictures_for_one_id", "outside_the_folder")
    faults = tuple(ImageFault(kind, f"{kind}!", "a", ("x", "y")) for kind in kinds)
    (finding,) = run_check(check, evidence(table(), images=("a",), faults=faults))[1]
    assert (finding.message, finding.img_id, finding.evidence["paths"]) == (f"{check.name}!", "a", ["x", "y"])


@pytest.mark.parametrize(
    "check", [row_without_image, image_without_rows, two_files_for_one_id, two_pictures_for_one_id]
)
def test_without_images_nothing_about_images_passes(check: Check) -> None:
    outcome, findings = run_check(check, evidence(table(("A", TEXT, "yes", "a")), absent={"images": "no folder"}))
    assert (outcome.outcome, outcome.reason, findings) == (OutcomeStatus.SKIPPED, "no folder", ())


@pytest.mark.fires("KV001", "KV002")
def test_faults_of_the_file_name_column_row_and_line(tmp_path: Path) -> None:
    content = 'source,question,answer,imgid,answer,notes\nA,b\nA,q,a\x00,i,,\nA,q,\xfc,"i'
    (tmp_path / "metadata.csv").write_bytes(content.encode("latin-1"))
    given = evidence(read_csv_table(tmp_path / "metadata.csv", SPEC.columns))
    columns = run_check(unexpected_columns, given)[1]
    assert sorted((f.evidence["kind"], f.evidence["column"], f.severity) for f in columns) == [
        ("extra_column", "imgid", Severity.WARNING),
        ("extra_column", "notes", Severity.WARNING),
        ("missing_column", "img_id", Severity.ERROR),
        ("repeated_column", "answer", Severity.ERROR),
    ]
    rows = run_check(unreadable_rows, given)[1]
    assert sorted((f.evidence["kind"], f.evidence["line"], f.row) for f in rows) == [
        ("not_utf8", 4, None),
        ("nul_byte", 3, None),
        ("ragged_row", 2, 0),
        ("unclosed_quote", 4, None),
    ]
    assert len({f.key for f in (*columns, *rows)}) == 8


@pytest.mark.parametrize("encoding", ["latin-1", "cp1252", "utf-16", "utf-16-be"])
def test_a_whole_file_in_another_encoding_is_read_and_only_a_warning(tmp_path: Path, encoding: str) -> None:
    content = "source,question,answer,img_id\n" + "".join(f"A,q\u00e9,\u00fc{n},i\n" for n in range(4))
    (tmp_path / "metadata.csv").write_bytes(content.encode(encoding))
    table = read_csv_table(tmp_path / "metadata.csv", SPEC.columns)
    assert table.frame["answer"].tolist() == [f"\u00fc{n}" for n in range(4)]
    (finding,) = run_check(unreadable_rows, evidence(table))[1]
    assert (finding.evidence["kind"], finding.severity) == ("other_encoding", Severity.WARNING)


def test_a_table_without_rows_fails_and_says_so() -> None:
    from kvqa_audit.ingest.table import finished_table

    outcome, (finding,) = run_check(unreadable_rows, evidence(finished_table({"answer": []}, [])))
    assert (outcome.outcome, finding.evidence["kind"]) == (OutcomeStatus.FAILED, "no_rows")


@pytest.mark.parametrize(
    ("result", "outcome", "findings"),
    [
        (ExpectationResult("p", "passed", 4.0, 4.0, "found 4", 1), OutcomeStatus.PASSED, 0),
        pytest.param(
            ExpectationResult("p", "failed", 3.0, 4.0, "found 3", 1),
            OutcomeStatus.FAILED,
            1,
            marks=pytest.mark.fires("KV02-p"),
        ),
        (ExpectationResult("p", "vacuous", None, None, "nothing"), OutcomeStatus.VACUOUS, 0),
        (ExpectationResult("p", "skipped", None, None, "no column"), OutcomeStatus.SKIPPED, 0),
        (None, OutcomeStatus.SKIPPED, 0),
    ],
)
def test_a_promise_is_a_check_with_what_was_measured(
    result: ExpectationResult | None, outcome: OutcomeStatus, findings: int
) -> None:
    promise = Promise(id="p", why="w", type="expect_table_row_count_to_equal", kwargs={"value": 4}, severity="warning")
    check = check_of_expectation(promise)
    assert (check.code, check.severity, check.needs) == ("KV02-p", Severity.WARNING, ("table", "whole dataset"))
    given = evidence(table(), promises={"p": result} if result else {})
    got, found = run_check(check, given)
    assert (got.outcome, len(found)) == (outcome, findings)
    if result is not None and result.measured is not None:
        assert (got.measured, got.threshold) == (result.measured, result.threshold)


def test_a_table_of_unknown_texts_is_reported_whole_but_suggestions_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kvqa_audit.checks.rows.MAX_SUGGESTED", 2)
    given = evidence(table(*((f"Polyp{n}", TEXT, "yes", f"i{n}") for n in (0, 1, 0, 2))))
    assert [f.suggestion for f in run_check(unknown_source, given)[1]] == ["Polyps", "Polyps", "Polyps", None]
