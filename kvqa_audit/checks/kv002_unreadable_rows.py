"""The file's faults come in; a defect for every row or line that could not be read as it stands goes out."""

from __future__ import annotations

from kvqa_audit.checks.base import Checked, Defect, Evidence, check
from kvqa_audit.model import Severity

_KINDS = (
    "no_rows",
    "not_utf8",
    "not_text",
    "nul_byte",
    "oversized_cell",
    "ragged_row",
    "unclosed_quote",
    "not_a_record",
    "not_joined",
    "unread_questions",
)


@check("KV002", Severity.ERROR)
def unreadable_rows(evidence: Evidence) -> Checked:
    """The file holds rows that cannot be read as they stand.

    Why: other programs read such rows differently or not at all, so that two readers of one file see two datasets.
    Fix: repair the named lines, or export the table again as UTF-8 with quoted cells.
    """
    faults = [fault for fault in evidence.table.faults if fault.kind in _KINDS]
    defects = [
        Defect(
            f"Line {fault.line}: {fault.message}" if fault.line is not None else fault.message,
            row=fault.row,
            suggestion=fault.suggestion,
            related=(f"line {fault.line}",) if fault.line is not None else (),
            evidence={"kind": fault.kind, "line": fault.line},
        )
        for fault in faults
    ]
    return Checked(max(len(evidence.table.frame), len(faults)), defects)
