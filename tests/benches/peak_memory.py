"""A process comes in; the most memory that it and all it started held at once goes out."""

from __future__ import annotations

import threading
import time

from kvqa_audit.jobs.process_memory import memory_mb_of


class PeakMemory(threading.Thread):
    """Samples the proportional set size of a process and all its descendants, in MB."""

    def __init__(self, pid: int, seconds_between: float = 0.1) -> None:
        super().__init__(daemon=True)
        self.pid, self.seconds_between, self.peak_mb, self.running = pid, seconds_between, 0.0, True

    def run(self) -> None:
        while self.running:
            self.peak_mb = max(self.peak_mb, memory_mb_of(self.pid))
            time.sleep(self.seconds_between)
