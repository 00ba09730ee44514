"""Runs are kept by the program as a user calls it: one after the other, at once, in a file and on a server."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest

import kvqa_audit
from kvqa_audit.artifacts.folder import read_artifacts
from kvqa_audit.store.runs import RunStore
from tests.functional.conftest import Program


@pytest.fixture(scope="module")
def second_version(few: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The table with one answer repaired and one spoiled."""
    lines = (few / "metadata.csv").read_text(encoding="utf-8").splitlines(keepends=True)
    lines.append('Polyps,Is there text?,"not an answer",demo_polyps_01\n')
    path = tmp_path_factory.mktemp("second") / "metadata.csv"
    path.write_text("".join(lines), encoding="utf-8")
    return path


def test_two_versions_are_kept_listed_and_compared(
    program: Program, few: Path, second_version: Path, absent_place: str, tmp_path: Path
) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    table = few / "metadata.csv"
    done = program("run", table, "--table-only", "--out", first, "--store", absent_place, "--baseline", "latest")
    assert done.returncode == 1, done.stderr
    assert "stored: run " in done.stdout
    assert "since " not in done.stdout
    assert "baseline" not in read_artifacts(first).metrics
    done = program(
        "run", second_version, "--table-only", "--out", second, "--store", absent_place, "--baseline", "latest"
    )
    assert done.returncode == 1, done.stderr
    before, after = read_artifacts(first), read_artifacts(second)
    told = after.metrics["baseline"]
    assert told["run_id"] == before.run_id
    assert told["new_by_severity"]["error"] >= 1
    spoiled = {f.key for f in after.findings if f.check == "KV008" and f.answer == "not an answer"}
    assert spoiled
    assert spoiled <= set(told["new_keys"])
    assert f"{told['new']} new, {told['resolved']} resolved, {told['still_open']} still open" in done.stdout

    listed = json.loads(program("runs", "--store", absent_place, "--json").stdout)
    assert [(run["id"], run["number"], run["rows"]) for run in listed] == [
        (before.run_id, 1, before.dataset.rows),
        (after.run_id, 2, after.dataset.rows),
    ]
    assert (listed[1]["new"], listed[1]["resolved"]) == (told["new"], told["resolved"])
    assert "not ready" in program("runs", "--store", absent_place).stdout

    # The runs of the store and the folders tell the same.
    of_runs = program("compare", before.run_id[:12], after.run_id, "--store", absent_place, "--format", "json")
    of_folders = program("compare", first, second, "--format", "json")
    assert of_runs.returncode == of_folders.returncode == 1, of_runs.stderr
    assert json.loads(of_runs.stdout) == json.loads(of_folders.stdout)


def test_two_runs_at_once_are_both_kept(undescribed: Path, absent_place: str, tmp_path: Path) -> None:
    environment = {**os.environ, "KVQA_AUDIT_STORE": absent_place}
    command = [sys.executable, "-m", "kvqa_audit", "run", str(undescribed / "metadata.csv"), "--table-only", "--quiet"]
    processes = [
        subprocess.Popen([*command, "--out", str(tmp_path / name)], env=environment, stderr=subprocess.PIPE, text=True)
        for name in ("one", "other")
    ]
    ends = [(process.communicate(timeout=300)[1], process.returncode) for process in processes]
    assert [(told.count("\n"), "Not ready" in told, code) for told, code in ends] == [(1, True, 1)] * 2
    with RunStore(absent_place, make=False) as store:
        last_two = store.runs()[-2:]
    assert {run.id for run in last_two} == {read_artifacts(tmp_path / name).run_id for name in ("one", "other")}
    assert (last_two[1].new, last_two[1].resolved) == (0, 0)


