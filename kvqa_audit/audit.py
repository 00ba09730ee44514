"""A source and a description come in; a finished audit goes out: the whole story, stage by stage."""

from __future__ import annotations

import hashlib
import platform
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from kvqa_audit import __version__
from kvqa_audit.model import AuditRun, CheckOutcome, DatasetFacts, Finding, Stage
from kvqa_audit.spec.load import load_spec

if TYPE_CHECKING:
    from kvqa_audit.checks.base import Evidence
    from kvqa_audit.duplicates.find import DuplicateResult
    from kvqa_audit.images.cache import FingerprintCache
    from kvqa_audit.images.stage import ImageStageResult
    from kvqa_audit.ingest.dataset import Dataset, Table
    from kvqa_audit.spec.dataset_spec import DatasetSpec


class Progress:
    """What a run tells while it works; this one keeps silent, the command line draws bars."""

    def stage(self, name: str, total: int | None) -> None:
        """A stage begins, with `total` things to do where that is known."""

    def advance(self, count: int) -> None:
        """`count` more things of the stage are done."""


@dataclass
class _Clock:
    progress: Progress
    stages: list[Stage] = field(default_factory=list)

    @contextmanager
    def stage(self, name: str, total: int | None = None) -> Iterator[Callable[[int], None]]:
        items = total or 0
        self.progress.stage(name, total)
        started = time.perf_counter()

        def count(number: int) -> None:
            nonlocal items
            items = number

        yield count
        self.stages.append(Stage(name, round(time.perf_counter() - started, 4), items))


