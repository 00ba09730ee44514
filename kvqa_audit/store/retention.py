"""The ids of runs come in; their rows and their files go, as if they had never been kept.

What became of their findings stays: a finding keeps when it was first seen.
"""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import Connection, delete, select

from kvqa_audit.store.tables import CONTENTS, FILES, FINDINGS, OUTCOMES, RUNS


def forget_runs(connection: Connection, run_ids: Collection[str]) -> None:
    """Removes runs with their outcomes, findings and files; a content that other runs share stays."""
    contents = set(connection.execute(select(FILES.c.sha256).where(FILES.c.run.in_(run_ids))).scalars())
    for table in (FINDINGS, OUTCOMES, FILES):
        connection.execute(delete(table).where(table.c.run.in_(run_ids)))
    connection.execute(delete(RUNS).where(RUNS.c.id.in_(run_ids)))
    shared = select(FILES.c.sha256).where(FILES.c.sha256 == CONTENTS.c.sha256).exists()
    connection.execute(delete(CONTENTS).where(CONTENTS.c.sha256.in_(contents), ~shared))
