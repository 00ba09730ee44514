"""`kvqa-audit check`: one table comes in; what is wrong with its rows goes out."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from kvqa_audit.cli.options import CORES, JOBS, JSON, QUIET, SPEC, named_path
from kvqa_audit.errors import SpecError


def check(
    table: Annotated[Path, typer.Argument(parser=named_path, help="A table file, or a folder with one.")],
    spec: SPEC = None,
    quiet: QUIET = False,
    as_json: JSON = False,
    in_parts: Annotated[
        Path | None,
        typer.Option(
            help="Judge a Parquet file that does not fit into memory part by part; all findings go into this folder."
        ),
    ] = None,
    memory_mb: Annotated[int, typer.Option(min=200, help="What sorting such a file may use.")] = 1_000,
    jobs: JOBS = CORES,
) -> None:
    """Judge the rows of one table alone; no image is opened."""
    if in_parts is not None:
        _check_in_parts(table, spec, in_parts, memory_mb=memory_mb, jobs=jobs, quiet=quiet, as_json=as_json)
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


def _check_in_parts(
    table: Path, named: str | None, out: Path, *, memory_mb: int, jobs: int, quiet: bool, as_json: bool
) -> NoReturn:
    from kvqa_audit.artifacts.out_folder import make_sure_it_is_apart
    from kvqa_audit.console.results import print_check_in_parts
    from kvqa_audit.console.terminal import audit_progress
    from kvqa_audit.engine.local import LocalPool
    from kvqa_audit.pipeline.judge_in_parts import judge_in_parts
    from kvqa_audit.progress import Clock
    from kvqa_audit.spec.load import load_spec

    if named in (None, "auto"):
        raise SpecError("--in-parts needs --spec: a description cannot be inferred from a table that is read in parts.")
    make_sure_it_is_apart(out, table)
    spec = load_spec(named)
    with audit_progress(quiet or as_json) as listener, LocalPool(jobs) as pool:
        clock = Clock(listener)
        with clock.stage("judge the rows"):
            judged = judge_in_parts(table, spec, out, pool=pool, memory_mb=memory_mb, on_progress=clock.advance)
    code = judged.exit_code(spec.release.fail_on)
    if as_json:
        sys.stdout.write(json.dumps({**judged.record(), "exit_code": code}, indent=1) + "\n")
    elif not quiet:
        print_check_in_parts(judged)
    raise typer.Exit(code)
