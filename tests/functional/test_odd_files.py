"""Pipes, devices, links and folders of any depth stand where files should: told, and nothing hangs or is lost."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from kvqa_audit.demo import DemoTruth
from tests.functional.conftest import Program
from tests.processes import wait_until

Drawn = tuple[Path, DemoTruth]
SECRET = "source,question,answer,img_id\nPolyps,secret,secret,secret\n"


def linked_to(target: str) -> Callable[[Path], None]:
    return lambda path: path.symlink_to(target)


@pytest.fixture
def source(drawn: Drawn, tmp_path: Path) -> Path:
    """The rows of the demo without its pictures, in a folder beside a file that is none of it."""
    folder = tmp_path / "data"
    folder.mkdir()
    shutil.copyfile(drawn[0] / "metadata.csv", folder / "metadata.csv")
    (tmp_path / "secret.csv").write_text(SECRET)
    return folder


ODD = {
    "a pipe": os.mkfifo,
    "a folder": os.mkdir,
    "a device": linked_to("/dev/zero"),
    "a link to nowhere": linked_to("nowhere"),
    "a link out of the dataset": linked_to("../secret.csv"),
}


@pytest.mark.parametrize("what", ODD)
@pytest.mark.parametrize("command", ["run", "fix", "init"])
def test_a_table_that_is_no_file_of_the_dataset_is_told(
    program: Program, source: Path, command: str, what: str
) -> None:
    (source / "metadata.csv").unlink()
    ODD[what](source / "metadata.csv")
    more = () if command == "init" else ("--subset", "--table-only")
    done = program(command, source, "--out", source.parent / "out", *more)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert "metadata.csv" in done.stderr or str(source) in done.stderr
    assert not (source.parent / "out").exists()


@pytest.mark.parametrize("what", [what for what in ODD if what != "a link out of the dataset"])
@pytest.mark.parametrize("name", ["rules.yaml", "release.yaml"])
def test_a_file_of_the_description_that_is_none_is_told(program: Program, source: Path, what: str, name: str) -> None:
    spec = source.parent / "spec"
    shutil.copytree(Path(__file__).parents[2] / "expectations" / "kvasir-vqa", spec)
    (spec / name).unlink()
    ODD[what](spec / name)
    done = program("check", source / "metadata.csv", "--spec", spec)
    assert done.returncode == 2
    assert name in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("what", [what for what in ODD if what != "a link out of the dataset"])
def test_decisions_that_are_no_file_are_told_and_not_passed_over(program: Program, source: Path, what: str) -> None:
    ODD[what](source / "decisions.yaml")
    done = program("run", source, "--out", source.parent / "out", "--subset", "--table-only")
    assert done.returncode == 2
    assert "decisions.yaml" in done.stderr


@pytest.mark.parametrize("what", ["a pipe", "a device"])
def test_a_cache_that_is_no_folder_costs_the_cache_alone(
    program: Program, source: Path, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    (source / "images").mkdir()
    (source / "images" / "a.jpg").write_text("no picture")
    ODD[what](source.parent / "cache")
    monkeypatch.setenv("KVQA_AUDIT_CACHE", str(source.parent / "cache"))
    done = program("run", source, "--out", source.parent / "out", "--subset", "-j", "1", "-q", "--format", "json")
    assert done.returncode == 1, done.stderr
    assert any("cache" in note for note in json.loads(done.stdout)["metrics"]["notes"])


def test_folders_nested_deeper_than_a_path_may_be_long_are_told_or_read(
    program: Program, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (source / "images").mkdir()
    monkeypatch.chdir(source / "images")
    for _ in range(1_200):
        Path("deep").mkdir()
        os.chdir("deep")
    Path("x.jpg").write_text("no picture")
    os.chdir(source / "images")
    try:
        done = program("run", source, "--out", source.parent / "out", "--subset", "-j", "1", "-q")
    finally:
        subprocess.run(["rm", "-rf", "deep"], check=True)  # pytest's own cleaning would go too deep
    assert done.returncode in (1, 2)
    assert "Traceback" not in done.stderr


def test_fix_that_is_killed_leaves_nothing_under_the_final_name_and_is_done_when_called_again(
    drawn: Drawn, program: Program, tmp_path: Path
) -> None:
    source, out = tmp_path / "data", tmp_path / "fixed"
    shutil.copytree(drawn[0], source)
    picture = next((source / "images").glob("*.jpg")).read_bytes()
    for number in range(3_000):
        (source / "images" / f"more{number}.jpg").write_bytes(picture)
    words = ("fix", str(source), "--out", str(out), "--subset", "--table-only")
    with subprocess.Popen([sys.executable, "-m", "kvqa_audit", *words, "-q"], stderr=subprocess.PIPE) as process:
        wait_until(lambda: process.poll() is not None or any(tmp_path.glob(".*.part/images/more*.jpg")))
        process.send_signal(signal.SIGKILL)
    assert process.returncode == -signal.SIGKILL, "it was done before it could be killed"
    assert not out.exists()
    assert program(*words).returncode == 0
    names = {path.name: path.read_bytes() for path in (source / "images").iterdir()}
    assert {path.name: path.read_bytes() for path in (out / "images").iterdir()} == names
    assert not list(tmp_path.glob(".*"))
