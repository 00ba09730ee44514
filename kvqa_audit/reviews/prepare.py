"""A finished run in its folder comes in; its sheets go into one file there, and the queue of its review into the store.

Nothing of this runs in a process that answers browsers: it holds the whole audit.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, bindparam, insert, select, update

from kvqa_audit.artifacts.atomic_file import write_atomically
from kvqa_audit.jobs.dataset_decisions import bring_up_to_date
from kvqa_audit.jobs.dataset_texts import decisions_in, decisions_text, policy_of
from kvqa_audit.jobs.job_store import JobStore
from kvqa_audit.model import AuditRun, Severity
from kvqa_audit.pipeline.description import description_of
from kvqa_audit.release.applying import undecided
from kvqa_audit.release.precision import Precision, precision_by_check
from kvqa_audit.reviews.prepared import SHEETS
from kvqa_audit.reviews.sheets import Sheet, about, sheets_of
from kvqa_audit.store.cells import kept_text
from kvqa_audit.store.review_records import Item
from kvqa_audit.store.review_rows import items, review_of
from kvqa_audit.store.review_tables import REVIEW_ITEMS, REVIEWS, ItemState

_GRAVITY = {Severity.INFO: 1.0, Severity.WARNING: 3.0, Severity.ERROR: 9.0}
_LEAST_UNCERTAINTY = 0.1
_AT_ONCE = 1_000


def prepare(store: JobStore, number: int, run: AuditRun, folder: Path, today: date) -> None:
    """Makes the queue of a dataset that of this run; what people said about what is still found stays.

    What was settled and is nevertheless to be decided again (its time is over, or it rests on other evidence now) is
    open again, in a round of its own.

    Args:
        store: where.
        number: the dataset's id.
        run: its finished run.
        folder: of the run's files.
        today: decides which decisions are over.
    """
    known = bring_up_to_date(store, number)
    found = decisions_in(decisions_text(known.settings))
    spec = description_of(run, None)
    described_by = str(run.metrics.get("described_by") or "")
    spec = spec.model_copy(update={"release": policy_of(known.settings, described_by)})
    wanted = {one.key for one in undecided(run.findings, found, today, run.docs)}
    sheets = tuple(sheets_of(run, spec, wanted))
    precision = precision_by_check(found, run.docs)
    with store.writing() as connection:
        connection.execute(select(REVIEWS.c.dataset).where(REVIEWS.c.dataset == number).with_for_update())
        if review_of(connection, number).run == run.run_id:
            return
        rows, lines, place = [], [], 0
        for before, sheet in enumerate(sheets):
            line = json.dumps(sheet.body, ensure_ascii=True, allow_nan=False, separators=(",", ":")).encode() + b"\n"
            rows.append({"run": run.run_id, "place": place, "size": len(line), **row_of(sheet, precision, before)})
            lines.append(line)
            place += len(line)
        write_atomically(folder / SHEETS, b"".join(lines))
        keep(connection, number, rows)
        _point_at(connection, number, run.run_id)


def row_of(sheet: Sheet, precision: Mapping[str, Precision], before: int) -> dict[str, Any]:
    """The cells of a sheet's item; `before` is how many sheets come before it."""
    known = precision.get(sheet.check, Precision(0, 0))
    # One of each is added: who judged nothing yet knows nothing.
    right = (known.right + 1) / (known.right + known.wrong + 2)
    unsure = 4 * right * (1 - right) if sheet.uncertainty is None else sheet.uncertainty
    weight = _GRAVITY[sheet.first.severity] * max(_LEAST_UNCERTAINTY, unsure) * len(sheet.findings)
    # Of equal ones the first comes first: no two weigh the same, so that an index by weight gives them in their order.
    weight *= 1 - before * 1e-9
    return {
        "key": sheet.first.key,
        "check": sheet.check,
        "severity": sheet.first.severity,
        "source": kept_text(sheet.source),
        "question": kept_text(sheet.first.question) or "",
        "answer": kept_text(sheet.first.answer) or "",
        "findings": [about(one) for one in sheet.findings],
        "blocks": sheet.blocks,
        "weight": weight,
    }


def keep(connection: Connection, number: int, rows: Iterable[dict[str, Any]]) -> None:
    """Brings the items of a dataset up to date with rows as `row_of` makes them, each with the place of its sheet."""
    c = REVIEW_ITEMS.c
    there = {one.key: one for one in items(connection, c.dataset == number)}
    fresh = {"dataset": number, "state": ItemState.OPEN, "decided": 0, "round": 1, "version": 1}
    added: list[dict[str, Any]] = []
    changed: list[dict[str, Any]] = []
    for row in rows:
        known = there.get(row["key"])
        if known is None:
            added.append({**fresh, **row})
        else:
            again = _reopened(known, row)
            if row.get("known") is not None:
                again["state"] = ItemState.KNOWN
            changed.append({**row, **again, "number": known.id})
    for start in range(0, len(added), _AT_ONCE):
        connection.execute(insert(REVIEW_ITEMS), added[start : start + _AT_ONCE])
    if changed:
        values: dict[str, Any] = {name: bindparam(f"new_{name}") for name in changed[0] if name != "number"}
        renamed = [{f"new_{name}": value for name, value in row.items()} for row in changed]
        connection.execute(update(REVIEW_ITEMS).where(c.id == bindparam("new_number")).values(**values), renamed)


def _reopened(known: Item, row: Mapping[str, Any]) -> dict[str, Any]:
    """What becomes of a thing that a run finds again: its round goes on, or another begins."""
    is_new = known.state is ItemState.SETTLED or known.findings != row["findings"]
    if not is_new:
        names = ("state", "decided", "round", "version", "settled_by", "written")
        return {name: getattr(known, name) for name in names}
    state = ItemState.OPEN if known.known is None else ItemState.KNOWN
    begun = {"state": state, "decided": 0, "round": known.round + 1, "version": known.version + 1}
    return {**begun, "settled_by": None, "written": None}


def _point_at(connection: Connection, number: int, run: str) -> None:
    if connection.execute(update(REVIEWS).where(REVIEWS.c.dataset == number).values(run=run)).rowcount == 0:
        connection.execute(insert(REVIEWS), {"dataset": number, "needed": 1, "run": run, "version": 0})
