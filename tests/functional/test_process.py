"""What is closed, full, missing or signalled changes no exit code, and leaves no stack trace and no child."""

from __future__ import annotations

import os
import resource
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from kvqa_audit.cache.caches import cache_folder
from kvqa_audit.demo import DemoTruth
from tests.functional.conftest import Program
from tests.processes import descendants, interruptible, is_alive, wait_until

Drawn = tuple[Path, DemoTruth]


def closed(*descriptors: int) -> Callable[[], None]:
    return lambda: [os.close(one) for one in descriptors][:0] and None


@pytest.mark.parametrize("descriptors", [(1,), (2,), (0, 1, 2)])
@pytest.mark.parametrize(("table", "code"), [("metadata.csv", 1), ("nowhere.csv", 2)])
def test_closed_streams_change_no_exit_code(drawn: Drawn, descriptors: tuple[int, ...], table: str, code: int) -> None:
    command = [sys.executable, "-m", "kvqa_audit", "check", str(drawn[0] / table)]
    assert subprocess.run(command, check=False, preexec_fn=closed(*descriptors)).returncode == code


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full here")
def test_full_and_broken_outputs_change_no_exit_code_and_break_nothing_off(drawn: Drawn) -> None:
    command = [sys.executable, "-m", "kvqa_audit", "check", str(drawn[0] / "metadata.csv")]
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(command, check=False, stdout=full, stderr=subprocess.PIPE)
    assert (done.returncode, done.stderr) == (1, b"")
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 1


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_signals_end_in_128_and_their_number(drawn: Drawn, tmp_path: Path, number: signal.Signals) -> None:
    source, out = tmp_path / "many", tmp_path / "out"
    shutil.copytree(drawn[0], source)
    for n in range(2_000):
        (source / "images" / f"copy{n}.jpg").hardlink_to(source / "images" / "demo_polyps_01.jpg")
    command = interruptible("-m", "kvqa_audit", "run", str(source), "--out", str(out), "--no-cache")
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        wait_until(lambda: process.poll() is not None or len(descendants(process.pid)) > 1)
        children = descendants(process.pid)
        process.send_signal(number)
        _, words = process.communicate()
    wait_until(lambda: not any(map(is_alive, children)))
    assert process.returncode == 128 + number
    assert b"Traceback" not in words
    assert not out.exists() or not list(out.iterdir())


COMMANDS = {
    "report": ("report", "audit", "--out", "page.html"),
    "compare": ("compare", "audit", "audit", "--out", "changes.html"),
    "fix": ("fix", "data", "--out", "fixed", "--subset", "--table-only"),
    "init": ("init", "data", "--out", "described"),
    "demo": ("demo", "--out", "demo"),
    "duplicates": ("duplicates", "data", "--out", "pairs"),
    "plan": ("plan", "data"),
    "check": ("check", "data/metadata.csv"),
    "gate": ("gate", "audit"),
    "export": ("export", "audit", "--croissant", "metadata.json"),
    "index": ("index", "audit", "--out", "list.html"),
}
LONG = ("report", "compare", "fix", "init", "demo")
MOMENTS = [
    *((command, "typer", signal.SIGINT) for command in LONG),
    *((command, "pandas", signal.SIGTERM) for command in LONG),
    # So many lines come after this one that the process cannot end before it is read.
    *((command, "typer", signal.SIGHUP) for command in COMMANDS if command not in LONG),
]


@pytest.mark.parametrize(("command", "imported", "number"), MOMENTS)
def test_a_signal_at_any_moment_leaves_no_trace_and_nothing_half_done(
    drawn: Drawn, audited: Path, tmp_path: Path, command: str, imported: str, number: signal.Signals
) -> None:
    """It comes once the process has opened a file of a library, whether that is at its start or within its work."""
    (tmp_path / "data").symlink_to(drawn[0])
    (tmp_path / "audit").symlink_to(audited)
    before = {path.name for path in tmp_path.iterdir()}
    words = interruptible("-X", "importtime", "-m", "kvqa_audit", *COMMANDS[command])
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2]), "XDG_CACHE_HOME": str(tmp_path / "c")}
    with subprocess.Popen(words, cwd=tmp_path, env=environment, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        said = ""
        while imported not in said and (line := process.stderr.readline()):
            said = line
        children = descendants(process.pid)
        process.send_signal(number)
        said = process.stderr.read()
    wait_until(lambda: not any(map(is_alive, children)))
    assert process.returncode == 128 + number
    assert "Traceback" not in said
    assert not list(tmp_path.rglob(".*.part"))
    # The sample is drawn whole before it is audited.
    assert [path for path in tmp_path.glob("*/*") if path.parent.name == "demo"] in (
        [],
        [tmp_path / "demo" / "dataset"],
    )
    assert {path.name for path in tmp_path.iterdir()} - {"c", "demo"} == before


def test_too_little_memory_is_told_and_is_no_finding(process: Program, drawn: Drawn) -> None:
    def small() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (2**30, 2**30))

    done = process("check", drawn[0] / "metadata.csv", preexec_fn=small)
    assert done.returncode == 2
    assert "raise the limit" in done.stderr


