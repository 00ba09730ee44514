"""The gate as a user meets it: exit codes, reasons, policies in files, and an audit judged after the fact."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

from kvqa_audit.demo import DemoTruth
from tests.functional.conftest import Program


def test_gate_judges_a_finished_audit_as_the_run_did(program: Program, audited: Path) -> None:
    done = program("gate", audited)
    assert done.returncode == 1, done.stderr
    assert done.stdout.startswith("Not ready: ")
    assert "  KV203 The same picture is answered in two ways: " in done.stdout
    record = json.loads(program("gate", audited, "--json").stdout)
    assert record["exit_code"] == json.loads((audited / "audit.json").read_text())["exit_code"]
    assert "KV203" in record["blockers"]
    assert len(record["reasons"]) == len(done.stdout.splitlines()) - 1
    quiet = program("gate", audited, "--quiet")
    assert (quiet.stdout, quiet.returncode) == ("", 1)


def test_policy_in_a_file_decides(program: Program, audited: Path, tmp_path: Path) -> None:
    policy = tmp_path / "policy.yaml"
    policy.write_text("fail_on: never\n")
    assert program("gate", audited, "--policy", policy).returncode == 0
    policy.write_text("fail_on: never\nlimits: {KV401: {count: 0}}\nrequired: [KV02-rows]\n")
    done = program("gate", audited, "--policy", policy)
    assert done.returncode == 1
    assert "KV02-rows The table holds 58,849 rows: required, but skipped (the source is a subset" in done.stdout
    policy.write_text("fail_on: never\nlimts: {}\n")
    wrong = program("gate", audited, "--policy", policy)
    assert wrong.returncode == 2
    assert "policy.yaml, line 2, key limts: is not a known key; did you mean 'limits'?" in wrong.stderr


def test_baseline_makes_known_findings_pass(program: Program, audited: Path, tmp_path: Path) -> None:
    policy = tmp_path / "policy.yaml"
    policy.write_text("fail_on: never\nno_new: error\n")
    assert program("gate", audited, "--policy", policy).returncode == 1
    known = program("gate", audited, "--policy", policy, "--baseline", audited)
    shutil.copytree(audited, tmp_path / "copy")
    program("gate", tmp_path / "copy", "--baseline", audited, "--also", "summary")
    assert "**What changed since 20" in (tmp_path / "copy" / "summary.md").read_text()
    assert (known.returncode, known.stdout) == (0, "Ready: nothing that blocks was found.\n")


def test_folder_without_an_audit_is_an_error(program: Program, audited: Path, tmp_path: Path) -> None:
    done = program("gate", tmp_path)
    assert done.returncode == 2
    assert "is not the folder of a finished audit" in done.stderr
    shutil.copytree(audited, tmp_path / "copy")
    (tmp_path / "copy" / "findings.parquet").write_bytes(b"PAR1 no more")
    damaged = program("gate", tmp_path / "copy")
    assert damaged.returncode == 2
    assert "findings.parquet: is not the file that audit.json tells of" in damaged.stderr


def test_crashed_check_is_incomplete(program: Program, audited: Path, tmp_path: Path) -> None:
    shutil.copytree(audited, tmp_path / "copy")
    path = tmp_path / "copy" / "audit.json"
    record = json.loads(path.read_text())
    record["checks"][1] |= {"outcome": "errored", "reason": "KeyError: 'x'"}
    path.write_text(json.dumps(record))
    done = program("gate", tmp_path / "copy", "--policy", "never")
    assert done.returncode == 3
    assert "the check crashed (KeyError: 'x')" in done.stdout


def test_run_judges_by_the_named_policy(program: Program, drawn: tuple[Path, DemoTruth], tmp_path: Path) -> None:
    policy = tmp_path / "policy.yaml"
    policy.write_text("fail_on: never\n")
    arguments = ("run", drawn[0], "--subset", "--table-only", "--out", tmp_path / "out")
    done = program(*arguments, "--gate", policy, "--also", "summary,badge")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "out" / "summary.md").read_text().startswith("**kvqa-audit: ready, ")
    assert (tmp_path / "out" / "badge.svg").exists()
    assert "Ready: nothing that blocks was found." in done.stdout
    assert json.loads((tmp_path / "out" / "audit.json").read_text())["exit_code"] == 0
    assert "Ready: nothing that blocks was found." in (tmp_path / "out" / "report.html").read_text()
    policy.write_text("fail_on: never\nrequired: [KV201]\nrequire: [licence]\n")
    blocked = program(*arguments, "--gate", policy)
    assert blocked.returncode == 1
    assert (
        "KV201 Image files are equal, byte by byte: required, but skipped (only the table was asked for)"
        in " ".join(blocked.stdout.split())
    )
    assert program(*arguments, "--gate", "release").returncode == 1
    wrong = program(*arguments, "--gate", "strictest")
    assert wrong.returncode == 2
    assert "strictest" in wrong.stderr


def test_fault_of_the_program_is_not_taken_for_findings(audited: Path) -> None:
    code = (
        "import sys, kvqa_audit.release.standing as standing; sys.argv = ['kvqa-audit', 'gate', sys.argv[1]]\n"
        "standing.judge_audit = None\n"
        "from kvqa_audit.__main__ import main\n"
        "main()"
    )
    done = subprocess.run([sys.executable, "-c", code, str(audited)], capture_output=True, text=True, check=False)
    assert done.returncode == 3
    assert "TypeError" in done.stderr
    assert done.stderr.endswith("this is a fault of the program, not of the dataset; nothing was judged\n")


def test_gate_writes_what_other_programs_read(program: Program, audited: Path, tmp_path: Path) -> None:
    shutil.copytree(audited, tmp_path / "copy")
    done = program("gate", tmp_path / "copy", "--also", "junit,sarif,summary,badge,github", "--quiet")
    assert done.returncode == 1, done.stderr
    assert {"junit.xml", "findings.sarif", "summary.md", "badge.svg"} <= {p.name for p in (tmp_path / "copy").iterdir()}
    assert [line for line in done.stdout.splitlines() if not line.startswith("::")] == []
    assert "::error file=metadata.csv,line=" in done.stdout
    record = program("gate", tmp_path / "copy", "--also", "github", "--json")
    assert json.loads(record.stdout)["exit_code"] == 1
    assert record.stderr.startswith("::error ")
    wrong = program("gate", tmp_path / "copy", "--also", "junit,pdf")
    assert wrong.returncode == 2
    assert "--also pdf: is not a known format; known are: junit, sarif" in wrong.stderr
