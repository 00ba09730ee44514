"""`kvqa-audit index`: folders of audits come in; one page that lists them with their trends goes out."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import quote

import typer

if TYPE_CHECKING:
    from kvqa_audit.model import Counts
    from kvqa_audit.report.index_page import RunLine


def index(
    folder: Annotated[Path, typer.Argument(help="Folder below which the audits stand.")] = Path("reports"),
    out: Annotated[Path | None, typer.Option(help="Where to write the page.", show_default="index.html there")] = None,
) -> None:
    """List the audits below a folder in one page, with their trends."""
    from kvqa_audit.artifacts.atomic_file import write_atomically
    from kvqa_audit.artifacts.folder import read_artifacts
    from kvqa_audit.artifacts.out_file import PAGE, make_sure_it_can_be_replaced
    from kvqa_audit.artifacts.record import read_record
    from kvqa_audit.console.terminal import complain, say
    from kvqa_audit.errors import ArtifactError, KvqaAuditError
    from kvqa_audit.ingest.read_bytes import read_table_bytes
    from kvqa_audit.model.counts import waivers_of
    from kvqa_audit.report.index_page import render_index, run_line

    target = out or folder / "index.html"
    records = sorted(folder.rglob("audit.json"))
    if not records:
        raise ArtifactError(f"{folder}: holds no audit; 'kvqa-audit run SOURCE --out {folder}/NAME' writes one")
    make_sure_it_can_be_replaced(target, PAGE)
    lines: dict[Path, RunLine] = {}
    unreadable = []
    for record in records:
        report = os.path.relpath(record.parent / "report.html", target.parent)
        try:
            told = read_record(read_table_bytes(record), str(record))
            lines[record.parent] = run_line(told, _findings(told, record.parent), quote(report))
        except KvqaAuditError as error:
            unreadable.append((str(record), str(error).removeprefix(f"{record}: ")))
    last = {line.dataset: place for place, line in sorted(lines.items(), key=lambda one: one[1].started_at)}
    for place in [one for one in last.values() if lines[one].findings.waived]:
        try:
            lines[place] = replace(lines[place], waivers=waivers_of(read_artifacts(place).findings))
        except KvqaAuditError as error:
            unreadable.append((str(place), f"who waived what cannot be read: {error}"))
    write_atomically(target, render_index(lines.values(), unreadable).encode("utf-8", "backslashreplace"))
    say(f"{len(lines)} audits listed: {target}")
    for path, reason in unreadable:
        complain(f"{path} is not listed: {reason}")
    raise typer.Exit(2 if unreadable else 0)


def _findings(record: Mapping[str, Any], folder: Path) -> Counts:
    """The findings as the audit counted them; the record of version 1 does not, so that its findings are read."""
    from kvqa_audit.artifacts.folder import read_artifacts
    from kvqa_audit.model import Counts
    from kvqa_audit.model.counts import count_findings

    verdict = record.get("verdict")
    return Counts(**verdict["findings"]) if verdict else count_findings(read_artifacts(folder).findings).total
