"""A folder for results that is the dataset, holds it, lies in it, or belongs to something else is refused at once."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

import pytest

from kvqa_audit.demo import DemoTruth
from tests.functional.conftest import Program

Drawn = tuple[Path, DemoTruth]


@pytest.fixture
def source(drawn: Drawn, tmp_path: Path) -> Path:
    """A table with a few pictures, in a folder that holds nothing else but a note."""
    folder = tmp_path / "place" / "data"
    (folder / "images").mkdir(parents=True)
    lines = (drawn[0] / "metadata.csv").read_text().splitlines(keepends=True)[:20]
    (folder / "metadata.csv").write_text("".join(lines))
    for picture in sorted((drawn[0] / "images").iterdir())[:2]:
        shutil.copyfile(picture, folder / "images" / picture.name)
    return folder


def digests(folder: Path) -> dict[str, str]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


@pytest.mark.parametrize("out", [".", "images", "audit", "images/audit", "..", "../.."])
@pytest.mark.parametrize("command", ["run", "duplicates", "init"])
def test_out_that_is_in_the_source_or_holds_it_is_refused(
    program: Program, source: Path, tmp_path: Path, out: str, command: str
) -> None:
    before = digests(tmp_path)
    done = program(command, source, "--out", source / out)
    assert done.returncode == 2
    assert "the dataset" in done.stderr
    assert "name a place" in done.stderr
    assert digests(tmp_path) == before


def test_out_beside_a_table_that_is_named_like_an_artifact_is_refused(program: Program, source: Path) -> None:
    for name in ("findings.csv", "report.csv"):
        table = (source / "metadata.csv").rename(source / name)
        before = digests(source)
        done = program("run", table, "--subset", "--table-only", "--out", source)
        assert done.returncode == 2
        assert "holds the dataset" in done.stderr
        assert digests(source) == before
        table.rename(source / "metadata.csv")


def test_out_through_a_link_is_the_folder_it_leads_to(program: Program, source: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(source)
    before = digests(source)
    assert program("run", source, "--out", tmp_path / "link" / "audit").returncode == 2
    assert program("run", tmp_path / "link", "--out", source).returncode == 2
    assert digests(source) == before


@pytest.mark.parametrize("command", ["run", "duplicates", "init", "fix", "demo"])
def test_folder_that_holds_other_things_is_refused(
    program: Program, source: Path, tmp_path: Path, command: str
) -> None:
    out = tmp_path / "mine"
    (out / "dataset").mkdir(parents=True)
    (out / "answers.parquet").write_text("mine")
    (out / "dataset" / "metadata.csv").write_text("mine")
    before = digests(out)
    done = program(command, *([] if command == "demo" else [source]), "--out", out)
    assert done.returncode == 2
    assert "name a new" in done.stderr
    assert digests(out) == before


def test_demo_takes_no_other_dataset_for_its_own(program: Program, audited: Path, tmp_path: Path) -> None:
    out = tmp_path / "demo"
    shutil.copytree(audited, out)
    (out / "dataset").mkdir()
    (out / "dataset" / "metadata.csv").write_text("mine")
    done = program("demo", "--out", out)
    assert done.returncode == 2
    assert "something else than the sample" in done.stderr
    assert (out / "dataset" / "metadata.csv").read_text() == "mine"


def test_an_earlier_audit_is_replaced_and_other_files_beside_it_stay(
    program: Program, source: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    arguments = ("run", source, "--subset", "--table-only", "--out", out)
    assert program(*arguments, "--also", "junit,badge").returncode in (0, 1)
    (out / "notes.txt").write_text("mine")
    done = program(*arguments)
    assert done.returncode in (0, 1)
    assert "removed, as this audit did not write it anew: junit.xml, badge.svg" in done.stdout
    assert not (out / "junit.xml").exists()
    assert (out / "notes.txt").read_text() == "mine"


def test_folder_that_was_made_for_a_run_that_failed_is_gone(program: Program, source: Path, tmp_path: Path) -> None:
    assert program("run", source / "nowhere", "--out", tmp_path / "out").returncode == 2
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("name", ["metadata.csv", "images/x.jpg", "notes.txt", "../out"])
@pytest.mark.parametrize("command", ["run", "fix", "init"])
def test_a_link_that_leads_to_itself_is_told_and_breaks_nothing_off(
    program: Program, source: Path, command: str, name: str
) -> None:
    link = source / name
    link.unlink(missing_ok=True)
    link.symlink_to(link)
    more = () if command == "init" else ("--subset", "--table-only")
    done = program(command, source, "--out", source.parent / "out", *more)
    assert done.returncode in (0, 1, 2)
    assert "Traceback" not in done.stderr
    if "x.jpg" not in name and "notes" not in name:
        assert done.returncode == 2
        assert link.name in done.stderr
