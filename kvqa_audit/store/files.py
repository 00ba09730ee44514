"""The files of an audit come in and are kept, each content once; they go out by name."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping

from sqlalchemy import Connection, insert, select
from sqlalchemy.exc import IntegrityError

from kvqa_audit.artifacts.tables import fingerprints_of
from kvqa_audit.compare.images import image_changes
from kvqa_audit.errors import StoreError
from kvqa_audit.model import AuditRun
from kvqa_audit.store.cells import fetched
from kvqa_audit.store.database import shown
from kvqa_audit.store.tables import CONTENTS, FILES, RUNS


def keep_files(connection: Connection, run_id: str, files: Iterable[tuple[str, bytes]]) -> None:
    """Writes the files of a run, without what the store holds already."""
    for name, content in files:
        sha256 = hashlib.sha256(content).hexdigest()
        known = connection.execute(select(CONTENTS.c.sha256).where(CONTENTS.c.sha256 == sha256)).first()
        if known is None:
            _keep_content(connection, sha256, content)
        connection.execute(insert(FILES), {"run": run_id, "name": name, "sha256": sha256})


def _keep_content(connection: Connection, sha256: str, content: bytes) -> None:
    try:
        with connection.begin_nested():
            connection.execute(insert(CONTENTS), {"sha256": sha256, "content": content})
    except IntegrityError:
        # Another run has just brought the very same content.
        return


def files_of(connection: Connection, run_id: str) -> dict[str, bytes]:
    """The files of a run by name; none where they were not kept.

    Raises:
        StoreError: one is no longer as it was written.
    """
    wanted = (
        select(FILES.c.name, CONTENTS.c.sha256, CONTENTS.c.content)
        .join(CONTENTS, FILES.c.sha256 == CONTENTS.c.sha256)
        .where(FILES.c.run == run_id)
    )
    rows = fetched(connection, wanted)
    for row in rows:
        if hashlib.sha256(row["content"]).hexdigest() != row["sha256"]:
            place = f"{shown(connection.engine.url)}: run {run_id}"
            raise StoreError(f"{place}: its file {row['name']} is damaged; compare the run's audit folder instead")
    return {row["name"]: row["content"] for row in rows}


def names_since(connection: Connection, series: int, run: AuditRun) -> Mapping[str, str]:
    """Earlier id → today's id of the images that only changed their name since the series last looked at images."""
    last = connection.execute(
        select(RUNS.c.id).where(RUNS.c.series == series, RUNS.c.images > 0).order_by(RUNS.c.number.desc()).limit(1)
    ).scalar()
    content = files_of(connection, last).get("fingerprints.parquet") if last and run.fingerprints else None
    return {} if content is None else image_changes(fingerprints_of(content), run.fingerprints).new_names
