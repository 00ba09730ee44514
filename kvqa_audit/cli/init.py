"""`kvqa-audit init`: a dataset that nobody has described comes in; a first description of it goes out."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from kvqa_audit.cli.options import QUIET, named


def init(
    source: Annotated[str, typer.Argument(parser=named, help="Folder or table file of a dataset, or hf://owner/name.")],
    out: Annotated[Path, typer.Option("--out", help="Folder for the description.")],
    quiet: QUIET = False,
) -> None:
    """Write a first description of another dataset, to be edited."""
    from kvqa_audit.artifacts.out_folder import make_sure_it_is_apart, make_sure_it_is_empty, new_folder
    from kvqa_audit.console.init import print_described
    from kvqa_audit.describe.description import describe_source
    from kvqa_audit.spec.load import load_spec

    make_sure_it_is_apart(out, source)
    make_sure_it_is_empty(out)
    described = describe_source(source)
    with new_folder(out) as staging:
        for name, text in described.files.items():
            (staging / name).write_text(text, encoding="utf-8")
        load_spec(staging)
    if not quiet:
        print_described(described, source, out)
