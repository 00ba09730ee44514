"""The address of a service and a token come in; calls of its API go out, and typed records come back."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar

import httpx
from pydantic import BaseModel, ValidationError

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
from kvqa_audit.errors import KvqaAuditError

Record = TypeVar("Record", bound=BaseModel)
_TRIES, _WAIT_S = 6, 0.5


class ServiceError(KvqaAuditError):
    """A service refused a request, or cannot be reached; `status` is that of its answer, 0 where there is none."""

    def __init__(self, message: str, status: int = 0) -> None:
        super().__init__(message)
        self.status = status


class Client:
    """One service, as the user of a token sees it."""

    def __init__(self, url: str, token: str, *, timeout_s: float = 60) -> None:
        """Opens no connection yet.

        Args:
            url: the address that people type, such as `https://audits.example.org`.
            token: a personal token, made in the settings.
            timeout_s: how long an answer may take.
        """
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._url = url.rstrip("/")
        self._http = httpx.Client(base_url=f"{self._url}/api/v1/", headers=headers, timeout=timeout_s)

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.close()

    def me(self) -> Me:
        """Who the token is of."""
        return self._get(Me, "me")

    def datasets(self) -> Iterator[Dataset]:
        """The datasets that one may see, by name."""
        return self._all(Page[Dataset], "datasets")

    def dataset(self, name: str) -> Dataset:
        """
        Raises:
            ServiceError: there is none of this name, or one may not see it.
        """
        return self._get(Page[Dataset], "datasets", {"name": name}).items[0]

    def register(self, edit: DatasetEdit) -> Dataset:
        """Registers a dataset."""
        return self._post(Dataset, "datasets", edit)

    def edit(self, dataset: Dataset, edit: DatasetEdit) -> Dataset:
        """Replaces what is said about a dataset, if nobody else has since `dataset` was read (else status 412)."""
        headers = {"If-Match": f'"{dataset.version}"'}
        return self._read(Dataset, self._call("PUT", f"datasets/{dataset.id}", headers=headers, json=_sent(edit)))

    def remove(self, dataset: Dataset) -> None:
        """Removes a dataset, if nobody has edited it since it was read."""
        self._call("DELETE", f"datasets/{dataset.id}", headers={"If-Match": f'"{dataset.version}"'})

    def schedules(self, dataset: Dataset) -> Iterator[Schedule]:
        """The schedules of a dataset."""
        return self._all(Page[Schedule], f"datasets/{dataset.id}/schedules")

    def add_schedule(self, dataset: Dataset, edit: ScheduleEdit) -> Schedule:
        """Gives a dataset a schedule."""
        return self._post(Schedule, f"datasets/{dataset.id}/schedules", edit)

    def edit_schedule(self, schedule: Schedule, edit: ScheduleEdit) -> Schedule:
        """Replaces what is said about a schedule, if nobody else has since it was read (else status 412)."""
        headers = {"If-Match": f'"{schedule.version}"'}
        return self._read(Schedule, self._call("PUT", f"schedules/{schedule.id}", headers=headers, json=_sent(edit)))

    def start(self, dataset: Dataset) -> Run:
        """Starts an audit, once, even where an answer was lost and it has to be asked for again."""
        return self._post(Run, f"datasets/{dataset.id}/runs", None)

    def runs(self, dataset: Dataset) -> Iterator[Run]:
        """The audits of a dataset, latest first."""
        return self._all(Page[Run], f"datasets/{dataset.id}/runs")

    def run(self, number: int) -> Run:
        """One audit."""
        return self._get(Run, f"runs/{number}")

    def cancel(self, number: int) -> Run:
        """Ends an audit that waits, or asks its worker to end it."""
        return self._read(Run, self._call("POST", f"runs/{number}/cancel"))

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
        return self._all(Page[Finding], f"runs/{number}/findings", filters)

    def gate(self, number: int) -> Gate:
        """The verdict of a finished audit, and what decisions could still change."""
        return self._get(Gate, f"runs/{number}/gate")

    def undecided(self, number: int) -> Iterator[Finding]:
        """The findings that keep a version back, that nobody decided about."""
        return self._all(Page[Finding], f"runs/{number}/undecided")

    def decide(self, number: int, edit: DecisionEdit) -> None:
        """Keeps a decision about a finding."""
        self._post(DecisionEdit, f"runs/{number}/decisions", edit)

    def changes(self, earlier: int, later: int) -> Changes:
        """What changed from one audit of a dataset to another."""
        return self._get(Changes, f"runs/{later}/changes", {"since": str(earlier)})

    def save(self, number: int, name: str, path: Path) -> None:
        """Writes a file of a finished audit, such as `report.html` or `findings.csv`, to a path."""
        path.write_bytes(self._call("GET", f"runs/{number}/files/{name}").content)

    def _events(self, number: int, after: int) -> Iterator[tuple[int, Mapping[str, Any]]]:
        """What happens behind an event, as it happens, until the audit is over or the connection breaks."""
        position, kind = after, ""
        with self._http.stream("GET", f"runs/{number}/events", params={"after": after}) as answer:
            for line in answer.iter_lines() if answer.is_success else ():
                name, _, value = line.partition(": ")
                if name == "event":
                    kind = value
                elif name == "id":
                    position = int(value)
                elif name == "data" and kind != "over":
                    yield position, json.loads(value)

    def _all(self, kind: type[Page[Record]], path: str, params: Mapping[str, str] | None = None) -> Iterator[Record]:
        cursor: str | None = None
        while True:
            page = self._get(kind, path, {**(params or {}), **({"cursor": cursor} if cursor else {})})
            yield from page.items
            cursor = page.next
            if cursor is None:
                return

    def _get(self, kind: type[Record], path: str, params: Mapping[str, str] | None = None) -> Record:
        return self._read(kind, self._call("GET", path, params=params))

    def _post(self, kind: type[Record], path: str, sent: BaseModel | None) -> Record:
        headers = {"Idempotency-Key": uuid.uuid4().hex}
        return self._read(kind, self._call("POST", path, headers=headers, json=None if sent is None else _sent(sent)))

    def _call(self, method: str, path: str, **about: Any) -> httpx.Response:
        """Asks, and asks again where the service does not answer and asking twice does no harm."""
        may_repeat = method == "GET" or "Idempotency-Key" in about.get("headers", {})
        for turn in range(_TRIES):
            is_last = turn == _TRIES - 1 or not may_repeat
            try:
                answer = self._http.request(method, path, **about)
            except httpx.HTTPError as error:
                if is_last:
                    raise ServiceError(f"{self._url}: the service cannot be reached: {error}") from None
            else:
                if answer.is_success:
                    return answer
                if answer.status_code != httpx.codes.SERVICE_UNAVAILABLE or is_last:
                    raise self._refused(answer)
            time.sleep(_WAIT_S * 2**turn)
        raise AssertionError

    def _refused(self, answer: httpx.Response) -> ServiceError:
        try:
            told = answer.json()
            words = f"{told['title']}: {told['detail']}"
        except (ValueError, KeyError, TypeError):
            words = f"answered with {answer.status_code}; is this the address of a kvqa-audit service?"
        return ServiceError(f"{self._url}: {words}", answer.status_code)

    def _read(self, kind: type[Record], answer: httpx.Response) -> Record:
        try:
            return kind.model_validate_json(answer.content)
        except ValidationError:
            raise ServiceError(f"{self._url}: gives what this version does not know; update kvqa-audit") from None


def _sent(record: BaseModel) -> Any:
    names = set(DatasetEdit.model_fields) if isinstance(record, DatasetEdit) else None
    return record.model_dump(mode="json", include=names)
