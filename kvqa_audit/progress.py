"""The stages of a run come in as they happen; their times, and events that an onlooker may forward, go out."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from kvqa_audit.errors import CancelledError
from kvqa_audit.model import Stage


@dataclass(frozen=True, slots=True)
class StageStarted:
    """A stage begins, with `total` things to do where that is known."""

    name: str
    total: int | None = None


@dataclass(frozen=True, slots=True)
class ItemsDone:
    """`count` more things of the stage that began last are done."""

    count: int


@dataclass(frozen=True, slots=True)
class StageFinished:
    """A stage is over."""

    stage: Stage


ProgressEvent = StageStarted | ItemsDone | StageFinished
Listener = Callable[[ProgressEvent], None]


def ignore_events(_: ProgressEvent) -> None:
    """The listener of a run that nobody watches."""


@dataclass
class Clock:
    """Times the stages of one run and tells its listener of them; ends the run where it was cancelled.

    Args:
        listener: is told of every event, in the thread that works.
        cancel: when it is set, the next stage or item raises `CancelledError`.
    """

    listener: Listener = ignore_events
    cancel: threading.Event | None = None
    stages: list[Stage] = field(default_factory=list)

    @contextmanager
    def stage(self, name: str, total: int | None = None) -> Iterator[Callable[[int], None]]:
        """Times one stage; what it gives is called with the number of things done, where only the end tells it."""
        items = total or 0
        self.start(name, total)
        started = time.perf_counter()

        def count(number: int) -> None:
            nonlocal items
            items = number

        yield count
        self.add(Stage(name, round(time.perf_counter() - started, 4), items))

    def start(self, name: str, total: int | None = None) -> None:
        """Tells that a stage begins."""
        self.stop_if_cancelled()
        self.listener(StageStarted(name, total))

    def advance(self, count: int) -> None:
        """Tells that more things are done."""
        self.stop_if_cancelled()
        self.listener(ItemsDone(count))

    def add(self, stage: Stage) -> None:
        """Keeps the time of a finished stage."""
        self.stages.append(stage)
        self.listener(StageFinished(stage))

    def stop_if_cancelled(self) -> None:
        """
        Raises:
            CancelledError: somebody asked for the end of this run.
        """
        if self.cancel is not None and self.cancel.is_set():
            raise CancelledError("the audit was cancelled; nothing was written")
