"""What the service keeps about datasets, schedules and jobs: the words of its columns, and a record for each row."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from kvqa_audit.store.records import DEFAULT_PROJECT


class Overlap(StrEnum):
    """What a slot does while an earlier job of its dataset waits or works: is left out, or waits for its turn."""

    SKIP = "skip"
    QUEUE = "queue"


class CatchUp(StrEnum):
    """What is made of the slots that came while no worker ran: one run for all of them, or none."""

    ONE = "one"
    NONE = "none"


class SlotOutcome(StrEnum):
    """What became of a slot."""

    QUEUED = "queued"
    SKIPPED = "skipped"


class Cause(StrEnum):
    """Who asked for a job."""

    SCHEDULE = "schedule"
    MANUAL = "manual"
    API = "api"


class JobState(StrEnum):
    """How far a job has come. A skipped one found nothing changed; a lost one lost all the workers it was tried by."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    SKIPPED = "skipped"
    FAILED = "failed"
    CANCELLED = "cancelled"
    LOST = "lost"

    @property
    def is_over(self) -> bool:
        return self not in (JobState.QUEUED, JobState.RUNNING)


class MessageState(StrEnum):
    """How far a message has come. One that a worker began to send is never begun again, so that it comes once."""

    WAITING = "waiting"
    BEGUN = "begun"
    SENT = "sent"
    FAILED = "failed"


class EventKind(StrEnum):
    """What an event of a job tells: a stage that begins or ends, how much of it is done, words, or a new state."""

    STAGE = "stage"
    COUNT = "count"
    LOG = "log"
    STATE = "state"


@dataclass(frozen=True, slots=True)
class DatasetSettings:
    """All that people say about a dataset of the service.

    Attributes:
        name: what it is called here; no two have the same.
        source: a path, or `hf://owner/name`.
        project: whose runs they are.
        spec: the name of a shipped description, or `auto`; None lets the audit find one.
        description: the files of an own description, name → text; they go before `spec` where there are any.
        gate: the text of a release policy; None is the description's own.
        decisions: the text of a decisions file; None reads the one that lies beside the dataset.
        options: of an audit: revision, subset, table_only, jobs, ocr, no_images, blur_text, pages.
        keep: how many finished runs are kept; None keeps all.
        time_limit_s, memory_limit_mb: what an audit may need; None is without limit.
        max_attempts: how often an audit that breaks off is begun.
        notify: where what is new is told: `https://…`, `mailto:…`, or `command:…` where the workers allow it.
    """

    name: str
    source: str
    project: str = DEFAULT_PROJECT
    spec: str | None = None
    description: Mapping[str, str] = field(default_factory=dict)
    gate: str | None = None
    decisions: str | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    keep: int | None = None
    time_limit_s: int | None = None
    memory_limit_mb: int | None = None
    max_attempts: int = 3
    notify: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Dataset:
    """A dataset of the service; `version` counts its edits from 1."""

    id: int
    version: int
    created_at: datetime
    settings: DatasetSettings

    @property
    def name(self) -> str:
        return self.settings.name


@dataclass(frozen=True, slots=True)
class DatasetName:
    """What a dataset of the service is called."""

    id: int
    name: str


@dataclass(frozen=True, slots=True)
class ScheduleSettings:
    """When a dataset is audited.

    Attributes:
        cron: five fields, read in the time zone.
        time_zone: a name of the IANA database.
        overlap, catch_up: what becomes of slots that come at a bad time.
        watch: a slot at which nothing changed since the last audit is left out.
        paused: no slot is made.
    """

    cron: str
    time_zone: str = "UTC"
    overlap: Overlap = Overlap.SKIP
    catch_up: CatchUp = CatchUp.ONE
    watch: bool = False
    paused: bool = False


@dataclass(frozen=True, slots=True)
class Schedule:
    """A schedule of a dataset; `next_slot` is None while it is paused, and `version` counts its edits from 1."""

    id: int
    dataset: int
    version: int
    created_at: datetime
    next_slot: datetime | None
    settings: ScheduleSettings


@dataclass(frozen=True, slots=True)
class Slot:
    """One moment of a schedule and what became of it; `job` is None where it was skipped before there was one."""

    schedule: int
    slot: datetime
    outcome: SlotOutcome
    reason: str | None
    job: int | None


@dataclass(frozen=True, slots=True)
class Job:
    """One audit that was asked for.

    Attributes:
        run: the id of the run of its last attempt, in the run store; None before the first.
        asked_by: the person, where it was one.
        not_before: a job that is tried again waits until then.
        attempts, max_attempts: how often it was begun, and may be.
        heartbeat_at, lease_until: when its worker was last heard of, and until when it is believed to live.
        fence: counts the claims; who claimed it under an earlier number may write nothing any more.
        cancel_asked: somebody wants it to end.
        watch: it is skipped if nothing changed since the job that noted the same `watched`.
        reason: why it is in this state, in words.
        last_event: the position of its last event, 0 before the first.
    """

    id: int
    dataset: int
    run: str | None
    cause: Cause
    asked_by: str | None
    state: JobState
    reason: str | None
    queued_at: datetime
    not_before: datetime
    started_at: datetime | None
    finished_at: datetime | None
    attempts: int
    max_attempts: int
    worker: str | None
    heartbeat_at: datetime | None
    lease_until: datetime | None
    fence: int
    cancel_asked: bool
    watch: bool
    watched: str | None
    time_limit_s: int | None
    memory_limit_mb: int | None
    idempotency_key: str | None
    last_event: int


@dataclass(frozen=True, slots=True)
class Event:
    """What happened in a job; positions grow from 1, and a position is never used twice."""

    job: int
    position: int
    at: datetime
    kind: EventKind
    body: Mapping[str, Any]
