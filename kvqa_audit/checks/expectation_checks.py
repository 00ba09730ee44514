"""A promise of the description comes in; the check that tells how it came out goes out."""

from __future__ import annotations

import json

from kvqa_audit.checks.base import Check, Checked, Defect, Evidence, Skipped
from kvqa_audit.model import CheckDoc, Severity
from kvqa_audit.spec.promise import Promise

_THING = {"rows": "The table", "images_per_source": "Images per source", "rows_per_question": "Rows per question"}


def check_of_expectation(promise: Promise) -> Check:
    """The check `KV02-<id>` of one promise; it is skipped, with the reason, where the promise was not judged."""

    def run(evidence: Evidence) -> Checked | Skipped:
        result = evidence.promises.get(promise.id)
        if result is None:
            return Skipped("the promise was not judged")
        if result.outcome == "skipped":
            return Skipped(result.message)
        if result.outcome == "vacuous":
            return Checked(0)
        broken = Defect(
            f"{_title(promise).rstrip('.')}: {result.message}",
            evidence={"promise": promise.id, "measured": result.measured, "threshold": result.threshold},
            suggestion=promise.fix or None,
        )
        defects = [broken] if result.outcome == "failed" else []
        return Checked(result.evaluated, defects, result.measured, result.threshold)

    return Check(
        f"KV02-{promise.id}",
        f"promise_{promise.id}",
        Severity(promise.severity),
        ("table", "whole dataset") if promise.whole_dataset else ("table",),
        CheckDoc(
            _title(promise),
            promise.why,
            promise.fix or "Find out what changed, or correct the promise.",
            "cells",
            judged_by=f"{promise.type} of {promise.table} {json.dumps(promise.kwargs, sort_keys=True, default=str)}",
        ),
        run,
    )


def _title(promise: Promise) -> str:
    if promise.title:
        return promise.title
    about = promise.type.removeprefix("expect_").replace("_", " ")
    return f"{_THING[promise.table]}: {about} ({promise.id})"
