"""A comparison comes in; all of it goes out as one JSON text."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from kvqa_audit.artifacts.tables import finding_row
from kvqa_audit.compare.comparison import Comparison
from kvqa_audit.compare.drift import AnswerDrift, ImageDrift
from kvqa_audit.compare.images import ImageChanges
from kvqa_audit.compare.rows import Row, RowChange, RowChanges
from kvqa_audit.model import Finding

SCHEMA_VERSION = 1


def as_json(comparison: Comparison, exit_code: int) -> str:
    """The whole comparison; no list is cut. Findings that are still open are named by their keys."""
    return json.dumps(comparison_record(comparison, exit_code), ensure_ascii=True, indent=1, allow_nan=False)


def comparison_record(comparison: Comparison, exit_code: int) -> dict[str, Any]:
    """The same as plain data."""
    findings = comparison.findings
    return {
        "schema_version": SCHEMA_VERSION,
        "before": asdict(comparison.before),
        "after": asdict(comparison.after),
        "same_data": comparison.is_same_data,
        "rows": None if comparison.rows is None else _rows(comparison.rows),
        "images": None if comparison.images is None else _images(comparison.images),
        "findings": {
            **{kind: _findings(getattr(findings, kind)) for kind in ("new", "reopened", "resolved")},
            **{kind: _findings(getattr(findings, kind)) for kind in ("decided", "not_judged")},
            "still_open": [finding.key for finding in findings.still_open],
        },
        "checks": [{**asdict(check), "newly_judged": check.is_newly_judged} for check in comparison.checks],
        "answers": [_drift(cell) for cell in comparison.answers],
        "image_measures": [_drift(measure) for measure in comparison.image_measures],
        "notes": list(comparison.notes),
        "exit_code": exit_code,
    }


def _rows(rows: RowChanges) -> dict[str, Any]:
    return {
        "before": rows.before,
        "after": rows.after,
        "unchanged": rows.unchanged,
        "added": [asdict(row) for row in rows.added],
        "removed": [asdict(row) for row in rows.removed],
        "changed": [_row_change(change) for change in rows.changed],
    }


def _row_change(change: RowChange) -> dict[str, Any]:
    def side(row: Row) -> dict[str, Any]:
        return {"number": row.number, "source": row.source, "answer": row.answer}

    return {
        "img_id": change.after.img_id,
        "question": change.after.question,
        "before": side(change.before),
        "after": side(change.after),
        "spelling_only": change.is_spelling_only,
    }


def _images(images: ImageChanges) -> dict[str, Any]:
    return {name: value if isinstance(value, int) else list(value) for name, value in asdict(images).items()}


def _findings(findings: Iterable[Finding]) -> list[dict[str, Any]]:
    return [{**finding_row(finding), "evidence": dict(finding.evidence)} for finding in findings]


def _drift(drift: AnswerDrift | ImageDrift) -> dict[str, Any]:
    record = {**asdict(drift), "notable": drift.is_notable}
    if isinstance(drift, AnswerDrift) and drift.moved is not None:
        record["moved"] = dict(zip(("answer", "share_before", "share_after"), drift.moved, strict=True))
    return record
