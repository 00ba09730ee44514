"""A table is judged in parts as it is at once: the same findings, whole on disk, and resumed when killed."""

from __future__ import annotations

import csv
import gc
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from kvqa_audit.checks.registry import checks_for
from kvqa_audit.contracts.expectations_in_parts import told_by
from kvqa_audit.demo import DemoTruth
from kvqa_audit.engine.local import LocalPool
from kvqa_audit.errors import SourceError
from kvqa_audit.ingest.table_in_parts import part_table
from kvqa_audit.model import OutcomeStatus
from kvqa_audit.pipeline.judge_in_parts import JudgedInParts
from kvqa_audit.pipeline.judge_part import PartTask, judge_part
from kvqa_audit.spec.dataset_spec import DatasetSpec
from kvqa_audit.spec.load import load_spec
from tests import parts_of_a_table
from tests.functional.conftest import Program
from tests.parts_of_a_table import Found, at_once, found_in, on_disk
from tests.processes import wait_until

ROWS_A_PART = 300
COPIES = 2


@pytest.fixture(scope="module")
def table(drawn: tuple[Path, DemoTruth], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The rows of the demo dataset with all their defects, some times over, and as many of other kinds as there are."""
    with (drawn[0] / "metadata.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    rows = [{**row, "img_id": f"{row['img_id']}-{n}" if row["img_id"] else ""} for n in range(COPIES) for row in rows]
    for number, row in enumerate(rows):
        row["split"] = "test" if number % 7 == 0 else "train"
        row["note"] = "x"
        if number % 31 == 0:
            row["img_id"] = f" {row['img_id']}\t"
        if number % 37 == 0:
            row["answer"] = row["answer"].upper()
        if number % 53 == 0:
            row["source"] = "Polyps"
        if number % 41 == 0:
            row["question"] = ""
    rows += [{**row, "answer": f"{row['answer']} "} for row in rows[::13]]
    rows += [{**row, "answer": "other"} for row in rows[::17]]
    path = tmp_path_factory.mktemp("large") / "rows.parquet"
    pq.write_table(pa.Table.from_pylist(rows[::2] + rows[1::2]), path)
    return path


def in_parts(path: Path, out: Path, spec: DatasetSpec | None = None, rows_a_part: int = ROWS_A_PART) -> JudgedInParts:
    with LocalPool(1) as pool:
        return parts_of_a_table.in_parts(path, spec or without_promises(), out, pool, rows_a_part)


def without_promises() -> DatasetSpec:
    """Spares a test the import of Great Expectations in each of its processes."""
    return load_spec().model_copy(update={"promises": []})


@pytest.fixture(scope="module")
def judged(table: Path, tmp_path_factory: pytest.TempPathFactory) -> JudgedInParts:
    """The table, judged in parts; tests that change its files work on a copy."""
    return in_parts(table, tmp_path_factory.mktemp("judged"), load_spec())


@pytest.fixture(scope="module")
def whole(table: Path) -> Found:
    """The outcomes and findings of the table, judged at once."""
    return at_once(table, load_spec())


def test_the_findings_are_those_of_the_whole_table(judged: JudgedInParts, whole: Found) -> None:
    outcomes, findings = whole
    assert judged.table.parts > 3
    assert found_in(judged) == whole
    found = {finding["check"] for finding in findings}
    assert found >= {"KV001", "KV003", "KV004", "KV008", "KV011", "KV012", "KV014", "KV015", "KV409", "KV412", "KV402"}
    assert {code[:5] for code in found} >= {"KV30-", "KV02-"}
    assert any(one.outcome is OutcomeStatus.PASSED for code, one in outcomes.items() if code.startswith("KV02-"))
    assert sum(judged.counts.values()) == len(list(on_disk(judged)))
    assert [path.name for path in judged.folder.parent.iterdir()] == ["findings"]


def test_every_check_is_judged_or_named(judged: JudgedInParts) -> None:
    told = [one.code for one in judged.outcomes]
    assert len(told) == len(set(told))
    assert set(told) | judged.not_judged.keys() == {check.code for check in checks_for(load_spec())}
    assert not set(told) & judged.not_judged.keys()
    assert judged.not_judged["KV016"] == "hold each row against all others"
    assert judged.not_judged["KV101"] == "need the pictures"


def test_a_part_that_was_judged_is_not_judged_again(table: Path, judged: JudgedInParts, tmp_path: Path) -> None:
    files = sorted(Path(shutil.copytree(judged.folder, tmp_path / "findings")).iterdir())
    files[3].unlink()
    before = {path: path.stat().st_mtime_ns for path in files if path.exists()}
    again = in_parts(table, tmp_path, load_spec())
    assert {path: path.stat().st_mtime_ns for path in before} == before
    assert sorted(again.folder.iterdir()) == files
    assert found_in(again) == found_in(judged)
    assert again.counts == judged.counts
    # Another description is another question; what answered the first one goes.
    other = in_parts(table, tmp_path)
    assert not set(other.folder.iterdir()) & set(files)


def test_the_rows_of_a_judged_part_go_before_the_next(table: Path, tmp_path: Path) -> None:
    """Also where the collector comes seldom, as in the processes that parts are judged in."""
    spec = load_spec()
    promise = next(promise for promise in spec.promises if told_by(promise) == "parts")
    spec = spec.model_copy(update={"promises": [promise], "rules": []})
    parted = part_table(table, spec.columns, tmp_path, 200, ROWS_A_PART)
    gc.disable()
    try:
        first, second = (
            summary
            for number in (0, 1)
            for summary in judge_part(PartTask(number, parted, tmp_path / f"{number}.parquet"), frozenset(), spec, None)
        )
        held = {len(one) for one in gc.get_objects() if type(one) is pd.DataFrame}
    finally:
        gc.enable()
    assert first.cells[promise.id, "parts"] == second.cells[promise.id, "parts"] == 1
    assert first.rows != second.rows
    assert first.rows not in held


def test_a_table_in_which_every_row_is_wrong_is_told_whole(tmp_path: Path) -> None:
    rows = 3_000
    wrong = {"source": "no such", "question": " what? ", "answer": ""}
    pq.write_table(
        pa.table(
            {name: [text] * rows for name, text in wrong.items()} | {"img_id": [f"i{n // 9}" for n in range(rows)]}
        ),
        tmp_path / "bad.parquet",
    )
    judged = in_parts(tmp_path / "bad.parquet", tmp_path / "out", rows_a_part=500)
    by_check: dict[str, set[int]] = {}
    for finding in on_disk(judged):
        by_check.setdefault(finding["check"], set()).add(finding["row"])
    assert all(by_check[code] == set(range(rows)) for code in ("KV004", "KV005", "KV006", "KV015"))


def test_a_killed_run_goes_on(table: Path, whole: Found, tmp_path: Path) -> None:
    out = tmp_path / "out"
    call = "import sys; from pathlib import Path; from tests.functional.test_table_in_parts import in_parts; "
    command = [sys.executable, "-c", f"{call} in_parts(Path(sys.argv[1]), Path(sys.argv[2]))", str(table), str(out)]
    with subprocess.Popen(command) as process:
        wait_until(lambda: process.poll() is not None or any((out / "findings").glob("*.parquet")))
        process.send_signal(signal.SIGKILL)
    assert process.returncode == -signal.SIGKILL, "it was done before it could be killed"
    before = {path: path.stat().st_mtime_ns for path in (out / "findings").glob("*.parquet")}
    assert before
    again = in_parts(table, out)
    assert {path: path.stat().st_mtime_ns for path in before} == before
    of_promises = {code for code in whole[0] if code.startswith("KV02-")}
    assert found_in(again)[1] == [finding for finding in whole[1] if finding["check"] not in of_promises]


def test_the_command_says_where_all_findings_are_and_what_was_not_judged(
    table: Path, tmp_path: Path, program: Program
) -> None:
    out = tmp_path / "out"
    done = program("check", table, "--spec", "kvasir-vqa", "--in-parts", out)
    assert done.returncode == 1, done.stderr
    assert "not judged in parts: KV016, KV017, KV018, KV405" in done.stdout
    assert "which need the pictures" in done.stdout
    assert f"findings: {out / 'findings'}" in done.stdout.replace("\n", "")
    refused = program("check", table, "--in-parts", out)
    assert refused.returncode == 2
    assert "--in-parts needs --spec" in refused.stderr


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ({"img_id": [1.5], "question": ["q"], "answer": ["a"], "source": ["s"]}, "'img_id' holds double"),
        ({"img_id": [["a"]], "question": ["q"], "answer": ["a"], "source": ["s"]}, "'img_id' holds list"),
        ({"other": ["a"]}, "names none of the columns"),
    ],
)
def test_what_cannot_be_judged_in_parts_is_told(columns: dict[str, Any], said: str, tmp_path: Path) -> None:
    pq.write_table(pa.table(columns), tmp_path / "t.parquet")
    with pytest.raises(SourceError, match=said):
        in_parts(tmp_path / "t.parquet", tmp_path / "out")
    (tmp_path / "t.csv").write_text("a,b\n")
    with pytest.raises(SourceError, match="only one Parquet file can be judged in parts"):
        in_parts(tmp_path / "t.csv", tmp_path / "out")
