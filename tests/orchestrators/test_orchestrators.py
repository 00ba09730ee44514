"""The examples run inside what they are made for; each is skipped, saying so, where that is not installed."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

import kvqa_audit
from kvqa_audit.spec.load import load_spec

ROOT = Path(__file__).parents[2]
EXAMPLES = Path(kvqa_audit.__file__).parent / "examples"
pytestmark = pytest.mark.filterwarnings("default")


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a table of one row, which may not be released: nearly everything is missing."""
    folder = tmp_path_factory.mktemp("dataset")
    question = load_spec().questions[0]
    (folder / "metadata.csv").write_text(f"source,question,answer,img_id\nNormal,{question.text},colonoscopy,a\n")
    return folder


def example(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"example_{name}", EXAMPLES / f"{name}.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[module.__name__] = module
    spec.loader.exec_module(module)
    return module


def test_prefect_runs_the_flow(table: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("prefect", reason="prefect is not installed; nox -s orchestrators has it")
    monkeypatch.setenv("PREFECT_HOME", str(tmp_path / "prefect"))
    # A busy machine may take minutes to set the server's database up.
    monkeypatch.setenv("PREFECT_SERVER_DATABASE_TIMEOUT", "240")
    monkeypatch.setenv("PREFECT_SERVER_DATABASE_CONNECTION_TIMEOUT", "240")
    from prefect.testing.utilities import prefect_test_harness

    flow = example("prefect_flow").audit
    with prefect_test_harness(server_startup_timeout=240), pytest.raises(RuntimeError, match="not ready for release"):
        flow(str(table), str(tmp_path / "out"))
    assert (tmp_path / "out" / "report.html").exists()


def test_dagster_runs_the_check(table: Path, tmp_path: Path) -> None:
    dagster = pytest.importorskip("dagster", reason="dagster is not installed; nox -s orchestrators has it")
    module = example("dagster_job")
    job = module.definitions.resolve_job_def("kvqa_audit")
    places = {"source": str(table), "out": str(tmp_path / "out")}
    result = job.execute_in_process(run_config={"ops": {"dataset_kvqa_audit": {"config": places}}})
    (evaluation,) = result.get_asset_check_evaluations()
    assert not evaluation.passed
    assert "Not ready" in evaluation.metadata["summary"].value
    assert isinstance(module.definitions, dagster.Definitions)


def test_airflow_runs_the_dag(table: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("airflow.sdk", reason="airflow is not installed; it wants an environment of its own")
    monkeypatch.setenv("AIRFLOW_HOME", str(tmp_path / "airflow"))
    dag = example("airflow_dag").kvqa_audit()
    assert [task.task_id for task in dag.tasks] == ["audit_dataset"]


def test_pre_commit_runs_the_hook(tmp_path: Path) -> None:
    """The hook is installed from this checkout, as another repository would, and refuses a wrong table."""
    pytest.importorskip("pre_commit", reason="pre-commit is not installed; nox -s orchestrators has it")
    if not (ROOT / ".git").exists():
        pytest.skip("only a checkout can be tried as a hook's repository")

    def git(*arguments: str) -> None:
        subprocess.run(["git", *arguments], cwd=tmp_path, check=True, capture_output=True)

    git("init", "-q")
    question = load_spec().questions[0]
    table = tmp_path / "metadata.csv"
    command = [sys.executable, "-m", "pre_commit", "try-repo", str(ROOT), "kvqa-audit-check", "--all-files"]
    for answer, code in (("colonoscopy", 0), ("telescope", 1)):
        table.write_text(f"source,question,answer,img_id\nNormal,{question.text},{answer},a\n")
        git("add", "metadata.csv")
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=900, check=False)
        assert done.returncode == code, done.stdout + done.stderr
    assert "KV008" in done.stdout
