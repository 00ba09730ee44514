"""For all tests: real data where it is at hand, the drawn dataset, places of stores, and what reading text needs."""

from __future__ import annotations

import gc
import os
import pickle
import shutil
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from kvqa_audit.demo import DemoTruth, draw_demo
from kvqa_audit.pipeline.options import AuditOptions
from kvqa_audit.pipeline.publish import AuditRequest, Publication, audit_and_publish
from kvqa_audit.store.database import open_database
from tests.made_once import made_once
from tests.postgres_server import new_database, running_postgres

# How long an example takes says how busy the machine is, and nothing about what is claimed. The examples and the order
# of the tests are the same in every run, so that a failure is that of the change; KVQA_EXPLORE=1 looks for new ones.
IS_EXPLORING = "KVQA_EXPLORE" in os.environ
settings.register_profile(
    "whatever the load",
    deadline=None,
    derandomize=not IS_EXPLORING,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("whatever the load")

# Begun first, so that no worker has one of them left when the other has nothing more to do.
LONGEST_FILES = {
    "test_80_columns.py",
    "test_table_in_parts.py",
    "test_clocks.py",
    "test_report.py",
    "test_command_line.py",
    "test_deciding.py",
    "test_examples.py",
    "test_fix.py",
    "test_real_data.py",
    "test_audit_and_publish.py",
}


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Shuffles the tests alike in every run, unless another seed was asked for."""
    if not IS_EXPLORING and config.getoption("randomly_seed", None) == "default":
        config.option.randomly_seed = 1


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: item.path.name not in LONGEST_FILES)


def pytest_collection_finish() -> None:
    """What was imported until now stays: no collection of garbage has to look through it again."""
    gc.freeze()


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder with real Kvasir-VQA rows and frames, beside the checkout or named by KVQA_SHARED."""
    named = os.environ.get("KVQA_SHARED")
    folder = Path(named) if named else Path(__file__).resolve().parents[2] / "shared"
    if not (folder / "data" / "kvasir-vqa").is_dir():
        pytest.skip("the real Kvasir-VQA sample is not beside this checkout (KVQA_SHARED names another place)")
    return folder


@pytest.fixture(scope="session")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, DemoTruth]:
    """The demo dataset and what was planted in it; tests that change it work on a copy."""

    def draw(folder: Path) -> None:
        (folder / "truth.pickle").write_bytes(pickle.dumps(draw_demo(folder / "dataset")))

    folder = made_once(tmp_path_factory, "demo", draw)
    return folder / "dataset", pickle.loads((folder / "truth.pickle").read_bytes())


@pytest.fixture(scope="session")
def audited(drawn: tuple[Path, DemoTruth], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a finished audit of the demo dataset; tests that change it work on a copy."""
    return made_once(tmp_path_factory, "demo-audit", lambda out: _audit(drawn[0], out))


@pytest.fixture(scope="session")
def joined(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a finished audit of the real images whose rows are at hand."""
    return made_once(
        tmp_path_factory, "joined-audit", lambda out: _audit(shared / "data" / "kvasir-vqa" / "joined", out)
    )


def _audit(source: Path, out: Path) -> None:
    with warnings.catch_warnings():
        # Great Expectations imports modules that Python has deprecated.
        warnings.simplefilter("default")
        audit_and_publish(AuditRequest(str(source), AuditOptions(subset=True), cached=False), Publication(out))


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The URL of the first database of a real PostgreSQL server."""
    with running_postgres() as url:
        yield url


@pytest.fixture(params=["sqlite", "postgres"])
def absent_place(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The place of a store that is not there yet: a file, and a database of a server."""
    if request.param == "sqlite":
        return str(tmp_path / "runs.sqlite")
    return new_database(request.getfixturevalue("postgres"))


@pytest.fixture(scope="session")
def empty_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store of this version that nobody writes to, as its steps make it."""
    path = tmp_path_factory.mktemp("empty") / "runs.sqlite"
    open_database(str(path), make=True).dispose()
    return path


@pytest.fixture(scope="session")
def empty_database(postgres: str) -> str:
    """The same in a database, which nobody may be connected to while it is copied."""
    place = new_database(postgres)
    open_database(place, make=True).dispose()
    return place


@pytest.fixture(params=["sqlite", "postgres"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The place of an empty store, which is a copy of one that was made once: a file, and a database of a server."""
    if request.param == "sqlite":
        return str(shutil.copyfile(request.getfixturevalue("empty_file"), tmp_path / "runs.sqlite"))
    made = request.getfixturevalue("empty_database")
    return new_database(request.getfixturevalue("postgres"), like=made.rpartition("/")[2])


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skips a test marked `ocr` where the extra is not installed, or fails it where KVQA_NEED_OCR is set."""
    from kvqa_audit.privacy.reader import why_unreadable

    if item.get_closest_marker("ocr") and (reason := why_unreadable()):
        (pytest.fail if os.environ.get("KVQA_NEED_OCR") else pytest.skip)(reason)
