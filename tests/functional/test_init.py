"""Datasets that are not Kvasir-VQA are described by `init`, and audited by what it wrote."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from kvqa_audit.spec.load import load_spec
from tests.functional.conftest import Program
from tests.lookalikes import save_x1, write_rad, x1_rows


def audit_of(program: Program, source: Path, spec: Path, out: Path) -> dict[str, dict[str, Any]]:
    """Code → outcome of a run by this description."""
    done = program("run", source, "--spec", spec, "--out", out, "--json")
    assert done.returncode in (0, 1), done.stderr
    return {check["code"]: check for check in json.loads(done.stdout)["checks"]}


def test_free_questions_without_categories_in_two_splits(program: Program, tmp_path: Path) -> None:
    save_x1(tmp_path / "x1")
    done = program("init", tmp_path / "x1", "--out", tmp_path / "spec")
    assert done.returncode == 0, done.stderr
    assert "60 rows, 20 images" in done.stdout
    assert f"kvqa-audit run {tmp_path / 'x1'} --spec {tmp_path / 'spec'}" in done.stdout
    checks = audit_of(program, tmp_path / "x1", tmp_path / "spec", tmp_path / "out")
    assert not [code for code, check in checks.items() if check["outcome"] == "errored"]
    for code in ("KV001", "KV003", "KV006", "KV008", "KV101", "KV103", "KV201", "KV02-rows", "KV02-images"):
        assert checks[code]["outcome"] == "passed", checks[code]
    assert checks["KV005"]["outcome"] == "skipped"
    assert checks["KV005"]["reason"] == "the table has no column for 'source'"


def test_parquet_of_free_questions(program: Program, tmp_path: Path) -> None:
    pq.write_table(pa.Table.from_pylist(x1_rows(6)), tmp_path / "train.parquet")
    assert program("init", tmp_path / "train.parquet", "--out", tmp_path / "spec").returncode == 0
    checks = audit_of(program, tmp_path / "train.parquet", tmp_path / "spec", tmp_path / "out")
    assert checks["KV001"]["outcome"] == "passed"
    assert checks["KV103"]["evaluated"] == 6


def test_closed_questions_under_other_names(program: Program, tmp_path: Path) -> None:
    source, spec = tmp_path / "rad", tmp_path / "spec"
    write_rad(source)
    assert program("init", source, "--out", spec, "--quiet").stdout == ""
    checks = audit_of(program, source, spec, tmp_path / "out")
    assert not [
        code for code, c in checks.items() if c["severity"] == "error" and c["outcome"] in ("failed", "errored")
    ]
    with (source / "metadata.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    rows[1][4], rows[2][4], rows[3][2] = "perhaps", "axail", "Brian"
    with (source / "metadata.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(rows[:-1])
    spoilt = audit_of(program, source, spec, tmp_path / "spoilt")
    assert spoilt["KV008"]["violations"] == 2
    assert spoilt["KV005"]["violations"] == 1
    assert spoilt["KV02-rows"]["outcome"] == "failed"


@pytest.mark.parametrize("name", ["", " ", "a\nb", "yes", "null", "#", "\u2028"])
def test_columns_of_any_name_are_described(program: Program, tmp_path: Path, name: str) -> None:
    with (tmp_path / "t.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([[name, "question", "answer", "img_id"], ["0", "What?", "a", "x"]])
    done = program("init", tmp_path / "t.csv", "--out", tmp_path / "spec")
    assert done.returncode == 0, done.stderr
    assert load_spec(tmp_path / "spec").columns.other == [name]


def test_description_is_never_overwritten(program: Program, tmp_path: Path) -> None:
    write_rad(tmp_path / "rad", images=5)
    assert program("init", tmp_path / "rad", "--out", tmp_path / "spec").returncode == 0
    (tmp_path / "spec" / "dataset.yaml").write_text("mine")
    done = program("init", tmp_path / "rad", "--out", tmp_path / "spec")
    assert done.returncode == 2
    assert "is there already" in done.stderr
    assert (tmp_path / "spec" / "dataset.yaml").read_text() == "mine"
