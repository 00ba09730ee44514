"""`kvqa-audit check`: one table comes in; what is wrong with its rows goes out."""

from __future__ import annotations

import gc
import sys
from pathlib import Path
from typing import Annotated

import typer

from kvqa_audit.cli.options import JSON, QUIET, SPEC


def check(
    table: Annotated[Path, typer.Argument(help="A table file, or a folder with one.")],
    spec: SPEC = None,
    quiet: QUIET = False,
    as_json: JSON = False,
) -> None:
    """Judge the rows of one table alone; no image is opened."""
    # Nearly all that is made lives until the end of this short process: collecting would cost it a tenth of its time.
    gc.disable()
    from kvqa_audit.console.results import print_check
    from kvqa_audit.outputs.file_positions import table_file_at
    from kvqa_audit.pipeline.audit import check_table
    from kvqa_audit.pipeline.description import description_for
    from kvqa_audit.release.gate import judge
    from kvqa_audit.spec.release import Release

    description = description_for(table, spec).spec
    outcomes, findings = check_table(table, description)
    verdict = judge(outcomes, findings, Release(fail_on=description.release.fail_on))
    if as_json:
        from kvqa_audit.artifacts.folder import findings_as_json

        sys.stdout.write(findings_as_json(outcomes, findings, verdict.exit_code) + "\n")
    elif not quiet:
        print_check(verdict, outcomes, findings, table_file_at(table, max((o.evaluated for o in outcomes), default=0)))
    raise typer.Exit(verdict.exit_code)
