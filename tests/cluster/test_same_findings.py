"""One contract for all engines: whoever works on the images, every file of an audit is the same, byte for byte."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from kvqa_audit.artifacts.fingerprint_files import FingerprintFiles
from kvqa_audit.engine.executor import Failure
from kvqa_audit.engine.local import LocalPool
from kvqa_audit.engine.ray_pool import RayPool
from kvqa_audit.pipeline.audit import audit_duplicates
from kvqa_audit.pipeline.publish import Publication, audit_and_publish
from tests.cluster.conftest import request_for
from tests.cluster.work import who
from tests.functional.conftest import Program
from tests.unit.engine.test_local import ITEMS, hurt

# What says when, and how fast, an audit was made.
TIMES = {"run_id", "started_at", "finished_at", "stages", "files"}


def told(out: Path) -> dict[str, Any]:
    record = json.loads((out / "audit.json").read_text())
    for check in record["checks"]:
        del check["seconds"]
    files = {path.name: path.read_bytes() for path in out.iterdir() if path.suffix in (".csv", ".parquet")}
    assert {"findings.csv", "findings.parquet", "duplicates.parquet", "fingerprints.parquet"} <= files.keys()
    return {**files, "audit.json": {name: value for name, value in record.items() if name not in TIMES}}


def test_a_local_cluster_finds_the_same(source: Path, by_local_pool: Path, program: Program, tmp_path: Path) -> None:
    words = ("--subset", "--no-cache", "--engine", "ray", "--ray-address", "local", "--jobs", "2", "--no-images")
    done = program("run", source, *words, "--out", tmp_path / "out")
    assert done.returncode == 1, done.stderr
    assert told(tmp_path / "out") == told(by_local_pool)


def test_a_cluster_of_nodes_finds_the_same(source: Path, by_local_pool: Path, cluster: Any, tmp_path: Path) -> None:
    with RayPool(cluster.address) as pool:
        audit_and_publish(request_for(source), Publication(tmp_path, pictures="none"), executor=pool)
    assert told(tmp_path) == told(by_local_pool)


def test_fingerprints_in_files_give_the_same_duplicates(source: Path, cluster: Any, tmp_path: Path) -> None:
    with RayPool(cluster.address) as pool:
        found = audit_duplicates(str(source), executor=pool, shards=FingerprintFiles(str(tmp_path)))
    assert len(list(tmp_path.iterdir())) > 2
    assert found == audit_duplicates(str(source))


@pytest.mark.parametrize("harm", ["segfault", "memory", "raise", "hang", "kill"])
def test_harm_costs_the_same_item_and_no_worker(cluster: Any, harm: str) -> None:
    limits: dict[str, Any] = {"item_timeout_seconds": 2, "memory_mb": 400}
    tasks = [(harm, 4), (harm, ITEMS)]
    with LocalPool(1, **limits) as pool:
        locally = list(pool.map_unordered(hurt, tasks))
    with RayPool(cluster.address, **limits) as there:
        found = list(there.map_unordered(hurt, tasks))
    assert sorted(found, key=str) == sorted(locally, key=str)
    assert sum(isinstance(one.failure, Failure) for one in found) == 1


def test_nothing_of_a_task_is_left_in_a_worker_that_is_used_again(cluster: Any) -> None:
    with RayPool(cluster.address) as pool:
        answers = [one.value for one in pool.map_unordered(who, range(20))]
    assert len(answers) == 20
    assert len({worker for _, worker, _ in answers}) < 20
    assert not any(trace for _, _, trace in answers)
