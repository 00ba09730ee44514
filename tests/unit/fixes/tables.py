"""The text of a table comes in; what the row checks find in it, and the patch for it, go out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from kvqa_audit.checks.row_checks import ROW_CHECKS
from kvqa_audit.fixes.patch import Patch
from kvqa_audit.fixes.plan import plan_fixes
from kvqa_audit.fixes.reviewed import read_corrections
from kvqa_audit.fixes.written_table import WrittenTable, read_written_table
from kvqa_audit.ingest.open import open_source
from kvqa_audit.ingest.source_format import Wanted
from kvqa_audit.ingest.table import read_csv_table
from kvqa_audit.model import Finding, FindingStatus
from kvqa_audit.pipeline.audit import check_table
from kvqa_audit.pipeline.run_record import rows_of
from kvqa_audit.spec.load import load_spec

DOCS = {check.code: check.doc for check in ROW_CHECKS}
SPEC = load_spec()
HEADER = "source,question,answer,img_id\n"
COLOUR = SPEC.question_by_name["abn_colour"].text
PLACE = SPEC.question_by_name["abn_loc"].text
TEXT = SPEC.question_by_name["text"].text
SIZE = SPEC.question_by_name["polyp_size"].text
INSTRUMENTS = SPEC.question_by_name["n_instr"]


@dataclass(frozen=True)
class Fixed:
    """A table, its findings, its patch, and the corrected text."""

    table: WrittenTable
    findings: tuple[Finding, ...]
    patch: Patch
    text: bytes


def line(question: str, answer: str, img_id: str = "a", source: str = "Polyps") -> str:
    return f"{source},{question},{answer},{img_id}\n"


def fixed(
    folder: Path,
    content: str | bytes,
    *,
    corrections: str = "",
    removals: Mapping[str, str] | None = None,
    image_ids: Sequence[str] = (),
    waived: Iterable[str] = (),
) -> Fixed:
    """Plans the fixes of a table; findings of the checks in `waived` are taken as accepted."""
    path = folder / "metadata.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    _, findings = check_table(path, SPEC)
    findings = tuple(replace(f, status=FindingStatus.WAIVED) if f.check in waived else f for f in findings)
    reviewed = folder / "corrections.csv"
    reviewed.write_text(corrections)
    tables = open_source(str(path), Wanted(SPEC.columns)).tables
    table = read_written_table(folder, tables, SPEC.columns, rows_of(read_csv_table(path, SPEC.columns)))
    patch = plan_fixes(
        table,
        findings,
        SPEC,
        DOCS,
        corrections=read_corrections(reviewed, SPEC) if corrections else (),
        removals=removals,
        image_ids=image_ids,
    )
    table.write(folder / "fixed", patch.cells, patch.dropped)
    return Fixed(table, findings, patch, (folder / "fixed" / path.name).read_bytes())
