"""A message waits with the end of its job, goes to each channel once, and says why it could not be sent."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from kvqa_audit.jobs import leases, queue
from kvqa_audit.jobs.datasets import edit_dataset
from kvqa_audit.jobs.job_store import JobStore
from kvqa_audit.jobs.outbox import COMMANDS_ALLOWED, messages_of, put_message, send_messages
from kvqa_audit.notify.message import CheckNews, Message
from kvqa_audit.store.job_records import Dataset, Job, JobState, MessageState

NEWS = Message("a" * 32, "default", "frames", "2026-01-01", "not ready", "Not ready: so it is.", new=2, since="today",
               checks=(CheckNews("KV008", "wrong", 3, 3, 2),))  # fmt: skip
ALLOWED = {COMMANDS_ALLOWED: "1"}
SENDER = """
import sys
from kvqa_audit.jobs.job_store import JobStore
from kvqa_audit.jobs.outbox import send_messages
with JobStore(sys.argv[1]) as store:
    print(send_messages(store, {"KVQA_AUDIT_NOTIFY_COMMANDS": "1"}))
"""


@pytest.fixture
def told(tmp_path: Path) -> Path:
    """Where the command writes what it is told."""
    return tmp_path / "told.txt"


@pytest.fixture
def command(tmp_path: Path, told: Path) -> str:
    script = tmp_path / "tell"
    script.write_text(f"#!/bin/sh\ncat >> {told}\necho >> {told}\n")
    script.chmod(0o755)
    return f"command:{script}"


@pytest.fixture
def held(store: JobStore, dataset: Dataset, command: str) -> Job:
    edit_dataset(store, dataset.id, 1, replace(dataset.settings, notify=(command, "command:/nowhere/at/all")))
    queue.start_job(store, dataset.id)
    job = leases.claim(store, "one", 60)
    assert job is not None
    return job


def wait_to_be_sent(store: JobStore, job: Job, record: dict[str, Any]) -> None:
    with store.writing() as connection:
        put_message(connection, job.id, record, store.clock(connection))


def test_a_message_goes_to_each_channel_once(store: JobStore, held: Job, told: Path) -> None:
    wait_to_be_sent(store, held, NEWS.record())
    assert {one.state for one in messages_of(store, [held.id])} == {MessageState.WAITING}
    assert send_messages(store, ALLOWED) == 2
    assert send_messages(store, ALLOWED) == 0
    assert told.read_text().count("Not ready: so it is.") == 1
    by_state = {one.state: one for one in messages_of(store, [held.id])}
    assert by_state.keys() == {MessageState.SENT, MessageState.FAILED}
    assert "/nowhere/at/all" in (by_state[MessageState.FAILED].reason or "")


def test_many_workers_send_it_once(store: JobStore, held: Job, told: Path) -> None:
    wait_to_be_sent(store, held, NEWS.record())
    command = [sys.executable, "-c", SENDER, store.where]
    senders = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    assert sum(int(sender.communicate()[0]) for sender in senders) == 2
    assert told.read_text().count("Not ready: so it is.") == 1


def test_a_message_that_was_begun_is_never_begun_again(
    store: JobStore, held: Job, told: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wait_to_be_sent(store, held, NEWS.record())
    with monkeypatch.context() as patch:
        patch.setattr("kvqa_audit.jobs.outbox._problem_of", _dies)
        with pytest.raises(KeyboardInterrupt):
            send_messages(store, ALLOWED)
    assert send_messages(store, ALLOWED) == 1
    assert [one.state for one in messages_of(store, [held.id])].count(MessageState.BEGUN) == 1


def _dies(*_: object) -> None:
    raise KeyboardInterrupt


def test_a_job_that_failed_is_told_and_one_that_is_tried_again_is_not(store: JobStore, held: Job, told: Path) -> None:
    leases.try_again(store, held.id, held.fence, "disk full", 0)
    assert messages_of(store, [held.id]) == ()
    again = leases.claim(store, "one", 60)
    assert again is not None
    leases.finish(store, again.id, again.fence, JobState.FAILED, "data/frames: does not exist")
    send_messages(store, ALLOWED)
    assert "The audit failed: data/frames: does not exist" in told.read_text()


def test_a_message_of_another_version_stops_no_other(store: JobStore, held: Job, told: Path) -> None:
    wait_to_be_sent(store, held, {"subject": "of long ago"})
    assert send_messages(store, ALLOWED) == 2
    assert {one.reason for one in messages_of(store, [held.id])} == {"it was written by another version of the program"}


def test_commands_are_not_run_unless_the_worker_allows_it(store: JobStore, held: Job, told: Path) -> None:
    wait_to_be_sent(store, held, NEWS.record())
    send_messages(store, {})
    assert not told.exists()
    reasons = {one.reason for one in messages_of(store, [held.id])}
    assert reasons == {f"commands are not run by this worker; set {COMMANDS_ALLOWED}=1 to allow them"}
