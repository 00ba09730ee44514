"""Inputs that people reported to fail in programs like this one: each is read, and told for what it is."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from tests.functional.conftest import Program

# What tells of the whole dataset, and of its licence, in a folder of three rows.
OF_THE_WHOLE = ("KV02-", "KV604")


@dataclass(frozen=True)
class Audited:
    """What an audit of one input says: its record, and its findings, but for those about the whole dataset."""

    record: dict[str, Any]
    findings: list[dict[str, Any]]

    @property
    def codes(self) -> Counter[str]:
        return Counter(finding["check"] for finding in self.findings)

    def of(self, code: str) -> list[dict[str, Any]]:
        return [finding for finding in self.findings if finding["check"] == code]


Made = Callable[..., Path]


@pytest.fixture
def made(shared: Path, tmp_path: Path) -> Made:
    """Makes the input of a script, `made("name", "variant")`, in a folder of its own."""

    def make(script: str, *variant: str) -> Path:
        path = shared / "cases" / f"{script}.py"
        if not path.is_file():
            pytest.skip("the scripts that make these inputs are not beside this checkout")
        folder = tmp_path / "data"
        subprocess.run([sys.executable, path, folder, *variant], check=True, capture_output=True, cwd=path.parent)
        return folder

    return make


def audit(program: Program, source: Path, *more: str | Path) -> Audited:
    out = source.parent / "out"
    done = program("run", source, "--out", out, "--no-images", "--no-cache", *more)
    assert done.returncode in (0, 1), done.stderr
    found = pq.read_table(out / "findings.parquet").to_pylist()
    record = json.loads((out / "audit.json").read_text(encoding="utf-8"))
    assert not [check["code"] for check in record["checks"] if check["outcome"] == "errored"]
    return Audited(record, [finding for finding in found if not finding["check"].startswith(OF_THE_WHOLE)])


def described(program: Program, source: Path) -> tuple[str, Path]:
    """What `init` prints, and the description that it wrote."""
    spec = source.parent / "spec"
    done = program("init", source, "--out", spec)
    assert done.returncode == 0, done.stderr
    return done.stdout, spec


def test_side_files_of_a_system_are_left_out_and_counted(program: Program, made: Made) -> None:
    seen = audit(program, made("appledouble"))
    assert seen.codes == {}
    assert (
        "3 of 3 ids match a file; 3 side files of operating systems were left out" in seen.record["dataset"]["reader"]
    )
    assert seen.record["dataset"]["images"] == 3


def test_pictures_that_viewers_turn_are_told_and_compared_both_ways(program: Program, made: Made) -> None:
    seen = audit(program, made("exif_orientation"))
    assert {one["img_id"] for one in seen.of("KV123")} == {"alone_with_tag", "turned_by_tag"}
    assert "viewers show them turned" in seen.of("KV202")[0]["message"]
    assert seen.codes == {"KV123": 2, "KV202": 1, "KV204": 1}


@pytest.mark.parametrize("way", ["map", "shuffle"])
@pytest.mark.filterwarnings("default")
def test_only_the_files_of_a_saved_dataset_are_its_rows(program: Program, made: Made, way: str) -> None:
    folder = made("init_arrow_cache", way)
    told, spec = described(program, folder)
    assert "50 rows, 50 images" in told
    assert "YES" not in (spec / "dataset.yaml").read_text(encoding="utf-8")
    assert audit(program, folder, "--spec", spec).record["dataset"]["rows"] == 50


def test_rows_with_a_cell_too_many_are_counted_named_and_break_nothing_else(program: Program, made: Made) -> None:
    folder = made("init_drops_rows")
    told, spec = described(program, folder)
    assert "50 rows" in told
    assert "(line 5); 9 more like it" in told
    seen = audit(program, folder, "--spec", spec)
    assert seen.record["dataset"]["rows"] == 50
    assert seen.codes == {"KV002": 10}


def test_a_first_row_with_a_cell_too_many_shifts_no_column(program: Program, made: Made) -> None:
    folder = made("init_first_row_ragged")
    told, spec = described(program, folder)
    assert "50 rows, 49 images" in told
    assert "question: column 'question'" in told
    assert "Polyps" not in (spec / "dataset.yaml").read_text(encoding="utf-8")
    assert audit(program, folder, "--spec", spec).codes == {"KV002": 1}


def test_words_that_yaml_takes_for_others_stay_words(program: Program, made: Made) -> None:
    folder = made("init_yaml_words")
    _, spec = described(program, folder)
    assert audit(program, folder, "--spec", spec).codes == {}


def test_damage_inside_a_picture_that_ends_properly_is_found(program: Program, made: Made) -> None:
    seen = audit(program, made("jpeg_damaged_inside"))
    assert {one["img_id"] for one in seen.of("KV104")} == {"half", "zeroed"}
    assert seen.codes == {"KV104": 2}


def test_pointers_in_place_of_pictures_are_one_finding(program: Program, made: Made) -> None:
    seen = audit(program, made("lfs_pointers"))
    assert seen.codes == {"KV122": 1}
    assert "git lfs pull" in seen.findings[0]["suggestion"]


@pytest.mark.parametrize("kind", ["table", "parquet"])
@pytest.mark.parametrize("command", ["run", "init", "check"])
def test_a_pointer_in_place_of_a_table_is_told(program: Program, made: Made, kind: str, command: str) -> None:
    folder = made("lfs_pointers", kind)
    more = () if command == "check" else ("--out", folder.parent / "out")
    done = program(command, folder, *more)
    assert (done.returncode, "git lfs pull" in " ".join(done.stderr.split())) == (2, True)


@pytest.mark.parametrize("encoding", ["cp1252", "ascii", "utf-8"])
def test_a_narrow_output_changes_neither_findings_nor_exit_code(
    process: Program, variables: dict[str, str], made: Made, monkeypatch: pytest.MonkeyPatch, encoding: str
) -> None:
    monkeypatch.setenv("PYTHONIOENCODING", encoding)
    done = process("check", made("narrow_output_encoding") / "metadata.csv", "--spec", "kvasir-vqa")
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "5 mm" in done.stdout


@pytest.mark.parametrize(("kind", "how"), [("semicolon", "semicolons"), ("tab", "tabs"), ("sepline", "commas")])
def test_what_spreadsheets_save_is_read(program: Program, made: Made, kind: str, how: str) -> None:
    seen = audit(program, made("other_separators", kind))
    assert f"{how} between cells" in seen.record["dataset"]["reader"]
    assert seen.codes == {}


def test_a_picture_that_is_stored_in_a_later_row_is_found(program: Program, made: Made) -> None:
    seen = audit(program, made("picture_not_in_the_first_row"))
    assert (seen.record["dataset"]["images"], seen.codes) == (4, {})


def test_the_same_name_in_many_folders_names_as_many_pictures(program: Program, made: Made) -> None:
    seen = audit(program, made("same_name_in_subfolders"))
    assert (seen.record["dataset"]["images"], seen.codes) == (5, {})
    assert "5 of 5 ids match a file" in seen.record["dataset"]["reader"]


def test_pictures_without_structure_are_counted_as_not_judged(program: Program, made: Made) -> None:
    seen = audit(program, made("soft_copies"))
    copies = [{f"sharp{n}", f"sharp{n}_again", f"sharp{n}_mirrored"} for n in range(3)]
    assert [set(one["related"]) for one in seen.of("KV204")] == copies
    assert any("9 of 18 pictures hold too little structure" in note for note in seen.record["metrics"]["notes"])
