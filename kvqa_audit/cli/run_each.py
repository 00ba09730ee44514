"""Planned datasets come in; each is audited, published, told of and linked, and what came of all goes out."""

from __future__ import annotations

import os
import tempfile
import traceback
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from kvqa_audit.cli.options import Engine, Format
from kvqa_audit.errors import KvqaAuditError, OutputError, error_of_place

if TYPE_CHECKING:
    from kvqa_audit.console.log import Log
    from kvqa_audit.console.several import Result
    from kvqa_audit.engine.executor import Executor
    from kvqa_audit.notify.channels import Channel
    from kvqa_audit.notify.message import Message
    from kvqa_audit.pipeline.publish import AuditRequest, Publication
    from kvqa_audit.spec.plan import PlannedDataset

CRASHED = 3


@dataclass(frozen=True, slots=True)
class Manner:
    """How all datasets of one call are audited, and told of; without an address of Ray by processes of this machine."""

    jobs: int
    cache: bool
    ignore_decisions: bool
    quiet: bool
    form: Format
    ray_address: str | None = None


@dataclass(frozen=True, slots=True)
class Job:
    """A dataset with the name and the place of its results; `out_pattern` is what the folder was made of.

    Where `url` is not "", the results go there, and `out` is where they are made.
    """

    planned: PlannedDataset
    name: str
    out_pattern: str
    out: Path
    report_url: str
    channels: tuple[Channel, ...]
    url: str = ""


def ray_address_for(engine: Engine, address: str | None) -> str | None:
    """The address of the cluster that works on the images; None is without one.

    Raises:
        EngineError: an engine was named without its address, or an address without its engine.
    """
    from kvqa_audit.engine.executor import EngineError

    if (engine is Engine.RAY) != bool(address):
        raise EngineError(
            "--engine ray and --ray-address belong together. Give HOST:PORT of a cluster that this machine belongs to, "
            "or 'local' to begin one on this machine alone."
        )
    return address


def jobs_for(planned: Sequence[PlannedDataset], default_out: str) -> tuple[Job, ...]:
    """Finds out where everything goes, before anything is done.

    Raises:
        OutputError: two datasets would go into one folder, or a folder's name is wrong.
        NotificationError: a channel is.
    """
    from kvqa_audit.artifacts.dated_folder import filled, make_sure_latest_can_be_linked, name_of
    from kvqa_audit.artifacts.upload import make_sure_it_takes_an_audit
    from kvqa_audit.ingest.object_url import is_object_url
    from kvqa_audit.notify.channels import channel_named

    today = datetime.now().astimezone().date()
    jobs: dict[Path, Job] = {}
    for one in planned:
        name, pattern = one.name or name_of(one.source), one.out or default_out
        url = filled(pattern, name, today) if is_object_url(pattern) else ""
        out = Path(url or filled(pattern, name, today))
        if url:
            make_sure_it_takes_an_audit(url)
        else:
            make_sure_latest_can_be_linked(pattern, out)
        place = Path(os.path.realpath(out))  # unlike resolve(), no error for a link that leads to itself
        if place in jobs:
            raise OutputError(
                f"{out}: is for both {jobs[place].planned.source} and {one.source}; write {{dataset}} into --out, or "
                "give each a name in a plan"
            )
        channels = tuple(channel_named(channel, os.environ) for channel in one.notify)
        jobs[place] = Job(one, name, pattern, out, filled(one.report_url, name, today), channels, url)
    return tuple(jobs.values())


def audit_each(jobs: Sequence[Job], manner: Manner, log: Log) -> Iterator[Result]:
    """Audits one after the other and goes on where one fails; where there is but one, its error is raised.

    Raises:
        EngineError: the cluster that was asked for cannot be had.
        KvqaAuditError: the only dataset could not be audited.
    """
    with executor_for(manner.ray_address, manner.jobs) as executor, tempfile.TemporaryDirectory() as folder:
        made_in = Path(folder)
        placed = [replace(job, out=made_in / str(n)) if job.url else job for n, job in enumerate(jobs)]
        yield from _audit_each(placed, manner, log, executor)


def executor_for(ray_address: str | None, jobs: int) -> AbstractContextManager[Executor | None]:
    """What works for all datasets; None leaves it to each audit.

    Raises:
        EngineError: the cluster that was asked for cannot be had.
    """
    if ray_address is None:
        return nullcontext()
    from kvqa_audit.engine.ray_pool import RayPool

    return RayPool(ray_address, processors=jobs)


