"""`kvqa-audit run`: a source comes in; a report, its files and an exit code go out."""

from __future__ import annotations

import sys
from dataclasses import replace
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
    QUIET,
    SPEC,
    STORE,
    Format,
    make_sure_it_can_be_written,
)

if TYPE_CHECKING:
    from kvqa_audit.model import AuditRun
    from kvqa_audit.release.gate import Verdict
    from kvqa_audit.store.records import StoredRun


def run(
    source: Annotated[str, typer.Argument(help="Folder, CSV, Parquet, save_to_disk folder, or Hub id.")],
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
    ocr: Annotated[
        bool, typer.Option("--ocr", help="Read text in the pictures; more than half a second each.")
    ] = False,
    blur_text: BLUR_TEXT = False,
    no_images: NO_IMAGES = False,
    store: STORE = None,
    baseline: Annotated[
        str | None, typer.Option(help="Say what is new since this audit folder, stored run, or 'latest' run.")
    ] = None,
    quiet: QUIET = False,
    form: FORMAT = Format.TERMINAL,
    as_json: JSON = False,
) -> None:
    """Audit a dataset and write the report."""
    from kvqa_audit.compare.baseline import against_baseline
    from kvqa_audit.console.terminal import audit_progress
    from kvqa_audit.outputs.summary_md import summary_markdown
    from kvqa_audit.outputs.write_outputs import formats_named, pictures_named, write_formats, write_outputs
    from kvqa_audit.pipeline.audit import fingerprint_cache, run_audit
    from kvqa_audit.release.standing import judge_audit, policy_named
    from kvqa_audit.spec.load import load_spec
    from kvqa_audit.store.lookup import earlier_audit, runs_kept_in
    from kvqa_audit.store.records import series_named

    form = Format.JSON if as_json else form
    formats = formats_named(also)
    make_sure_it_can_be_written(out)
    description = load_spec(spec)
    description = description.model_copy(update={"release": policy_named(gate, description)})
    series = series_named(description.name, subset=subset or description.subset)
    with (
        audit_progress(quiet or form is not Format.TERMINAL) as progress,
        fingerprint_cache(enabled=cache and not table_only) as fingerprints,
        runs_kept_in(store, make=True) as runs,
    ):
        earlier = None if baseline is None else earlier_audit(baseline, runs, series)
        audit = run_audit(
            source,
            spec=description,
            revision=revision,
            subset=subset,
            table_only=table_only,
            jobs=jobs,
            cache=fingerprints,
            decisions=decisions,
            ignore_decisions=ignore_decisions,
            ocr=ocr,
            progress=progress,
        )
        if earlier is not None:
            audit = against_baseline(audit, earlier)
        verdict = judge_audit(audit, description)
        audit = replace(audit, exit_code=verdict.exit_code)
        progress.stage("write the report", None)
        shown = pictures_named(no_images=no_images, blur_text=blur_text)
        write_outputs(audit, out, description, pictures=shown, jobs=jobs)
        said = write_formats(audit, verdict, out, formats)
        stored = None if runs is None else runs.save(audit)
    if form is Format.JSON:
        sys.stdout.write((out / "audit.json").read_text(encoding="utf-8") + "\n")
    elif form is Format.MARKDOWN:
        sys.stdout.write(summary_markdown(audit, verdict, badge=None))
    elif not quiet:
        _print(audit, verdict, out, stored)
    (sys.stdout if form is Format.TERMINAL else sys.stderr).write(said)
    raise typer.Exit(audit.exit_code)


def _print(audit: AuditRun, verdict: Verdict, out: Path, stored: StoredRun | None) -> None:
    from kvqa_audit.console.results import print_summary
    from kvqa_audit.console.review import print_decisions
    from kvqa_audit.console.runs import print_baseline, print_stored

    print_summary(audit, verdict, out)
    print_decisions(audit.metrics["decisions"])
    if "baseline" in audit.metrics:
        print_baseline(audit.metrics["baseline"])
    if stored is not None:
        print_stored(stored)