def run_audit(
    source: str | Path,
    *,
    spec: DatasetSpec | None = None,
    revision: str | None = None,
    subset: bool = False,
    table_only: bool = False,
    jobs: int = 1,
    cache: FingerprintCache | None = None,
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
        progress: is told about stages and items.

    Raises:
        SourceError: the source cannot be read at all.
        SpecError: the description is wrong.
    """
    from kvqa_audit.checks.registry import checks_for
    from kvqa_audit.checks.runner import run_checks
    from kvqa_audit.ingest.open import open_dataset
    from kvqa_audit.release.gate import judge

    started_at = _now()
    clock = _Clock(progress or Progress())
    spec = spec or load_spec()
    with clock.stage("read the table") as count:
        dataset = open_dataset(str(source), spec, revision=revision, table_only=table_only)
        count(len(dataset.table.frame))
    images = _look_at_images(dataset, jobs, cache, clock)
    duplicates = _find_duplicates(images, clock)
    evidence = _gather(dataset, spec, images, duplicates, subset or spec.subset, clock)
    checks = checks_for(spec)
    with clock.stage("run the checks", len(checks)):
        outcomes, findings = run_checks(checks, evidence)
    return AuditRun(
        run_id=uuid.uuid4().hex,
        started_at=started_at,
        finished_at=_now(),
        tool=_tool(images),
        dataset=_facts(dataset, spec, images),
        outcomes=outcomes,
        docs={check.code: check.doc for check in checks},
        findings=findings,
        pairs=duplicates.pairs,
        fingerprints=images.fingerprints,
        profile=evidence.distributions.shares,
        metrics=_metrics(evidence, duplicates, images),
        stages=tuple(clock.stages),
        exit_code=judge(outcomes, findings, spec.release).exit_code,
    )


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
    from kvqa_audit.errors import SourceError
    from kvqa_audit.ingest.open import open_dataset

    clock = _Clock(progress or Progress())
    dataset = open_dataset(str(source), spec or load_spec(), revision=revision)
    if "images" in dataset.absent:
        raise SourceError(f"{source}: {dataset.absent['images']}")
    return _find_duplicates(_look_at_images(dataset, jobs, cache, clock), clock, mode)


def check_table(path: Path, spec: DatasetSpec) -> tuple[tuple[CheckOutcome, ...], tuple[Finding, ...]]:
    """Judges the rows of one CSV alone: no image, no promise, no rule, and so no heavy engine.

    Raises:
        SourceError: the file cannot be read as a table.
    """
    from kvqa_audit.answers.distributions import Distributions
    from kvqa_audit.checks.base import Evidence
    from kvqa_audit.checks.registry import ROW_CHECKS
    from kvqa_audit.checks.runner import run_checks
    from kvqa_audit.contracts.row_schema import check_rows
    from kvqa_audit.ingest.table import read_csv_table

    table = read_csv_table(path, spec.columns)
    evidence = Evidence(
        spec=spec,
        table=table,
        contract=check_rows(table, spec),
        promises={},
        rules={},
        distributions=Distributions(),
        absent=_absent_columns(table),
    )
    return run_checks(ROW_CHECKS, evidence)


@contextmanager
def fingerprint_cache(*, enabled: bool = True) -> Iterator[FingerprintCache | None]:
    """The user's cache of fingerprints, rid of what no run used for 90 days; None where it is not wanted."""
    if not enabled:
        yield None
        return
    from kvqa_audit.images.cache import FingerprintCache

    with FingerprintCache() as cache:
        yield cache
        cache.prune()


def _look_at_images(dataset: Dataset, jobs: int, cache: FingerprintCache | None, clock: _Clock) -> ImageStageResult:
    from kvqa_audit.images.stage import fingerprint_images

    total = sum(len(shard.ids) for shard in dataset.shards)
    with clock.stage("look at the images", total):
        return fingerprint_images(dataset.shards, jobs=jobs, cache=cache, on_progress=clock.progress.advance)


def _find_duplicates(images: ImageStageResult, clock: _Clock, mode: Literal["all", "exact"] = "all") -> DuplicateResult:
    from kvqa_audit.duplicates.find import find_duplicates

    with clock.stage("find duplicates", len(images.fingerprints)):
        return find_duplicates(images.fingerprints, mode=mode)


def _gather(
    dataset: Dataset,
    spec: DatasetSpec,
    images: ImageStageResult,
    duplicates: DuplicateResult,
    subset: bool,
    clock: _Clock,
) -> Evidence:
    from kvqa_audit.answers.distributions import describe
    from kvqa_audit.answers.rules import judge_rules
    from kvqa_audit.checks.base import Evidence
    from kvqa_audit.contracts.promises import judge_promises
    from kvqa_audit.contracts.row_schema import check_rows

    frame = dataset.table.frame
    absent = _absent(dataset, subset)
    with clock.stage("judge the rows", len(frame)):
        contract = check_rows(dataset.table, spec)
    with clock.stage("judge the promises", len(spec.promises)):
        promises = judge_promises(dataset.table, spec, absent)
    with clock.stage("describe the answers", len(frame)):
        distributions = describe(frame, spec)
    with clock.stage("judge the rules", len(spec.rules)):
        rules = judge_rules(frame, spec)
    return Evidence(
        spec=spec,
        table=dataset.table,
        contract=contract,
        promises=promises,
        rules=rules,
        distributions=distributions,
        fingerprints=images.fingerprints,
        image_faults=(*dataset.image_faults, *images.faults),
        pairs=duplicates.pairs,
        absent=absent,
    )


def _absent(dataset: Dataset, subset: bool) -> dict[str, str]:
    absent = {**dataset.absent, **_absent_columns(dataset.table)}
    if "images" in absent:
        absent["duplicates"] = absent["images"]
    if subset:
        absent["whole dataset"] = "the source is a subset, and this is a promise about the whole dataset"
    return absent


def _absent_columns(table: Table) -> dict[str, str]:
    return {f"column {role}": f"the table has no column for '{role}'" for role in table.missing}


def _facts(dataset: Dataset, spec: DatasetSpec, images: ImageStageResult) -> DatasetFacts:
    licence = spec.licence
    return DatasetFacts(
        name=spec.name,
        location=dataset.location,
        digest=_digest(dataset, images),
        rows=len(dataset.table.frame),
        images=len(images.fingerprints),
        revision=dataset.revision,
        licence=licence.id if licence else None,
        terms=licence.terms if licence else None,
        citation=licence.citation if licence else None,
        doi=licence.doi if licence else None,
    )


def _digest(dataset: Dataset, images: ImageStageResult) -> str:
    """SHA-256 over the table's cells in order, lengths included, and over the images' digests by id."""
    digest = hashlib.sha256()
    for column in dataset.table.frame.columns:
        cells = [cell.encode("utf-8", "surrogatepass") for cell in dataset.table.frame[column]]
        digest.update(f"{column} {len(cells)} {' '.join(map(str, map(len, cells)))}\n".encode())
        digest.update(b"".join(cells))
    for image in images.fingerprints:
        digest.update(f"{image.img_id} {image.sha256}\n".encode("utf-8", "surrogatepass"))
    return digest.hexdigest()


def _metrics(evidence: Evidence, duplicates: DuplicateResult, images: ImageStageResult) -> dict[str, Any]:
    frame = evidence.table.frame
    levels = {rule.id: (rule.level, rule.why) for rule in evidence.spec.rules}
    return {
        "sources": dict(zip(frame["img_id"], frame["source"], strict=True)),
        "profile": [asdict(cell) for cell in evidence.distributions.cells],
        "rules": [
            {
                "id": rule.id,
                "level": levels[rule.id][0],
                "why": levels[rule.id][1],
                "eligible": rule.eligible,
                "violations": len(rule.violations),
                "share": rule.share,
                "low": rule.low,
                "high": rule.high,
            }
            for rule in evidence.rules.values()
        ],
        "nearest_distance_bits": {str(part.distance_bits): part.pairs for part in duplicates.curve},
        "verified_distance_bits": {str(part.distance_bits): part.verified for part in duplicates.curve},
        "duplicate_thresholds": dict(duplicates.thresholds),
        "duplicates_examined": dict(duplicates.examined),
        "images_from_cache": images.from_cache,
        "notes": [*images.notes, *duplicates.notes],
    }


def _tool(images: ImageStageResult) -> dict[str, str]:
    packages = ("duckdb", "great_expectations", "numpy", "pandas", "pandera", "pillow", "pyarrow")
    decoders = sorted({image.decoder for image in images.fingerprints if image.decoder})
    return {
        "name": "kvqa-audit",
        "version": __version__,
        "python": platform.python_version(),
        "decoder": ", ".join(decoders),
        **{package: metadata.version(package) for package in packages},
    }


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
