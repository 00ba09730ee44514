"""Whatever stands in a cell: every output stays well-formed, and a narrow terminal changes no exit code."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kvqa_audit.artifacts.tables import findings_csv, no_formula
from kvqa_audit.console.terminal import plain
from kvqa_audit.fixes.patch import CellChange
from kvqa_audit.fixes.write_copy import changes_csv
from kvqa_audit.model import Finding, Severity
from kvqa_audit.outputs.github import github_annotations
from kvqa_audit.outputs.junit import junit_xml
from kvqa_audit.outputs.sarif import sarif_log
from kvqa_audit.release.gate import judge
from kvqa_audit.spec.release import Release
from tests.unit.outputs.test_formats import run_with

ODD = "\x00\x01\x08\x0b\x0c\x1b\x1f\x7f\x85\u2028\u202e\ufeff\ufffe\uffff\ud800\udcff\U0001fffe]]>&<\"'\r\n\t,;:%≥"
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028-\u202e\ud800-\udfff]")
TEXTS = st.one_of(
    st.text(st.one_of(st.sampled_from(ODD), st.characters()), max_size=40),
    st.sampled_from(["=1+1", "::error::x", "x" * 200_000, "]]>" * 1_000]),
)


def finding(text: str, other: str) -> Finding:
    about = {"img_id": other, "question": text, "answer": text, "row": 3, "related": (other, text)}
    return Finding("KV008", Severity.ERROR, text, **about, evidence={"told": text}, suggestion=text, key="0" * 16)


@given(TEXTS, TEXTS)
def test_outputs_stay_well_formed(text: str, other: str) -> None:
    run = run_with(finding(text, other))
    run = replace(run, dataset=replace(run.dataset, name=text), docs={})
    verdict = judge(run.outcomes, run.findings, Release())
    root = ElementTree.fromstring(junit_xml(run, verdict))
    assert len(root.findall(".//testcase")) == len(run.outcomes) + 1
    assert json.loads(sarif_log(run))["runs"][0]["results"]
    for line in github_annotations(run, verdict).split("\n")[:-1]:
        assert line.startswith("::")
        assert not CONTROL.search(line)
    csv.field_size_limit(10_000_000)
    (row,) = csv.DictReader(io.StringIO(findings_csv(run.findings).decode("utf-8"), newline=""))
    assert row["answer"] == no_formula(text.encode("utf-8", "backslashreplace").decode())
    assert json.loads(row["evidence"]) == {"told": text}


@pytest.mark.parametrize("before", ["", " ", "\u00a0", "\u200b", "\ufeff", " \u3000"])
@pytest.mark.parametrize("sign", ["=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20"])
def test_what_a_spreadsheet_would_run_is_kept_as_text(before: str, sign: str) -> None:
    written = findings_csv([finding(f"{before}{sign}1", f"a{sign}1")]).decode()
    (row,) = csv.DictReader(io.StringIO(written, newline=""))
    assert (row["answer"], row["img_id"]) == (f"'{before}{sign}1", f"a{sign}1")


def fields_split_at(mark: str, written: str) -> list[str]:
    """The fields that a program takes from a file of commas where it splits at another mark."""
    return [field for row in csv.reader(io.StringIO(written, newline=""), delimiter=mark) for field in row]


@pytest.mark.parametrize("mark", [";", "\t", "|"])
@pytest.mark.parametrize("before", ["", " ", "\u200b", '"', '" ', "\n", "\r\n", "\t"])
@pytest.mark.parametrize("sign", ["=", "+", "-", "@", "\uff1d"])
def test_no_formula_begins_where_a_spreadsheet_splits_at_another_mark(mark: str, before: str, sign: str) -> None:
    hostile = f"a{mark}{before}{sign}1+1"
    run = replace(finding(hostile, f"b;|{sign}1"), suggestion=f"a\n{before}{sign}2")
    written = findings_csv([run]).decode()
    change = CellChange(0, "i", hostile, "answer", f"x,{hostile}", f"y\n{hostile}", ("KV008",), hostile)
    for file in (written, changes_csv([change]).decode()):
        begins = [field.lstrip('" \t\r\n\u200b')[:1] for field in fields_split_at(mark, file)]
        assert sign not in begins
    (row,) = csv.DictReader(io.StringIO(written, newline=""))
    assert json.loads(row["evidence"]) == {"told": hostile}
    assert json.loads(row["related"]) == [f"b;|{sign}1", hostile]


def test_what_no_spreadsheet_would_run_stays_as_it_is() -> None:
    for text in ("a=b; c - d", "x|y", "a; b=c", "2+2", "no; -", 'say "-"'):
        assert no_formula(text) == text.replace("; -", ";' -")


def test_many_marks_are_looked_at_once() -> None:
    for text in ("\t" * 1_000_000, "; " * 1_000_000, ";" + " " * 1_000_000, '|"' * 1_000_000):
        assert len(no_formula(f"a{text}=")) - len(text) <= 3


@given(TEXTS, st.sampled_from(["ascii", "cp1252", "cp437", "utf-8"]))
def test_text_for_a_terminal_can_be_written_in_any_encoding(text: str, encoding: str) -> None:
    written = plain(text).encode(encoding, "backslashreplace").decode(encoding)
    assert not any(character < " " for character in written)


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "utf-8"])
def test_exit_code_does_not_depend_on_the_encoding_of_the_terminal(encoding: str, tmp_path: Path) -> None:
    (tmp_path / "metadata.csv").write_text(
        "source,question,answer,img_id\nPolyps,Is there text?,≥ 5 mm 胃,img1\n", encoding="utf-8"
    )
    ended = subprocess.run(
        [sys.executable, "-m", "kvqa_audit", "check", str(tmp_path / "metadata.csv")],
        env={**os.environ, "PYTHONIOENCODING": encoding},
        capture_output=True,
        check=False,
    )
    assert (ended.returncode, ended.stderr) == (1, b"")
    shown = "≥ 5 mm 胃".encode(encoding, "backslashreplace")
    assert shown in ended.stdout