def test_user_without_a_home_is_served_without_a_cache(
    program: Program, drawn: Drawn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_home() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "home", no_home)
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.delenv("KVQA_AUDIT_CACHE", raising=False)
    assert not cache_folder().parent.is_dir()
    monkeypatch.setenv("KVQA_AUDIT_CACHE", str(cache_folder()))
    done = program("duplicates", drawn[0], "--mode", "exact", "--quiet")
    assert done.returncode == 1, done.stderr


def test_names_that_are_no_utf_8_are_audited(program: Program, few: Path, tmp_path: Path) -> None:
    source = tmp_path / os.fsdecode(b"caf\xe9")
    shutil.copytree(few, source)
    shutil.copyfile(source / "images" / "demo_polyps_01.jpg", source / "images" / os.fsdecode(b"\xe9t\xe9.jpg"))
    for words in (("duplicates", source, "--mode", "exact"), ("run", source, "--subset", "--table-only")):
        for _ in range(2):
            done = program(*words, "--out", tmp_path / os.fsdecode(f"{words[0]}\xe9".encode("latin-1")))
            assert done.returncode == 1, done.stderr
            assert "Traceback" not in done.stderr


def test_a_source_without_a_name_is_refused_and_nothing_else_is_audited(program: Program, tmp_path: Path) -> None:
    (tmp_path / "metadata.csv").write_text("source,question,answer,img_id\n")
    for command in ("run", "check", "duplicates", "init", "fix", "plan"):
        done = program(command, "", *([] if command in ("check", "plan") else ["--out", "out"]), cwd=tmp_path)
        assert (done.returncode, [path.name for path in tmp_path.iterdir()]) == (2, ["metadata.csv"])
        assert "it is empty" in done.stderr


def test_formulas_are_no_formulas_in_the_csv_files(program: Program, tmp_path: Path) -> None:
    (tmp_path / "metadata.csv").write_text("source,question,answer,img_id\nPolyps,=1+1,@SUM(A1),-a\n")
    out = tmp_path / "out"
    program("run", tmp_path / "metadata.csv", "--spec", "kvasir-vqa", "--subset", "--table-only", "--out", out, "-q")
    lines = (out / "findings.csv").read_text()
    assert ",'=1+1,'@SUM(A1)," in lines
    assert ",=1+1" not in lines


@pytest.mark.parametrize(
    "words",
    [
        ("run", "NAME", "--out", "out"),
        ("run", "metadata.csv", "--out", "NAME", "--table-only", "--subset"),
        ("run", "metadata.csv", "--spec", "NAME", "--out", "out"),
        ("check", "NAME"),
        ("duplicates", "NAME"),
        ("init", "NAME", "--out", "out"),
        ("fix", "NAME", "--out", "out"),
        ("gate", "NAME"),
        ("index", "NAME"),
        ("compare", "NAME", "NAME"),
        ("runs", "--store", "NAME"),
        ("merge", "NAME", "NAME", "NAME"),
    ],
    ids=" ".join,
)
def test_a_name_that_no_system_takes_is_told(program: Program, tmp_path: Path, words: tuple[str, ...]) -> None:
    (tmp_path / "metadata.csv").write_text("source,question,answer,img_id\nPolyps,q,a,i\n")
    done = program(*(word.replace("NAME", "x" * 5_000) for word in words), cwd=tmp_path)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert "xxx" in done.stderr


def test_a_current_folder_that_is_gone_is_told(process: Program, drawn: Drawn, tmp_path: Path) -> None:
    def remove() -> None:
        tmp_path.rmdir()

    done = process("check", drawn[0] / "metadata.csv", cwd=tmp_path, preexec_fn=remove)
    assert done.returncode == 2
    assert "the current folder is not there any more" in done.stderr
