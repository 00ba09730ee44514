"""The place of a store comes in; a database of the current version that is safe for concurrent runs goes out."""

from __future__ import annotations

import select
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, inspect, make_url, text
from sqlalchemy.engine import URL
from sqlalchemy.exc import ArgumentError, DBAPIError, DisconnectionError, NoSuchModuleError, SQLAlchemyError

from kvqa_audit.errors import NewerStoreError, StoreError

VERSIONS = ("0001", "0002", "0003", "0004", "0005", "0006", "0007", "0008", "0009")
BUSY_SECONDS = 60
PAUSED_SECONDS = 20
# Any number will do, as long as it is always the same: whoever holds it may change the tables.
_UPGRADE_LOCK = 5_872_001
_APPLICATION = "kvqa-audit"
_END_STUCK = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE datname = current_database() AND usename = current_user AND application_name = :application
AND state = 'active' AND wait_event = 'ClientRead' AND xact_start IS NOT NULL
AND state_change < clock_timestamp() - make_interval(secs => :seconds)
"""


def address_of(where: str) -> URL:
    """The SQLAlchemy URL of a store that was named as a URL or as a file.

    Raises:
        StoreError: it cannot be a URL.
    """
    if "://" not in where:
        return URL.create("sqlite", database=str(Path(where).absolute()))
    try:
        url = make_url(where)
    except (ArgumentError, ValueError):
        raise StoreError("the store's URL cannot be read; it looks like postgresql://user@host/database") from None
    return url.set(drivername="postgresql+psycopg") if url.drivername in ("postgresql", "postgres") else url


def open_database(where: str, *, make: bool) -> Engine:
    """Opens a store and upgrades it if it is older; one that is not there yet is made only if `make` is set.

    Raises:
        StoreError: it cannot be opened, is no store, or was written by a newer version.
    """
    url = address_of(where)
    if url.get_backend_name() == "sqlite":
        _place(url, make)
    engine = _engine(url)
    try:
        with translate_errors(url):
            _bring_up_to_date(engine, shown(url))
    except StoreError:
        engine.dispose()
        raise
    return engine


def _engine(url: URL) -> Engine:
    try:
        if url.get_backend_name() != "sqlite":
            is_postgres = url.get_backend_name() == "postgresql"
            engine = create_engine(url, pool_pre_ping=not is_postgres, pool_use_lifo=True)
            event.listen(engine, "before_cursor_execute", _without_nul, retval=True)
            if is_postgres:
                event.listen(engine, "connect", _on_connect_postgres)
                event.listen(engine, "checkout", _on_checkout_postgres)
            return engine
        engine = create_engine(url, connect_args={"timeout": BUSY_SECONDS})
    except (NoSuchModuleError, ModuleNotFoundError) as error:
        hint = "install kvqa-audit[postgres]" if url.get_backend_name() == "postgresql" else "install its driver"
        raise StoreError(f"{shown(url)}: no driver for this kind of database is installed ({error}); {hint}") from None
    event.listen(engine, "connect", _on_connect_sqlite)
    event.listen(engine, "begin", _on_begin_sqlite)
    return engine


def _without_nul(_c: Any, _u: Any, statement: str, given: Any, _x: Any, _m: bool) -> tuple[str, Any]:
    """What is asked for by text with the character NUL, which PostgreSQL refuses, is looked for as it is kept."""
    return statement, _clean(given)


def _clean(given: Any) -> Any:
    if isinstance(given, str):
        return given.replace("\0", "\\x00") if "\0" in given else given
    if isinstance(given, dict):
        return {name: _clean(value) for name, value in given.items()}
    if isinstance(given, (list, tuple)):
        return type(given)(map(_clean, given))
    return given


def shown(url: URL) -> str:
    """The store's name for messages: a file's path, or the URL without its password."""
    if url.get_backend_name() == "sqlite":
        return url.database or "the store in memory"
    return url.render_as_string(hide_password=True)


@contextmanager
def translate_errors(url: URL) -> Iterator[None]:
    """Turns what a database complains of into an error that says which store it is, and what to do."""
    try:
        yield
    except DBAPIError as error:
        words = " ".join(str(error.orig).split())
        raise StoreError(f"{shown(url)}: the store cannot be used: {words}. {_advice(words)}") from None
    except UnicodeDecodeError as error:
        # SQLite's own complaint quotes what lies in the file, and is no UTF-8.
        words = f"its schema is malformed ({error})"
        raise StoreError(f"{shown(url)}: the store cannot be used: {words}. {_advice(words)}") from None
    except SQLAlchemyError as error:
        raise StoreError(f"{shown(url)}: the store cannot be used: {error}") from None


def _advice(words: str) -> str:
    if "not a database" in words or "malformed" in words:
        return "The file is no store, or is damaged: name another one, or move it away."
    if "locked" in words or "lock timeout" in words:
        return f"Another process has held it for more than {BUSY_SECONDS} seconds."
    if "full" in words:
        return "Make room there, or name another store."
    return "Check its place, and that it may be read and written."


def _place(url: URL, make: bool) -> None:
    path = Path(url.database or ":memory:")
    if not make and not path.is_file():
        raise StoreError(f"{path}: there is no such store; 'kvqa-audit run … --store {path}' makes one")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(f"{path}: cannot be made: {error.strerror}; name another store") from None


def _on_connect_sqlite(connection: Any, _: Any) -> None:
    # The driver would begin transactions of its own, too late for two writers that both read first.
    connection.isolation_level = None
    for pragma in ("journal_mode = WAL", "synchronous = NORMAL", "foreign_keys = ON"):
        connection.execute(f"PRAGMA {pragma}")


def _on_connect_postgres(connection: Any, _: Any) -> None:
    # Who is stopped within a transaction would keep others from writing until it goes on.
    connection.execute(f"SET idle_in_transaction_session_timeout = '{PAUSED_SECONDS}s'")
    connection.execute(f"SET lock_timeout = '{BUSY_SECONDS}s'")
    connection.execute(f"SET application_name = '{_APPLICATION}'")
    connection.commit()


def _on_checkout_postgres(connection: Any, *_: Any) -> None:
    # A server that has gone has closed its end, which can be read then: seen without asking it each time.
    idle = select.poll()
    idle.register(connection.fileno(), select.POLLIN)
    if idle.poll(0):
        raise DisconnectionError("the server has closed this connection")


def _on_begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get("writes")
    driver: Any = connection.connection.driver_connection
    driver.execute("BEGIN IMMEDIATE" if writes else "BEGIN")


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """What is read together: of one moment in SQLite; elsewhere each statement sees the store as it is then.

    That is what other databases give in their usual transactions, too, which need not be begun and ended for it.
    """
    if engine.dialect.name == "sqlite":
        with engine.begin() as connection:
            yield connection
    else:
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            yield connection


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """A transaction that has the right to write from its start on, so that writers wait for each other."""
    with engine.connect().execution_options(writes=True) as connection, connection.begin():
        yield connection


def end_stuck_transactions(connection: Connection) -> int:
    """Ends what was stopped on PostgreSQL in the midst of its statements; how many transactions these were.

    The server itself ends only those that were stopped between two statements: of one that was sent by halves, or of
    many in a pipeline, it waits for the rest as long as the connection lasts.
    """
    if connection.dialect.name != "postgresql":
        return 0
    given = {"application": _APPLICATION, "seconds": PAUSED_SECONDS}
    return len(connection.execute(text(_END_STUCK), given).all())


def _bring_up_to_date(engine: Engine, name: str) -> None:
    with engine.begin() as connection:
        if _version(connection, name) == VERSIONS[-1]:
            return
    with writing(engine) as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text(f"SELECT pg_advisory_xact_lock({_UPGRADE_LOCK})"))
        if _version(connection, name) != VERSIONS[-1]:
            try:
                _upgrade(connection)
            except (ValueError, TypeError, LookupError) as error:
                raise StoreError(
                    f"{name}: cannot be brought up to date, and was left as it was: {error}. "
                    "Another program changed the store: bring back a copy, or name another."
                ) from None


def _version(connection: Connection, name: str) -> str | None:
    """The store's version, None for an empty database."""
    tables = inspect(connection).get_table_names()
    if "alembic_version" not in tables:
        if tables:
            raise StoreError(f"{name}: holds other tables and is no store of kvqa-audit; name another file or database")
        return None
    version = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    if version is not None and version not in VERSIONS:
        raise NewerStoreError(
            f"{name}: was written by a newer kvqa-audit (store version {version}; this program knows up to "
            f"{VERSIONS[-1]}). Update kvqa-audit, or name another store."
        )
    return version


def _upgrade(connection: Connection, to: str = "head") -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", "kvqa_audit.store:migrations")
    config.attributes["connection"] = connection
    command.upgrade(config, to)
