"""`kvqa-audit run`: a source comes in; a report, its files and an exit code go out."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kvqa_audit.cli.options import (
    ALSO,
    BLUR_TEXT,
    CORES,
    DECISIONS,
    FORMAT,
    GATE,
    JOBS,
    JSON,
    NO_IMAGES,
    OUT,
    PAGES,
    PROJECT,
    QUIET,
    REPORT_URL,
    SPEC,
    STORE,
    Format,
)

if TYPE_CHECKING:
    from kvqa_audit.pipeline.publish import Published


def run(
    source: Annotated[str, typer.Argument(help="Folder or table file of a dataset, or hf://owner/name.")],
    out: OUT = Path("reports/latest"),
    spec: SPEC = None,
    revision: Annotated[str | None, typer.Option(help="Revision of a Hub dataset.")] = None,
    subset: Annotated[bool, typer.Option("--subset", help="The source is a true part of the dataset.")] = False,
    table_only: Annotated[bool, typer.Option("--table-only", help="Look at no image.")] = False,
    jobs: JOBS = CORES,
    cache: Annotated[bool, typer.Option("--cache/--no-cache", help="Reuse fingerprints of unchanged images.")] = True,
    decisions: DECISIONS = None,
    ignore_decisions: Annotated[bool, typer.Option("--ignore-decisions", help="Take every finding as open.")] = False,
    gate: GATE = None,
    also: ALSO = None,
    report_url: REPORT_URL = "",
    ocr: Annotated[
        bool, typer.Option("--ocr", help="Read text in the pictures; more than half a second each.")
    ] = False,
    blur_text: BLUR_TEXT = False,
    no_images: NO_IMAGES = False,
    pages: PAGES = False,
    store: STORE = None,
    project: PROJECT = None,
    baseline: Annotated[
        str | None, typer.Option(help="Say what is new since this audit folder, stored run, or 'latest' run.")
    ] = None,
    quiet: QUIET = False,
    form: FORMAT = Format.TERMINAL,
    as_json: JSON = False,
) -> None:
    """Audit a dataset and write the report."""
    from kvqa_audit.console.not_ready import not_ready_line
    from kvqa_audit.console.terminal import audit_progress
    from kvqa_audit.outputs.formats import formats_named
    from kvqa_audit.outputs.summary_md import summary_markdown
    from kvqa_audit.outputs.write_outputs import pictures_named
    from kvqa_audit.pipeline.description import description_for
    from kvqa_audit.pipeline.options import AuditOptions
    from kvqa_audit.pipeline.publish import AuditRequest, Publication, audit_and_publish
    from kvqa_audit.release.standing import policy_named
    from kvqa_audit.store.lookup import project_named, runs_kept_in
    from kvqa_audit.store.records import DEFAULT_PROJECT

    form = Format.JSON if as_json else form
    formats = formats_named(also)
    found = description_for(source, spec, revision=revision)
    description = found.spec
    options = AuditOptions(description, revision, subset, table_only, jobs, ocr, found.opened)
    request = AuditRequest(source, options, decisions, ignore_decisions, cache)
    pictures = pictures_named(no_images=no_images, blur_text=blur_text)
    publication = Publication(
        out,
        policy_named(gate, description),
        baseline,
        formats,
        pictures,
        pages,
        project_named(project) or DEFAULT_PROJECT,
        report_url=report_url,
    )
    with audit_progress(quiet or form is not Format.TERMINAL) as listener, runs_kept_in(store, make=True) as runs:
        published = audit_and_publish(request, publication, runs=runs, listener=listener)
    if form is Format.JSON:
        sys.stdout.write((out / "audit.json").read_text(encoding="utf-8") + "\n")
    elif form is Format.MARKDOWN:
        sys.stdout.write(summary_markdown(published.run, published.verdict, report_url))
    elif not quiet:
        _print(published, out)
    if quiet and form is Format.TERMINAL and not published.verdict.ready:
        sys.stderr.write(not_ready_line(published.run, published.verdict, out))
    (sys.stdout if form is Format.TERMINAL else sys.stderr).write(published.printed)
    raise typer.Exit(published.verdict.exit_code)


def _print(published: Published, out: Path) -> None:
    from kvqa_audit.console.results import print_summary
    from kvqa_audit.console.review import print_decisions
    from kvqa_audit.console.runs import print_baseline, print_stored

    print_summary(published.run, published.verdict, out)
    if published.removed:
        sys.stdout.write(f"removed, as this audit did not write it anew: {', '.join(published.removed)}\n")
    print_decisions(published.run.metrics["decisions"])
    if "baseline" in published.run.metrics:
        print_baseline(published.run.metrics["baseline"])
    if published.stored is not None:
        print_stored(published.stored)
