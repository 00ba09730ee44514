"""What a person sees on a terminal of 80 columns: whole words, a version, and the whole story of one finding."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from kvqa_audit.artifacts.folder import read_artifacts
from kvqa_audit.demo import DemoTruth
from kvqa_audit.store.runs import RunStore
from tests.functional.conftest import Program


def whole(text: str) -> str:
    """The text without its line ends; nothing of it may have been cut."""
    assert max(map(len, text.splitlines())) <= 80, [line for line in text.splitlines() if len(line) > 80]
    told = " ".join(text.split())
    assert "…" not in told.replace("… 10 of", "").replace("… 20 of", "")
    return told


@pytest.mark.parametrize("width", ["80", "200"])
def test_every_check_is_listed_in_whole_words(
    program: Program, audited: Path, variables: dict[str, str], monkeypatch: pytest.MonkeyPatch, width: str
) -> None:
    monkeypatch.setitem(variables, "COLUMNS", width)
    listed = " ".join(program("checks").stdout.split())
    docs = read_artifacts(audited).docs
    assert {code for code in docs if code not in listed} == set()
    assert [doc.title for doc in docs.values() if " ".join(doc.title.split()) not in listed] == []


def test_tables_of_run_runs_and_compare_fit_80_columns(
    program: Program,
    drawn: tuple[Path, DemoTruth],
    variables: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.setitem(variables, "COLUMNS", "80")
    monkeypatch.chdir(tmp_path)
    shutil.copytree(drawn[0], "dataset")
    arguments = ("run", "dataset", "--subset", "--table-only", "--store", "runs.sqlite", "--baseline", "latest")
    told = whole(program(*arguments, "--out", "a").stdout)
    assert "A source is not one of the dataset's categories (KV005, of 590 rows)" in told
    program(*arguments, "--out", "b")
    runs = whole(program("runs", "--store", "runs.sqlite").stdout)
    assert runs.count("not ready") == 2
    assert "0 new, 0 resolved" in runs
    assert "before" in whole(program("compare", "a", "b").stdout)


def test_no_word_of_a_description_or_a_store_steers_the_terminal(
    program: Program, audited: Path, tmp_path: Path
) -> None:
    spec, store = tmp_path / "spec", str(tmp_path / "runs.sqlite")
    shutil.copytree(Path(__file__).parents[2] / "expectations" / "kvasir-vqa", spec)
    rule = {"id": "X1", "level": "hard", "why": "\x1b[2Jwhy\u202e", "when": "source = 'a'", "must": "source <> 'b'"}
    (spec / "rules.yaml").write_text(json.dumps({"rules": [rule]}))
    explained = program("checks", "KV30-X1", "--spec", spec)
    assert explained.returncode == 0
    assert "\N{REPLACEMENT CHARACTER}[2Jwhy\N{REPLACEMENT CHARACTER}" in explained.stdout
    with RunStore(store) as kept:
        kept.finish(read_artifacts(audited))
    with closing(sqlite3.connect(store)) as database, database:
        database.execute("UPDATE runs SET id = char(27) || 'cid'")
    listed = program("runs", "--store", store)
    assert listed.returncode == 0
    assert "\N{REPLACEMENT CHARACTER}cid" in listed.stdout
    assert not {"\x1b", "\u202e"} & set(explained.stdout + listed.stdout)


def test_version_is_told(program: Program) -> None:
    import kvqa_audit

    done = program("--version")
    assert (done.returncode, done.stdout) == (0, f"kvqa-audit {kvqa_audit.__version__}\n")


def test_mistyped_command_is_answered_with_a_close_one(program: Program) -> None:
    done = program("chekc")
    assert done.returncode == 2
    assert "'check'" in done.stderr


def test_explain_tells_the_whole_story_of_a_finding(program: Program, audited: Path) -> None:
    run = read_artifacts(audited)
    finding = next(finding for finding in run.findings if finding.check == "KV005")
    told = program("explain", f"KV005-{finding.key[:10]}", audited).stdout
    for part in (
        finding.message,
        "why it matters:",
        f"all answers of {finding.img_id}",
        "decided: by nobody",
        finding.key,
    ):
        assert part in told
    assert f"metadata.csv, line {finding.row + 2}" in told
    wrong = program("explain", "0123456789abcdef0", audited)
    assert wrong.returncode == 2
    assert "no finding of this audit has this key" in wrong.stderr


def test_forgotten_subset_is_recognised(program: Program, drawn: tuple[Path, DemoTruth], tmp_path: Path) -> None:
    arguments = ("run", drawn[0], "--table-only", "--out")
    assert (
        "590 of 58,849 rows: is this a part of the dataset? Then add --subset."
        in program(*arguments, tmp_path / "a").stdout
    )
    assert "is this a part" not in program(*arguments, tmp_path / "b", "--subset").stdout


def test_rows_are_named_by_the_line_of_the_file(program: Program, tmp_path: Path) -> None:
    table = tmp_path / "metadata.csv"
    table.write_text("source,question,answer,img_id\nPolyps,Is there text?,yes,a\nPolyps,Is there text?,maybe,b\n")
    told = program("check", table).stdout
    assert "line 3: " in told
    assert "Row 1" not in told
    assert "row 1" not in told


# A real library meets a closed port, and waits no second between its attempts.
WITHOUT_NETWORK = """
import sys, time
time.sleep = lambda seconds: None
sys.argv = ["kvqa-audit", "run", "hf://owner/name", "--quiet"]
from kvqa_audit.__main__ import main
main()
"""


def test_without_network_one_line_is_told(tmp_path: Path) -> None:
    places = {"HF_ENDPOINT": "http://127.0.0.1:9", "HF_HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path)}
    command = [sys.executable, "-c", WITHOUT_NETWORK]
    done = subprocess.run(command, env={**os.environ, **places}, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert line.startswith("kvqa-audit: owner/name: cannot be loaded from the Hub (")


def test_shells_complete_commands(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION", "1")
    told = program("--show-completion", "bash")
    assert told.returncode == 0
    assert "complete -o default -F" in told.stdout
