"""What a user types and sees: exit codes, words, silence, and errors that say what to do."""

from __future__ import annotations

import json
import resource
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from kvqa_audit.demo import DemoTruth
from tests.functional.conftest import Program
from tests.processes import GIVE_UP_SECONDS, descendants, interruptible, is_alive, wait_until


def test_process_ends_with_the_exit_code_of_the_audit(
    process: Program, drawn: tuple[Path, DemoTruth], audited: Path, tmp_path: Path
) -> None:
    assert process("checks", "KV203").returncode == 0
    assert process("gate", audited, "--quiet").returncode == 1
    missing = process("run", tmp_path / "nowhere", "--out", tmp_path / "out")
    assert missing.returncode == 2
    assert "nowhere" in missing.stderr
    assert "Traceback" not in missing.stderr


def test_usage_errors_exit_with_2(program: Program) -> None:
    assert program("run").returncode == 2
    assert program("nonsense").returncode == 2


def test_wrong_description_exits_with_2_and_names_the_key(
    program: Program, drawn: tuple[Path, DemoTruth], tmp_path: Path
) -> None:
    (tmp_path / "dataset.yaml").write_text("nmae: x\n")
    done = program("run", drawn[0], "--out", tmp_path / "out", "--spec", tmp_path)
    assert done.returncode == 2
    assert "line 1, key nmae: is not a known key; did you mean 'name'?" in done.stderr


def test_summary_tells_verdict_blockers_and_report(process: Program, few: Path, tmp_path: Path) -> None:
    done = process("run", few, "--subset", "--out", tmp_path)
    assert done.returncode == 1
    assert "Not ready" in done.stdout
    assert "KV203" in done.stdout
    assert str(tmp_path / "report.html") in done.stdout
    assert "\x1b" not in done.stdout
    assert done.stderr == ""


def test_quiet_says_one_line_and_json_prints_json(program: Program, few: Path, tmp_path: Path) -> None:
    quiet = program("run", few, "--subset", "--out", tmp_path, "--quiet")
    assert (quiet.stdout, quiet.returncode) == ("", 1)
    (line,) = quiet.stderr.splitlines()
    assert "Not ready: 6 checks found defects that block. 7 findings block" in line
    assert line.endswith(f"report: {tmp_path / 'report.html'}")
    record = json.loads(program("run", few, "--subset", "--out", tmp_path, "--json").stdout)
    assert record["schema_version"] == 2
    assert record["exit_code"] == 1
    again = program("run", few, "--subset", "--out", tmp_path, "--format", "json")
    assert json.loads(again.stdout)["schema_version"] == 2
    told = program("run", few, "--subset", "--out", tmp_path, "--format", "markdown")
    assert "**kvqa-audit: not ready" in told.stdout
    assert told.returncode == 1


