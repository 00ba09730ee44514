"""Who is stopped within a transaction keeps nobody from writing for ever."""

from __future__ import annotations

import gc
import subprocess
import sys

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from kvqa_audit.store import database
from kvqa_audit.store.database import end_stuck_transactions, open_database, reading, writing
from tests.postgres_server import new_database
from tests.processes import is_stopped, wait_until

# Sends row upon row, and is stopped before it has sent them all.
WRITER = """
import os, signal, sys
from kvqa_audit.store.database import open_database, writing

def names():
    for number in range(100_000):
        yield (f"project {number}",)
    os.kill(os.getpid(), signal.SIGSTOP)
    yield ("the last one",)

with writing(open_database(sys.argv[1], make=False)) as connection:
    with connection.connection.cursor() as cursor:
        cursor.executemany("INSERT INTO projects (name) VALUES (%s)", names())
"""


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


def test_a_process_that_was_stopped_while_it_sent_many_rows_keeps_nobody_from_writing(
    postgres: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    where = new_database(postgres)
    engine = open_database(where, make=True)
    with subprocess.Popen([sys.executable, "-c", WRITER, where]) as writer:
        try:
            wait_until(lambda: is_stopped(writer.pid))
            with reading(engine) as connection:
                assert end_stuck_transactions(connection) == 0, "it may still go on"
                monkeypatch.setattr(database, "PAUSED_SECONDS", 1)
                wait_until(lambda: end_stuck_transactions(connection) == 1)
            with writing(engine) as connection:
                connection.execute(text("INSERT INTO projects (name) VALUES ('project 7')"))
        finally:
            writer.kill()
    with reading(engine) as connection:
        assert connection.execute(text("SELECT count(*) FROM projects WHERE name LIKE 'project %'")).scalar() == 1
    engine.dispose()