def test_baseline_may_be_a_folder_and_the_record_keeps_the_contract(
    program: Program, few: Path, few_audited: Path, tmp_path: Path
) -> None:
    done = program(
        "run", few / "metadata.csv", "--subset", "--table-only", "--out", tmp_path, "--baseline", few_audited
    )
    assert done.returncode == 1, done.stderr
    record = json.loads((tmp_path / "audit.json").read_text())
    schema = json.loads((Path(kvqa_audit.__file__).parent / "audit.schema.json").read_text())
    jsonschema.validate(record, schema, format_checker=jsonschema.FormatChecker())
    told = record["metrics"]["baseline"]
    # No image was looked at: what was found about images is not taken for resolved.
    skipped = {check["code"] for check in record["checks"] if check["outcome"] == "skipped"}
    assert {"KV103", "KV201"} <= skipped
    assert told["not_judged"] == sum(finding.check in skipped for finding in read_artifacts(few_audited).findings)
    assert record["metrics"]["subset"] is True


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["runs"], "no store was named: give --store, or set KVQA_AUDIT_STORE"),
        (["runs", "--store", "missing.sqlite"], "there is no such store"),
        (["run", "x.csv", "--baseline", "abcd1234"], "names a stored run, but no store"),
        (["run", "x.csv", "--baseline", "latest"], "names a stored run, but no store"),
        (["run", "x.csv", "--baseline", "."], "is neither the folder of a finished audit"),
        (["run", "x.csv", "--store", "x.csv"], "is no store, or is damaged"),
    ],
)
def test_usage_errors_are_told_before_the_work(
    program: Program, tmp_path: Path, arguments: list[str], words: str
) -> None:
    (tmp_path / "x.csv").write_text("source,question,answer,img_id\n" * 20)
    done = program(*arguments, cwd=tmp_path)
    assert done.returncode == 2
    assert words in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "reports" / "latest" / "audit.json").exists()


def test_project_keeps_its_own_series_and_a_changed_store_is_told(
    program: Program, few: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import sqlite3

    place, command = (
        tmp_path / "runs.sqlite",
        ("run", few / "metadata.csv", "--table-only", "--out", tmp_path / "o"),
    )
    assert program(*command, "--store", place, "--project", "gastro").returncode == 1
    monkeypatch.setenv("KVQA_AUDIT_PROJECT", "surgery")
    assert program(*command, "--store", place, "--baseline", "latest").returncode == 1
    assert "baseline" not in read_artifacts(tmp_path / "o").metrics
    (mine,) = json.loads(program("runs", "--store", place, "--json").stdout)
    monkeypatch.delenv("KVQA_AUDIT_PROJECT")
    everything = json.loads(program("runs", "--store", place, "--json").stdout)
    assert [(run["project"], run["number"], run["state"]) for run in everything] == [
        ("gastro", 1, "finished"),
        ("surgery", 1, "finished"),
    ]
    assert mine == everything[1]
    assert mine["location"] == str(few / "metadata.csv")
    assert mine["started_at"].endswith("+00:00")
    with sqlite3.connect(place) as database:
        database.execute("UPDATE runs SET errors = 'y'")
    database.close()
    for arguments in (("runs", "--store", place), (*command, "--store", place, "--project", "gastro")):
        done = program(*arguments)
        assert (done.returncode, "table runs, column errors: holds 'y'" in done.stderr) == (2, True), done.stderr


def test_run_that_breaks_off_is_listed_as_failed(program: Program, tmp_path: Path) -> None:
    named = ("--spec", "kvasir-vqa", "--store", tmp_path / "runs.sqlite")
    done = program("run", tmp_path / "missing.csv", *named)
    assert done.returncode == 2
    (run,) = json.loads(program("runs", "--store", tmp_path / "runs.sqlite", "--json").stdout)
    assert (run["state"], run["verdict"]) == ("failed", None)
    assert "does not exist" in run["reason"]
    assert "failed" in program("runs", "--store", tmp_path / "runs.sqlite").stdout


def test_newer_store_is_refused_before_the_work(program: Program, few: Path, tmp_path: Path) -> None:
    import sqlite3

    place = tmp_path / "runs.sqlite"
    with RunStore(str(place)):
        pass
    with sqlite3.connect(place) as database:
        database.execute("UPDATE alembic_version SET version_num = '7777'")
    database.close()
    done = program("run", few, "--out", tmp_path / "out", "--store", place)
    assert done.returncode == 2
    assert "was written by a newer kvqa-audit" in done.stderr
    assert not (tmp_path / "out" / "audit.json").exists()