def _audit_each(jobs: Sequence[Job], manner: Manner, log: Log, executor: Executor | None) -> Iterator[Result]:
    from kvqa_audit.console.several import Result
    from kvqa_audit.console.terminal import complain

    for job in jobs:
        log.note(f"{job.name}: begins: {job.planned.source}")
        try:
            result = _audit(job, manner, log, executor)
        except Exception as caught:
            error = error_of_place(caught) or caught
            is_ours = isinstance(error, KvqaAuditError)
            words = str(error) if is_ours else f"a fault of the program: {type(error).__name__}"
            log.note(f"{job.name}: failed: {words}")
            _tell_of_failure(job, words, log)
            if len(jobs) == 1:
                raise
            if not is_ours:
                traceback.print_exc()
            complain(f"{job.name}: {words}")
            result = Result(job.name, error.exit_code if isinstance(error, KvqaAuditError) else CRASHED, error=words)
        yield result


def one_series(results: Sequence[Result]) -> Iterator[str]:
    """A line for each two datasets that the run store takes for one, so that each is compared with the other."""
    known: dict[tuple[str, str], str] = {}
    for result in results:
        stored = result.published.stored if result.published else None
        if stored is not None:
            other = known.setdefault((stored.project, stored.series), result.dataset)
            if other != result.dataset:
                yield (
                    f"{other} and {result.dataset} are one series of the store, {stored.series!r}, and were compared "
                    "with each other; give each a project of its own"
                )


def _audit(job: Job, manner: Manner, log: Log, executor: Executor | None) -> Result:
    from kvqa_audit.artifacts.dated_folder import link_latest
    from kvqa_audit.artifacts.upload import upload_audit
    from kvqa_audit.console.several import Result
    from kvqa_audit.console.terminal import audit_progress
    from kvqa_audit.notify.message import message_about
    from kvqa_audit.pipeline.publish import audit_and_publish
    from kvqa_audit.store.lookup import runs_kept_in

    request, publication = _asked(job, manner)
    silent = manner.quiet or manner.form is not Format.TERMINAL
    with audit_progress(silent) as bars, runs_kept_in(job.planned.store, make=True) as runs:
        listener = log.listening(job.name, bars)
        published = audit_and_publish(request, publication, runs=runs, executor=executor, listener=listener)
        stored = published.stored
        before = runs.before(stored) if runs and stored else None
    if job.url:
        upload_audit(job.out, job.url)
    else:
        link_latest(job.out_pattern, job.out)
    report, verdict = f"{job.url or job.out.absolute()}/report.html", published.verdict
    log.note(f"{job.name}: exit code {verdict.exit_code}: {verdict.sentence} report: {report}")
    address = publication.report_url or report
    _send(job, message_about(published.run, verdict, address, stored=stored, before=before), log)
    return Result(job.name, verdict.exit_code, published, job.out, publication.report_url, url=job.url)


def _asked(job: Job, manner: Manner) -> tuple[AuditRequest, Publication]:
    from kvqa_audit.outputs.formats import formats_named
    from kvqa_audit.outputs.write_outputs import pictures_named
    from kvqa_audit.pipeline.description import description_for
    from kvqa_audit.pipeline.options import AuditOptions
    from kvqa_audit.pipeline.publish import AuditRequest, Publication
    from kvqa_audit.release.standing import policy_named
    from kvqa_audit.store.lookup import project_named
    from kvqa_audit.store.records import DEFAULT_PROJECT

    one = job.planned
    formats = formats_named(",".join(one.also))
    found = description_for(one.source, one.spec, revision=one.revision)
    options = AuditOptions(
        found.spec,
        one.revision,
        one.subset,
        one.table_only,
        manner.jobs,
        one.ocr,
        Path(one.embeddings) if one.embeddings else None,
        Path(one.embedder) if one.embedder else None,
        found.opened,
    )
    decisions = Path(one.decisions) if one.decisions else None
    request = AuditRequest(one.source, options, decisions, manner.ignore_decisions, manner.cache)
    publication = Publication(
        job.out,
        policy_named(one.gate, found.spec),
        one.baseline,
        formats,
        pictures_named(no_images=one.no_images, blur_text=one.blur_text),
        one.pages,
        project_named(one.project) or DEFAULT_PROJECT,
        report_url=job.report_url,
    )
    return request, publication


def _tell_of_failure(job: Job, words: str, log: Log) -> None:
    from kvqa_audit.notify.message import message_of_failure

    _send(job, message_of_failure(job.name, words, datetime.now(UTC).isoformat(timespec="seconds")), log)


def _send(job: Job, message: Message, log: Log) -> None:
    """Sends a message where it is news; that it could not be sent is said, and changes nothing else."""
    from kvqa_audit.console.terminal import complain
    from kvqa_audit.notify.channels import send_news

    for problem in send_news(job.channels, message):
        log.note(f"{job.name}: {problem}")
        complain(problem)
