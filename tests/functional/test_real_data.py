"""The known facts of the real dataset are reported, and every defect planted into it is found."""

from __future__ import annotations

import csv
import json
import shutil
import socket
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from kvqa_audit import AuditOptions, run_audit
from kvqa_audit.artifacts.folder import read_artifacts
from kvqa_audit.model import AuditRun, OutcomeStatus
from tests.functional.conftest import Program


def test_real_subset_is_audited_without_an_errored_check(joined: Path) -> None:
    run = read_artifacts(joined)
    assert (run.dataset.rows, run.dataset.images) == (5489, 555)
    assert not [o for o in run.outcomes if o.outcome is OutcomeStatus.ERRORED]
    promises = [o for o in run.outcomes if o.code.startswith("KV02-")]
    skipped = [o for o in promises if o.outcome is OutcomeStatus.SKIPPED]
    assert len(skipped) >= 26
    assert all("subset" in str(o.reason) for o in skipped)
    assert (joined / "report.html").stat().st_size <= 5_000_000


def test_digests_are_those_of_the_published_manifest(joined: Path, shared: Path) -> None:
    with (shared / "data" / "kvasir-vqa" / "full" / "image_manifest.csv").open(newline="") as file:
        published = {row["img_id"]: row["sha256"] for row in csv.DictReader(file)}
    images = read_artifacts(joined).fingerprints
    assert {image.img_id: image.sha256 for image in images} == {
        image.img_id: published[image.img_id] for image in images
    }


@pytest.fixture(scope="session")
def real_table(shared: Path) -> tuple[AuditRun, list[dict[str, str]]]:
    path = shared / "data" / "kvasir-vqa" / "full" / "metadata.sample-29307.csv"
    with path.open(newline="", encoding="utf-8") as file:
        return run_audit(path, AuditOptions(subset=True, table_only=True)), list(csv.DictReader(file))


def test_known_misspellings_of_the_real_table_are_reported_with_their_correction(
    real_table: tuple[AuditRun, list[dict[str, str]]],
) -> None:
    run, rows = real_table
    questions = {f.row for f in run.findings if f.check == "KV007"}
    assert questions == {n for n, row in enumerate(rows) if "instrumnets" in row["question"]}
    answers = {f.row: f.suggestion for f in run.findings if f.check == "KV009"}
    wrong = {n for n, row in enumerate(rows) if "rigth" in row["answer"] or row["answer"] == ">20"}
    assert set(answers) == wrong
    assert len([n for n in wrong if "rigth" in rows[n]["answer"]]) == 143
    for n, suggestion in answers.items():
        expected = ">20mm" if rows[n]["answer"] == ">20" else rows[n]["answer"].replace("rigth", "right")
        assert suggestion == expected
    assert not [f for f in run.findings if f.check == "KV008"]


def test_repeats_per_polyp_are_told_apart_from_true_repeats(
    real_table: tuple[AuditRun, list[dict[str, str]]],
) -> None:
    run, rows = real_table
    keys = Counter((row["img_id"], row["question"]) for row in rows)
    repeated = {key for key, count in keys.items() if count > 1}
    assert {question for _, question in repeated} == {
        "What type of polyp is present?",
        "What is the size of the polyp?",
    }
    assert not [f for f in run.findings if f.check in ("KV011", "KV012")]
    assert {(f.img_id, f.question) for f in run.findings if f.check == "KV013"} == repeated


def test_table_alone_skips_images_with_the_reason(real_table: tuple[AuditRun, list[dict[str, str]]]) -> None:
    outcome = next(o for o in real_table[0].outcomes if o.code == "KV201")
    assert outcome.outcome is OutcomeStatus.SKIPPED
    assert outcome.reason


@pytest.fixture(scope="session")
def planted(shared: Path, program: Program, tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], Path]:
    folder = tmp_path_factory.mktemp("planted")
    tool = [sys.executable, shared / "tools" / "plant.py", shared / "data" / "kvasir-vqa" / "joined", folder / "data"]
    subprocess.run([*tool, "--seed", "1", "--copies", "52", "--faults"], check=True, capture_output=True)
    done = program("run", folder / "data", "--subset", "--out", folder / "out", "-q")
    assert done.returncode == 1, done.stderr
    truth: dict[str, Any] = json.loads((folder / "data" / "truth.json").read_text())["faults"]
    return truth, folder / "out"


@pytest.mark.parametrize(
    ("fault", "checks"),
    [
        ("truncated", {"KV104"}),
        ("empty", {"KV105"}),
        ("not_an_image", {"KV106"}),
        ("png_named_jpg", {"KV107"}),
        ("missing_file", {"KV101"}),
        ("orphan_file", {"KV102"}),
        ("blank_answer", {"KV015"}),
        ("unknown_source", {"KV005"}),
        ("padded_answer", {"KV004"}),
        ("script_answer", {"KV008"}),
        ("repeated_row", {"KV011"}),
    ],
)
def test_planted_fault_is_named(planted: tuple[dict[str, Any], Path], fault: str, checks: set[str]) -> None:
    truth, out = planted
    findings = pq.read_table(out / "findings.parquet").to_pylist()
    for where in truth[fault]:
        place = "row" if isinstance(where, int) else "img_id"
        assert [f for f in findings if f["check"] in checks and f[place] == where], f"{fault} at {where}"


def test_local_run_attempts_no_connection(shared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = tmp_path / "data"
    shutil.copytree(shared / "data" / "kvasir-vqa" / "joined", source)
    for image in sorted((source / "images").iterdir())[20:]:
        image.unlink()
    attempts: list[object] = []

    def refuse(self: socket.socket, address: object) -> None:
        attempts.append(address)
        raise OSError("no network in this test")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", lambda *a, **k: attempts.append(a) or [])
    run = run_audit(source, AuditOptions(subset=True))
    assert run.dataset.images == 20
    assert not attempts
