"""A folder comes in; a PostgreSQL server of the test's own runs there, and its URL goes out."""

from __future__ import annotations

import getpass
import importlib.util
import os
import shutil
import subprocess
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.processes import free_port

PLACES = ("/usr/lib/postgresql/*/bin", "/usr/local/pgsql/bin", "/opt/homebrew/opt/postgresql@*/bin")


def server_programs() -> Path | None:
    """The folder with initdb and pg_ctl, or None where PostgreSQL is not installed."""
    found = sorted(path for place in PLACES for path in Path("/").glob(place[1:]) if (path / "initdb").exists())
    if found:
        return found[-1]
    on_the_path = shutil.which("initdb")
    return Path(on_the_path).resolve().parent if on_the_path else None


@contextmanager
def running_postgres() -> Iterator[str]:
    """Starts a cluster of its own on a free port of this machine, and removes it in the end.

    initdb refuses the superuser of the machine: there it runs as the user `postgres`. Without a server or a driver the
    test is skipped, or fails where KVQA_NEED_POSTGRES is set.
    """
    programs = server_programs()
    missing = "no PostgreSQL server is installed here (apt-get install postgresql brings one)" if not programs else ""
    if importlib.util.find_spec("psycopg") is None:
        missing = missing or "psycopg is not installed (the extra [postgres] brings it)"
    if programs is None or missing:
        (pytest.fail if os.environ.get("KVQA_NEED_POSTGRES") else pytest.skip)(missing)
    as_user = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    # Not in tmp_path, which only its owner may enter; and the socket's path has to be short.
    folder = Path(tempfile.mkdtemp(prefix="kvqa-postgres-"))
    if as_user:
        shutil.chown(folder, "postgres", "postgres")
    port, data = free_port(), folder / "data"

    def run(program: str, *arguments: str | Path) -> None:
        command = [*as_user, str(programs / program), *map(str, arguments)]
        # To a file: the server inherits the pipe of a captured output, and the test would wait for its end.
        with (folder / "log").open("ab") as log:
            done = subprocess.run(command, check=False, stdout=log, stderr=log, timeout=120, cwd=folder)
        assert done.returncode == 0, (folder / "log").read_text()

    options = f"-c listen_addresses=127.0.0.1 -c port={port} -c unix_socket_directories={folder} -c fsync=off"
    try:
        run("initdb", "--pgdata", data, "--auth", "trust", "--encoding", "UTF8", "--locale", "C", "--no-sync")
        run("pg_ctl", "start", "--wait", "--pgdata", data, "--log", folder / "server.log", "--options", options)
        try:
            user = "postgres" if as_user else getpass.getuser()
            yield f"postgresql://{user}@127.0.0.1:{port}/postgres"
        finally:
            run("pg_ctl", "stop", "--wait", "--mode", "immediate", "--pgdata", data)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def new_database(server: str, like: str = "template1") -> str:
    """The URL of a new database on a running server, a copy of another, of which nobody else knows."""
    import psycopg

    name = f"test_{uuid.uuid4().hex}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {like}")
    return server.rsplit("/", 1)[0] + f"/{name}"
