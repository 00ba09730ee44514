"""The header's faults come in; a defect for every column that is missing, unknown or repeated goes out."""

from __future__ import annotations

from kvqa_audit.checks.base import Checked, Defect, Evidence, check
from kvqa_audit.model import Severity

_KINDS = {"missing_column": Severity.ERROR, "repeated_column": Severity.ERROR, "extra_column": Severity.WARNING}


@check("KV001", Severity.ERROR, unit="columns")
def unexpected_columns(evidence: Evidence) -> Checked:
    """The table has other columns than described.

    Why: a missing column leaves every check about it unjudged, and a repeated one leaves open which of the two counts.
    Fix: rename, add or drop the column, or name it in the dataset description.
    """
    faults = [fault for fault in evidence.table.faults if fault.kind in _KINDS]
    extra = sum(fault.kind == "extra_column" for fault in faults)
    defects = [
        Defect(
            fault.message,
            severity=_KINDS[fault.kind],
            suggestion=fault.suggestion,
            related=(fault.column,) if fault.column else (),
            evidence={"kind": fault.kind, "column": fault.column},
        )
        for fault in faults
    ]
    return Checked(len(evidence.spec.columns.text_columns) + extra, defects)
