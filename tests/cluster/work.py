"""What is done in workers of the cluster: shards and tasks that harm their worker, or tell who worked on them."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from kvqa_audit.ingest.dataset import RawImage
from kvqa_audit.ingest.image_folder import FolderShard
from kvqa_audit.ingest.image_place import ImagePlace


def parent_of(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def worker() -> int:
    """The Ray worker, from within its guarded child, which is a fork of a process that the worker has started."""
    return parent_of(os.getppid())


@dataclass(frozen=True)
class Halted:
    """A shard that in the middle of its images, the first time, does what `harm` says, and tells of it in a file.

    "kill" kills the Ray worker; "wait" tells the process of the worker's node and waits for its end.
    """

    inner: FolderShard
    at: str
    harm: str
    mark: Path

    @property
    def ids(self) -> tuple[str, ...]:
        return self.inner.ids

    @property
    def local_paths(self) -> tuple[str, ...]:
        return self.inner.local_paths

    def read(self) -> Iterator[RawImage]:
        return self.pick(self.ids)

    def pick(self, ids: Collection[str]) -> Iterator[RawImage]:
        for raw in self.inner.pick(ids):
            if raw.img_id == self.at and not self.mark.exists():
                halt(self.harm, self.mark)
            yield raw

    def places(self) -> dict[str, ImagePlace]:
        return self.inner.places()


def halt(harm: str, mark: Path) -> None:
    ray_worker = worker()
    written = mark.with_suffix(".part")
    written.write_text(str(parent_of(ray_worker)))
    written.replace(mark)
    if harm == "kill":
        os.kill(ray_worker, signal.SIGKILL)
    while True:
        time.sleep(0.1)


def who(_task: int, _done: frozenset[int]) -> Iterator[tuple[int, int, bool]]:
    """The node and the worker that work on it, and whether an earlier task left a trace."""
    yield parent_of(worker()), worker(), hasattr(sys, "trace_of_a_task")
    sys.trace_of_a_task = True  # type: ignore[attr-defined]


def wait_for_ever(mark: Path, _done: frozenset[int]) -> Iterator[int]:
    mark.write_text(str(os.getpid()))
    while True:
        time.sleep(0.1)
    yield 0
