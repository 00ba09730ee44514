"""`kvqa-audit export`: a finished audit comes in; metadata that travels with the dataset goes out."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from kvqa_audit.cli.options import AUDITED_SPEC, QUIET


def export(
    audit: Annotated[Path, typer.Argument(help="Folder of a finished audit.")],
    croissant: Annotated[Path | None, typer.Option(help="File for Croissant metadata, such as croissant.json.")] = None,
    card: Annotated[
        Path | None, typer.Option(help="Dataset card to put a block into, such as README.md; else a new one is begun.")
    ] = None,
    spec: AUDITED_SPEC = None,
    quiet: QUIET = False,
) -> None:
    """Write Croissant metadata and a block for the dataset card."""
    from kvqa_audit.artifacts.folder import read_artifacts
    from kvqa_audit.console.terminal import say
    from kvqa_audit.errors import KvqaAuditError
    from kvqa_audit.outputs.write_outputs import write_metadata
    from kvqa_audit.pipeline.description import description_of

    if croissant is None and card is None:
        raise KvqaAuditError("nothing was asked for: name --croissant FILE, --card FILE, or both")
    run = read_artifacts(audit)
    write_metadata(run, description_of(run, spec), croissant, card)
    if not quiet:
        for path in (croissant, card):
            if path is not None:
                say(f"written: {path}")