def test_check_judges_rows_alone_and_never_imports_great_expectations(drawn: tuple[Path, DemoTruth]) -> None:
    code = (
        "import sys; sys.argv = ['kvqa-audit', 'check', sys.argv[1]]\n"
        "from kvqa_audit.__main__ import main\n"
        "try: main()\n"
        "except SystemExit as end: code = end.code\n"
        "print('\\nEND', code, 'great_expectations' in sys.modules, 'PIL' in sys.modules, 'duckdb' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(drawn[0] / "metadata.csv")], capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[-1] == "END 1 False False False"
    assert "KV008" in done.stdout


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys; sys.argv = ['kvqa-audit', '--help']\n"
        "from kvqa_audit.__main__ import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "print('\\nEND', sorted({'pandas', 'numpy', 'pandera', 'rich', 'pydantic', 'PIL'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "END []"


def test_checks_lists_all_and_explains_one(program: Program) -> None:
    listed = program("checks").stdout
    assert "KV203" in listed
    assert "KV30-L1" in listed
    explained = program("checks", "kv203").stdout
    assert "Why:" in explained
    assert "Fix:" in explained
    wrong = program("checks", "KV2O3")
    assert wrong.returncode == 2
    assert "KV203" in wrong.stderr


def test_report_is_rebuilt_from_the_files(program: Program, audited: Path, tmp_path: Path) -> None:
    # Beside the audit, as the report names the pictures by their way from it.
    again = audited.with_name("rebuilt") / "again.html"
    again.parent.mkdir()
    done = program("report", audited, "--out", again)
    assert done.returncode == 0, done.stderr
    assert again.read_bytes() == (audited / "report.html").read_bytes()
    assert program("report", tmp_path).returncode == 2


def test_index_lists_every_audit_below_a_folder_and_names_what_it_cannot_read(
    program: Program, audited: Path, tmp_path: Path
) -> None:
    for name in ("first", "second"):
        shutil.copytree(audited, tmp_path / name)
    done = program("index", tmp_path)
    assert done.returncode == 0, done.stderr
    page = (tmp_path / "index.html").read_text(encoding="utf-8")
    assert 'href="first/report.html"' in page
    assert 'href="second/report.html"' in page
    (tmp_path / "second" / "audit.json").write_text("{")
    damaged = program("index", tmp_path)
    assert damaged.returncode == 2
    assert "second/audit.json is not listed" in damaged.stderr
    assert program("index", tmp_path / "first" / "nothing").returncode == 2


def test_duplicates_runs_its_stage_alone(program: Program, drawn: tuple[Path, DemoTruth], tmp_path: Path) -> None:
    found = program("duplicates", drawn[0], "--out", tmp_path)
    assert found.returncode == 1, found.stderr
    assert "demo_instrument_copy  demo_polyps_01  identical-bytes" in found.stdout
    assert found.stdout.splitlines()[-1] == "5 pairs"
    assert [p.name for p in tmp_path.iterdir()] == ["duplicates.parquet"]
    exact = program("duplicates", drawn[0], "--mode", "exact")
    assert exact.stdout.splitlines()[-1] == "2 pairs"
    (tmp_path / "metadata.csv").write_text("source,question,answer,img_id\n")
    nothing = program("duplicates", tmp_path / "metadata.csv")
    assert nothing.returncode == 2
    assert "images" in nothing.stderr


def test_cache_tells_what_it_holds_and_forgets_when_told(
    drawn: tuple[Path, DemoTruth], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, program: Program
) -> None:
    monkeypatch.setenv("KVQA_AUDIT_CACHE", str(tmp_path))
    program("duplicates", drawn[0])
    kept = program("cache")
    assert kept.returncode == 0
    assert str(tmp_path) in kept.stdout
    assert int(kept.stdout.split(": ")[1].split()[0]) > 20
    assert ": 1 lists of duplicates" in kept.stdout
    assert "forgotten: 0 " in program("cache", "--prune-days", "1").stdout
    emptied = program("cache", "--prune-days", "0").stdout
    assert ": 0 fingerprints" in emptied
    assert ": 0 lists of duplicates" in emptied


def test_demo_finds_all_it_planted(program: Program, tmp_path: Path) -> None:
    done = program("demo", "--out", tmp_path)
    assert done.returncode == 0, done.stderr
    assert "NOT FOUND" not in done.stdout
    assert str(tmp_path / "report.html") in done.stdout


def test_unwritable_folder_is_told_before_the_work(
    program: Program, drawn: tuple[Path, DemoTruth], tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    done = program("run", drawn[0], "--out", tmp_path / "file" / "out")
    assert done.returncode == 2
    assert "cannot be written" in done.stderr
    assert "--out" in done.stderr


def test_full_disk_is_told_and_leaves_no_half_written_file(process: Program, few: Path, tmp_path: Path) -> None:
    def small_files() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))

    done = process("run", few, "--subset", "--out", tmp_path, "--no-cache", preexec_fn=small_files)
    assert done.returncode == 2
    assert "cannot be written" in done.stderr
    assert not (tmp_path / "report.html").exists()
    assert not (tmp_path / "audit.json").exists()
    assert not list(tmp_path.glob(".*"))


def test_ctrl_c_ends_the_run_and_its_children_and_leaves_no_artifact(
    drawn: tuple[Path, DemoTruth], tmp_path: Path
) -> None:
    source = tmp_path / "many"
    shutil.copytree(drawn[0], source)
    pictures = [p for p in (source / "images").glob("*.jpg") if p.stat().st_size > 5_000]
    for n in range(4_000):
        (source / "images" / f"copy{n}.jpg").hardlink_to(pictures[n % len(pictures)])
    out = tmp_path / "out"
    command = interruptible("-m", "kvqa_audit", "run", str(source), "--out", str(out), "--no-cache")
    with subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True) as process:
        wait_until(lambda: process.poll() is not None or len(descendants(process.pid)) > 1)
        assert process.poll() is None, "the run ended before it could be interrupted"
        children = descendants(process.pid)
        process.send_signal(signal.SIGINT)
        _, words = process.communicate(timeout=GIVE_UP_SECONDS)
    wait_until(lambda: not any(map(is_alive, children)))
    assert process.returncode == 130
    assert b"interrupted" in words
    assert not [p.name for p in out.glob("*")]


@pytest.mark.parametrize("kind", ["header only", "no images", "extra column", "missing column"])
def test_rest_is_still_audited_when_one_part_is_wrong(program: Program, few: Path, tmp_path: Path, kind: str) -> None:
    source = tmp_path / "dataset with spaces ü"
    shutil.copytree(few, source)
    table = source / "metadata.csv"
    lines = table.read_text(encoding="utf-8").splitlines()
    expected = "KV001"
    if kind == "header only":
        table.write_text(lines[0] + "\n", encoding="utf-8")
        expected = "KV103"
    elif kind == "no images":
        shutil.rmtree(source / "images")
        expected = "KV008"
    elif kind == "extra column":
        table.write_text("\n".join(["extra," + lines[0], *("x," + line for line in lines[1:])]), encoding="utf-8")
    else:
        table.write_text("\n".join([lines[0].replace("source", "category"), *lines[1:]]), encoding="utf-8")
    out = tmp_path / "out"
    done = program("run", source, "--subset", "--out", out, "--json")
    assert done.returncode == 1, done.stderr
    record = json.loads(done.stdout)
    failed = {c["code"] for c in record["checks"] if c["outcome"] == "failed"}
    assert failed
    assert expected in failed or kind == "header only"
    assert not [c for c in record["checks"] if c["outcome"] == "errored"]
    if kind == "no images":
        skipped = [c for c in record["checks"] if c["code"] == "KV201"]
        assert skipped[0]["outcome"] == "skipped"
