"""A name comes in, of an audit folder, of a stored run or of a dataset; the finished audit it stands for goes out."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from kvqa_audit.artifacts.folder import read_artifacts
from kvqa_audit.errors import ArtifactError, StoreError
from kvqa_audit.ingest.object_url import is_remote
from kvqa_audit.model import AuditRun

if TYPE_CHECKING:
    from kvqa_audit.store.runs import RunStore

STORE_VARIABLE = "KVQA_AUDIT_STORE"
PROJECT_VARIABLE = "KVQA_AUDIT_PROJECT"
LATEST = "latest"
_RUN_ID = re.compile(r"[0-9a-f]{4,32}")


def store_named(store: str | None) -> str | None:
    """The store that was named, or that the environment names; there is none by default."""
    return store or os.environ.get(STORE_VARIABLE) or None


def project_named(project: str | None) -> str | None:
    """The project that was named, or that the environment names, if any."""
    return project or os.environ.get(PROJECT_VARIABLE) or None


@contextmanager
def runs_kept_in(store: str | None, *, make: bool) -> Iterator[RunStore | None]:
    """The open run store; None where none was named.

    Raises:
        StoreError: it cannot be used.
    """
    named = store_named(store)
    if named is None:
        yield None
        return
    from kvqa_audit.store.runs import RunStore

    with RunStore(named, make=make) as runs:
        yield runs


def earlier_audit(named: str, runs: RunStore | None, series: str, project: str) -> AuditRun | None:
    """The audit to compare with: an audit folder, a run id (or its beginning), or `latest`, the series' last one.

    None if no run of the project's series is finished yet.

    Raises:
        ArtifactError: the folder is none of a finished audit.
        StoreError: there is no such run, or no store.
    """
    if named == LATEST and not Path(named).exists():
        store = _needed(runs, named)
        finished = [run.id for run in store.runs(series, project=project) if run.number is not None]
        return store.load(finished[-1]) if finished else None
    found = _finished(named, runs)
    if found is None:
        raise ArtifactError(
            f"{named}: is neither the folder of a finished audit (it has no audit.json) nor the id of a stored run"
        )
    return found


def audit_named(named: str, runs: RunStore | None, audit: Callable[[str], AuditRun]) -> AuditRun:
    """The finished audit of this folder or run id; anything else is taken for a dataset and audited.

    Raises:
        ArtifactError: the folder's files are damaged.
        StoreError: there is no such run, or no store.
        SourceError: it is no dataset either.
    """
    return _finished(named, runs) or audit(named)


def with_revision(named: str) -> tuple[str, str | None]:
    """A dataset and its revision, out of `hf://owner/name@revision`; a name that exists on disk has none."""
    if is_remote(named):
        return named, None
    source, at, revision = named.rpartition("@")
    return (source, revision) if at and source and revision and not Path(named).exists() else (named, None)


def _finished(named: str, runs: RunStore | None) -> AuditRun | None:
    path = Path(named)
    if (path / "audit.json").is_file():
        return read_artifacts(path)
    if path.exists() or not _RUN_ID.fullmatch(named):
        return None
    return _needed(runs, named).load(named)


def _needed(runs: RunStore | None, named: str) -> RunStore:
    if runs is None:
        raise StoreError(f"{named}: names a stored run, but no store: give --store, or set {STORE_VARIABLE}")
    return runs
