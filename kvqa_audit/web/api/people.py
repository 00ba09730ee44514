"""Who asks comes in; oneself, one's tokens, the users of the service and the audit log go out as JSON."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response

from kvqa_audit.access.audit_log import log_page
from kvqa_audit.access.tokens import tokens_of
from kvqa_audit.access.users import user_with_id, users
from kvqa_audit.client import records as wire
from kvqa_audit.store.access_tables import Role
from kvqa_audit.web import people as work
from kvqa_audit.web.api import wire as as_wire
from kvqa_audit.web.api.wire import Cursor, IfMatch, Limit, Number, Reader, Writer, number_at, page_of, tell_version
from kvqa_audit.web.datasets import seen_dataset
from kvqa_audit.web.errors import UnknownError
from kvqa_audit.web.site import site_of
from kvqa_audit.web.waiting import apart
from kvqa_audit.web.who import Caller, administrator, make_sure_of_scope, make_sure_to_administer

router = APIRouter(tags=["access"])
Administrator = Annotated[Caller, Depends(administrator)]


@router.get("/me")
def get_me(caller: Reader) -> wire.Me:
    """Who asks."""
    user = caller.identity.user
    return wire.Me(name=user.name, role=user.role.value if user.role else None, scope=caller.identity.scope)


@router.put("/me/password", status_code=204)
@apart
def set_password(request: Request, caller: Writer, sent: wire.PasswordEdit) -> None:
    """Sets one's own password; all sessions end."""
    make_sure_of_scope(caller, "write")
    work.change_password(request, caller, sent.old, sent.new)


@router.get("/tokens")
def list_tokens(request: Request, caller: Reader) -> wire.Page[wire.Token]:
    """One's own tokens: all of them, on one page."""
    with site_of(request).store.reading() as connection:
        found = tokens_of(connection, caller.identity.user)
    return wire.Page[wire.Token](items=[as_wire.token(one) for one in found])


@router.post("/tokens", status_code=201)
def make_token(request: Request, caller: Writer, sent: wire.NewToken) -> wire.MadeToken:
    """Makes a token, and shows its secret this once."""
    made, secret = work.make_token(request, caller, sent.name, sent.scope, sent.days)
    return wire.MadeToken(**as_wire.token(made).model_dump(), secret=secret)


@router.delete("/tokens/{number}", status_code=204)
def end_token(request: Request, caller: Writer, number: Number) -> None:
    """Ends a token of one's own."""
    work.end_token(request, caller, number)


@router.get("/users")
def list_users(request: Request, _: Administrator, cursor: Cursor = None, limit: Limit = 50) -> wire.Page[wire.User]:
    """The users of the service."""
    with site_of(request).store.reading() as connection:
        found = users(connection, after=number_at(cursor, 0), limit=limit + 1)
    return page_of([as_wire.user(one) for one in found], limit, [one.id for one in found])


@router.post("/users", status_code=201)
def add_user(request: Request, _: Administrator, caller: Writer, sent: wire.NewUser) -> wire.UserLink:
    """Adds a user, and gives the path of their one-time link."""
    made, path = work.make_user(request, caller, sent.name, Role(sent.role) if sent.role else None)
    return wire.UserLink(user=as_wire.user(made), path=path)


@router.get("/users/{number}")
def get_user(request: Request, response: Response, _: Administrator, number: Number) -> wire.User:
    """One user."""
    found = _user(request, number)
    tell_version(response, found.version)
    return found


@router.put("/users/{number}")
def edit_user(
    request: Request,
    response: Response,
    _: Administrator,
    caller: Writer,
    number: Number,
    sent: wire.UserEdit,
    if_match: IfMatch = None,
) -> wire.User:
    """Sets a user's role on all datasets, and whether they may log in."""
    version = as_wire.version_named(if_match, _user(request, number).version)
    role = Role(sent.role) if sent.role else None
    made = work.edit_user(request, caller, number, version, role, disabled=sent.disabled)
    tell_version(response, made.version)
    return as_wire.user(made)


@router.post("/users/{number}/link", status_code=201)
def make_link(request: Request, _: Administrator, caller: Writer, number: Number) -> wire.UserLink:
    """Makes another one-time link for a user; earlier ones end."""
    found, path = work.make_user_link(request, caller, number)
    return wire.UserLink(user=as_wire.user(found), path=path)


@router.get("/log")
def list_log(
    request: Request,
    caller: Reader,
    cursor: Cursor = None,
    limit: Limit = 50,
    dataset: Annotated[int | None, Query(ge=1, lt=2**31)] = None,
) -> wire.Page[wire.LogLine]:
    """The audit log, latest first: all of it for administrators, that of a dataset for its admins."""
    site = site_of(request)
    if dataset is None:
        make_sure_to_administer(caller)
    else:
        seen_dataset(site, caller, dataset, Role.ADMIN)
    with site.store.reading() as connection:
        found = log_page(connection, before=number_at(cursor, 2**31 - 1), limit=limit + 1, dataset=dataset)
    names = list(wire.LogLine.model_fields)
    told = [wire.LogLine(**{name: getattr(one, name) for name in names}) for one in found]
    return page_of(told, limit, [one.id for one in told])


def _user(request: Request, number: int) -> wire.User:
    with site_of(request).store.reading() as connection:
        found = user_with_id(connection, number)
    if found is None:
        raise UnknownError("There is no such user.")
    return as_wire.user(found)
