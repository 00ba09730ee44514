"""A source and a description come in; a finished audit goes out: the whole story, stage by stage."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from kvqa_audit import __version__
from kvqa_audit.model import AuditRun, CheckOutcome, Finding
from kvqa_audit.progress import Clock, Progress
from kvqa_audit.spec.load import load_spec

# What the children import while the table is read.
IMAGES_ARE_READ_BY = "kvqa_audit.images.fingerprint_stage"

if TYPE_CHECKING:
    from kvqa_audit.cache.fingerprints import FingerprintCache
    from kvqa_audit.duplicates.find import DuplicateResult
    from kvqa_audit.spec.dataset_spec import DatasetSpec


def run_audit(
    source: str | Path,
    *,
    spec: DatasetSpec | None = None,
    revision: str | None = None,
    subset: bool = False,
    table_only: bool = False,
    jobs: int = 1,
    cache: FingerprintCache | None = None,
    decisions: Path | None = None,
    ignore_decisions: bool = False,
    ocr: bool = False,
    progress: Progress | None = None,
) -> AuditRun:
    """Audits one dataset and gives everything found; writes nothing.

    Args:
        source: a folder with `metadata.csv` and `images/`, a CSV file, a Parquet file or a folder of them, a
            `save_to_disk` folder, or a Hub id such as `SimulaMet-HOST/Kvasir-VQA`.
        spec: what the dataset is meant to be; None is the shipped description of Kvasir-VQA.
        revision: the revision of a Hub dataset.
        subset: the source is a true part of the dataset: promises about the whole are skipped, never passed.
        table_only: look at no image.
        jobs: worker processes for the images.
        cache: fingerprints of earlier runs; None reads every image.
        decisions: what was decided about findings; None is `decisions.yaml` or `.csv` in the source's own folder.
        ignore_decisions: every finding is open, whatever was decided.
        ocr: read the text burned into the pictures, where the extra `ocr` is installed; more than half a second each.
        progress: is told about stages and items.

    Raises:
        SourceError: the source cannot be read at all.
        SpecError: the description or the decisions file is wrong.
    """
    from kvqa_audit.checks.registry import checks_for
    from kvqa_audit.checks.runner import run_checks
    from kvqa_audit.engine.local import LocalPool
    from kvqa_audit.ingest.open import open_dataset
    from kvqa_audit.pipeline.evidence import collect_evidence
    from kvqa_audit.pipeline.run_record import engines_of, facts_of, metrics_of, rows_of
    from kvqa_audit.release.decisions import apply_decisions
    from kvqa_audit.release.decisions_file import decisions_for
    from kvqa_audit.release.standing import judge_audit

    started_at = _now()
    clock = Clock(progress or Progress())
    spec = spec or load_spec()
    subset = subset or spec.subset
    decided = decisions_for(source, decisions, ignore=ignore_decisions)
    with LocalPool(jobs) as pool:
        if not table_only:
            pool.start(IMAGES_ARE_READ_BY)
        with clock.stage("read the table") as count:
            dataset = open_dataset(str(source), spec, revision=revision, table_only=table_only)
            count(len(dataset.table.frame))
        collected = collect_evidence(dataset, spec, subset=subset, pool=pool, cache=cache, clock=clock, ocr=ocr)
    evidence = collected.evidence
    checks = checks_for(spec)
    with clock.stage("run the checks", len(checks)):
        outcomes, findings = run_checks(checks, evidence)
    today = datetime.now(UTC).date()
    findings, outcomes, report = apply_decisions(findings, outcomes, decided.decisions, today, whole=not subset)
    run = AuditRun(
        run_id=uuid.uuid4().hex,
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
        metrics={**metrics_of(collected), "decisions": {"file": decided.file, "subset": subset, **report.as_metrics()}},
        stages=tuple(clock.stages),
        exit_code=0,
        rows=rows_of(dataset.table),
    )
    return replace(run, exit_code=judge_audit(run, spec).exit_code)


def audit_duplicates(
    source: str | Path,
    *,
    spec: DatasetSpec | None = None,
    revision: str | None = None,
    mode: Literal["all", "exact"] = "all",
    jobs: int = 1,
    cache: FingerprintCache | None = None,
    progress: Progress | None = None,
) -> DuplicateResult:
    """Looks for duplicates alone: no row is judged, nothing is written.

    Args:
        source, spec, revision, jobs, cache, progress: as for `run_audit`.
        mode: "exact" finds identical bytes and pixels only.

    Raises:
        SourceError: the source cannot be read, or has no images.
    """
    from kvqa_audit.engine.local import LocalPool
    from kvqa_audit.errors import SourceError
    from kvqa_audit.ingest.open import open_dataset
    from kvqa_audit.pipeline.evidence import look_at_images, look_for_duplicates

    clock = Clock(progress or Progress())
    with LocalPool(jobs) as pool:
        pool.start(IMAGES_ARE_READ_BY)
        dataset = open_dataset(str(source), spec or load_spec(), revision=revision)
        if "images" in dataset.absent:
            raise SourceError(f"{source}: {dataset.absent['images']}")
        images = look_at_images(dataset, pool, cache, clock)
        return look_for_duplicates(images, pool, cache, clock, mode)


def check_table(path: Path, spec: DatasetSpec) -> tuple[tuple[CheckOutcome, ...], tuple[Finding, ...]]:
    """Judges the rows of one CSV alone: no image, no promise, no rule, and so no heavy engine.

    Raises:
        SourceError: the file cannot be read as a table.
    """
    from kvqa_audit.answers.distributions import Distributions
    from kvqa_audit.checks.base import Evidence
    from kvqa_audit.checks.row_checks import ROW_CHECKS
    from kvqa_audit.checks.runner import run_checks
    from kvqa_audit.contracts.row_schema import check_rows
    from kvqa_audit.ingest.table import read_csv_table
    from kvqa_audit.pipeline.evidence import absent_columns

    table = read_csv_table(path, spec.columns)
    evidence = Evidence(
        spec=spec,
        table=table,
        contract=check_rows(table, spec),
        promises={},
        rules={},
        distributions=Distributions(),
        absent=absent_columns(table),
    )
    return run_checks(ROW_CHECKS, evidence)


@contextmanager
def fingerprint_cache(*, enabled: bool = True) -> Iterator[FingerprintCache | None]:
    """The user's cache of fingerprints, rid of what no run used for 90 days; None where it is not wanted."""
    if not enabled:
        yield None
        return
    from kvqa_audit.cache.fingerprints import FingerprintCache

    with FingerprintCache() as cache:
        yield cache
        cache.prune()


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
