"""The address of a service and a token come in; calls of its API go out, and typed records come back."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any

import httpx

from kvqa_audit.client.connection import Connection
from kvqa_audit.client.records import (
    Changes,
    Dataset,
    DatasetEdit,
    DecisionEdit,
    Finding,
    Gate,
    Me,
    Page,
    Run,
    Schedule,
    ScheduleEdit,
)
from kvqa_audit.client.reviews import DatasetReview

_WAIT_S = 0.5


class Client:
    """One service, as the user of a token sees it."""

    def __init__(self, url: str, token: str, *, timeout_s: float = 60) -> None:
        """Opens no connection yet.

        Args:
            url: the address that people type, such as `https://audits.example.org`.
            token: a personal token, made in the settings.
            timeout_s: how long an answer may take.
        """
        self._service = Connection(url, token, timeout_s)

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._service.close()

    def me(self) -> Me:
        """Who the token is of."""
        return self._service.get(Me, "me")

    def datasets(self) -> Iterator[Dataset]:
        """The datasets that one may see, by name."""
        return self._service.all_of(Page[Dataset], "datasets")

    def dataset(self, name: str) -> Dataset:
        """
        Raises:
            ServiceError: there is none of this name, or one may not see it.
        """
        return self._service.get(Page[Dataset], "datasets", {"name": name}).items[0]

    def register(self, edit: DatasetEdit) -> Dataset:
        """Registers a dataset."""
        return self._service.post(Dataset, "datasets", _edit_of(edit))

    def edit(self, dataset: Dataset, edit: DatasetEdit) -> Dataset:
        """Replaces what is said about a dataset, if nobody else has since `dataset` was read (else status 412)."""
        return self._service.put(Dataset, f"datasets/{dataset.id}", _edit_of(edit), dataset.version)

    def remove(self, dataset: Dataset) -> None:
        """Removes a dataset, if nobody has edited it since it was read."""
        self._service.send("DELETE", f"datasets/{dataset.id}", version=dataset.version)

    def schedules(self, dataset: Dataset) -> Iterator[Schedule]:
        """The schedules of a dataset."""
        return self._service.all_of(Page[Schedule], f"datasets/{dataset.id}/schedules")

    def add_schedule(self, dataset: Dataset, edit: ScheduleEdit) -> Schedule:
        """Gives a dataset a schedule."""
        return self._service.post(Schedule, f"datasets/{dataset.id}/schedules", edit)

    def edit_schedule(self, schedule: Schedule, edit: ScheduleEdit) -> Schedule:
        """Replaces what is said about a schedule, if nobody else has since it was read (else status 412)."""
        return self._service.put(Schedule, f"schedules/{schedule.id}", edit, schedule.version)

    def start(self, dataset: Dataset) -> Run:
        """Starts an audit, once, even where an answer was lost and it has to be asked for again."""
        return self._service.post(Run, f"datasets/{dataset.id}/runs", None)

    def runs(self, dataset: Dataset) -> Iterator[Run]:
        """The audits of a dataset, latest first."""
        return self._service.all_of(Page[Run], f"datasets/{dataset.id}/runs")

    def run(self, number: int) -> Run:
        """One audit."""
        return self._service.get(Run, f"runs/{number}")

    def cancel(self, number: int) -> Run:
        """Ends an audit that waits, or asks its worker to end it."""
        return self._service.read(Run, self._service.call("POST", f"runs/{number}/cancel"))

    def wait(self, number: int, listener: Callable[[Mapping[str, Any]], None] = lambda _: None) -> Run:
        """Waits until an audit is over, however often the service is begun anew meanwhile.

        Args:
            number: its id.
            listener: is told of every event, once.
        """
        last = 0
        while True:
            with suppress(httpx.HTTPError):
                for position, body in self._events(number, last):
                    last = position
                    listener(body)
            found = self.run(number)
            if found.is_over:
                return found
            time.sleep(_WAIT_S)

    def findings(self, number: int, **filters: str) -> Iterator[Finding]:
        """The findings of a finished audit, all with what `check`, `severity` and `status` say."""
        return self._service.all_of(Page[Finding], f"runs/{number}/findings", filters)

    def gate(self, number: int) -> Gate:
        """The verdict of a finished audit, and what decisions could still change."""
        return self._service.get(Gate, f"runs/{number}/gate")

    def undecided(self, number: int) -> Iterator[Finding]:
        """The findings that keep a version back, that nobody decided about."""
        return self._service.all_of(Page[Finding], f"runs/{number}/undecided")

    def decide(self, number: int, edit: DecisionEdit) -> None:
        """Keeps a decision about a finding."""
        self._service.post(DecisionEdit, f"runs/{number}/decisions", edit)

    def changes(self, earlier: int, later: int) -> Changes:
        """What changed from one audit of a dataset to another."""
        return self._service.get(Changes, f"runs/{later}/changes", {"since": str(earlier)})

    def save(self, number: int, name: str, path: Path) -> None:
        """Writes a file of a finished audit, such as `report.html` or `findings.csv`, to a path."""
        path.write_bytes(self._service.call("GET", f"runs/{number}/files/{name}").content)

    def review(self, dataset: Dataset) -> DatasetReview:
        """The review of a dataset."""
        return DatasetReview(self._service, dataset.id)

    def _events(self, number: int, after: int) -> Iterator[tuple[int, Mapping[str, Any]]]:
        """What happens behind an event, as it happens, until the audit is over or the connection breaks."""
        position, kind = after, ""
        with self._service.stream(f"runs/{number}/events", {"after": after}) as answer:
            for line in answer.iter_lines() if answer.is_success else ():
                name, _, value = line.partition(": ")
                if name == "event":
                    kind = value
                elif name == "id":
                    position = int(value)
                elif name == "data" and kind != "over":
                    yield position, json.loads(value)


def _edit_of(edit: DatasetEdit) -> DatasetEdit:
    """What can be said about a dataset, of one that was read."""
    return DatasetEdit(**edit.model_dump(include=set(DatasetEdit.model_fields)))
