"""`kvqa-audit merge`: three versions of a decisions file come in; ours with theirs in it goes out."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def merge(
    base: Annotated[Path, typer.Argument(help="The version that both sides began with.")],
    ours: Annotated[Path, typer.Argument(help="Our version; the result is written here.")],
    theirs: Annotated[Path, typer.Argument(help="Their version.")],
    name: Annotated[
        Path | None,
        typer.Option(
            help="What the file is called: .csv tells the format.", show_default="the name of each", metavar="FILE"
        ),
    ] = None,
) -> None:
    """Merge decisions that two people made apart from each other.

    Ends with 1 where both decided about one thing, and not alike: both stand in OURS, between the marks of git.
    As a driver of git: driver = kvqa-audit merge %O %A %B --name %P
    """
    from kvqa_audit.artifacts.atomic_file import write_atomically
    from kvqa_audit.console.review import print_merge
    from kvqa_audit.release.decisions_file import read_decisions, text_of
    from kvqa_audit.release.merging import merge_decisions, merged_text

    before, mine, other = (read_decisions(path, name) for path in (base, ours, theirs))
    merged = merge_decisions(before, mine, other)
    write_atomically(ours, merged_text(name or ours, text_of(ours), merged).encode("utf-8"))
    print_merge(name or ours, merged)
    raise typer.Exit(1 if merged.conflicts else 0)
