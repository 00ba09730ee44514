"""A request comes in; the dataset is audited, judged, written and kept, and what came of it goes out."""

from __future__ import annotations

import os
import stat
import threading
import uuid
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from kvqa_audit.artifacts.out_folder import reserved
from kvqa_audit.errors import SourceError
from kvqa_audit.ingest.object_url import absolute_location
from kvqa_audit.model import AuditRun
from kvqa_audit.pipeline.audit import run_audit, user_caches
from kvqa_audit.pipeline.description import description_for
from kvqa_audit.pipeline.options import AuditOptions
from kvqa_audit.progress import Clock, Listener, ignore_events
from kvqa_audit.release.decisions_file import DecisionsFile, decisions_for
from kvqa_audit.store.records import DEFAULT_PROJECT, RunStart

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Connection

    from kvqa_audit.engine.executor import Executor
    from kvqa_audit.ingest.dataset import Dataset
    from kvqa_audit.outputs.formats import OutputFormat
    from kvqa_audit.outputs.write_outputs import Pictures
    from kvqa_audit.release.gate import Verdict
    from kvqa_audit.spec.dataset_spec import DatasetSpec
    from kvqa_audit.spec.release import Release
    from kvqa_audit.store.records import StoredRun
    from kvqa_audit.store.runs import RunStore


@dataclass(frozen=True, slots=True)
class AuditRequest:
    """One dataset to audit, and what its audit takes from the user's own files.

    Attributes:
        source: as for `run_audit`.
        options: as for `run_audit`.
        decisions: what was decided about findings; None is `decisions.yaml` or `.csv` in the source's own folder.
        ignore_decisions: every finding is open, whatever was decided.
        cached: what is known of unchanged images is taken from the user's cache.
    """

    source: str
    options: AuditOptions = field(default_factory=AuditOptions)
    decisions: Path | None = None
    ignore_decisions: bool = False
    cached: bool = True


@dataclass(frozen=True, slots=True)
class Publication:
    """Where the results of an audit go, and how it is judged.

    Attributes:
        out: the folder for the report and the files.
        release: the policy; None is the description's own.
        baseline: an audit folder, a stored run, or `latest`: what is new is told against it.
        formats: what is written beside the report.
        pictures: how the report shows them.
        pages: whether pages beside the report hold every finding.
        project: whose run it is, where several teams share a run store.
        may_hold_source: the dataset lies in a folder below `out`.
        report_url: where the report can be opened by who reads the summary.
    """

    out: Path
    release: Release | None = None
    baseline: str | None = None
    formats: tuple[OutputFormat, ...] = ()
    pictures: Pictures = "shown"
    pages: bool = False
    project: str = DEFAULT_PROJECT
    may_hold_source: bool = False
    report_url: str = ""


@dataclass(frozen=True, slots=True)
class Published:
    """A finished audit with its verdict; `printed` is for standard output, `stored` what the run store made of it.

    `removed` names the files of an earlier audit that this one did not write anew.
    """

    run: AuditRun
    verdict: Verdict
    printed: str = ""
    stored: StoredRun | None = None
    removed: tuple[str, ...] = ()


def audited(
    request: AuditRequest,
    *,
    run_id: str | None = None,
    executor: Executor | None = None,
    cancel: threading.Event | None = None,
    listener: Listener = ignore_events,
    on_images: Callable[[Dataset], None] | None = None,
) -> AuditRun:
    """Audits a dataset as the user's own files have it: with its decisions and the user's cache; writes nothing.

    Raises:
        CancelledError, SourceError, SpecError: as for `run_audit`; SpecError for the decisions file, too.
    """
    decisions = decisions_for(request.source, request.decisions, ignore=request.ignore_decisions)
    with user_caches(enabled=request.cached) as caches:
        return run_audit(
            request.source,
            request.options,
            run_id=run_id,
            decisions=decisions,
            executor=executor,
            caches=caches,
            cancel=cancel,
            listener=listener,
            on_images=on_images,
        )


