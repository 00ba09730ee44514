"""The notes of the reader come in; a defect for every file of the dataset that was not read goes out."""

from __future__ import annotations

from kvqa_audit.checks.base import Checked, Defect, Evidence, check
from kvqa_audit.model import Severity


@check("KV121", Severity.INFO, needs=(), unit="files")
def unread_files(evidence: Evidence) -> Checked:
    """The dataset holds tables or pictures that were not read.

    Why: what stands in them was not judged. Where no row or no picture was read at all, an audit without findings says
    nothing.
    Fix: name such a table as the source if its rows belong to the dataset, unpack what is packed, or move it out.
    """
    has_rows = len(evidence.table.frame) > 0
    severities = {
        "unread_table": Severity.INFO if has_rows else Severity.ERROR,
        "unread_images": Severity.ERROR,
    }
    notes = [fault for fault in evidence.table.faults if fault.kind in severities]
    defects = [
        Defect(
            fault.message,
            related=(fault.message.partition(":")[0],),
            severity=severities[fault.kind],
            suggestion=fault.suggestion,
        )
        for fault in notes
    ]
    return Checked(len(notes) + has_rows, defects)
