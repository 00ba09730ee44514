"""A source and a description come in; a finished audit goes out: the whole story, stage by stage."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from kvqa_audit import __version__
from kvqa_audit.ingest.object_url import absolute_location
from kvqa_audit.model import AuditRun, CheckOutcome, Finding
from kvqa_audit.pipeline.description import description_for
from kvqa_audit.pipeline.options import AuditOptions
from kvqa_audit.progress import Clock, Listener, ignore_events
from kvqa_audit.spec.load import load_spec

# What the children import while the table is read.
IMAGES_ARE_READ_BY = "kvqa_audit.images.fingerprint_stage"

if TYPE_CHECKING:
    from kvqa_audit.artifacts.fingerprint_files import FingerprintFiles
    from kvqa_audit.cache.caches import Caches
    from kvqa_audit.duplicates.find import DuplicateResult
    from kvqa_audit.engine.executor import Executor
    from kvqa_audit.ingest.dataset import Dataset
    from kvqa_audit.release.decisions_file import DecisionsFile
    from kvqa_audit.spec.dataset_spec import DatasetSpec


def run_audit(
    source: str | Path,
    options: AuditOptions | None = None,
    *,
    run_id: str | None = None,
    decisions: DecisionsFile | None = None,
    executor: Executor | None = None,
    caches: Caches | None = None,
    cancel: threading.Event | None = None,
    listener: Listener = ignore_events,
    on_images: Callable[[Dataset], None] | None = None,
) -> AuditRun:
    """Audits one dataset and gives everything found; writes nothing.

    Args:
        source: a folder with a table (CSV, TSV, JSON, JSON Lines, Parquet; one, or one a split) and its pictures,
            such a table as a file, a folder of pictures, a `save_to_disk` folder, `hf://owner/name` on the Hub, a
            URL in object storage, or `manifest:` with a list of pictures' URLs.
        options: how it is audited.
        run_id: the name of this run, in hex digits; None makes one.
        decisions: what was decided about findings; None leaves every finding open.
        executor: works on the images, and is left open; it has to know of the same `cancel`.
            None makes a local pool of `options.jobs` processes.
        caches: what earlier runs found out; None reads every image.
        cancel: when it is set, the audit ends within two seconds and leaves nothing behind.
        listener: is told about stages and items.
        on_images: is given the dataset without its table, for who shows its pictures when the audit is done.

    Raises:
        CancelledError: `cancel` was set.
        SourceError: the source cannot be read at all.
        SpecError: the description is wrong.
    """
    from kvqa_audit.checks.registry import checks_for
    from kvqa_audit.checks.runner import run_checks
    from kvqa_audit.contracts.readings import read_answer
    from kvqa_audit.ingest.open import open_dataset
    from kvqa_audit.ingest.table import empty_table
    from kvqa_audit.pipeline.evidence import collect_evidence
    from kvqa_audit.pipeline.picture_looks import open_embeddings
    from kvqa_audit.pipeline.run_record import engines_of, facts_of, metrics_of, rows_of
    from kvqa_audit.release.decisions_file import DecisionsFile
    from kvqa_audit.release.freezing import with_frozen_evidence
    from kvqa_audit.release.redecide import with_decisions
    from kvqa_audit.release.standing import judge_audit, with_verdict

    started_at = _now()
    options = options or AuditOptions()
    clock = Clock(listener, cancel)
    spec, opened = options.spec, options.opened
    if spec is None:
        found = description_for(absolute_location(str(source)), None, revision=options.revision)
        spec, opened = found.spec, found.opened
    subset = options.subset or spec.subset
    with _executor(executor, options.jobs, cancel) as pool:
        if not options.table_only:
            pool.start(IMAGES_ARE_READ_BY)
        with clock.stage("read the table") as count:
            dataset = open_dataset(
                absolute_location(str(source)),
                spec,
                revision=options.revision,
                table_only=options.table_only,
                opened=None if opened is None else opened.take(),
            )
            count(len(dataset.table.frame))
        given = open_embeddings(options, dataset)
        if on_images is not None:
            on_images(replace(dataset, table=empty_table()))
        collected = collect_evidence(
            dataset, spec, subset=subset, pool=pool, caches=caches, clock=clock, ocr=options.ocr, given=given
        )
    evidence = collected.evidence
    checks = checks_for(spec)
    with clock.stage("run the checks", len(checks)):
        outcomes, findings = run_checks(checks, evidence, clock.advance)
    run = AuditRun(
        run_id=run_id or uuid.uuid4().hex,
        started_at=started_at,
        finished_at=_now(),
        tool={"name": "kvqa-audit", "version": __version__, **engines_of(collected)},
        dataset=facts_of(dataset, collected),
        outcomes=outcomes,
        docs={check.code: check.doc for check in checks},
        findings=findings,
        pairs=evidence.pairs,
        fingerprints=evidence.fingerprints,
        profile=evidence.distributions.shares,
        metrics=metrics_of(collected),
        stages=tuple(clock.stages),
        exit_code=0,
        rows=rows_of(dataset.table),
        description=spec.model_dump(mode="json", exclude_defaults=True),
    )
    run = with_frozen_evidence(run, spec.text_of_question, lambda asked, said: read_answer(asked, said, spec).canonical)
    run = with_decisions(run, decisions or DecisionsFile(None, ()), datetime.now(UTC).date())
    return with_verdict(run, judge_audit(run, spec))


def audit_duplicates(
    source: str | Path,
    options: AuditOptions | None = None,
    *,
    mode: Literal["all", "exact"] = "all",
    executor: Executor | None = None,
    caches: Caches | None = None,
    shards: FingerprintFiles | None = None,
    cancel: threading.Event | None = None,
    listener: Listener = ignore_events,
) -> DuplicateResult:
    """Looks for duplicates alone: no row is judged, nothing is written.

    Args:
        source, options, executor, caches, cancel, listener: as for `run_audit`.
        mode: "exact" finds identical bytes and pixels only.
        shards: where fingerprints go, a file for each task, from which they are read one after the other; then the
            caches are not used. None keeps all in memory.

    Raises:
        CancelledError: `cancel` was set.
        OutputError: `shards` cannot be written.
        SourceError: the source cannot be read, or has no images.
    """
    from kvqa_audit.errors import SourceError
    from kvqa_audit.ingest.open import open_dataset
    from kvqa_audit.pipeline.evidence import look_at_images, look_for_duplicates

    options = options or AuditOptions()
    clock = Clock(listener, cancel)
    with _executor(executor, options.jobs, cancel) as pool:
        pool.start(IMAGES_ARE_READ_BY)
        location = absolute_location(str(source))
        spec = options.spec or _description_of_images(location, options.revision)
        dataset = open_dataset(location, spec, revision=options.revision, images_only=True)
        if "images" in dataset.absent:
            raise SourceError(f"{source}: {dataset.absent['images']}")
        if shards is None:
            images = look_at_images(dataset, pool, caches, clock)
            return look_for_duplicates(images, pool, caches, clock, mode)
        return _duplicates_in_shards(dataset, shards, pool, clock, mode)


def _duplicates_in_shards(
    dataset: Dataset, files: FingerprintFiles, pool: Executor, clock: Clock, mode: Literal["all", "exact"]
) -> DuplicateResult:
    from kvqa_audit.duplicates.find import find_duplicates
    from kvqa_audit.pipeline.fingerprints_in_shards import fingerprints_in_shards

    total = sum(len(shard.ids) for shard in dataset.shards)
    with clock.stage("look at the images", total):
        fingerprints = fingerprints_in_shards(dataset.shards, files, pool=pool, on_progress=clock.advance)
    with clock.stage("find duplicates", total):
        return find_duplicates(fingerprints, mode=mode, pool=pool)


def _description_of_images(source: str, revision: str | None) -> DatasetSpec:
    """The description that tells the images' ids; pictures are looked at even where no table can be described."""
    from kvqa_audit.errors import SourceError

    try:
        return description_for(source, None, revision=revision).spec
    except SourceError:
        return load_spec()


