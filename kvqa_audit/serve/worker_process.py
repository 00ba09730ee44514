"""A configuration comes in; this process takes jobs from the store until it is told to end."""

from __future__ import annotations

import os
import sys

from kvqa_audit.errors import KvqaAuditError
from kvqa_audit.jobs.settings import WorkerSettings
from kvqa_audit.jobs.worker import work
from kvqa_audit.process import end_with
from kvqa_audit.serve.config import ServeConfig
from kvqa_audit.serve.logs import set_up_logs


def serve_worker(config: ServeConfig) -> None:
    """Works until SIGTERM or Ctrl-C.

    Raises:
        StoreError: the store cannot be opened, or was brought to a version that this program does not know.
    """
    set_up_logs(config.log, "worker")
    address = f"{config.address}/runs/{{run}}"
    work(
        config.place, WorkerSettings(config.data, config.lease_seconds, report_url=address, roots=config.dataset_roots)
    )


def main() -> None:
    """The process that `kvqa-audit serve` starts."""
    config = ServeConfig.model_validate_json(sys.stdin.buffer.read())
    end_with(os.getppid())
    try:
        serve_worker(config)
    except KvqaAuditError as error:
        sys.stderr.write(f"kvqa-audit: {error}\n")
        sys.exit(1)


if __name__ == "__main__":
    main()
