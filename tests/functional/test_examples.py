"""The examples are run as they stand, with their places replaced by real ones."""

from __future__ import annotations

import ast
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.functional.conftest import Program

EXAMPLES = {
    entry.name: entry.read_text(encoding="utf-8")
    for entry in files("kvqa_audit").joinpath("examples").iterdir()
    if entry.is_file()
}
HOOKS = Path(__file__).parents[2] / ".pre-commit-hooks.yaml"


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a program named `kvqa-audit`, as an installation has it."""
    folder = tmp_path_factory.mktemp("bin")
    program = folder / "kvqa-audit"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m kvqa_audit "$@"\n')
    program.chmod(0o755)
    return folder


@pytest.fixture
def shell(installed: Path, tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    environment = {
        **os.environ,
        "PATH": f"{installed}{os.pathsep}{os.environ['PATH']}",
        "XDG_CACHE_HOME": str(tmp_path / "cache"),
        "GITHUB_STEP_SUMMARY": str(tmp_path / "step-summary.md"),
    }

    def run(line: str, cwd: Path) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            line, shell=True, cwd=cwd, env=environment, capture_output=True, text=True, timeout=300, check=False
        )

    return run


def test_examples_are_listed_and_printed(program: Program) -> None:
    assert program("example").stdout.splitlines() == sorted(EXAMPLES)
    assert program("example", "kvqa-audit.timer").stdout == EXAMPLES["kvqa-audit.timer"]
    wrong = program("example", "jenkins")
    assert wrong.returncode == 2
    assert "there are Containerfile, airflow_dag.py" in wrong.stderr


def test_workflow_audits_and_shows_the_summary(
    shell: Callable[..., subprocess.CompletedProcess[str]], undescribed: Path, tmp_path: Path
) -> None:
    workflow = yaml.safe_load(EXAMPLES["github-actions.yml"].replace("${{ runner.temp }}", str(tmp_path)))
    steps = workflow["jobs"]["audit"]["steps"]
    lines = [step["run"] for step in steps if "run" in step]
    assert [line.split()[0] for line in lines] == ["pip", "kvqa-audit", "cat", "kvqa-audit", "gh"]
    shutil.copytree(undescribed, tmp_path / "checkout")
    audited = shell(lines[1], tmp_path / "checkout")
    assert audited.returncode == 1, audited.stderr
    assert any(line.startswith("::error file=metadata.csv,line=") for line in audited.stdout.splitlines())
    assert shell(lines[2], tmp_path / "checkout").returncode == 0
    assert (tmp_path / "step-summary.md").read_text().startswith("**kvqa-audit: not ready")
    linked = shell(
        lines[3].replace("${{ steps.report.outputs.artifact-url }}", "https://x.org/1"), tmp_path / "checkout"
    )
    assert linked.returncode == 1, linked.stderr
    body = re.search(r'--body-file "([^"]+)"', lines[4])
    assert body
    assert re.search(r"\(\[KV\d+[^]]*\]\(https://x.org/1#KV", Path(body[1]).read_text())
    used = [step["with"] for step in steps if "with" in step]
    assert (Path(used[1]["path"]) / "report.html").exists()
    assert (Path(used[2]["sarif_file"])).exists()


def with_places(text: str, installed: Path, source: Path, out: Path) -> str:
    for place, real in (("/opt/kvqa/bin", installed), ("/data/dataset", source), ("/srv/audits", out)):
        text = text.replace(place, str(real))
    return text


def test_line_for_cron_says_one_line_and_leaves_a_report(
    shell: Callable[..., subprocess.CompletedProcess[str]], installed: Path, undescribed: Path, tmp_path: Path
) -> None:
    (line,) = [one for one in EXAMPLES["kvqa-audit.cron"].splitlines() if not one.startswith("#")]
    *when, user, command = line.split(maxsplit=6)
    assert len(when) == 5
    assert all(re.fullmatch(r"[0-9*]+", field) for field in when)
    assert user == "kvqa"
    done = shell(with_places(command, installed, undescribed, tmp_path), tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    (line,) = done.stderr.splitlines()
    assert "Not ready: " in line
    assert line.endswith(str(tmp_path / "latest" / "report.html"))
    assert {"report.html", "summary.md", "badge.svg"} <= {path.name for path in (tmp_path / "latest").iterdir()}


def test_plan_audits_each_dataset_into_a_folder_of_its_day(
    program: Program, installed: Path, undescribed: Path, tmp_path: Path
) -> None:
    text = with_places(EXAMPLES["kvqa-audit.yaml"], installed, undescribed, tmp_path)
    text = text.replace("/data/part", str(undescribed)).replace("/usr/local/bin/tell-the-team", "true")
    (tmp_path / "kvqa-audit.yaml").write_text(text)
    done = program("run", tmp_path / "kvqa-audit.yaml", "--quiet", "--log", tmp_path / "audits.log")
    assert done.returncode == 1, done.stderr
    assert len(done.stderr.splitlines()) == 2
    assert {path.parent.parent.name for path in tmp_path.glob("*/latest/badge.svg")} == {"whole", "dataset"}


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="there is no systemd-analyze here")
def test_units_pass_systemds_own_verification(installed: Path, undescribed: Path, tmp_path: Path) -> None:
    for name in ("kvqa-audit.service", "kvqa-audit.timer"):
        (tmp_path / name).write_text(with_places(EXAMPLES[name], installed, undescribed, tmp_path))
    command = ["systemd-analyze", "verify", "--man=no", *map(str, tmp_path.glob("kvqa-audit.*"))]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, [line for line in done.stderr.splitlines() if "kvqa-audit" in line]) == (0, [])
    calendar = re.search(r"OnCalendar=(.+)", EXAMPLES["kvqa-audit.timer"])
    assert calendar
    assert (
        subprocess.run(["systemd-analyze", "calendar", calendar[1]], capture_output=True, check=False).returncode == 0
    )


def test_command_of_the_unit_runs(
    shell: Callable[..., subprocess.CompletedProcess[str]], installed: Path, undescribed: Path, tmp_path: Path
) -> None:
    command = re.search(r"ExecStart=(.+)", EXAMPLES["kvqa-audit.service"])
    accepted = re.search(r"SuccessExitStatus=(.+)", EXAMPLES["kvqa-audit.service"])
    assert command
    assert accepted
    done = shell(with_places(command[1], installed, undescribed, tmp_path), tmp_path)
    assert str(done.returncode) == accepted[1]
    assert (tmp_path / "latest" / "report.html").exists()


def function_of(name: str) -> Any:
    """The function `audit_dataset` of an example, without the orchestrator it is made for."""
    tree = ast.parse(EXAMPLES[name])
    plain = [
        node
        for node in tree.body
        if (isinstance(node, ast.Import) and node.names[0].name in sys.stdlib_module_names)
        or (isinstance(node, ast.FunctionDef) and node.name == "audit_dataset")
    ]
    names: dict[str, Any] = {}
    exec(compile(ast.Module(plain, []), name, "exec"), names)
    return names["audit_dataset"]


@pytest.mark.parametrize("name", ["airflow_dag.py", "prefect_flow.py"])
def test_task_fails_with_the_reason(
    name: str, undescribed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    audit = function_of(name)
    with pytest.raises(RuntimeError, match="not ready for release"):
        audit(str(undescribed), str(tmp_path / "out"))
    assert (tmp_path / "out" / "summary.md").exists()
    with pytest.raises(RuntimeError, match=r"cannot be audited; .*nowhere: does not exist"):
        audit("/nowhere", str(tmp_path / "out"))


def test_check_tells_a_verdict_from_a_crash(undescribed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    audit = function_of("dagster_job.py")
    assert audit(str(undescribed), str(tmp_path / "out")) == 1
    with pytest.raises(RuntimeError, match="could not be judged"):
        audit("/nowhere", str(tmp_path / "out"))


@pytest.mark.skipif(not HOOKS.exists(), reason="only a checkout has the hooks")
def test_hook_judges_the_file_it_is_for(program: Program, undescribed: Path) -> None:
    (hook,) = yaml.safe_load(HOOKS.read_text(encoding="utf-8"))
    assert re.search(hook["files"], "metadata.csv")
    assert not re.search(hook["files"], "old/metadata.csv.bak")
    name, command = shlex.split(hook["entry"])
    assert name == "kvqa-audit"
    done = program(command, "metadata.csv", cwd=undescribed)
    assert done.returncode in (0, 1), done.stderr
    (repository,) = yaml.safe_load(EXAMPLES["pre-commit.yaml"])["repos"]
    assert [used["id"] for used in repository["hooks"]] == [hook["id"]]
