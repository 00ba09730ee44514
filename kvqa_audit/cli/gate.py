"""`kvqa-audit gate`: a finished audit comes in; whether its dataset may be released, and why not, goes out."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from kvqa_audit.cli.options import ALSO, AUDITED_SPEC, DECISIONS, JSON, QUIET, REPORT_URL


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
    decisions: DECISIONS = None,
    also: ALSO = None,
    report_url: REPORT_URL = "",
    spec: AUDITED_SPEC = None,
    quiet: QUIET = False,
    as_json: JSON = False,
) -> None:
    """Judge a finished audit by the decisions of today: may the dataset be released?"""
    from kvqa_audit.artifacts.folder import read_artifacts
    from kvqa_audit.console.gate import print_verdict, verdict_as_json
    from kvqa_audit.outputs.formats import formats_named
    from kvqa_audit.pipeline.description import description_of
    from kvqa_audit.pipeline.publish import judged, with_formats
    from kvqa_audit.release.redecide import redecided
    from kvqa_audit.release.standing import policy_named

    run = read_artifacts(audit)
    description = description_of(run, spec)
    description = description.model_copy(update={"release": policy_named(policy, description)})
    formats = formats_named(also)
    earlier = None if baseline is None else read_artifacts(baseline)
    now = redecided(run, decisions, datetime.now(UTC).date())
    published = with_formats(judged(now.run, description, earlier), audit, formats, report_url)
    verdict = published.verdict
    if as_json:
        sys.stdout.write(verdict_as_json(verdict, now.file) + "\n")
    elif not quiet:
        print_verdict(verdict, now.file)
    (sys.stderr if as_json else sys.stdout).write(published.printed)
    raise typer.Exit(verdict.exit_code)
