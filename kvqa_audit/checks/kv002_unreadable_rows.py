"""The file's faults come in; a defect for every row or line that could not be read as it stands goes out."""

from __future__ import annotations

from kvqa_audit.checks.base import Checked, Defect, Evidence, check
from kvqa_audit.model import Severity

_KINDS = (
    "no_rows",
    "not_utf8",
    "other_encoding",
    "not_text",
    "nul_byte",
    "oversized_cell",
    "ragged_row",
    "unclosed_quote",
    "not_a_record",
    "repeated_key",
    "not_joined",
    "unread_questions",
)


@check("KV002", Severity.ERROR)
def unreadable_rows(evidence: Evidence) -> Checked:
    """The file is written in a way that programs read differently, or not at all.

    Why: two readers of one file see two datasets. A whole file in another encoding than UTF-8 was read here, and is
    only a warning.
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
            severity=Severity.WARNING if fault.kind == "other_encoding" else None,
        )
        for fault in faults
    ]
    return Checked(max(len(evidence.table.frame), len(faults)), defects)
