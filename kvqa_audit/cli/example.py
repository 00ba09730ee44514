"""`kvqa-audit example`: the name of an example comes in; its text goes out, to be put into a file."""

from __future__ import annotations

import sys
from typing import Annotated

import typer


def example(
    name: Annotated[str | None, typer.Argument(help="Name of an example; none lists them.", show_default=False)] = None,
) -> None:
    """Print an example for CI, cron, systemd, Airflow and others."""
    from importlib.resources import files

    from kvqa_audit.errors import KvqaAuditError

    folder = files("kvqa_audit").joinpath("examples")
    known = sorted(entry.name for entry in folder.iterdir() if entry.is_file())
    if name is None:
        sys.stdout.write("".join(f"{one}\n" for one in known))
        return
    if name not in known:
        raise KvqaAuditError(f"{name}: there is no such example; there are {', '.join(known)}")
    sys.stdout.write(folder.joinpath(name).read_text(encoding="utf-8"))
