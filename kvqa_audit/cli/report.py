"""`kvqa-audit report`: the files of an audit come in; its report goes out anew."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from kvqa_audit.cli.options import AUDITED_SPEC, BLUR_TEXT, CORES, DECISIONS, NO_IMAGES, PAGES, QUIET


def report(
    audit: Annotated[Path, typer.Argument(help="Folder of a finished audit.")],
    out: Annotated[Path | None, typer.Option(help="Where to write the page; beside the files by default.")] = None,
    decisions: DECISIONS = None,
    spec: AUDITED_SPEC = None,
    blur_text: BLUR_TEXT = False,
    no_images: NO_IMAGES = False,
    pages: PAGES = False,
    quiet: QUIET = False,
) -> None:
    """Build the report anew from an audit's files, with the decisions of today."""
    from kvqa_audit.artifacts.folder import read_artifacts
    from kvqa_audit.console.gate import print_decisions_read
    from kvqa_audit.console.terminal import say
    from kvqa_audit.outputs.write_outputs import make_sure_report_can_be_written, pictures_named, write_report
    from kvqa_audit.pipeline.description import description_of
    from kvqa_audit.pipeline.publish import judged
    from kvqa_audit.release.redecide import redecided

    run, target = read_artifacts(audit), out or audit / "report.html"
    description = description_of(run, spec)
    make_sure_report_can_be_written(run, target, pages=pages)
    now = redecided(run, decisions, datetime.now(UTC).date())
    published = judged(now.run, description)
    write_report(
        published.run,
        target,
        description,
        pictures=pictures_named(no_images=no_images, blur_text=blur_text),
        pages=pages,
        jobs=CORES,
    )
    if not quiet:
        print_decisions_read(now.file, published.verdict.tally.total.waived)
        say(f"report: {target}")
