"""A random generator and a case come in; a tampered audit or store, and the command that reads it, go out."""

from __future__ import annotations

import json
import random
import sqlite3
from contextlib import closing
from pathlib import Path

from tests.fuzz.case import Case, Try
from tests.fuzz.texts import change_one, mutate_file, text


def record(random_: random.Random, case: Case) -> Try:
    """An audit.json by mutation of its bytes, or of one of its values."""
    path = case.audit / "audit.json"
    if random_.random() < 0.4:
        mutate_file(random_, path)
    else:
        told = json.loads(path.read_text())
        change_one(random_, told)
        path.write_text(json.dumps(told))
    return _read_by(random_, case)


def artifact(random_: random.Random, case: Case) -> Try:
    """A file of an audit by mutation, emptied, or taken from another place."""
    paths = sorted(path for path in case.audit.iterdir() if path.suffix in (".parquet", ".csv"))
    path = random_.choice(paths)
    kind = random_.random()
    if kind < 0.6:
        mutate_file(random_, path)
    elif kind < 0.8:
        path.write_bytes(random_.choice(paths).read_bytes())
    else:
        path.unlink()
    return _read_by(random_, case)


def _read_by(random_: random.Random, case: Case) -> Try:
    audit, out = str(case.audit), str(case.out)
    return random_.choice(
        (
            Try(["gate", audit, "--also", "junit,sarif,summary,badge,github"], (case.audit,)),
            Try(["report", audit], (case.audit,)),
            Try(["report", audit, "--no-images", "--pages", "--out", f"{out}/page.html"], (case.out,)),
            Try(["compare", audit, audit, "--out", f"{out}/changes.html"], (case.out,)),
            Try(["export", audit, "--croissant", f"{out}/c.json", "--card", f"{out}/README.md"], (case.out,)),
            Try(["index", str(case.folder), "--out", f"{out}/index.html"], (case.out,)),
            Try(["review", audit, "--update", "--decisions", f"{out}/decisions.yaml"], (case.out,)),
            Try([*case.run_of_rows(), "--baseline", audit], (case.out,)),
        )
    )


def store(random_: random.Random, case: Case) -> Try:
    """A run store by mutation of its bytes, or with a value of another type in a cell."""
    if random_.random() < 0.5:
        mutate_file(random_, case.store)
    else:
        change_a_cell(random_, case.store)
    given = ["--store", str(case.store)]
    return random_.choice(
        (
            Try(["runs", *given], (case.store,)),
            Try(["runs", "--json", *given], (case.store,)),
            Try(["compare", "latest", str(case.audit), *given], (case.store,)),
            Try([*case.run_of_rows(), "--baseline", "latest", *given], (case.out, case.store)),
        )
    )


def change_a_cell(random_: random.Random, path: Path) -> None:
    """Puts a value of another type into a column of a table of an SQLite file, or empties the table."""
    with closing(sqlite3.connect(path)) as connection, connection:
        tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        table = random_.choice(sorted(tables))
        columns = [row[1] for row in connection.execute(f"PRAGMA table_info('{table}')")]
        value = random_.choice((None, -1, 1e300, b"\xff", "", "{}", "[]", "2026-99-99", text(random_)))
        try:
            connection.execute(f'UPDATE "{table}" SET "{random_.choice(columns)}" = ?', (value,))
        except (sqlite3.IntegrityError, UnicodeEncodeError):
            connection.execute(f'DELETE FROM "{table}"')
