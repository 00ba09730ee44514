"""An audit folder that somebody changed is never judged ready: what was changed is named, and the exit code is 2."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from kvqa_audit.answers.association import Association
from kvqa_audit.answers.distributions import QuestionProfile
from kvqa_audit.artifacts.folder import read_artifacts
from kvqa_audit.artifacts.record import schema
from kvqa_audit.errors import ArtifactError
from tests.functional.conftest import Program

Record = dict[str, Any]
Change = Callable[[Record], object]


@pytest.fixture
def folder(audited: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(audited, tmp_path / "audit"))


def rewritten(folder: Path, change: Change) -> None:
    path = folder / "audit.json"
    record = json.loads(path.read_text())
    change(record)
    path.write_text(json.dumps(record))


def replaced(folder: Path, change: Callable[[pa.Table], pa.Table], *, version: int, honest: bool = False) -> None:
    """Changes findings.parquet; an `honest` forger changes its digest and its number of rows in audit.json as well."""
    path = folder / "findings.parquet"
    table = change(pq.read_table(path))
    pq.write_table(table, path)

    def tell(record: Record) -> None:
        record["schema_version"] = version
        if version == 1:
            del record["files"]
        elif honest:
            digest = hashlib.sha256(path.read_bytes()).hexdigest()
            record["files"]["findings.parquet"] = {"sha256": digest, "rows": table.num_rows}

    rewritten(folder, tell)


def of_another_check(table: pa.Table) -> pa.Table:
    codes = pa.array(["KV999"] * table.num_rows)
    return table.set_column(table.schema.get_field_index("check"), "check", codes)


@pytest.mark.parametrize("change", [lambda table: table.slice(0, 0), lambda table: table.slice(1), of_another_check])
@pytest.mark.parametrize(("version", "honest"), [(1, False), (2, False), (2, True)])
def test_findings_that_were_taken_out_or_renamed_are_noticed(
    program: Program, folder: Path, change: Callable[[pa.Table], pa.Table], version: int, honest: bool
) -> None:
    replaced(folder, change, version=version, honest=honest)
    for command in ("gate", "report", "review"):
        done = program(command, folder)
        assert done.returncode == 2, command
        assert "audit the dataset again" in done.stderr
        assert "Ready" not in done.stdout


@pytest.mark.parametrize("name", ["findings", "duplicates", "fingerprints", "profile", "answers"])
def test_every_file_that_is_read_has_to_be_the_recorded_one(folder: Path, name: str) -> None:
    path = folder / f"{name}.parquet"
    table = pq.read_table(path)
    pq.write_table(table, path, compression="gzip")
    with pytest.raises(ArtifactError, match=rf"{name}\.parquet: is not the file that audit\.json tells of"):
        read_artifacts(folder)
    path.unlink()
    with pytest.raises(ArtifactError, match=rf"{name}\.parquet: is missing"):
        read_artifacts(folder)


@pytest.mark.parametrize("name", ["fingerprints", "profile"])
def test_rows_of_an_honest_forger_without_values_are_told(program: Program, folder: Path, name: str) -> None:
    path = folder / f"{name}.parquet"
    schema = pq.read_schema(path)
    pq.write_table(pa.table([pa.nulls(1, kind) for kind in schema.types], schema=schema), path)
    about = {"sha256": hashlib.sha256(path.read_bytes()).hexdigest(), "rows": 1}
    rewritten(folder, lambda record: record["files"].update({path.name: about}))
    for command in ("gate", "report"):
        done = program(command, folder)
        assert done.returncode == 2
        assert f"{name}.parquet has a row without" in done.stderr


CHANGES: dict[str, Change] = {
    "no list of checks": lambda r: r.update(checks={}),
    "a check that is text": lambda r: r.update(checks=["KV001"]),
    "an unknown outcome": lambda r: r["checks"][0].update(outcome="good"),
    "an unknown severity": lambda r: r["checks"][0].update(severity="none"),
    "a count that is text": lambda r: r["checks"][0].update(violations="0"),
    "no findings counted": lambda r: [check.update(outcome="passed", violations=0) for check in r["checks"]],
    "a check without its words": lambda r: r["metrics"]["checks"].popitem(),
    "no metrics": lambda r: r.update(metrics=None),
    "a metric of another type": lambda r: r["metrics"].update(profile={"a": 1}),
    "an entry of another type": lambda r: r["metrics"]["profile"][0].update(rows="many"),
    "sources that are a list": lambda r: r["metrics"].update(sources=["a"]),
    "distances that are no numbers": lambda r: r["metrics"].update(nearest_distance_bits={"x": 1}),
    "decisions that are a text": lambda r: r["metrics"].update(decisions="none"),
    "a dataset without digest": lambda r: r["dataset"].pop("digest"),
    "a location that is a number": lambda r: r["dataset"].update(location=1),
    "an exit code that there is not": lambda r: r.update(exit_code=7),
    "a file that is not told of": lambda r: r["files"].pop("findings.parquet"),
    "no files": lambda r: r.pop("files"),
    "a version that is text": lambda r: r.update(schema_version="2"),
    "a version that is a list": lambda r: r.update(schema_version=[]),
}


@pytest.mark.parametrize("what", CHANGES)
def test_record_that_does_not_fit_the_schema_is_refused_in_words(program: Program, folder: Path, what: str) -> None:
    rewritten(folder, CHANGES[what])
    with pytest.raises(ArtifactError, match="audit the dataset again"):
        read_artifacts(folder)
    done = program("gate", folder)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("text", ["", "[]", "null", "{", "[" * 100_000, '{"a": NaN}', "\xff", "1" * 10_000])
def test_record_that_is_no_record_is_refused_and_the_list_of_audits_survives_it(
    program: Program, folder: Path, text: str
) -> None:
    shutil.copytree(folder, folder.parent / "good")
    (folder / "audit.json").write_bytes(text.encode("latin-1"))
    for command in ("gate", "report"):
        assert program(command, folder).returncode == 2
    done = program("index", folder.parent)
    assert done.returncode == 2
    assert "1 audits listed" in done.stdout
    assert "audit/audit.json is not listed" in done.stderr
    assert "Traceback" not in done.stderr


def test_schema_names_the_fields_of_what_is_measured() -> None:
    metrics = schema()["properties"]["metrics"]["properties"]
    for name, record in (("profile", QuestionProfile), ("association", Association)):
        assert set(metrics[name]["items"]["properties"]) == {one.name for one in fields(record)}
