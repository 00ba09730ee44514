"""Workers are killed, nodes leave and come, drivers are killed: every image has its one fingerprint, as undisturbed."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from kvqa_audit.cache.caches import FOLDER_VARIABLE, Caches
from kvqa_audit.engine.ray_pool import RayPool
from kvqa_audit.errors import CancelledError
from kvqa_audit.images.fingerprint_stage import ImageStageResult, fingerprint_images
from kvqa_audit.ingest.dataset import ImageShard
from kvqa_audit.ingest.image_folder import FolderShard, list_images
from tests.children import in_children
from tests.cluster.conftest import add_node
from tests.cluster.work import Halted, wait_for_ever, who
from tests.processes import descendants, is_alive, wait_until

IMAGES_A_SHARD = 16


def shards_of(source: Path) -> list[FolderShard]:
    files = [file for shard in list_images(source).shards for file in shard.files]  # type: ignore[attr-defined]
    starts = range(0, len(files), IMAGES_A_SHARD)
    return [FolderShard(str(source), tuple(files[start : start + IMAGES_A_SHARD])) for start in starts]


@pytest.fixture(scope="module")
def undisturbed(source: Path) -> ImageStageResult:
    return in_children(fingerprint_images, shards_of(source), jobs=2)


def halted(source: Path, harm: str, mark: Path) -> list[ImageShard]:
    """The shards; the third of them does harm at its sixth image, once."""
    shards: list[ImageShard] = [*shards_of(source)]
    third = shards[2]
    assert isinstance(third, FolderShard)
    shards[2] = Halted(third, third.ids[5], harm, mark)
    return shards


def fingerprints_by(cluster: Any, shards: list[ImageShard]) -> tuple[ImageStageResult, int]:
    """What a cluster makes of the shards, and how many images it told of meanwhile."""
    told: list[int] = []
    with RayPool(cluster.address) as pool:
        return fingerprint_images(shards, pool=pool, on_progress=told.append), sum(told)


def test_a_killed_worker_costs_nothing(
    cluster: Any, source: Path, undisturbed: ImageStageResult, tmp_path: Path
) -> None:
    found, told = fingerprints_by(cluster, halted(source, "kill", tmp_path / "mark"))
    assert (tmp_path / "mark").exists()
    assert found.fingerprints == undisturbed.fingerprints
    assert told == len(undisturbed.fingerprints)


def test_a_node_that_is_gone_costs_nothing(
    cluster: Any, source: Path, undisturbed: ImageStageResult, tmp_path: Path
) -> None:
    mark = tmp_path / "mark"
    add_node(cluster)
    before = set(cluster.worker_nodes)

    def remove() -> None:
        wait_until(mark.exists)
        (node,) = [one for one in before if str(_process(one)) == mark.read_text()]
        cluster.remove_node(node, allow_graceful=False)

    beside = threading.Thread(target=remove)
    beside.start()
    found, told = fingerprints_by(cluster, halted(source, "wait", mark))
    beside.join()
    assert len(set(cluster.worker_nodes)) == len(before) - 1
    assert found.fingerprints == undisturbed.fingerprints
    assert told == len(undisturbed.fingerprints)


def test_a_node_that_comes_gets_work(cluster: Any) -> None:
    given: list[int] = []
    seen: set[int] = set()
    added: list[int] = []

    def tasks() -> Iterator[int]:
        while not added or added[0] not in seen:
            given.append(len(given))
            yield given[-1]

    answers = []
    with RayPool(cluster.address) as pool:
        for one in pool.map_unordered(who, tasks()):
            answers.append(one.task)
            assert one.value is not None
            seen.add(one.value[0])
            if not added:
                added.append(_process(add_node(cluster)))
    assert sorted(answers) == given


def test_a_cancelled_audit_leaves_nobody_at_work(cluster: Any, tmp_path: Path) -> None:
    mark, cancel = tmp_path / "mark", threading.Event()

    def stop() -> None:
        wait_until(lambda: mark.exists() and mark.read_text())
        cancel.set()

    beside = threading.Thread(target=stop)
    beside.start()
    with RayPool(cluster.address, cancel=cancel, item_timeout_seconds=0) as pool, pytest.raises(CancelledError):
        list(pool.map_unordered(wait_for_ever, [mark]))
    beside.join()
    wait_until(lambda: not is_alive(int(mark.read_text())))


@pytest.mark.parametrize("engine", ["local", "ray"])
def test_a_killed_driver_goes_on_where_it_was(
    engine: str, cluster: Any, source: Path, undisturbed: ImageStageResult, tmp_path: Path
) -> None:
    words = ["--engine", "ray", "--ray-address", cluster.address] if engine == "ray" else ["--jobs", "1"]
    command = [sys.executable, "-m", "kvqa_audit", "run", str(source), "--subset", *words]
    environment = {**os.environ, FOLDER_VARIABLE: str(tmp_path / "cache")}
    others = descendants(os.getpid())
    with subprocess.Popen([*command, "--out", str(tmp_path / "out")], env=environment) as driver:
        wait_until(lambda: driver.poll() is not None or _files_kept(tmp_path / "cache"))
        driver.send_signal(signal.SIGKILL)
    assert driver.returncode == -signal.SIGKILL, "it was done before it could be killed"
    wait_until(lambda: not _forks_of_workers() - others)
    kept = _files_kept(tmp_path / "cache")
    with Caches.open(tmp_path / "cache") as caches, RayPool(cluster.address) as pool:
        again = fingerprint_images(list_images(source).shards, pool=pool, cache=caches.fingerprints)
    assert again.from_cache >= kept > 0
    assert again.fingerprints == undisturbed.fingerprints


def _process(node: Any) -> int:
    """The process of a node, which its workers are children of."""
    return int(node.all_processes["raylet"][0].process.pid)


def _files_kept(folder: Path) -> int:
    for path in folder.glob("fingerprints-*.sqlite"):
        try:
            with sqlite3.connect(path) as database:
                return int(database.execute("SELECT count(*) FROM files").fetchone()[0])
        except sqlite3.OperationalError:
            pass  # it is just being made
    return 0


def _forks_of_workers() -> set[int]:
    """The processes that guarded children are forked of."""
    found = set()
    for pid in descendants(os.getpid()):
        try:
            if b"serve_forks" in Path(f"/proc/{pid}/cmdline").read_bytes():
                found.add(pid)
        except (FileNotFoundError, ProcessLookupError):
            pass
    return found
