"""A write with an idempotency key comes in; it is done once, and its answer goes out however often it is sent."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from hashlib import sha256
from typing import Annotated, Any

from fastapi import Header, Request
from fastapi.responses import Response
from pydantic import BaseModel
from sqlalchemy import delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from kvqa_audit.errors import ConflictError, SpecError
from kvqa_audit.store.access_tables import ANSWERS
from kvqa_audit.store.cells import fetched
from kvqa_audit.web.site import Site, site_of
from kvqa_audit.web.who import Caller

Key = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=150,
        pattern=r"^[\x21-\x7e]+$",
        description="the same key gives the same answer again for a day, and the work is done once",
    ),
]
_KEPT, _LOST_AFTER = timedelta(days=1), timedelta(minutes=5)
Made = tuple[int, BaseModel, dict[str, str]]


def once(
    request: Request, caller: Caller, key: str | None, sent: BaseModel | None, work: Callable[[], Made]
) -> Response:
    """Does the work, or answers as it was answered before.

    Args:
        request, caller: what is asked, and by whom: keys are everybody's own.
        key: None does the work each time.
        sent: the body; another one under the same key is refused.
        work: gives status, body and headers.

    Raises:
        ConflictError: the first request with this key is still being done.
        SpecError: the key was used for something else.
    """
    if key is None:
        return _answer(*work())
    site, user = site_of(request), caller.identity.user.id
    text = f"{request.method} {request.url.path} {sent.model_dump_json() if sent else ''}"
    digest = sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
    known = _reserve(site, user, key, digest)
    if known is not None:
        return _known(known, digest)
    where = (ANSWERS.c.user == user, ANSWERS.c.key == key)
    try:
        status, body, headers = work()
    except BaseException:
        with site.store.writing() as connection:
            connection.execute(delete(ANSWERS).where(*where))
        raise
    with site.store.writing() as connection:
        values = {"status": status, "body": body.model_dump_json(), "headers": headers}
        connection.execute(update(ANSWERS).where(*where).values(**values))
    return _answer(status, body, headers)


def _reserve(site: Site, user: int, key: str, digest: str) -> dict[str, Any] | None:
    """Takes the key; what is known of it where somebody took it before."""
    with site.store.writing() as connection:
        now, c = site.store.clock(connection), ANSWERS.c
        over = (c.at < now - _KEPT) | ((c.status == 0) & (c.at < now - _LOST_AFTER))
        connection.execute(delete(ANSWERS).where(over))
        row = {"user": user, "key": key, "request_sha256": digest, "status": 0, "headers": {}, "body": "", "at": now}
        try:
            with connection.begin_nested():
                connection.execute(insert(ANSWERS), row)
        except IntegrityError:
            return fetched(connection, select(ANSWERS).where(c.user == user, c.key == key))[0]
    return None


def _known(row: dict[str, Any], digest: str) -> Response:
    if row["request_sha256"] != digest:
        raise SpecError("Idempotency-Key: was used for another request; take a new one")
    if row["status"] == 0:
        raise ConflictError("The first request with this Idempotency-Key is still being done; ask again in a moment.")
    headers = {**row["headers"], "Idempotent-Replayed": "true"}
    return Response(row["body"], row["status"], headers, "application/json")


def _answer(status: int, body: BaseModel, headers: dict[str, str]) -> Response:
    return Response(body.model_dump_json(), status, headers, "application/json")
