"""`kvqa-audit compare`: two audits or datasets come in; what changed from the first to the second goes out."""

from __future__ import annotations

import sys
from dataclasses import replace
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kvqa_audit.cli.options import CORES, DECISIONS, FORMAT, JOBS, QUIET, SPEC, STORE, Format

if TYPE_CHECKING:
    from kvqa_audit.compare.comparison import Comparison

WHAT = "Audit folder, id of a stored run, or dataset (of the Hub: hf://owner/name@revision)."


class Gate(StrEnum):
    """From which severity on new findings count."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"
    NEVER = "never"


def compare(
    before: Annotated[str, typer.Argument(help=WHAT)],
    after: Annotated[str, typer.Argument(help=WHAT)],
    store: STORE = None,
    gate: Annotated[
        Gate | None, typer.Option(help="Exit with 1 if a finding this severe is new.", show_default="the description's")
    ] = None,
    form: FORMAT = Format.TERMINAL,
    out: Annotated[Path | None, typer.Option(help="Write an HTML page here, too.")] = None,
    decisions: DECISIONS = None,
    spec: SPEC = None,
    subset: Annotated[bool, typer.Option("--subset", help="Datasets given are true parts of the whole.")] = False,
    table_only: Annotated[bool, typer.Option("--table-only", help="Look at no image of datasets given.")] = False,
    jobs: JOBS = CORES,
    quiet: QUIET = False,
) -> None:
    """Tell what changed between two audits, runs or datasets; the later one by the decisions of today."""
    from kvqa_audit.artifacts.atomic_file import write_atomically
    from kvqa_audit.artifacts.out_file import PAGE, make_sure_it_can_be_replaced
    from kvqa_audit.artifacts.out_folder import make_sure_it_is_apart
    from kvqa_audit.compare.comparison import compare_audits
    from kvqa_audit.console.gate import print_decisions_read
    from kvqa_audit.console.terminal import audit_progress
    from kvqa_audit.model import AuditRun, FindingStatus, Severity
    from kvqa_audit.pipeline.description import description_for, description_of
    from kvqa_audit.pipeline.options import AuditOptions
    from kvqa_audit.pipeline.publish import AuditRequest, audited
    from kvqa_audit.release.redecide import redecided
    from kvqa_audit.store.lookup import audit_named, runs_kept_in, with_revision

    if out is not None:
        make_sure_it_can_be_replaced(out, PAGE)
    options = AuditOptions(subset=subset, table_only=table_only, jobs=jobs)
    with audit_progress(quiet or form is not Format.TERMINAL) as listener, runs_kept_in(store, make=False) as runs:

        def audit(named: str) -> AuditRun:
            source, revision = with_revision(named)
            if out is not None:
                make_sure_it_is_apart(out, source)
            found = description_for(source, spec, revision=revision)
            asked = replace(options, spec=found.spec, revision=revision, opened=found.opened)
            return audited(AuditRequest(source, asked), listener=listener)

        earlier = audit_named(before, runs, audit)
        now = redecided(audit_named(after, runs, audit), decisions, datetime.now(UTC).date())
        comparison = compare_audits(earlier, now.run)
    least = gate or Gate(description_of(now.run, spec).release.fail_on)
    exit_code = 0 if least is Gate.NEVER else comparison.exit_code(Severity(least.value))
    if out is not None:
        from kvqa_audit.compare.as_html import as_html

        for run in (earlier, now.run):
            make_sure_it_is_apart(out, run.dataset.location)
        page = as_html(comparison, exit_code).encode("utf-8", "backslashreplace")
        write_atomically(out, page)
    if not quiet:
        _tell(comparison, exit_code, form)
        if form is Format.TERMINAL:
            print_decisions_read(now.file, sum(f.status is FindingStatus.WAIVED for f in now.run.findings))
    raise typer.Exit(exit_code)


def _tell(comparison: Comparison, exit_code: int, form: Format) -> None:
    if form is Format.JSON:
        from kvqa_audit.compare.as_json import as_json

        sys.stdout.write(as_json(comparison, exit_code) + "\n")
    elif form is Format.MARKDOWN:
        from kvqa_audit.compare.as_markdown import as_markdown

        sys.stdout.write(as_markdown(comparison))
    else:
        from kvqa_audit.console.comparison import print_comparison

        print_comparison(comparison, exit_code)