def audit_and_publish(
    request: AuditRequest,
    publication: Publication,
    *,
    runs: RunStore | None = None,
    run_id: str | None = None,
    executor: Executor | None = None,
    cancel: threading.Event | None = None,
    listener: Listener = ignore_events,
    decided: Callable[[], DecisionsFile] | None = None,
    also: Callable[[Connection, Published], object] = lambda *_: None,
) -> Published:
    """Audits a dataset, judges it, writes everything, and keeps the run: the whole service of one audit.

    Args:
        request, publication: what is audited, and where it goes.
        runs: the open run store, which learns of the run before its work; None keeps nothing.
        run_id, executor, cancel, listener: as for `run_audit`.
        decided: gives what was decided until the audit is judged, where people decide while it is at work; None judges
            by what was decided when it began.
        also: writes more in the transaction of the store that keeps the run.

    Raises:
        CancelledError: `cancel` was set before anything was written.
        SourceError, SpecError: as for `audited`; SourceError for a dataset that was removed meanwhile, too.
        ArtifactError, StoreError: the baseline cannot be found or read, or the store cannot be used.
        OutputError: the results cannot be written, or the folder is not one for them: then it is told before the work.
    """
    from kvqa_audit.outputs.write_outputs import make_sure_pages_can_be_written, replace_outputs, write_outputs
    from kvqa_audit.release.redecide import with_decisions
    from kvqa_audit.store.at_work import this_process
    from kvqa_audit.store.lookup import earlier_audit

    spec, opened = request.options.spec, request.options.opened
    if spec is None:
        found = description_for(absolute_location(request.source), None, revision=request.options.revision)
        spec, opened = found.spec, found.opened
    request = replace(request, options=replace(request.options, spec=spec, opened=opened))
    if publication.release is not None:
        spec = spec.model_copy(update={"release": publication.release})
    start = RunStart(
        id=run_id or uuid.uuid4().hex,
        dataset=spec.name,
        location=absolute_location(request.source),
        revision=request.options.revision,
        subset=request.options.subset or spec.subset,
        project=publication.project,
    )
    baseline = publication.baseline
    earlier = None if baseline is None else earlier_audit(baseline, runs, start.series, start.project)
    # A run whose id is given is followed by whoever gave it.
    process = this_process() if run_id is None else None
    place = reserved(publication.out, request.source, may_hold=publication.may_hold_source)
    with place as folder, nullcontext() if runs is None else runs.running(start, process):
        if publication.pages:
            make_sure_pages_can_be_written(folder.out / "report.html")
        before = _identity(request.source)
        seen: list[Dataset] = []
        run = audited(
            request, run_id=start.id, executor=executor, cancel=cancel, listener=listener, on_images=seen.append
        )
        if _identity(request.source) != before:
            raise SourceError(
                f"{request.source}: was removed or replaced during the audit, which therefore is of no one state; "
                "audit it again when it is in place"
            )
        if decided is not None:
            run = with_decisions(run, decided(), datetime.now(UTC).date())
        Clock(listener, cancel).start("write the report")
        published = judged(run, spec, earlier)
        write_outputs(
            published.run,
            folder.staging,
            spec,
            pictures=publication.pictures,
            pages=publication.pages,
            jobs=request.options.jobs,
            shards=seen[-1].shards,
            home=folder.out,
        )
        published = with_formats(published, folder.staging, publication.formats, publication.report_url)
        published = replace(published, removed=replace_outputs(folder))
        if runs is None:
            return published
        stored = runs.finish(
            published.run, also=lambda connection, stored: also(connection, replace(published, stored=stored))
        )
        return replace(published, stored=stored)


def _identity(source: str) -> tuple[int, int] | None:
    """Which folder this is, whatever is in it; None for what is none."""
    try:
        facts = os.stat(source)  # noqa: PTH116 - of a Hub id, too
    except (OSError, ValueError):
        return None
    return (facts.st_dev, facts.st_ino) if stat.S_ISDIR(facts.st_mode) else (0, 0)


def judged(run: AuditRun, spec: DatasetSpec, earlier: AuditRun | None = None) -> Published:
    """Judges a finished audit by the description's policy; what is new is told against an earlier audit."""
    from kvqa_audit.compare.baseline import against_baseline
    from kvqa_audit.release.standing import judge_audit, with_verdict

    compared = run if earlier is None else against_baseline(run, earlier)
    verdict = judge_audit(compared, spec)
    return Published(with_verdict(compared, verdict), verdict)


def with_formats(published: Published, out: Path, formats: tuple[OutputFormat, ...], report_url: str = "") -> Published:
    """Writes what else was asked for into a folder.

    Raises:
        OutputError: the folder cannot be written.
    """
    from kvqa_audit.outputs.formats import write_formats

    return replace(published, printed=write_formats(published.run, published.verdict, out, formats, report_url))
