"""Records of the store come in; records of the API go out, with cursors and versions as programs name them."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any, TypeVar

from fastapi import Depends, Header, Path, Query, Request
from fastapi.responses import Response
from pydantic import BaseModel

from kvqa_audit.access import records as known
from kvqa_audit.client import records as wire
from kvqa_audit.errors import SpecError
from kvqa_audit.jobs.cron import times_after
from kvqa_audit.store import job_records as stored
from kvqa_audit.store.records import StoredFinding, StoredRun
from kvqa_audit.web.errors import PreconditionError
from kvqa_audit.web.overviews import Overview
from kvqa_audit.web.who import CSRF_HEADER, Caller, make_sure_it_is_ours, somebody

Item = TypeVar("Item")
Number = Annotated[int, Path(ge=1, lt=2**31)]
Limit = Annotated[int, Query(ge=1, le=200)]
Cursor = Annotated[str | None, Query(max_length=600, description="`next` of the page before")]
IfMatch = Annotated[str | None, Header(max_length=40, description="the version that is edited, as its ETag")]
_PREFIX = "v"


async def reader(caller: Annotated[Caller, Depends(somebody)]) -> Caller:
    """Who asks for something to read."""
    return caller


async def writer(request: Request, caller: Annotated[Caller, Depends(somebody)]) -> Caller:
    """Who asks for a change; a browser has to name the secret of its session."""
    make_sure_it_is_ours(caller, request.headers.get(CSRF_HEADER, ""))
    return caller


Reader = Annotated[Caller, Depends(reader)]
Writer = Annotated[Caller, Depends(writer)]


def cursor_of(value: object) -> str:
    """A place in a list, as a text that nobody has to understand."""
    return base64.urlsafe_b64encode(f"{_PREFIX}{value}".encode()).decode().rstrip("=")


def place_of(cursor: str | None, start: str = "") -> str:
    """The place that a cursor stands for.

    Raises:
        SpecError: it is none of ours.
    """
    if cursor is None:
        return start
    try:
        text = base64.b64decode(cursor + "=" * (-len(cursor) % 4), b"-_", validate=True).decode()
    except (binascii.Error, ValueError):
        text = ""
    if not text.startswith(_PREFIX) or "\0" in text:
        raise SpecError("cursor: is none; take `next` of the page before")
    return text.removeprefix(_PREFIX)


def number_at(cursor: str | None, start: int) -> int:
    """The number that a cursor stands for.

    Raises:
        SpecError: it is none of ours.
    """
    text = place_of(cursor, str(start))
    if not text.removeprefix("-").isdecimal() or not text.isascii() or len(text) > 10 or int(text) >= 2**31:
        raise SpecError("cursor: is none; take `next` of the page before")
    return int(text)


def page_of(found: Sequence[Item], limit: int, places: Sequence[object]) -> wire.Page[Item]:
    """A page of at most `limit` of what was found; one more than that says that another page follows."""
    more = len(found) > limit
    return wire.Page[Item](items=list(found[:limit]), next=cursor_of(places[limit - 1]) if more else None)


def answer(body: BaseModel, status: int = 200) -> Response:
    """What was made of records of the API already, as it is: nothing has to be looked at again."""
    return Response(body.model_dump_json(), status, media_type="application/json")


def version_named(if_match: str | None, version: int) -> int:
    """The version that an edit is of.

    Raises:
        PreconditionError: it names none (428), or another one than that of today (412).
    """
    if if_match is None:
        raise PreconditionError("Name the version that you edit, by If-Match with the ETag of what you read.", 428)
    if if_match.strip() != etag(version):
        raise PreconditionError(f"Somebody changed it since: its version is {etag(version)} now. Read it again.")
    return version


def etag(version: int) -> str:
    return f'"{version}"'


def tell_version(response: Response, version: int) -> None:
    response.headers["ETag"] = etag(version)


def dataset(found: stored.Dataset, caller: Caller, about: Overview) -> wire.Dataset:
    role = caller.identity.role_on(found.id)
    settings = {name: getattr(found.settings, name) for name in wire.DatasetEdit.model_fields}
    return wire.Dataset(
        **settings,
        id=found.id,
        version=found.version,
        created_at=found.created_at,
        role=role.value if role else "viewer",
        last_verdict=about.last_run.verdict if about.last_run else None,
        next_slot=about.next_slot,
    )


def dataset_settings(edit: wire.DatasetEdit) -> stored.DatasetSettings:
    return stored.DatasetSettings(**edit.model_dump(include=set(wire.DatasetEdit.model_fields)))


def schedule(found: stored.Schedule, now: datetime) -> wire.Schedule:
    settings = asdict(found.settings)
    times = times_after(settings["cron"], settings["time_zone"], now, 5)
    about = {name: getattr(found, name) for name in ("id", "dataset", "version", "next_slot")}
    return wire.Schedule(**settings, **about, next_times=list(times))


def schedule_settings(edit: wire.ScheduleEdit) -> stored.ScheduleSettings:
    words: dict[str, Any] = edit.model_dump(include=set(wire.ScheduleEdit.model_fields))
    words |= {"overlap": stored.Overlap(edit.overlap), "catch_up": stored.CatchUp(edit.catch_up)}
    return stored.ScheduleSettings(**words)


def run(job: stored.Job, finished: StoredRun | None) -> wire.Run:
    names = ("id", "dataset", "reason", "asked_by", "queued_at", "started_at", "finished_at", "attempts", "run")
    about: dict[str, Any] = {name: getattr(job, name) for name in names}
    if finished is not None and finished.number is not None:
        numbers = ("verdict", "exit_code", "findings", "errors", "warnings", "notices", "waived", "new")
        about |= {name: getattr(finished, name) for name in numbers} | {"fixed": finished.resolved}
    return wire.Run(**about, state=job.state.value, cause=job.cause.value)


def finding(found: StoredFinding, state: str) -> wire.Finding:
    one = found.finding
    names = ("key", "check", "message", "img_id", "question", "answer", "row", "suggestion")
    about: dict[str, Any] = {name: getattr(one, name) for name in names}
    about |= {"severity": one.severity.value, "status": one.status.value, "related": list(one.related)}
    return wire.Finding(**about, state=state)


def user(found: known.User) -> wire.User:
    names = ("id", "name", "role", "has_password", "version")
    return wire.User(**{name: getattr(found, name) for name in names}, disabled=found.disabled_at is not None)


def token(found: known.Token) -> wire.Token:
    return wire.Token(**{name: getattr(found, name) for name in wire.Token.model_fields})
