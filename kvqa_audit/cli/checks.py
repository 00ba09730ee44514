"""`kvqa-audit checks`: the code of a check comes in; its explanation, or the list of all, goes out."""

from __future__ import annotations

import json
import sys
from typing import Annotated, Any

import typer

from kvqa_audit.cli.options import JSON, SPEC


def checks(
    code: Annotated[str | None, typer.Argument(help="Code of one check, to have it explained.")] = None,
    spec: SPEC = None,
    as_json: JSON = False,
) -> None:
    """List all checks, or explain one."""
    from kvqa_audit.checks.registry import checks_for
    from kvqa_audit.console.listings import print_checks
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
