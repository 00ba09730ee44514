"""What a worker of a cluster refuses: another version, and files that it does not see; without Ray itself."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from kvqa_audit.engine.executor import EngineError
from kvqa_audit.engine.ray_task import Order, versions, work
from kvqa_audit.images.each import PickedImages
from kvqa_audit.ingest.image_folder import FolderShard
from tests.unit.engine.test_local import ITEMS, doubled

ORDER = Order(doubled, 3, 20.0, 0, versions())


def test_a_task_is_answered_item_by_item() -> None:
    assert work(ORDER, 1).unwrap() == [(at, 2 * (300 + at) + 1, None) for at in range(ITEMS)]


def test_another_version_is_refused() -> None:
    other = ("Python 3.0", *versions()[1:])
    with pytest.raises(EngineError, match=r"Python 3\.\d+\.\d+ instead of Python 3\.0, .*Install the same versions"):
        work(replace(ORDER, versions=other), 1).unwrap()


def test_files_that_are_not_there_are_told_and_not_taken_for_missing_pictures(tmp_path: Path) -> None:
    task = PickedImages(FolderShard(str(tmp_path / "gone"), (("a", "a.jpg"),)), frozenset("a"))
    with pytest.raises(EngineError, match=r"gone: is not there on .*Put the dataset into object storage"):
        work(replace(ORDER, task=task)).unwrap()
