"""For all tests: real data where it is at hand, places of stores, and what tests need that read text in pictures."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

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


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Shuffles the tests alike in every run, unless another seed was asked for."""
    if not IS_EXPLORING and config.getoption("randomly_seed", None) == "default":
        config.option.randomly_seed = 1


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder with real Kvasir-VQA rows and frames, beside the checkout or named by KVQA_SHARED."""
    named = os.environ.get("KVQA_SHARED")
    folder = Path(named) if named else Path(__file__).resolve().parents[2] / "shared"
    if not (folder / "data" / "kvasir-vqa").is_dir():
        pytest.skip("the real Kvasir-VQA sample is not beside this checkout (KVQA_SHARED names another place)")
    return folder


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The URL of the first database of a real PostgreSQL server."""
    with running_postgres() as url:
        yield url


@pytest.fixture(params=["sqlite", "postgres"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The place of a store that is not there yet: a file, and a database of a server."""
    if request.param == "sqlite":
        return str(tmp_path / "runs.sqlite")
    return new_database(request.getfixturevalue("postgres"))


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skips a test marked `ocr` where the extra is not installed, or fails it where KVQA_NEED_OCR is set."""
    from kvqa_audit.privacy.reader import why_unreadable

    if item.get_closest_marker("ocr") and (reason := why_unreadable()):
        (pytest.fail if os.environ.get("KVQA_NEED_OCR") else pytest.skip)(reason)
