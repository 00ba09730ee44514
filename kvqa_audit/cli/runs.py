"""`kvqa-audit runs`: a run store comes in; the list of its runs with their trend goes out."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from typing import Annotated

import typer

from kvqa_audit.cli.options import JSON, STORE


def runs(
    store: STORE = None,
    project: Annotated[
        str | None,
        typer.Option(help="Only the runs of this project.", show_default="KVQA_AUDIT_PROJECT, else all projects"),
    ] = None,
    dataset: Annotated[str | None, typer.Option(help="Only the runs of this dataset.")] = None,
    as_json: JSON = False,
) -> None:
    """List the stored runs, with what was new and resolved in each."""
    from kvqa_audit.console.runs import print_runs
    from kvqa_audit.errors import StoreError
    from kvqa_audit.store.lookup import STORE_VARIABLE, project_named, runs_kept_in

    with runs_kept_in(store, make=False) as kept:
        if kept is None:
            raise StoreError(f"no store was named: give --store, or set {STORE_VARIABLE}")
        of_project = kept.runs(project=project_named(project))
        found = [run for run in of_project if dataset is None or dataset in (run.dataset, run.series)]
    if as_json:
        lines = [asdict(run) for run in found]
        sys.stdout.write(json.dumps(lines, indent=1, default=lambda t: t.isoformat(timespec="milliseconds")) + "\n")
    else:
        print_runs(found)
