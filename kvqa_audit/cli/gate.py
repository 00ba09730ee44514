"""`kvqa-audit gate`: a finished audit comes in; whether its dataset may be released, and why not, goes out."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from kvqa_audit.cli.options import ALSO, JSON, QUIET, SPEC


def gate(
    audit: Annotated[Path, typer.Argument(help="Folder of a finished audit.")],
    policy: Annotated[
        str | None,
        typer.Option(
            help="What blocks: a file like release.yaml, or a severity (error, warning, info, never).",
            show_default="the description's own release.yaml",
        ),
    ] = None,
    baseline: Annotated[
        Path | None, typer.Option(help="Folder of the earlier audit that findings are new against.")
    ] = None,
    also: ALSO = None,
    spec: SPEC = None,
    quiet: QUIET = False,
    as_json: JSON = False,
) -> None:
    """Judge a finished audit: may the dataset be released?"""
    from kvqa_audit.artifacts.folder import read_artifacts
    from kvqa_audit.compare.baseline import against_baseline
    from kvqa_audit.console.gate import print_verdict, verdict_as_json
    from kvqa_audit.outputs.write_outputs import formats_named, write_formats
    from kvqa_audit.release.standing import judge_audit, policy_named
    from kvqa_audit.spec.load import load_spec

    description = load_spec(spec)
    release = policy_named(policy, description)
    formats = formats_named(also)
    run = read_artifacts(audit)
    if baseline is not None:
        run = against_baseline(run, read_artifacts(baseline))
    verdict = judge_audit(run, description, release=release)
    said = write_formats(run, verdict, audit, formats)
    if as_json:
        sys.stdout.write(verdict_as_json(verdict) + "\n")
    elif not quiet:
        print_verdict(verdict)
    (sys.stderr if as_json else sys.stdout).write(said)
    raise typer.Exit(verdict.exit_code)
