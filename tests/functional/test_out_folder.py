"""A folder for results that is the dataset, holds it, lies in it, or belongs to something else is refused at once."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from kvqa_audit.demo import DemoTruth
from tests.functional.conftest import Program

Drawn = tuple[Path, DemoTruth]
# Calls the program, which stops where it is about to make the first file or folder in the folder named first.
STOPPED_WHERE_IT_WRITES = """
import os, signal, sys

out, stopped = sys.argv.pop(1), []

def stop(event, arguments):
    if event in ("open", "os.mkdir") and str(arguments[0]).startswith(f"{out}{os.sep}") and not stopped:
        stopped.append(event)
        os.kill(os.getpid(), signal.SIGSTOP)

sys.addaudithook(stop)
from kvqa_audit.__main__ import main
main()
"""


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


@pytest.mark.parametrize("pages_of_another_report", [False, True])
@pytest.mark.parametrize("command", ["run", "report"])
def test_pages_are_never_written_nor_removed_where_a_link_leads(
    program: Program, source: Path, tmp_path: Path, command: str, pages_of_another_report: bool
) -> None:
    out, others = tmp_path / "out", tmp_path / "others"
    run = ("run", source, "--subset", "--table-only", "-q", "--out")
    assert program(*run, out).returncode in (0, 1)
    if pages_of_another_report:
        assert program(*run, others, "--pages").returncode in (0, 1)
        others /= "report"
    else:
        others.mkdir()
        (others / "index.html").write_text("mine")
    (out / "report").symlink_to(others)
    before = digests(others)
    words: tuple[str | Path, ...] = (*run, out) if command == "run" else ("report", out)
    refused = program(*words, "--pages")
    assert refused.returncode == 2
    assert f"{out / 'report'}: is a link" in refused.stderr
    assert program(*words).returncode in (0, 1)
    assert digests(others) == before


def test_pages_of_a_run_take_no_folder_of_others(program: Program, source: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    words = ("run", source, "--subset", "--table-only", "-q", "--out", out)
    assert program(*words).returncode in (0, 1)
    (out / "report").mkdir()
    (out / "report" / "index.html").write_text("mine")
    before = digests(out)
    refused = program(*words, "--pages")
    assert refused.returncode == 2
    assert "report: holds other things than the pages of a report" in refused.stderr
    assert digests(out) == before


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


def test_of_two_runs_into_one_folder_one_is_refused_and_the_files_are_all_of_the_other(
    program: Program, source: Path, variables: dict[str, str], tmp_path: Path
) -> None:
    other, out = tmp_path / "other", tmp_path / "out"
    shutil.copytree(source, other)
    lines = (source / "metadata.csv").read_text().splitlines(keepends=True)
    (other / "metadata.csv").write_text("".join(lines[:8]))
    words = ("--out", str(out), "--subset", "--table-only", "--jobs", "1", "-q")
    command = [sys.executable, "-c", STOPPED_WHERE_IT_WRITES, str(out), "run", str(source), *words]
    with subprocess.Popen(command, env={**os.environ, **variables}) as first:
        assert os.WIFSTOPPED(os.waitpid(first.pid, os.WUNTRACED)[1])
        try:
            refused = program("run", other, *words)
        finally:
            first.send_signal(signal.SIGCONT)
    assert first.returncode in (0, 1)
    assert refused.returncode == 2
    assert f"{out}: another process is writing there" in refused.stderr
    rows = json.loads((out / "audit.json").read_text())["dataset"]["rows"]
    assert rows == pq.read_metadata(out / "answers.parquet").num_rows == len(lines) - 1
    assert program("gate", out).returncode == first.returncode
