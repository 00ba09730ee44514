"""The stages of a run come in as they happen; their times, and what an onlooker is told, go out."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from kvqa_audit.model import Stage


class Progress:
    """What a run tells while it works; this one keeps silent, the command line draws bars."""

    def stage(self, name: str, total: int | None) -> None:
        """A stage begins, with `total` things to do where that is known."""

    def advance(self, count: int) -> None:
        """`count` more things of the stage are done."""


@dataclass
class Clock:
    """Times the stages of one run, and tells its onlooker of them."""

    progress: Progress
    stages: list[Stage] = field(default_factory=list)

    @contextmanager
    def stage(self, name: str, total: int | None = None) -> Iterator[Callable[[int], None]]:
        """Times one stage; what it gives is called with the number of things done, where only the end tells it."""
        items = total or 0
        self.progress.stage(name, total)
        started = time.perf_counter()

        def count(number: int) -> None:
            nonlocal items
            items = number

        yield count
        self.stages.append(Stage(name, round(time.perf_counter() - started, 4), items))
