"""What a curator did to a dataset is what `compare` tells, from datasets, from folders, and without the newer files."""

from __future__ import annotations

import csv
import json
import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest

from kvqa_audit.demo import DemoTruth
from tests.functional.conftest import Program

HOSTILE = "<script>window.__ran = 1</script>"


@dataclass(frozen=True)
class Second:
    """The second version of the demo dataset, its audit, and what was done to it."""

    dataset: Path
    audit: Path
    renamed: str
    removed: str
    changed: str
    rows_of_the_removed: int


@pytest.fixture(scope="module")
def second(drawn: tuple[Path, DemoTruth], program: Program, tmp_path_factory: pytest.TempPathFactory) -> Second:
    """One image renamed, one removed with its rows, one answer changed, one row added without its image."""
    folder = tmp_path_factory.mktemp("second")
    dataset = folder / "dataset"
    shutil.copytree(drawn[0], dataset)
    with (dataset / "metadata.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    renamed, removed, changed = "demo_colitis_06", "demo_colitis_09", "demo_colitis_01"
    kept = [row for row in rows if row["img_id"] != removed]
    (dataset / "images" / f"{removed}.jpg").unlink()
    (dataset / "images" / f"{renamed}.jpg").rename(dataset / "images" / "new name.jpg")
    for row in kept:
        row["img_id"] = "new name" if row["img_id"] == renamed else row["img_id"]
    next(row for row in kept if row["img_id"] == changed)["answer"] = HOSTILE
    kept.insert(0, {**kept[-1], "img_id": "ghost"})
    with (dataset / "metadata.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, rows[0].keys())
        writer.writeheader()
        writer.writerows(kept)
    done = program("run", dataset, "--subset", "--out", folder / "audit")
    assert done.returncode == 1, done.stderr
    return Second(dataset, folder / "audit", renamed, removed, changed, len(rows) - len(kept) + 1)


def test_everything_that_was_done_is_told_and_nothing_else(program: Program, audited: Path, second: Second) -> None:
    done = program("compare", audited, second.audit, "--format", "json")
    assert done.returncode == 1, done.stderr
    told = json.loads(done.stdout)
    rows, images = told["rows"], told["images"]
    assert images["renamed"] == [{"before": second.renamed, "after": "new name", "same": "bytes"}]
    assert (images["removed"], images["added"], images["changed"]) == ([second.removed], [], [])
    assert [(row["img_id"], row["number"]) for row in rows["added"]] == [("ghost", 0)]
    assert {row["img_id"] for row in rows["removed"]} == {second.removed}
    assert len(rows["removed"]) == second.rows_of_the_removed
    assert [(one["img_id"], one["after"]["answer"]) for one in rows["changed"]] == [(second.changed, HOSTILE)]
    new = told["findings"]["new"]
    assert ("KV101", "ghost") in [(finding["check"], finding["img_id"]) for finding in new]
    assert ("KV008", second.changed) in [(finding["check"], finding["img_id"]) for finding in new]
    assert "new name" not in {
        finding["img_id"] for finding in new if finding["check"].startswith(("KV0", "KV1", "KV2"))
    }
    assert told["notes"] == []


def test_same_audit_twice_is_no_change(program: Program, audited: Path) -> None:
    done = program("compare", audited, audited)
    assert done.returncode == 0, done.stderr
    assert "Nothing changed in the data: 0 new, 0 resolved" in done.stdout
    assert "\x1b" not in done.stdout


def test_gate_decides_about_the_exit_code(program: Program, audited: Path, second: Second) -> None:
    assert program("compare", audited, second.audit, "--gate", "never", "--quiet").returncode == 0
    quiet = program("compare", audited, second.audit, "--gate", "warning", "--quiet")
    assert (quiet.returncode, quiet.stdout, quiet.stderr) == (1, "", "")
    # Back again the spoiled answer is gone, and what is new is no error.
    back = json.loads(program("compare", second.audit, audited, "--format", "json").stdout)
    assert [f for f in back["findings"]["resolved"] if f["check"] == "KV008"]


def test_datasets_are_audited_on_the_fly(
    program: Program, drawn: tuple[Path, DemoTruth], audited: Path, second: Second
) -> None:
    fresh = json.loads(program("compare", drawn[0], second.dataset, "--subset", "--format", "json").stdout)
    read = json.loads(program("compare", audited, second.audit, "--format", "json").stdout)
    for part in ("rows", "images", "findings", "checks", "answers", "image_measures", "notes", "exit_code"):
        assert fresh[part] == read[part], part


def test_folder_of_an_earlier_version_is_compared_as_far_as_it_goes(
    program: Program, audited: Path, second: Second, tmp_path: Path
) -> None:
    shutil.copytree(audited, tmp_path / "older")
    (tmp_path / "older" / "answers.parquet").unlink()
    record = json.loads((tmp_path / "older" / "audit.json").read_text())
    del record["verdict"], record["files"]
    (tmp_path / "older" / "audit.json").write_text(json.dumps({**record, "schema_version": 1}))
    told = json.loads(program("compare", tmp_path / "older", second.audit, "--format", "json").stdout)
    assert told["rows"] is None
    assert told["images"]["renamed"]
    assert told["answers"]
    assert "there is no answers.parquet in the first audit" in told["notes"][0]


def test_markdown_and_page_show_hostile_text_as_text(
    program: Program, audited: Path, second: Second, tmp_path: Path
) -> None:
    done = program("compare", audited, second.audit, "--format", "markdown", "--out", tmp_path / "changes.html")
    assert done.returncode == 1, done.stderr
    assert done.stdout.startswith("# Changes of Kvasir-VQA\n")
    assert "<script" not in done.stdout
    assert "&lt;script&gt;window.\\_\\_ran" in done.stdout
    page = (tmp_path / "changes.html").read_text(encoding="utf-8")
    assert "<script" not in page
    assert "&lt;script&gt;window.__ran = 1&lt;/script&gt;" in page
    assert "Content-Security-Policy" in page


def test_usage_errors_exit_with_2(program: Program, audited: Path, tmp_path: Path) -> None:
    assert program("compare", audited).returncode == 2
    assert program("compare", audited, audited, "--format", "pdf").returncode == 2
    for missing in (tmp_path / "nowhere", "abcd1234"):
        done = program("compare", audited, missing)
        assert done.returncode == 2
        assert str(missing) in done.stderr
        assert "Traceback" not in done.stderr
