"""Audits visual-question-answering datasets: the table, the images, the duplicates and the answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kvqa_audit.pipeline.audit import run_audit
    from kvqa_audit.pipeline.options import AuditOptions

__all__ = ["AuditOptions", "__version__", "run_audit"]
__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    # run_audit brings pandas along; whoever only asks for the version does not wait for it.
    if name == "run_audit":
        from kvqa_audit.pipeline.audit import run_audit

        return run_audit
    if name == "AuditOptions":
        from kvqa_audit.pipeline.options import AuditOptions

        return AuditOptions
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
