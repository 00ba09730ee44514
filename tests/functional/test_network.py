"""Only the id of a Hub dataset or a URL goes online: the kernel counts who tries to leave a network without routes."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

# Calls one command after the other, and tells after each what the kernel counted in this network. `datasets` was
# imported before, as by a process that serves many audits.
_DRIVER = """
import json, sys
from pathlib import Path
import datasets
from tests.fuzz.process import called

for words in json.loads(sys.argv[1]):
    done = called(words, Path.cwd(), {})
    print(json.dumps([words, done.code, done.said, done.connections]), flush=True)
"""
Told = tuple[list[str], int, str, int]


def without_routes() -> list[str]:
    """The command that begins another one in a network of its own; skips where the system does not let us."""
    why = "there is no unshare"
    for options in ("-n", "-rn"):
        if shutil.which("unshare") is not None:
            made = subprocess.run(["unshare", options, "true"], check=False, capture_output=True, text=True)
            if made.returncode == 0:
                return ["unshare", options]
            why = made.stderr.strip()
    pytest.skip(f"no network namespace can be made here: {why}")


def called(folder: Path, *commands: list[str]) -> list[Told]:
    done = subprocess.run(
        [*without_routes(), sys.executable, "-c", _DRIVER, json.dumps(commands)],
        check=False,
        capture_output=True,
        text=True,
        cwd=folder,
        env={
            **os.environ,
            "PYTHONPATH": str(Path(__file__).parents[2]),
            "KVQA_AUDIT_CACHE": str(folder / "cache"),
            "HF_HOME": str(folder / "hub"),
        },
    )
    assert done.returncode == 0, done.stderr
    return [tuple(json.loads(line)) for line in done.stdout.splitlines()]  # type: ignore[misc]


@pytest.fixture
def folder(few: Path, few_audited: Path, tmp_path: Path) -> Path:
    """A dataset, its audit, and audits that say that their dataset lies where a Hub id or a URL would lead."""
    shutil.copytree(few, tmp_path / "data")
    shutil.copytree(few_audited, tmp_path / "audit")
    for name, location in (
        ("named", "owner/name"),
        ("hub", "hf://owner/name"),
        ("s3", "s3://bucket/data"),
        ("listed", "manifest:https://host.example/list.csv"),
    ):
        shutil.copytree(few_audited, tmp_path / name)
        record = tmp_path / name / "audit.json"
        told = json.loads(record.read_text())
        told["dataset"]["location"] = location
        record.write_text(json.dumps(told))
    return tmp_path


def test_no_command_leaves_the_machine_unless_an_id_of_the_hub_is_named(folder: Path) -> None:
    for words, code, said, tries in called(
        folder,
        ["run", "data", "--out", "out", "--subset", "--jobs", "1", "-q"],
        ["check", "data/metadata.csv"],
        ["duplicates", "data", "--mode", "exact", "--jobs", "1", "-q"],
        ["init", "data", "--out", "described"],
        ["fix", "data", "--out", "fixed", "--subset", "--table-only", "-q"],
        ["compare", "audit", "named", "--out", "changes.html"],
        ["gate", "audit", "--also", "junit,sarif,summary,badge,github"],
        ["export", "audit", "--croissant", "c.json", "--card", "README.md"],
        ["report", "audit", "--no-images"],
        ["report", "named"],
        ["report", "hub"],
        ["export", "hub", "--card", "README.md"],
        ["report", "s3", "--pages"],
        ["report", "listed"],
        ["export", "s3", "--croissant", "c.json"],
        ["review", "audit", "--update"],
        ["index", "."],
        ["run", "data/imags", "--out", "o", "-q"],
        ["run", "owner/name", "--out", "o", "-q"],
        ["compare", "owner/name@main", "audit"],
        ["fix", "owner/name", "--out", "o"],
        ["init", "hf:owner/name", "--out", "o"],
    ):
        assert tries == 0, words
        assert code in (0, 1, 2), (words, said)
        assert "Traceback" not in said
        assert (code == 2) == ("owner/name" in str(words) or "imags" in str(words)), (words, said)


@pytest.mark.parametrize("source", ["s3://bucket/data", "https://127.0.0.9/list.csv", "manifest:gs://bucket/list.csv"])
def test_a_url_goes_online_and_its_failure_is_told(folder: Path, source: str) -> None:
    pytest.importorskip("obstore", reason="the extra 'cloud' is not installed")
    ((_, code, said, tries),) = called(folder, ["run", source, "--out", "o", "-q"])
    assert code == 2
    assert tries > 0
    assert "cannot be" in said
    assert "Traceback" not in said


@pytest.mark.parametrize(
    "words", [["run", "hf://owner/name", "--out", "o", "-q"], ["init", "hub:owner/name", "--out", "o"]]
)
def test_an_id_of_the_hub_goes_online_and_its_failure_is_told(folder: Path, words: list[str]) -> None:
    ((_, code, said, tries),) = called(folder, words)
    assert tries > 0
    assert code == 2
    assert "cannot be loaded from the Hub" in said
    assert "Traceback" not in said
