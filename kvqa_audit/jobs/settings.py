"""What an operator says about workers comes in; one record of it, and the folders of their runs, go out."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from kvqa_audit.access.roots import DatasetRoots

RUNS_FOLDER = "runs"
WORK_FOLDER = "work"


@dataclass(frozen=True, slots=True)
class WorkerSettings:
    """How a worker works.

    Attributes:
        data: the service's folder, for the results of its runs; all workers and the web process share it.
        lease_seconds: who is not heard of for so long has lost its job.
        retry_seconds: after how long an audit that broke off is begun again, twice as long each time.
        look_every_seconds: how often it looks for slots, jobs, and who wants one to end.
        grace_seconds: how long an audit at work may go on when the worker is to end.
        tidy_every_seconds: how often runs that need not be kept are removed.
        roots: which datasets may be audited, looked at anew before each audit; None is without limit.
        report_url: where a run's report can be opened, with `{run}` for its id; "" tells its path.
    """

    data: Path
    lease_seconds: float = 30.0
    retry_seconds: float = 10.0
    look_every_seconds: float = 0.25
    grace_seconds: float = 10.0
    tidy_every_seconds: float = 600.0
    report_url: str = ""
    roots: DatasetRoots | None = None

    def out(self, run: str) -> Path:
        """The folder for the results of a run."""
        return self.data / RUNS_FOLDER / run

    def work(self, run: str) -> Path:
        """The folder for what a run needs while it is at work."""
        return self.data / WORK_FOLDER / run
