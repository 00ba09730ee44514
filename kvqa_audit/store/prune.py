"""A number of runs to keep comes in; which runs of each series are older goes out, and they are removed."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from itertools import groupby

from sqlalchemy import Connection, delete, select

from kvqa_audit.store.records import RunState, StoredRun
from kvqa_audit.store.tables import CONTENTS, FILES, FINDINGS, OUTCOMES, RUNS, SERIES

_ENDED = (RunState.FAILED, RunState.CANCELLED, RunState.LOST)


def older_than_the_last(runs: Iterable[StoredRun], keep: int) -> tuple[StoredRun, ...]:
    """The runs that may go: of each series all finished ones but the last `keep`, and what broke off before those.

    The last run that looked at images stays as well, because renamed images are told by it.

    Args:
        runs: by project, series and number; unfinished ones last.
        keep: how many finished runs of each series stay, at least 1.
    """
    old: list[StoredRun] = []
    for _, of_series in groupby(runs, key=lambda run: (run.project, run.series)):
        old += _old_of(list(of_series), keep)
    return tuple(old)


def _old_of(runs: Sequence[StoredRun], keep: int) -> list[StoredRun]:
    finished = [run for run in runs if run.state is RunState.FINISHED]
    kept = finished[-keep:]
    if len(kept) == len(finished):
        return []
    with_images = [run.id for run in finished if run.images]
    stays = {*(run.id for run in kept), *with_images[-1:]}
    since = min(run.finished_at for run in kept if run.finished_at is not None)
    broken = [run for run in runs if run.state in _ENDED and run.finished_at is not None and run.finished_at < since]
    return [run for run in finished if run.id not in stays] + broken


def remove_runs(connection: Connection, ids: Collection[str]) -> None:
    """Removes runs with their outcomes, findings and files; what became of each finding over its series stays."""
    # Who is about to keep a run holds its series, and may share a content with what goes.
    connection.execute(select(SERIES.c.id).with_for_update()).all()
    for table in (FINDINGS, OUTCOMES, FILES):
        connection.execute(delete(table).where(table.c.run.in_(ids)))
    connection.execute(delete(RUNS).where(RUNS.c.id.in_(ids)))
    connection.execute(delete(CONTENTS).where(CONTENTS.c.sha256.not_in(select(FILES.c.sha256))))
