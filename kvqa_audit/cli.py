"""Commands and exit codes, nothing else: arguments come in, calls to the audit and words for a person go out."""

from __future__ import annotations

import gc
import json
import os
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

app = typer.Typer(
    name="kvqa-audit",
    help=(
        "Audits visual-question-answering datasets: the table, the images, the duplicates and the answers.\n\n"
        "Exit codes: 0 clean; 1 findings at or above the gate; 2 usage, configuration, or a dataset that cannot be "
        "read; 3 incomplete (a check crashed, or nothing ran). 3 wins over 1."
    ),
    rich_markup_mode=None,
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)

CORES = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
SPEC = Annotated[
    str | None,
    typer.Option("--spec", help="Folder (or shipped name) of the dataset's description.", show_default="kvasir-vqa"),
]
OUT = Annotated[Path, typer.Option("--out", help="Folder for the report and the files.")]
QUIET = Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing but errors.")]
JSON = Annotated[bool, typer.Option("--json", help="Print the result as JSON on standard output.")]
JOBS = Annotated[
    int, typer.Option("--jobs", "-j", min=1, max=256, help="Worker processes for the images.", show_default="all cores")
]


class Mode(StrEnum):
    """How far the search for duplicates goes."""

    ALL = "all"
    EXACT = "exact"


@app.command()
def run(
    source: Annotated[str, typer.Argument(help="Folder, CSV, Parquet, save_to_disk folder, or Hub id.")],
    out: OUT = Path("reports/latest"),
    spec: SPEC = None,
    revision: Annotated[str | None, typer.Option(help="Revision of a Hub dataset.")] = None,
    subset: Annotated[bool, typer.Option("--subset", help="The source is a true part of the dataset.")] = False,
    table_only: Annotated[bool, typer.Option("--table-only", help="Look at no image.")] = False,
    jobs: JOBS = CORES,
    cache: Annotated[bool, typer.Option("--cache/--no-cache", help="Reuse fingerprints of unchanged images.")] = True,
    quiet: QUIET = False,
    as_json: JSON = False,
) -> None:
    """Audit a dataset and write the report."""
    from kvqa_audit.audit import fingerprint_cache, run_audit
    from kvqa_audit.console import audit_progress, print_summary
    from kvqa_audit.publish import write_audit
    from kvqa_audit.spec.load import load_spec

    _writable(out)
    description = load_spec(spec)
    with audit_progress(quiet or as_json) as progress, fingerprint_cache(enabled=cache and not table_only) as store:
        audit = run_audit(
            source,
            spec=description,
            revision=revision,
            subset=subset,
            table_only=table_only,
            jobs=jobs,
            cache=store,
            progress=progress,
        )
        progress.stage("write the report", None)
        write_audit(audit, out, description)
    if as_json:
        _print_json(out / "audit.json")
    elif not quiet:
        print_summary(audit, description.release, out)
    raise typer.Exit(audit.exit_code)


@app.command()
def duplicates(
    source: Annotated[str, typer.Argument(help="Folder, Parquet, save_to_disk folder, or Hub id.")],
    mode: Annotated[Mode, typer.Option(help="exact: identical bytes and pixels only.")] = Mode.ALL,
    out: Annotated[Path | None, typer.Option(help="Folder for duplicates.parquet.")] = None,
    spec: SPEC = None,
    revision: Annotated[str | None, typer.Option(help="Revision of a Hub dataset.")] = None,
    jobs: JOBS = CORES,
    cache: Annotated[bool, typer.Option("--cache/--no-cache", help="Reuse fingerprints of unchanged images.")] = True,
    quiet: QUIET = False,
) -> None:
    """Find images that show the same picture, and nothing else."""
    from kvqa_audit.artifacts import write_pairs
    from kvqa_audit.audit import audit_duplicates, fingerprint_cache
    from kvqa_audit.console import audit_progress, print_pairs
    from kvqa_audit.spec.load import load_spec

    if out is not None:
        _writable(out)
    with audit_progress(quiet) as progress, fingerprint_cache(enabled=cache) as store:
        result = audit_duplicates(
            source,
            spec=load_spec(spec),
            revision=revision,
            mode="exact" if mode is Mode.EXACT else "all",
            jobs=jobs,
            cache=store,
            progress=progress,
        )
    if out is not None:
        write_pairs(result.pairs, out / "duplicates.parquet")
    if not quiet:
        print_pairs(result.pairs, result.notes)
    raise typer.Exit(1 if result.pairs else 0)


