"""A drawn dataset of several shards, a Ray cluster of a head without processors and two nodes, and what ends with it.

All of it is in a network of this process's own where the system lets us, else on 127.0.0.1 alone.
"""

from __future__ import annotations

import os
import secrets
import signal
from collections.abc import Callable, Iterator
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any, TypeVar

import pytest

from kvqa_audit.demo import draw_demo
from kvqa_audit.pipeline.options import AuditOptions
from kvqa_audit.pipeline.publish import AuditRequest, Publication, audit_and_publish
from tests.cluster.network import enter_own_network
from tests.functional.conftest import program, variables
from tests.lookalikes import jpeg
from tests.processes import descendants, wait_until

__all__ = ["program", "variables"]
T = TypeVar("T")
STORE_BYTES = 100 << 20
MORE_PICTURES = 120


@pytest.fixture(scope="session", autouse=True)
def ray_of_its_own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Ray's settings for these tests; nothing of it is left in the user's home, or alive."""
    if find_spec("ray") is None:  # imported only when its settings are there
        (pytest.fail if os.environ.get("KVQA_NEED_RAY") else pytest.skip)("the extra 'ray' is not installed")
    enter_own_network()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAY_USAGE_STATS_ENABLED", "0")
        patch.setenv("RAY_AUTH_MODE", "token")
        patch.setenv("RAY_AUTH_TOKEN", secrets.token_hex(32))
        # The names of Ray's sockets may not be long.
        patch.setenv("RAY_TMPDIR", str(tmp_path_factory.getbasetemp().parent))
        yield
        wait_until(lambda: not descendants(os.getpid()))


@pytest.fixture(scope="session")
def cluster(ray_of_its_own: None) -> Iterator[Any]:
    """The running cluster; tests that take a node away add one first."""
    from ray.cluster_utils import Cluster

    head = {"num_cpus": 0, "include_dashboard": False, "object_store_memory": STORE_BYTES}
    running = _started(lambda: Cluster(initialize_head=True, head_node_args=head))
    try:
        for _ in range(2):
            add_node(running)
        running.wait_for_nodes()
        yield running
    finally:
        running.shutdown()


def _started(start: Callable[[], T]) -> T:
    """What is started; Ray gives it 30 seconds, which on a busy machine may not be enough, and leaves parts of it."""
    for again in (True, True, False):
        try:
            return start()
        except Exception:
            for pid in descendants(os.getpid()):
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            if not again:
                raise
    raise AssertionError


def add_node(running: Any) -> Any:
    return running.add_node(num_cpus=1, object_store_memory=STORE_BYTES, wait=False)


@pytest.fixture(scope="session")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo dataset, with defects of all kinds, and more pictures, so that there are several shards."""
    folder = tmp_path_factory.mktemp("drawn") / "dataset"
    draw_demo(folder)
    for number in range(MORE_PICTURES):
        (folder / "images" / f"more{number:03d}.jpg").write_bytes(jpeg(number))
    (folder / "images" / "broken.jpg").write_bytes(jpeg(1)[:-700])
    return folder


@pytest.fixture(scope="session")
def by_local_pool(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of an audit by processes of this machine."""
    out = tmp_path_factory.mktemp("local")
    audit_and_publish(request_for(source), Publication(out, pictures="none"))
    return out


def request_for(source: Path, *, cached: bool = False) -> AuditRequest:
    return AuditRequest(str(source), AuditOptions(subset=True, jobs=2), cached=cached)
