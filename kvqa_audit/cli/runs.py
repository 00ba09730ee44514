"""`kvqa-audit runs`: a run store comes in; the list of its runs with their trend goes out, or old runs are removed."""

from __future__ import annotations

import json
import sys
from contextlib import suppress
from dataclasses import asdict
from datetime import date, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kvqa_audit.cli.options import JSON, STORE

if TYPE_CHECKING:
    from kvqa_audit.store.runs import RunStore


class Action(StrEnum):
    """What is done to the runs beside listing them."""

    PRUNE = "prune"


def runs(
    action: Annotated[
        Action | None, typer.Argument(help="prune removes what is older than the last runs of each series.")
    ] = None,
    store: STORE = None,
    project: Annotated[
        str | None,
        typer.Option(help="Only the runs of this project.", show_default="KVQA_AUDIT_PROJECT, else all projects"),
    ] = None,
    dataset: Annotated[str | None, typer.Option(help="Only the runs of this dataset.")] = None,
    keep: Annotated[int | None, typer.Option(min=1, help="With prune: how many runs of each series stay.")] = None,
    folder: Annotated[
        Path | None,
        typer.Option(help="With prune: also audits in folders named by dates, there or one folder below."),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="With prune: ask nothing.")] = False,
    as_json: JSON = False,
) -> None:
    """List the stored runs, with what was new and resolved in each."""
    from kvqa_audit.console.runs import print_runs
    from kvqa_audit.errors import KvqaAuditError, StoreError
    from kvqa_audit.store.lookup import STORE_VARIABLE, project_named, runs_kept_in

    if (action is None) != (keep is None) or (action is None and (folder or yes)):
        raise KvqaAuditError("prune needs --keep; --keep, --folder and --yes go with prune")
    with runs_kept_in(store, make=False) as kept:
        if kept is None and not (action and folder):
            raise StoreError(f"no store was named: give --store, or set {STORE_VARIABLE}")
        if keep is not None:
            _prune(kept, keep, folder, project_named(project), dataset, yes)
            return
        assert kept is not None
        # Who may read the store alone still sees the list.
        with suppress(StoreError):
            kept.settle_abandoned()
        of_project = kept.runs(project=project_named(project))
        found = [run for run in of_project if dataset is None or dataset in (run.dataset, run.series)]
        waived = {run.id: kept.waivers(run.id) for run in found if run.waived}
    if as_json:
        lines = [{**asdict(run), "waivers": [asdict(one) for one in waived.get(run.id, ())]} for run in found]
        sys.stdout.write(json.dumps(lines, indent=1, default=_as_text) + "\n")
    else:
        print_runs(found, waived)


def _as_text(value: date) -> str:
    return value.isoformat(timespec="milliseconds") if isinstance(value, datetime) else value.isoformat()


def _prune(
    kept: RunStore | None, keep: int, folder: Path | None, project: str | None, dataset: str | None, yes: bool
) -> None:
    """Removes old runs from the store, and old audits from folders, once they were shown."""
    from kvqa_audit.artifacts.dated_folder import old_audits, remove_audits
    from kvqa_audit.console.review import confirmed
    from kvqa_audit.console.runs import print_prunable
    from kvqa_audit.errors import KvqaAuditError

    of_project = kept.runs(project=project) if kept else ()
    old = kept.prunable(keep, project=project) if kept else ()
    if dataset is not None:
        of_project, old = (tuple(r for r in them if dataset in (r.dataset, r.series)) for them in (of_project, old))
    folders = old_audits(folder, keep) if folder else ()
    print_prunable(of_project, old, folders)
    if not old and not folders:
        return
    if not yes and not confirmed(f"Remove {len(old):,} runs and {len(folders):,} folders for good?"):
        raise KvqaAuditError("nothing was removed; answer y, or give --yes")
    if kept and old:
        kept.remove(old)
    remove_audits(folders)
