"""The place of a store comes in; transactions on it go out, all by the clock of the database."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import UTC, datetime, timedelta
from types import TracebackType

from sqlalchemy import Connection

from kvqa_audit.store.database import address_of, open_database, reading, shown, translate_errors, writing

Clock = Callable[[Connection], datetime]
_RECKONED_S = 60


def database_time(connection: Connection) -> datetime:
    """The time of the machine that holds the store, in UTC: all workers go by one clock."""
    if connection.dialect.name == "sqlite":
        return datetime.now(UTC)
    now: datetime = connection.exec_driver_sql("SELECT clock_timestamp()").scalar_one()
    return now.astimezone(UTC)


class JobStore:
    """The datasets, schedules and jobs of a service, in the same database as its runs.

    What is done with it are functions of this package that take it first. Several processes may use it at once.
    """

    def __init__(self, where: str, *, make: bool = True, clock: Clock = database_time) -> None:
        """Opens a store.

        Args:
            where: a file, or an SQLAlchemy URL such as `postgresql://user@host/database`.
            make: make the store where there is none yet.
            clock: what time it is, in UTC.

        Raises:
            StoreError: it cannot be opened, is none, or was written by a newer version.
        """
        self.where = where
        self.clock = clock
        self._url = address_of(where)
        self._engine = open_database(where, make=make)
        self._asked: tuple[datetime, float] | None = None
        # Threads that wait for a file are woken one by one; left to SQLite, they would look again and again.
        self._turn: AbstractContextManager[object] = threading.Lock() if self.is_a_file else nullcontext()

    def __enter__(self) -> JobStore:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self._engine.dispose()

    @property
    def name(self) -> str:
        """The store's name for messages, without a password."""
        return shown(self._url)

    @property
    def is_a_file(self) -> bool:
        """Whether it is SQLite's, where one process writes at a time."""
        return self._url.get_backend_name() == "sqlite"

    def about_now(self, connection: Connection) -> datetime:
        """The time of the store, asked once a minute, and reckoned in between: for what lasts for minutes and more."""
        asked, at = self._asked, time.monotonic()
        if asked is None or at - asked[1] > _RECKONED_S:
            self._asked = asked = (self.clock(connection), at)
        return asked[0] + timedelta(seconds=at - asked[1])

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A transaction that reads.

        Raises:
            StoreError: the store cannot be used.
        """
        with translate_errors(self._url), reading(self._engine) as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction that writes, whole or not at all.

        Raises:
            StoreError: the store cannot be used.
        """
        with self._turn, translate_errors(self._url), writing(self._engine) as connection:
            yield connection