def check_table(path: Path, spec: DatasetSpec) -> tuple[tuple[CheckOutcome, ...], tuple[Finding, ...]]:
    """Judges the rows of a source alone: no image, no promise, no rule, and so no heavy engine.

    Raises:
        SourceError: the source has no table that can be read.
    """
    from kvqa_audit.answers.distributions import Distributions
    from kvqa_audit.checks.base import Evidence, switched
    from kvqa_audit.checks.row_checks import ROW_CHECKS
    from kvqa_audit.checks.runner import run_checks
    from kvqa_audit.contracts.row_schema import check_rows
    from kvqa_audit.ingest.open import open_dataset
    from kvqa_audit.pipeline.evidence import absent_columns

    table = open_dataset(str(path), spec, table_only=True).table
    evidence = Evidence(
        spec=spec,
        table=table,
        contract=check_rows(table, spec),
        promises={},
        rules={},
        distributions=Distributions(),
        absent=absent_columns(table),
    )
    return run_checks(switched(ROW_CHECKS, spec), evidence)


@contextmanager
def user_caches(*, enabled: bool = True) -> Iterator[Caches | None]:
    """The user's own caches, rid of what no run used for 90 days; None where they are not wanted."""
    if not enabled:
        yield None
        return
    from kvqa_audit.cache.caches import Caches

    with Caches.open() as caches:
        yield caches
        caches.fingerprints.prune()


@contextmanager
def _executor(given: Executor | None, jobs: int, cancel: threading.Event | None) -> Iterator[Executor]:
    """The caller's executor, left open; or a local pool that ends with the audit."""
    if given is not None:
        yield given
        return
    from kvqa_audit.engine.local import LocalPool

    with LocalPool(jobs, cancel=cancel) as pool:
        yield pool


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
