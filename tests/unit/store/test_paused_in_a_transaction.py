"""Who is stopped within a transaction keeps nobody from writing for ever."""

from __future__ import annotations

import gc

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from kvqa_audit.store import database
from kvqa_audit.store.database import open_database, writing
from tests.postgres_server import new_database


# The connection that the server ended is dropped, not closed.
@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
def test_postgres_ends_a_transaction_that_idles(postgres: str, monkeypatch: pytest.MonkeyPatch) -> None:
    where = new_database(postgres)
    monkeypatch.setattr(database, "PAUSED_SECONDS", 1)
    idle, other = open_database(where, make=True), open_database(where, make=False)

    def take_and_idle() -> None:
        with writing(idle) as connection:
            connection.execute(text("LOCK TABLE projects"))
            with writing(other) as waiting:
                # Waits for the lock, which the first connection, idle meanwhile, loses.
                waiting.execute(text("INSERT INTO projects (name) VALUES ('of another')"))
            connection.execute(text("SELECT 1"))

    with pytest.raises(DBAPIError):
        take_and_idle()
    with other.connect() as connection:
        assert "of another" in connection.execute(text("SELECT name FROM projects")).scalars().all()
    idle.dispose()
    other.dispose()
    gc.collect()