@app.command()
def check(
    table: Annotated[Path, typer.Argument(help="A metadata.csv.")],
    spec: SPEC = None,
    quiet: QUIET = False,
    as_json: JSON = False,
) -> None:
    """Judge the rows of one CSV alone; no image is opened."""
    # Nearly all that is made lives until the end of this short process: collecting would cost it a tenth of its time.
    gc.disable()
    from kvqa_audit.audit import check_table
    from kvqa_audit.console import print_check
    from kvqa_audit.release.gate import judge
    from kvqa_audit.spec.dataset_spec import Release
    from kvqa_audit.spec.load import load_spec

    description = load_spec(spec)
    outcomes, findings = check_table(table, description)
    verdict = judge(outcomes, findings, Release(fail_on=description.release.fail_on))
    if as_json:
        from kvqa_audit.artifacts import findings_as_json

        sys.stdout.write(findings_as_json(outcomes, findings, verdict.exit_code) + "\n")
    elif not quiet:
        print_check(verdict, outcomes, findings)
    raise typer.Exit(verdict.exit_code)


@app.command()
def checks(
    code: Annotated[str | None, typer.Argument(help="Code of one check, to have it explained.")] = None,
    spec: SPEC = None,
    as_json: JSON = False,
) -> None:
    """List all checks, or explain one."""
    from kvqa_audit.checks.registry import checks_for
    from kvqa_audit.console import print_checks
    from kvqa_audit.errors import KvqaAuditError
    from kvqa_audit.spec.load import load_spec

    known = checks_for(load_spec(spec))
    wanted = [c for c in known if code is None or c.code.casefold() == code.casefold()]
    if not wanted:
        import difflib

        close = ", ".join(difflib.get_close_matches(code or "", [c.code for c in known], n=3, cutoff=0.5))
        hint = f"; close ones are {close}" if close else ""
        raise KvqaAuditError(f"{code}: there is no such check{hint}; 'kvqa-audit checks' lists them")
    if as_json:
        rows = [{"code": c.code, "name": c.name, "severity": c.severity, **_doc(c)} for c in wanted]
        sys.stdout.write(json.dumps(rows, indent=1) + "\n")
    else:
        print_checks(wanted, explain=code is not None)


def _doc(known: Any) -> dict[str, str]:
    return {"title": known.doc.title, "why": known.doc.why, "fix": known.doc.fix}


@app.command()
def report(
    audit: Annotated[Path, typer.Argument(help="Folder of a finished audit.")],
    out: Annotated[Path | None, typer.Option(help="Where to write the page; beside the files by default.")] = None,
    spec: SPEC = None,
    quiet: QUIET = False,
) -> None:
    """Build the report anew from an audit's files."""
    from kvqa_audit.artifacts import read_artifacts
    from kvqa_audit.publish import write_report
    from kvqa_audit.spec.load import load_spec

    target = out or audit / "report.html"
    write_report(read_artifacts(audit), target, load_spec(spec))
    if not quiet:
        sys.stdout.write(f"report: {target}\n")


@app.command()
def demo(
    out: OUT = Path("reports/demo"),
    jobs: JOBS = CORES,
    quiet: QUIET = False,
) -> None:
    """Draw a sample with known defects and audit it."""
    from kvqa_audit.audit import run_audit
    from kvqa_audit.console import audit_progress, print_demo, print_summary
    from kvqa_audit.demo import draw_demo
    from kvqa_audit.publish import write_audit
    from kvqa_audit.spec.load import load_spec

    _writable(out)
    description = load_spec()
    with audit_progress(quiet) as progress:
        progress.stage("draw the sample", None)
        truth = draw_demo(out / "dataset")
        audit = run_audit(out / "dataset", spec=description, subset=True, jobs=jobs, progress=progress)
        write_audit(audit, out, description)
    if not quiet:
        print_demo(truth, audit)
        print_summary(audit, description.release, out)


def _writable(out: Path) -> None:
    """Raises before the work, not after it, where the results could not be written."""
    from kvqa_audit.artifacts import write_whole

    probe = out / ".writable"
    write_whole(probe, lambda file: file.write(b"-"))
    probe.unlink(missing_ok=True)


def _print_json(path: Path) -> None:
    sys.stdout.write(path.read_text(encoding="utf-8") + "\n")
