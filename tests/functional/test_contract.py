"""The artifacts of a real run match the contract, version 2."""

from __future__ import annotations

import csv
import json
import shutil
from dataclasses import replace
from pathlib import Path

import jsonschema
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import kvqa_audit
from kvqa_audit.artifacts.folder import read_artifacts, write_artifacts
from kvqa_audit.demo import DemoTruth
from kvqa_audit.errors import ArtifactError
from tests.functional.conftest import Program

FINDING_COLUMNS = [
    "key",
    "check",
    "severity",
    "status",
    "img_id",
    "question",
    "answer",
    "row",
    "score",
    "related",
    "message",
    "evidence",
    "suggestion",
    "decision",
    "decided_by",
    "decided_at",
    "reason",
    "until",
    "frozen_evidence",
    "decided_on",
]


def test_audit_json_matches_the_shipped_schema(audited: Path) -> None:
    schema = json.loads((Path(kvqa_audit.__file__).parent / "audit.schema.json").read_text())
    record = json.loads((audited / "audit.json").read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(record, schema, format_checker=jsonschema.FormatChecker())
    assert not [c for c in record["checks"] if c["outcome"] == "errored"]


def test_folder_holds_exactly_the_files_of_the_contract(audited: Path) -> None:
    assert sorted(p.name for p in audited.iterdir()) == [
        "answers.parquet",
        "audit.json",
        "duplicates.parquet",
        "findings.csv",
        "findings.parquet",
        "fingerprints.parquet",
        "profile.parquet",
        "report.html",
    ]


def test_tables_have_the_columns_of_the_contract(audited: Path) -> None:
    findings = pq.read_table(audited / "findings.parquet")
    assert findings.column_names == FINDING_COLUMNS
    assert findings.schema.field("row").type == pa.int64()
    duplicates = pq.read_table(audited / "duplicates.parquet")
    assert duplicates.column_names == ["left", "right", "tier", "distance", "similarity", "transform", "group"]
    assert all(a < b for a, b in zip(*(duplicates[c].to_pylist() for c in ("left", "right")), strict=True))
    fingerprints = pq.read_table(audited / "fingerprints.parquet").column_names
    assert {"img_id", "path", "sha256", "pixel_digest", "phash64", "phash256", "width", "decoder", "algorithm"} <= {
        *fingerprints
    }
    assert {"source", "question", "answer", "rows", "share"} <= {
        *pq.read_table(audited / "profile.parquet").column_names
    }


def test_csv_and_parquet_hold_the_same_findings(audited: Path) -> None:
    with (audited / "findings.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    stored = pq.read_table(audited / "findings.parquet").to_pylist()
    assert [r["key"] for r in rows] == [s["key"] for s in stored]
    assert [r["message"] for r in rows] == [s["message"] for s in stored]
    assert len({s["key"] for s in stored}) == len(stored)


def test_outcomes_count_their_findings(audited: Path) -> None:
    run = read_artifacts(audited)
    for outcome in run.outcomes:
        assert outcome.violations == sum(f.check == outcome.code for f in run.findings), outcome.code


def test_answers_are_the_table_s_rows_in_their_order(audited: Path, drawn: tuple[Path, DemoTruth]) -> None:
    with (drawn[0] / "metadata.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    stored = pq.read_table(audited / "answers.parquet")
    assert stored.column_names == ["source", "question", "answer", "img_id"]
    assert stored.to_pylist() == [{name: row[name] for name in stored.column_names} for row in rows]


def test_folder_of_an_earlier_version_without_answers_is_still_read(audited: Path, tmp_path: Path) -> None:
    shutil.copytree(audited, tmp_path / "older")
    record = json.loads((audited / "audit.json").read_text())
    del record["files"]
    (tmp_path / "older" / "audit.json").write_text(json.dumps({**record, "schema_version": 1}))
    (tmp_path / "older" / "answers.parquet").unlink()
    run = read_artifacts(tmp_path / "older")
    assert run.rows is None
    assert run == replace(read_artifacts(audited), rows=None)


def test_artifacts_read_back_and_written_again_are_the_same(audited: Path, tmp_path: Path) -> None:
    run = read_artifacts(audited)
    write_artifacts(run, tmp_path)
    assert read_artifacts(tmp_path) == run


def test_damaged_and_foreign_folders_are_refused_in_words(audited: Path, tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match="not the folder of a finished audit"):
        read_artifacts(tmp_path)
    (tmp_path / "audit.json").write_text('{"schema_version": 99}')
    with pytest.raises(ArtifactError, match="is of version 99; this program reads versions 1 and 2"):
        read_artifacts(tmp_path)
    (tmp_path / "audit.json").write_text("{")
    with pytest.raises(ArtifactError, match="damaged"):
        read_artifacts(tmp_path)


def test_keys_survive_the_next_run(
    audited: Path, drawn: tuple[Path, DemoTruth], program: Program, tmp_path: Path
) -> None:
    program("run", drawn[0], "--subset", "--out", tmp_path, "--jobs", "1", "--quiet")
    first, second = (pq.read_table(folder / "findings.parquet").to_pylist() for folder in (audited, tmp_path))
    assert first == second
    pairs = [pq.read_table(folder / "duplicates.parquet").to_pylist() for folder in (audited, tmp_path)]
    assert pairs[0] == pairs[1]


def test_every_planted_defect_is_found_by_the_check_that_should(audited: Path, drawn: tuple[Path, DemoTruth]) -> None:
    findings = read_artifacts(audited).findings
    missed = [planted for planted in drawn[1].planted if not planted.found_in(findings)]
    assert not missed


def test_folder_of_version_1_is_still_read(program: Program, audited: Path, tmp_path: Path) -> None:
    old = tmp_path / "old"
    shutil.copytree(audited, old)
    record = json.loads((old / "audit.json").read_text())
    del record["verdict"], record["files"]
    (old / "audit.json").write_text(json.dumps({**record, "schema_version": 1}))
    table = pq.read_table(old / "findings.parquet").select(FINDING_COLUMNS[:13])
    pq.write_table(table, old / "findings.parquet")
    run = read_artifacts(old)
    told_since = [replace(finding, frozen_evidence=None) for finding in read_artifacts(audited).findings]
    assert (run.verdict, list(run.findings)) == (None, told_since)
    assert program("gate", old).stdout == program("gate", audited).stdout
    assert program("index", old, "--out", tmp_path / "a.html").returncode == 0
    program("index", audited, "--out", tmp_path / "b.html")
    told = [(tmp_path / name).read_text().partition('<p class="lead">')[2][:80] for name in ("a.html", "b.html")]
    assert told[0] == told[1]
