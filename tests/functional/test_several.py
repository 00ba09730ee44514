"""Several datasets in one call, by their names or from a plan: each is told of, kept apart, and none is lost."""

from __future__ import annotations

import json
import re
import shutil
import sys
from datetime import datetime
from pathlib import Path

import pytest

from kvqa_audit.artifacts.folder import read_artifacts
from tests.functional.conftest import Program

TODAY = f"{datetime.now().astimezone():%Y-%m-%d}"
# Keeps each message as a file of its own.
TELL = "import os,sys,time; open(f'{sys.argv[1]}/{time.time_ns()}','w').write(os.environ['KVQA_AUDIT_MESSAGE'])"


@pytest.fixture
def place(few: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with two tables, a policy by which nothing blocks, and a place for messages; the working folder."""
    monkeypatch.chdir(tmp_path)
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        shutil.copy(few / "metadata.csv", name)
    (tmp_path / "messages").mkdir()
    (tmp_path / "free.yaml").write_text("fail_on: never\n")
    return tmp_path


def messages(place: Path) -> list[dict[str, object]]:
    """What was told, in its order."""
    told = [json.loads(path.read_text()) for path in sorted((place / "messages").iterdir())]
    for path in (place / "messages").iterdir():
        path.unlink()
    return told


def plan(place: Path, text: str) -> Path:
    told = f"command:{sys.executable} -c {json.dumps(TELL)} {place / 'messages'}"
    path = place / "kvqa-audit.yaml"
    path.write_text(text + f"notify: [{json.dumps(told)}]\n", encoding="utf-8")
    return path


PLAN = """
out: reports/{dataset}/{date}
store: runs.sqlite
datasets:
  - {source: one, subset: true, table_only: true, project: first}
  - {source: missing}
  - {source: two/metadata.csv, name: second, subset: true, table_only: true, gate: free.yaml, baseline: latest}
"""


def test_plan_goes_on_where_one_fails_and_sums_up(program: Program, place: Path) -> None:
    done = program("run", plan(place, PLAN), "--log", place / "log" / "audits.log", "--also", "summary")
    assert done.returncode == 2, done.stderr
    assert "kvqa-audit: missing: " in done.stderr
    # A table, or a line each where the paths are too long for one.
    rows = re.findall(
        r"^ *(?:dataset )?(one|missing|second),? +(?:verdict )?(not ready|failed|ready)", done.stdout, re.M
    )
    assert rows == [("one", "not ready"), ("missing", "failed"), ("second", "ready")]
    for name in ("one", "second"):
        folder = place / "reports" / name
        assert (folder / "latest").readlink() == Path(TODAY)
        assert read_artifacts(folder / "latest").exit_code == (name == "one")
        assert (folder / TODAY / "summary.md").exists()
    assert [(told["dataset"], told["verdict"]) for told in messages(place)] == [
        ("Kvasir-VQA", "not ready"),
        ("missing", "failed"),
    ]
    log = (place / "log" / "audits.log").read_text()
    assert all(re.match(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00 \w", line) for line in log.splitlines())
    assert re.search(r"one: judge the rows: [\d,]+ items, [\d.]+ s", log)
    assert "missing: failed: " in log
    assert "second: exit code 0: Ready" in log


def test_notification_comes_again_only_when_something_is_new(program: Program, place: Path) -> None:
    path = plan(place, PLAN.replace("  - {source: missing}\n", ""))
    assert program("run", path, "--quiet").returncode == 1
    assert len(messages(place)) == 1
    assert program("run", path, "--quiet").returncode == 1
    assert messages(place) == []
    with (place / "one" / "metadata.csv").open("a", encoding="utf-8") as table:
        table.write('Polyps,Is there text?,"not an answer",demo_polyps_01\n')
    assert program("run", path, "--quiet").returncode == 1
    (told,) = messages(place)
    assert told["new"]
    assert told["project"] == "first"
    assert "demo_polyps_01" not in str(told)


def test_failed_notification_is_said_and_changes_nothing(program: Program, place: Path) -> None:
    arguments = ("run", "one", "--subset", "--table-only", "--quiet")
    plain, told = (program(*arguments, *more) for more in ((), ("--notify", "command:/no/such/program")))
    assert plain.returncode == told.returncode == 1
    assert "the notification was not sent: the command /no/such/program: cannot be run" in told.stderr
    done = program(*arguments, "--notify", "pigeon:post")
    assert done.returncode == 2
    assert "begins with none of command:, https:// and mailto:" in done.stderr


def test_several_sources_have_folders_of_their_own(program: Program, place: Path) -> None:
    shared = ("--subset", "--table-only", "--gate", "free.yaml")
    done = program("run", "one", "two", *shared, "--json", "--store", "runs.sqlite")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert [(one["dataset"], one["verdict"], one["report"]) for one in told] == [
        ("one", "ready", "reports/one/report.html"),
        ("two", "ready", "reports/two/report.html"),
    ]
    assert "one and two are one series of the store" in done.stderr
    clash = program("run", "one", "two", *shared, "--out", "reports/all")
    assert clash.returncode == 2
    assert "reports/all: is for both one and two; write {dataset} into --out" in clash.stderr
    unknown = program("run", "one", *shared, "--out", "reports/{time}")
    assert unknown.returncode == 2
    assert "{time} is not known; a folder may hold {dataset} and {date}" in unknown.stderr


def test_latest_that_is_no_link_is_left_and_told_before_the_work(program: Program, place: Path) -> None:
    kept = place / "reports" / "one" / "latest" / "mine.txt"
    kept.parent.mkdir(parents=True)
    kept.write_text("mine")
    done = program("run", "one", "--out", "reports/{dataset}/{date}", "--subset", "--table-only")
    assert done.returncode == 2
    assert "has to be a link to the latest audit, and is something else" in done.stderr
    assert kept.read_text() == "mine"
    assert not (kept.parent.parent / TODAY).exists()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("datasets: []\n", "kvqa-audit.yaml, line 1, key datasets"),
        ("datasets:\n  - {sorce: one}\n", "line 2, key datasets.0.sorce: is not a known key; did you mean 'source'?"),
        ("datasets:\n  - {spec: one}\n", "key datasets.0.source: is missing"),
        ("stor: x\ndatasets: [{source: one}]\n", "line 1, key stor: is not a known key; did you mean 'store'?"),
        ("datasets: [{source: one, subset: 'yes'}]\n", "line 1, key datasets.0.subset"),
    ],
)
def test_mistakes_in_a_plan_are_told_with_their_line(program: Program, place: Path, text: str, words: str) -> None:
    done = program("run", plan(place, text))
    assert done.returncode == 2
    assert words in done.stderr


def test_old_runs_and_folders_are_pruned_once_they_were_shown(program: Program, place: Path) -> None:
    arguments = ("run", "one", "--subset", "--table-only", "--quiet", "--store", "runs.sqlite")
    for day in range(1, 5):
        program(*arguments, "--out", f"reports/one/2026-01-0{day}")
    (place / "reports" / "one" / "2026-01-00-notes").mkdir()
    (place / "reports" / "one" / "latest").symlink_to("2026-01-01")
    prune = ("runs", "prune", "--keep", "2", "--store", "runs.sqlite", "--folder", "reports")
    shown = program(*prune, typed="n\n")
    assert shown.returncode == 2
    assert "2 of 4 runs of Kvasir-VQA (subset)" in shown.stdout
    assert "reports/one/2026-01-02" in shown.stdout
    assert "2026-01-01" not in shown.stdout
    assert len(json.loads(program("runs", "--store", "runs.sqlite", "--json").stdout)) == 4
    assert program(*prune, typed="y\n").returncode == 0
    left = json.loads(program("runs", "--store", "runs.sqlite", "--json").stdout)
    assert [run["number"] for run in left] == [3, 4]
    assert sorted(path.name for path in (place / "reports" / "one").iterdir()) == [
        "2026-01-00-notes",
        "2026-01-01",
        "2026-01-03",
        "2026-01-04",
        "latest",
    ]
    assert "nothing is older" in program(*prune).stdout
    again = program(*arguments, "--out", "reports/one/2026-01-05", "--baseline", "latest")
    assert "0 new since " in again.stderr


def test_prune_needs_to_be_told_what_and_how_many(program: Program, place: Path) -> None:
    assert "--keep" in program("runs", "prune", "--store", "runs.sqlite").stderr
    done = program("runs", "prune", "--keep", "3")
    assert done.returncode == 2
    assert "--store" in done.stderr
    assert program("runs", "--keep", "3", "--store", "runs.sqlite").returncode == 2
