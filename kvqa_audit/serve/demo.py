"""An open store and a folder come in; the drawn sample is registered there, scheduled, and its audit waits."""

from __future__ import annotations

from pathlib import Path

from kvqa_audit.demo import draw_demo
from kvqa_audit.errors import NotThereError
from kvqa_audit.jobs.datasets import dataset_named, register_dataset
from kvqa_audit.jobs.job_store import JobStore
from kvqa_audit.jobs.queue import start_job
from kvqa_audit.jobs.schedules import add_schedule
from kvqa_audit.store.job_records import DatasetSettings, ScheduleSettings

NAME = "Drawn sample"


def show_demo(store: JobStore, folder: Path) -> None:
    """Draws the sample with known defects, registers it once, and starts an audit of it."""
    draw_demo(folder)
    try:
        found = dataset_named(store, NAME)
    except NotThereError:
        found = register_dataset(store, DatasetSettings(NAME, str(folder), project=NAME, options={"subset": True}))
        add_schedule(store, found.id, ScheduleSettings("0 3 * * *"))
    start_job(store, found.id)
