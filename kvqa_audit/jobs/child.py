"""An order comes in on standard input; the audit is made, and what happens goes out as lines of JSON: a job's process.

It dies with its worker, and ends on SIGTERM as a cancelled audit does. The last line says how it ended.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection

from kvqa_audit.access.roots import DatasetRoots
from kvqa_audit.errors import CancelledError, FenceError, KvqaAuditError, OutputError, SourceError, StoreError
from kvqa_audit.jobs.dataset_texts import DECISIONS_FILE
from kvqa_audit.jobs.job_rows import held_job
from kvqa_audit.jobs.job_store import JobStore
from kvqa_audit.jobs.order import AuditOrder
from kvqa_audit.jobs.outbox import put_message
from kvqa_audit.process import end_with
from kvqa_audit.progress import ItemsDone, ProgressEvent, StageStarted
from kvqa_audit.store.lookup import LATEST
from kvqa_audit.store.run_rows import run_lines
from kvqa_audit.store.tables import PROJECTS, RUNS, SERIES

if TYPE_CHECKING:
    from kvqa_audit.pipeline.publish import AuditRequest, Publication, Published
    from kvqa_audit.release.decisions_file import DecisionsFile

COUNT_EVERY_SECONDS = 0.5


@dataclass
class Told:
    """Tells a worker of an audit's progress: every stage, and now and then how much of it is done."""

    write: Callable[[Mapping[str, Any]], None]
    _stage: str = ""
    _total: int | None = None
    _done: int = 0
    _last: float = 0.0

    def __call__(self, event: ProgressEvent) -> None:
        if isinstance(event, ItemsDone):
            self._done += event.count
            if time.monotonic() - self._last >= COUNT_EVERY_SECONDS:
                self._count()
            return
        if isinstance(event, StageStarted):
            self._stage, self._total, self._done, self._last = event.name, event.total, 0, 0.0
            self.write({"kind": "stage", "stage": event.name, "begins": True, "total": event.total})
            return
        if self._done:
            self._count()
        stage = event.stage
        self.write(
            {"kind": "stage", "stage": stage.name, "begins": False, "seconds": stage.seconds, "items": stage.items}
        )

    def _count(self) -> None:
        self._last = time.monotonic()
        self.write({"kind": "count", "stage": self._stage, "done": self._done, "total": self._total})


def main() -> None:
    """The whole life of a job's process; the number of the pipe for its lines is the first argument."""
    order = AuditOrder.of_json(sys.stdin.buffer.read())
    end_with(order.worker)
    cancel = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: cancel.set())
    pipe = int(sys.argv[1])

    def write(line: Mapping[str, Any]) -> None:
        left = memoryview(json.dumps(line).encode() + b"\n")
        while left:
            left = left[os.write(pipe, left) :]

    write({"kind": "end", **_carried_out(order, cancel, Told(write))})
    sys.stdout.flush()
    sys.stderr.flush()
    # A thread may still be inside an engine; the interpreter's own end would wait for it.
    os._exit(0)


def _carried_out(order: AuditOrder, cancel: threading.Event, told: Told) -> dict[str, Any]:
    """How an order ended: done, unchanged, cancelled or failed; why; and whether another attempt may help."""
    try:
        if order.roots is not None:
            DatasetRoots(tuple(map(Path, order.roots)), tuple(order.hub)).allowed(order.source)
        seen = None
        if order.watch:
            from kvqa_audit.jobs.watch import is_unchanged, seen_of

            seen = seen_of(order.source, order.options.get("revision"), order.seen_before)
            if is_unchanged(seen, order.seen_before):
                return {"how": "unchanged", "seen": seen}
        _make_audit(order, cancel, told)
        return {"how": "done", "seen": seen}
    except CancelledError:
        return {"how": "cancelled"}
    except KvqaAuditError as error:
        reason = str(error).replace(f"{order.work}{os.sep}", "")
        return {"how": "failed", "reason": reason, "again": _may_help(error, order)}
    except MemoryError:
        return {"how": "failed", "reason": "there was not enough memory", "again": True}
    except OSError as error:
        return {"how": "failed", "reason": f"{error.filename or 'a file'}: {error.strerror or error}", "again": True}
    except Exception as error:  # noqa: BLE001 - whoever asked for the audit has to hear of it
        traceback.print_exc()
        what = f"{type(error).__name__}: {error}"
        return {"how": "failed", "reason": f"a fault of the program, not of the dataset: {what}", "again": False}


