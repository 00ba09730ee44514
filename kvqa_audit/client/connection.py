"""The address of a service and a token come in; requests of its API go out, and typed records come back."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from typing import Any, TypeVar

import httpx
from pydantic import BaseModel, ValidationError

from kvqa_audit.client.records import Page
from kvqa_audit.errors import KvqaAuditError

Record = TypeVar("Record", bound=BaseModel)
_TRIES, _WAIT_S = 6, 0.5


class ServiceError(KvqaAuditError):
    """A service refused a request, or cannot be reached; `status` is that of its answer, 0 where there is none."""

    def __init__(self, message: str, status: int = 0) -> None:
        super().__init__(message)
        self.status = status


class Connection:
    """What a service answers to the user of a token; what may be asked twice is asked again where it does not."""

    def __init__(self, url: str, token: str, timeout_s: float) -> None:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._url = url.rstrip("/")
        self._http = httpx.Client(base_url=f"{self._url}/api/v1/", headers=headers, timeout=timeout_s)

    def close(self) -> None:
        self._http.close()

    def all_of(self, kind: type[Page[Record]], path: str, params: Mapping[str, str] | None = None) -> Iterator[Record]:
        """The records of all pages."""
        cursor: str | None = None
        while True:
            page = self.get(kind, path, {**(params or {}), **({"cursor": cursor} if cursor else {})})
            yield from page.items
            cursor = page.next
            if cursor is None:
                return

    def get(self, kind: type[Record], path: str, params: Mapping[str, str] | None = None) -> Record:
        return self.read(kind, self.call("GET", path, params=params))

    def post(self, kind: type[Record], path: str, sent: BaseModel | None, *, version: int | None = None) -> Record:
        """Sends a record under a key of its own, so that it is taken once; `version` is the one that was seen."""
        headers = {"Idempotency-Key": uuid.uuid4().hex, **_seen(version)}
        return self.read(kind, self.call("POST", path, headers=headers, json=_json(sent)))

    def put(self, kind: type[Record], path: str, sent: BaseModel, version: int) -> Record:
        """Replaces what is said, if nobody else has since this version (else status 412)."""
        return self.read(kind, self.call("PUT", path, headers=_seen(version), json=_json(sent)))

    def send(self, method: str, path: str, sent: BaseModel | None = None, version: int | None = None) -> None:
        """Asks for what gives no record."""
        self.call(method, path, headers=_seen(version), json=_json(sent))

    def stream(self, path: str, params: Mapping[str, Any]) -> AbstractContextManager[httpx.Response]:
        """An answer that comes bit by bit."""
        return self._http.stream("GET", path, params=params)

    def read(self, kind: type[Record], answer: httpx.Response) -> Record:
        try:
            return kind.model_validate_json(answer.content)
        except ValidationError:
            raise ServiceError(f"{self._url}: gives what this version does not know; update kvqa-audit") from None

    def call(self, method: str, path: str, **about: Any) -> httpx.Response:
        """Asks, and asks again where the service does not answer and asking twice does no harm.

        Raises:
            ServiceError: the service refuses it, or cannot be reached.
        """
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


def _seen(version: int | None) -> dict[str, str]:
    return {} if version is None else {"If-Match": f'"{version}"'}


def _json(record: BaseModel | None) -> Any:
    return None if record is None else record.model_dump(mode="json")
