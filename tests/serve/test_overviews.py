"""Datasets with many, few, unfinished and removed runs come in; what their list tells of each is what happened."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import insert

from kvqa_audit.jobs.datasets import register_dataset
from kvqa_audit.jobs.schedules import add_schedule
from kvqa_audit.store.job_records import Cause, DatasetSettings, JobState, ScheduleSettings
from kvqa_audit.store.job_tables import JOBS
from kvqa_audit.store.records import RunState
from kvqa_audit.store.run_rows import series_id
from kvqa_audit.store.tables import RUNS
from kvqa_audit.web.overviews import TREND, overviews, trends
from tests.serve.site import Person, Served

AT = datetime(2026, 1, 1, tzinfo=UTC)


def asked_for(served: Served, name: str, *states: JobState, removed: tuple[int, ...] = ()) -> tuple[int, list[int]]:
    """A dataset whose jobs came to these states, some of their runs being removed; its id, and those of the jobs."""
    dataset, jobs = register_dataset(served.site.store, DatasetSettings(name, f"/data/{name}")).id, []
    with served.site.store.writing() as connection:
        series = series_id(connection, "default", name)
        for number, state in enumerate(states):
            about: dict[str, Any] = {"dataset": dataset, "cause": Cause.MANUAL, "state": state, "queued_at": AT}
            about |= {"not_before": AT, "attempts": 1, "max_attempts": 1, "fence": 1, "last_event": 0}
            about |= {"cancel_asked": False, "watch": False, "run": f"{dataset}-{number}"}
            jobs.append(connection.execute(insert(JOBS).values(about).returning(JOBS.c.id)).scalar_one())
            if state is JobState.DONE and number not in removed:
                run = {"id": about["run"], "series": series, "state": RunState.FINISHED, "dataset": "d"}
                run |= {"location": "/d", "number": number + 1, "finished_at": AT + timedelta(days=number)}
                run |= {"verdict": "ready", "errors": number, "warnings": 2, "notices": 3}
                connection.execute(insert(RUNS), run)
    return dataset, jobs


def test_the_last_runs_the_last_job_and_the_next_slot_of_each_dataset_are_told(served: Served) -> None:
    done, failed = JobState.DONE, JobState.FAILED
    many, its = asked_for(served, "many", *[done, failed] * (TREND + 2), JobState.QUEUED)
    few, two = asked_for(served, "few", done, failed)
    pruned, three = asked_for(served, "pruned", done, done, done, removed=(0, 1))
    none, _ = asked_for(served, "none")
    paused = ScheduleSettings("0 1 * * *", paused=True)
    add_schedule(served.site.store, few, paused)
    slots = [add_schedule(served.site.store, many, ScheduleSettings(f"0 {n} * * *")).next_slot for n in (3, 5)]
    with served.site.store.reading() as connection:
        told = overviews(connection, [many, few, pruned, none])
        (latest,) = trends(connection, [many], runs=1)[many]

    assert [one.audit for one in told[many].trend] == its[0::2][2:-1]
    assert told[many].last_run == told[many].trend[-1]
    assert (told[many].trend[-1].errors, told[many].trend[-1].open) == (2 * (TREND + 1), 2 * (TREND + 1) + 5)
    assert told[many].trend[-1].finished_at == AT + timedelta(days=2 * (TREND + 1))
    assert told[many].last_job is not None
    assert (told[many].last_job.id, told[many].last_job.state) == (its[-1], JobState.QUEUED)
    assert told[many].next_slot == min(slot for slot in slots if slot)
    assert ([one.audit for one in told[few].trend], told[few].next_slot) == ([two[0]], None)
    assert told[few].last_job is not None
    assert told[few].last_job.state is failed
    assert [one.audit for one in told[pruned].trend] == [three[2]]
    assert (told[none].trend, told[none].last_job, told[none].next_slot) == ((), None, None)
    assert latest.audit == its[-3]


def test_history_goes_on_where_a_page_ends_and_offers_the_last_two_runs_first(served: Served, admin: Person) -> None:
    dataset, its = asked_for(served, "long", *[JobState.DONE] * 43, JobState.FAILED, JobState.DONE)
    page = admin.get(f"/datasets/{dataset}").text
    offered = re.findall(r'<select id="(?:from|to)"[^>]*><option value="(\d+)"', page)
    following = re.search(r'rel="next" href="([^"]+)"', page)
    assert following
    older = admin.get(following[1]).text
    assert [int(one) for one in offered] == [its[-3], its[-1]]
    shown = [re.findall(r'<th scope="row"><a href="/audits/(\d+)"', text) for text in (page, older)]
    assert [int(one) for one in shown[0] + shown[1]] == its[::-1]
    assert admin.get(f"/datasets/{dataset}?before=²").status_code == 422
