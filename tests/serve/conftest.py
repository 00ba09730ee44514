"""A real server on an empty store, shared by the tests of a module, on SQLite and on PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from kvqa_audit.store.access_tables import Role
from tests.postgres_server import new_database
from tests.serve.site import Person, Served, serving


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def store_place(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The place of a store that is not there yet."""
    if request.param == "sqlite":
        return str(tmp_path_factory.mktemp("store") / "service.sqlite")
    return new_database(request.getfixturevalue("postgres"))


@pytest.fixture(scope="module")
def served(store_place: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder: Path = tmp_path_factory.mktemp("service")
    with serving(store_place, folder) as running:
        yield running


@pytest.fixture(scope="module")
def admin(served: Served) -> Person:
    return served.person("admin", Role.ADMIN)


@pytest.fixture(scope="module")
def api(served: Served) -> httpx.Client:
    """A program with all rights."""
    return served.program("robot", Role.ADMIN)
