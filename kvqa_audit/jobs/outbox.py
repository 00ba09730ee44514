"""What is new in a run comes in as the run is kept; it is told to each channel of the dataset, once.

A message that a worker began to send is never begun again: of a worker that dies in that moment nobody knows whether it
had sent it.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert, select, update

from kvqa_audit.errors import NotificationError
from kvqa_audit.jobs.job_store import JobStore
from kvqa_audit.store.cells import fetched, kept_text
from kvqa_audit.store.job_records import Job, MessageState
from kvqa_audit.store.job_tables import DATASETS, JOBS, MESSAGES
from kvqa_audit.store.tables import PROJECTS

# Whoever may edit a dataset could else run any program on the machine of a worker.
COMMANDS_ALLOWED = "KVQA_AUDIT_NOTIFY_COMMANDS"


@dataclass(frozen=True, slots=True)
class SentMessage:
    """A message about a job, and how far it has come; `reason` says why it was not sent."""

    job: int
    channel: str
    state: MessageState
    at: datetime
    reason: str | None
    body: Mapping[str, Any]


def put_message(connection: Connection, job: int, body: Mapping[str, Any], now: datetime) -> None:
    """Lets a message about a job wait for each channel of its dataset."""
    tables = DATASETS.join(JOBS, JOBS.c.dataset == DATASETS.c.id)
    (row,) = fetched(connection, select(DATASETS.c.notify).select_from(tables).where(JOBS.c.id == job))
    waits = {"job": job, "state": MessageState.WAITING, "at": now, "body": dict(body)}
    if channels := dict.fromkeys(row["notify"]):
        connection.execute(insert(MESSAGES), [{**waits, "channel": channel} for channel in channels])


def put_failure(connection: Connection, job: Job, reason: str, now: datetime) -> None:
    """Lets a message about a job that came to no audit wait for each channel of its dataset."""
    from kvqa_audit.notify.message import message_of_failure

    tables = DATASETS.join(PROJECTS, DATASETS.c.project == PROJECTS.c.id)
    named = select(DATASETS.c.name, PROJECTS.c.name.label("project")).select_from(tables)
    (row,) = fetched(connection, named.where(DATASETS.c.id == job.dataset))
    at, run = now.isoformat(timespec="seconds"), job.run or ""
    message = message_of_failure(row["name"], reason, at, run_id=run, project=row["project"])
    put_message(connection, job.id, message.record(), now)


def messages_of(store: JobStore, jobs: Iterable[int]) -> tuple[SentMessage, ...]:
    """The messages about these jobs."""
    wanted = select(MESSAGES).where(MESSAGES.c.job.in_(tuple(jobs))).order_by(MESSAGES.c.job, MESSAGES.c.channel)
    with store.reading() as connection:
        return tuple(SentMessage(**row) for row in fetched(connection, wanted))


def send_messages(store: JobStore, environment: Mapping[str, str] = os.environ) -> int:
    """Sends all messages that wait, one after the other, and tells how many there were."""
    sent = 0
    while (message := _begun(store)) is not None:
        problem = _problem_of(message, environment)
        state = MessageState.FAILED if problem else MessageState.SENT
        _note(store, message, {"state": state, "reason": kept_text(problem)})
        sent += 1
    return sent


def _begun(store: JobStore) -> SentMessage | None:
    waits = select(MESSAGES.c.job, MESSAGES.c.channel).where(MESSAGES.c.state == MessageState.WAITING).limit(1)
    with store.reading() as connection:
        if connection.execute(waits).first() is None:
            return None
    with store.writing() as connection:
        mine = connection.execute(waits.with_for_update(skip_locked=True)).first()
        if mine is None:
            return None
        its = (MESSAGES.c.job == mine.job, MESSAGES.c.channel == mine.channel)
        now = store.clock(connection)
        connection.execute(update(MESSAGES).where(*its).values(state=MessageState.BEGUN, at=now))
        (row,) = fetched(connection, select(MESSAGES).where(*its))
        return SentMessage(**row)


def _note(store: JobStore, message: SentMessage, values: Mapping[str, Any]) -> None:
    its = (MESSAGES.c.job == message.job, MESSAGES.c.channel == message.channel)
    with store.writing() as connection:
        connection.execute(update(MESSAGES).where(*its).values(at=store.clock(connection), **values))


def _problem_of(message: SentMessage, environment: Mapping[str, str]) -> str | None:
    """Sends it; why that could not be done."""
    from kvqa_audit.notify.channels import channel_named
    from kvqa_audit.notify.message import message_of_record

    if message.channel.startswith("command:") and environment.get(COMMANDS_ALLOWED) != "1":
        return f"commands are not run by this worker; set {COMMANDS_ALLOWED}=1 to allow them"
    try:
        content = message_of_record(message.body)
    except (KeyError, TypeError):
        return "it was written by another version of the program"
    try:
        channel_named(message.channel, environment).send(content)
    except NotificationError as error:
        return str(error)
    return None
