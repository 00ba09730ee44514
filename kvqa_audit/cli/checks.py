"""`kvqa-audit checks`: the code of a check comes in; its explanation, or the list of all, goes out."""

from __future__ import annotations

import json
import sys
from typing import Annotated, Any

import typer

from kvqa_audit.cli.options import JSON


def checks(
    code: Annotated[str | None, typer.Argument(help="Code of one check, to have it explained.")] = None,
    spec: Annotated[
        str | None,
        typer.Option(
            help="Folder (or shipped name) of a description, or folder of an audit.", show_default="the one that ships"
        ),
    ] = None,
    as_json: JSON = False,
) -> None:
    """List all checks, or explain one."""
    from kvqa_audit.checks.registry import checks_for
    from kvqa_audit.console.listings import print_checks
    from kvqa_audit.pipeline.description import description_named
    from kvqa_audit.release.codes import codes_named

    known = checks_for(description_named(spec))
    codes = [c.code for c in known]
    meant = frozenset(codes) if code is None else codes_named([code], codes)
    wanted = [c for c in known if c.code in meant]
    if as_json:
        rows = [{"code": c.code, "name": c.name, "severity": c.severity, **_doc(c)} for c in wanted]
        sys.stdout.write(json.dumps(rows, indent=1) + "\n")
    else:
        print_checks(wanted, explain=code is not None)


def _doc(known: Any) -> dict[str, str]:
    return {"title": known.doc.title, "why": known.doc.why, "fix": known.doc.fix}
