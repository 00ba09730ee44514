"""`kvqa-audit run`: sources, or a plan of them, come in; reports, their files and an exit code go out."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from kvqa_audit.cli.options import (
    ALSO,
    BLUR_TEXT,
    CORES,
    DECISIONS,
    EMBEDDER,
    EMBEDDINGS,
    ENGINE,
    FORMAT,
    GATE,
    JOBS,
    JSON,
    NO_IMAGES,
    PAGES,
    PROJECT,
    QUIET,
    RAY_ADDRESS,
    REPORT_URL,
    SPEC,
    STORE,
    Engine,
    Format,
    named,
)

if TYPE_CHECKING:
    from kvqa_audit.cli.run_each import Manner
    from kvqa_audit.console.several import Result
    from kvqa_audit.pipeline.publish import Published
    from kvqa_audit.spec.plan import PlannedDataset

ONE_OUT, SEVERAL_OUT = "reports/latest", "reports/{dataset}"


def run(
    source: Annotated[
        list[str],
        typer.Argument(
            parser=named,
            help="Folders or table files of datasets, URLs such as s3://bucket/folder, manifest:LIST, hf://owner/name, "
            "or a plan such as kvqa-audit.yaml.",
        ),
    ],
    out: Annotated[
        str | None,
        typer.Option(
            help="Folder for the report and the files, or a URL such as s3://bucket/folder; {dataset} and {date} are "
            "filled in.",
            show_default="reports/latest, or reports/{dataset} of several",
        ),
    ] = None,
    spec: SPEC = None,
    revision: Annotated[str | None, typer.Option(help="Revision of a Hub dataset.")] = None,
    subset: Annotated[bool, typer.Option("--subset", help="The source is a true part of the dataset.")] = False,
    table_only: Annotated[bool, typer.Option("--table-only", help="Look at no image.")] = False,
    jobs: JOBS = CORES,
    engine: ENGINE = Engine.LOCAL,
    ray_address: RAY_ADDRESS = None,
    cache: Annotated[bool, typer.Option("--cache/--no-cache", help="Reuse fingerprints of unchanged images.")] = True,
    decisions: DECISIONS = None,
    ignore_decisions: Annotated[bool, typer.Option("--ignore-decisions", help="Take every finding as open.")] = False,
    gate: GATE = None,
    also: ALSO = None,
    report_url: REPORT_URL = "",
    ocr: Annotated[
        bool, typer.Option("--ocr", help="Read text and clocks in the pictures; more than half a second each.")
    ] = False,
    embeddings: EMBEDDINGS = None,
    embedder: EMBEDDER = None,
    blur_text: BLUR_TEXT = False,
    no_images: NO_IMAGES = False,
    pages: PAGES = False,
    store: STORE = None,
    project: PROJECT = None,
    baseline: Annotated[
        str | None, typer.Option(help="Say what is new since this audit folder, stored run, or 'latest' run.")
    ] = None,
    notify: Annotated[
        list[str] | None,
        typer.Option(help="Tell of what is new by command:PROGRAM, https://… or mailto:ADDRESS; may be repeated."),
    ] = None,
    log: Annotated[Path | None, typer.Option(help="Add what was done, with times, to this file.")] = None,
    quiet: QUIET = False,
    form: FORMAT = Format.TERMINAL,
    as_json: JSON = False,
) -> None:
    """Audit one dataset or several, and write the reports."""
    from kvqa_audit.cli.run_each import Manner, audit_each, jobs_for, one_series, ray_address_for
    from kvqa_audit.console.log import logged_to
    from kvqa_audit.console.several import print_results
    from kvqa_audit.console.terminal import complain

    asked = {
        "out": out,
        "spec": spec,
        "revision": revision,
        "subset": subset,
        "table_only": table_only,
        "decisions": decisions and str(decisions),
        "gate": gate,
        "also": also.split(",") if also else None,
        "report_url": report_url,
        "ocr": ocr,
        "embeddings": embeddings and str(embeddings),
        "embedder": embedder and str(embedder),
        "blur_text": blur_text,
        "no_images": no_images,
        "pages": pages,
        "store": store,
        "project": project,
        "baseline": baseline,
        "notify": notify,
    }
    planned = _planned(source, {name: value for name, value in asked.items() if value})
    all_jobs = jobs_for(planned, ONE_OUT if len(planned) == 1 else SEVERAL_OUT)
    manner = Manner(
        jobs, cache, ignore_decisions, quiet, Format.JSON if as_json else form, ray_address_for(engine, ray_address)
    )
    results = []
    with logged_to(log) as written:
        for result in audit_each(all_jobs, manner, written):
            _tell(result, manner, alone=len(all_jobs) == 1)
            results.append(result)
    if len(results) > 1:
        if manner.form is Format.JSON:
            sys.stdout.write(json.dumps([one.record() for one in results], indent=1, ensure_ascii=False) + "\n")
        elif manner.form is Format.TERMINAL and not quiet:
            print_results(results)
        for line in one_series(results):
            complain(line)
    raise typer.Exit(max(result.exit_code for result in results))


def _planned(sources: Sequence[str], asked: dict[str, Any]) -> tuple[PlannedDataset, ...]:
    """The datasets that were named, or those of a plan; what was asked for on the command line wins."""
    from kvqa_audit.ingest.object_url import refuse_secrets
    from kvqa_audit.spec.plan import SUFFIXES, PlannedDataset, load_plan

    planned: list[PlannedDataset] = []
    for source in sources:
        refuse_secrets(source)
        is_plan = source.lower().endswith(SUFFIXES) and "://" not in source
        # Not validated: the name of a folder may hold bytes that are no text.
        of_it = load_plan(Path(source)) if is_plan else (PlannedDataset.model_construct(source=source),)
        planned += [one.model_copy(update=asked) for one in of_it]
    return tuple(planned)


def _tell(result: Result, manner: Manner, *, alone: bool) -> None:
    """Prints what came of one dataset in the form that was asked for."""
    from kvqa_audit.console.not_ready import not_ready_line
    from kvqa_audit.console.terminal import complain
    from kvqa_audit.outputs.summary_md import summary_markdown

    if result.published is None or result.out is None:
        return
    published, out = result.published, result.out
    if manner.form is Format.JSON:
        if alone:
            sys.stdout.write((out / "audit.json").read_text(encoding="utf-8") + "\n")
    elif manner.form is Format.MARKDOWN:
        sys.stdout.write(summary_markdown(published.run, published.verdict, result.report_url))
    elif not manner.quiet:
        _print(published, result.place)
    elif not published.verdict.ready:
        complain(not_ready_line(published.run, published.verdict, result.place))
    (sys.stdout if manner.form is Format.TERMINAL else sys.stderr).write(published.printed)


def _print(published: Published, place: str) -> None:
    from kvqa_audit.console.results import print_summary
    from kvqa_audit.console.review import print_decisions
    from kvqa_audit.console.runs import print_baseline, print_stored
    from kvqa_audit.console.terminal import say

    print_summary(published.run, published.verdict, place)
    if published.removed:
        say(f"removed, as this audit did not write it anew: {', '.join(published.removed)}")
    print_decisions(published.run.metrics["decisions"])
    if "baseline" in published.run.metrics:
        print_baseline(published.run.metrics["baseline"])
    if published.stored is not None:
        print_stored(published.stored)