def _may_help(error: KvqaAuditError, order: AuditOrder) -> bool:
    """Whether the cause may go away by itself: no room, a store that is away, the Hub; never a description."""
    from kvqa_audit.ingest.hub import hub_id

    away = isinstance(error, SourceError) and hub_id(order.source) is not None
    return away or (isinstance(error, OutputError | StoreError) and not isinstance(error, FenceError))


def _make_audit(order: AuditOrder, cancel: threading.Event, told: Told) -> None:
    """Makes the audit, and keeps it and the message about it under the fence of its job."""
    from kvqa_audit.pipeline.publish import audit_and_publish
    from kvqa_audit.store.runs import RunStore

    request, publication = _asked(order)
    report = order.report_url or str(publication.out / "report.html")
    with RunStore(order.store, make=False, guard=partial(_make_sure_it_is_held, order)) as runs:
        audit_and_publish(
            request,
            publication,
            runs=runs,
            run_id=order.run,
            cancel=cancel,
            listener=told,
            decided=partial(_decided_until_now, order),
            also=partial(_tell_news, order, report),
        )


def _decided_until_now(order: AuditOrder) -> DecisionsFile:
    """What was decided until the audit is judged, while it was at work, too.

    Raises:
        SpecError: it cannot be read.
    """
    from kvqa_audit.jobs.dataset_decisions import bring_up_to_date
    from kvqa_audit.release.decisions_file import decisions_for

    with JobStore(order.store, make=False) as store:
        text = bring_up_to_date(store, order.dataset).settings.decisions
    return decisions_for(order.source, None if text is None else _decisions_file(order, text))


def _decisions_file(order: AuditOrder, text: str) -> Path:
    work = Path(order.work)
    _write(work, {DECISIONS_FILE: text})
    return work / DECISIONS_FILE


def _tell_news(order: AuditOrder, report: str, connection: Connection, published: Published) -> None:
    """Lets a message wait where something is new: it is there if and only if the run is."""
    from kvqa_audit.notify.message import message_about

    stored = published.stored
    of_series = (PROJECTS.c.name == stored.project, SERIES.c.name == stored.series) if stored else ()
    earlier = run_lines(connection, *of_series, RUNS.c.number == stored.number - 1) if stored and stored.number else ()
    before = earlier[0] if earlier else None
    message = message_about(published.run, published.verdict, report, stored=stored, before=before)
    if message.is_news:
        put_message(connection, order.job, message.record(), datetime.now(UTC))


def _make_sure_it_is_held(order: AuditOrder, connection: Connection) -> None:
    if held_job(connection, order.job, order.fence) is None:
        raise FenceError(f"job {order.job} was taken from this worker; nothing was written")


def _asked(order: AuditOrder) -> tuple[AuditRequest, Publication]:
    """The request and the publication of an order.

    Raises:
        SpecError: the description, the policy or the decisions are wrong.
        SourceError: the source cannot be read.
    """
    from kvqa_audit.outputs.write_outputs import pictures_named
    from kvqa_audit.pipeline.description import description_for
    from kvqa_audit.pipeline.options import AuditOptions
    from kvqa_audit.pipeline.publish import AuditRequest, Publication
    from kvqa_audit.release.standing import SEVERITIES, policy_named

    files = dict(order.description)
    work = Path(order.work)
    if files:
        _write(work, files)
    o = order.options
    found = description_for(order.source, order.work if files else order.spec, revision=o.get("revision"))
    gate = order.gate
    if gate is not None and gate.strip() not in SEVERITIES:
        _write(work, {"gate.yaml": gate})
        gate = str(work / "gate.yaml")
    release = None if gate is None else policy_named(gate.strip(), found.spec)
    decisions = None if order.decisions is None else _decisions_file(order, order.decisions)
    how: dict[str, Any] = {
        "jobs": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    }
    how |= {name: o[name] for name in ("subset", "table_only", "jobs", "ocr") if name in o}
    options = AuditOptions(found.spec, o.get("revision"), opened=found.opened, **how)
    pictures = pictures_named(no_images=o.get("no_images", False), blur_text=o.get("blur_text", False))
    return AuditRequest(order.source, options, decisions), Publication(
        Path(order.out),
        release,
        LATEST,
        pictures=pictures,
        pages=o.get("pages", False),
        project=order.project,
        report_url=order.report_url,
    )


def _write(folder: Path, files: Mapping[str, str]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
