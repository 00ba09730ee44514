"""A table that does not fit into memory comes in; outcomes, and all findings in files, go out, part by part.

A part is a task: whoever works on it writes its findings into one file under a name that hangs on the table, the
description and the part, and gives back a summary alone. What a killed run has written is not done again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kvqa_audit import __version__
from kvqa_audit.checks.parts import checks_in_parts, over_all_parts
from kvqa_audit.engine.executor import Executor, WorkerError
from kvqa_audit.errors import SpecError
from kvqa_audit.ingest.table_in_parts import ROWS_A_PART, TableInParts, distinct_cells, part_table
from kvqa_audit.model import CheckOutcome, OutcomeStatus, Severity
from kvqa_audit.pipeline.judge_part import (
    Counted,
    PartTask,
    Summary,
    judge_part,
    judge_sample,
    judge_whole,
    summary_in,
)
from kvqa_audit.pipeline.table_stages import IMPORTS
from kvqa_audit.spec.dataset_spec import DatasetSpec

if TYPE_CHECKING:
    from kvqa_audit.answers.distributions import Spelt

FINDINGS = "findings"


@dataclass(frozen=True, slots=True)
class JudgedInParts:
    """What came of it: the outcomes, how many findings each check has of each severity, and what was not judged.

    The checks `of_sample` were judged on `sampled_rows` rows. `not_judged` maps codes to reasons. All findings are in
    the files of `folder`: one a part, one of what was counted over all, one of the sample.
    """

    table: TableInParts
    outcomes: tuple[CheckOutcome, ...]
    counts: Mapping[tuple[str, str], int]
    of_sample: tuple[str, ...]
    sampled_rows: int
    not_judged: Mapping[str, str]
    folder: Path

    def exit_code(self, fail_on: str) -> int:
        """0 clean, 1 findings of this severity or a higher one (`never` is none), 3 where a check errored."""
        if any(one.outcome is OutcomeStatus.ERRORED for one in self.outcomes):
            return 3
        severe = fail_on != "never" and any(Severity(name).rank >= Severity(fail_on).rank for _, name in self.counts)
        return 1 if severe else 0

    def record(self) -> dict[str, Any]:
        """All of it as JSON values."""
        return {
            "rows": self.table.rows,
            "parts": self.table.parts,
            "findings": str(self.folder),
            "checks": [asdict(one) for one in self.outcomes],
            "of_sample": {"checks": list(self.of_sample), "rows": self.sampled_rows},
            "not_judged": dict(self.not_judged),
        }


def judge_in_parts(
    path: Path,
    spec: DatasetSpec,
    out: Path,
    *,
    pool: Executor,
    memory_mb: int,
    rows_a_part: int = ROWS_A_PART,
    on_progress: Callable[[int], None] | None = None,
) -> JudgedInParts:
    """Judges the rows of one Parquet file with memory for some parts at once; the findings are those of the whole.

    Args:
        path: the table.
        spec: what it is meant to be.
        out: where the findings go, and meanwhile the sorted rows.
        pool: whoever works on the parts.
        memory_mb: what the sorting may use.
        rows_a_part: about how many rows are judged at once.
        on_progress: is told how many more rows are judged.

    Raises:
        SourceError: the table cannot be read in parts.
        SpecError: a promise or a rule cannot be evaluated.
        OutputError: `out` cannot be written.
        WorkerError: a part could not be judged.
    """
    from kvqa_audit.answers.distributions import spellings_in

    table = part_table(path, spec.columns, out, memory_mb, rows_a_part)
    folder, digest = out / FINDINGS, _digest(table, spec)
    cells = distinct_cells(table, memory_mb)
    counted = None if cells is None else Counted(cells, spellings_in(cells, spec))
    of_sample, of_whole = folder / f"{digest}-sample.parquet", folder / f"{digest}-whole.parquet"
    sampling = None if of_sample.exists() else pool.submit(judge_sample, table, spec, of_sample, imports=IMPORTS)
    tasks = [PartTask(number, table, folder / f"{digest}-{number:06d}.parquet") for number in range(table.parts)]
    parts = _judged_parts(tasks, spec, None if counted is None else counted.spelt, pool, on_progress)
    if not of_whole.exists():
        pool.submit(judge_whole, table, spec, counted, parts, of_whole, imports=IMPORTS).result()
    if sampling is not None:
        sampling.result()
    whole, sample = summary_in(of_whole), summary_in(of_sample)
    for stale in set(folder.glob("*.parquet")) - {of_sample, of_whole, *(task.target for task in tasks)}:
        stale.unlink()
    table.rows_file.unlink(missing_ok=True)
    outcomes = sorted((*parts.outcomes, *whole.outcomes, *sample.outcomes), key=lambda one: one.code[:4])
    found = parts.findings + whole.findings + sample.findings
    checks = checks_in_parts(spec, counted=cells is not None)
    sampled = tuple(check.code for check in checks.of_sample)
    return JudgedInParts(table, tuple(outcomes), found, sampled, sample.rows, checks.not_judged, folder)


def _judged_parts(
    tasks: Sequence[PartTask],
    spec: DatasetSpec,
    spelt: Spelt | None,
    pool: Executor,
    on_progress: Callable[[int], None] | None,
) -> Summary:
    """The summaries of all parts together; the parts that a killed run has written are read.

    Raises:
        SpecError: a promise or a rule cannot be evaluated.
        WorkerError: a part could not be judged.
    """
    outcomes: dict[int, tuple[CheckOutcome, ...]] = {}
    together = Summary(())

    def add(task: PartTask, summary: Summary) -> None:
        outcomes[task.number] = summary.outcomes
        together.add_counts(summary)

    open_tasks = []
    for task in tasks:
        if task.target.exists():
            add(task, summary_in(task.target))
        else:
            open_tasks.append(task)
    shared = (pool.share(spec), pool.share(spelt))
    for answer in pool.map_unordered(judge_part, open_tasks, *shared, item_timeout_seconds=0):
        if isinstance(answer.value, SpecError):
            raise answer.value
        if answer.value is None:
            failure = "" if answer.failure is None else f"{answer.failure.kind}: {answer.failure.detail}"
            raise WorkerError(f"part {answer.task.number} of the table could not be judged ({failure})")
        add(answer.task, answer.value)
        if on_progress is not None:
            on_progress(answer.task.table.rows // len(tasks))
    return replace(together, outcomes=over_all_parts([outcomes[task.number] for task in tasks]))


def _digest(table: TableInParts, spec: DatasetSpec) -> str:
    facts = f"{table.digest} {__version__} {spec.model_dump_json()}"
    return hashlib.sha256(facts.encode("utf-8", "backslashreplace")).hexdigest()[:16]
