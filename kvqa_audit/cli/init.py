"""`kvqa-audit init`: a dataset that nobody has described comes in; a first description of it goes out."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from kvqa_audit.cli.options import QUIET


def init(
    source: Annotated[str, typer.Argument(help="Folder or table file of a dataset, or hf://owner/name.")],
    out: Annotated[Path, typer.Option("--out", help="Folder for the description.")],
    quiet: QUIET = False,
) -> None:
    """Write a first description of another dataset, to be edited."""
    from kvqa_audit.artifacts.atomic_file import write_atomically
    from kvqa_audit.console.init import print_described
    from kvqa_audit.describe.description import describe_source
    from kvqa_audit.errors import OutputError
    from kvqa_audit.spec.load import load_spec

    if (out / "dataset.yaml").exists():
        raise OutputError(f"{out}/dataset.yaml: is there already; give another folder with --out, or remove it")
    described = describe_source(source)
    for name, text in described.files.items():
        write_atomically(out / name, text.encode())
    load_spec(out)
    if not quiet:
        print_described(described, source, out)
