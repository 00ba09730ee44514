"""Who asks comes in; one's own settings, the users of the service, and the audit log go out."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import RedirectResponse, Response

from kvqa_audit.access.audit_log import log_page
from kvqa_audit.access.records import SCOPES, AccessError
from kvqa_audit.access.tokens import tokens_of
from kvqa_audit.access.users import users
from kvqa_audit.errors import KvqaAuditError
from kvqa_audit.store.access_tables import Role
from kvqa_audit.web import people as work
from kvqa_audit.web.errors import status_of
from kvqa_audit.web.forms import number_of, one_of, text_of
from kvqa_audit.web.pages.datasets import Form, Known
from kvqa_audit.web.rendering import page
from kvqa_audit.web.site import site_of
from kvqa_audit.web.waiting import apart
from kvqa_audit.web.who import Caller, administrator

router = APIRouter()
Administrator = Annotated[Caller, Depends(administrator)]
_USERS, _LINES = 200, 100


@router.get("/settings")
def settings_page(request: Request, caller: Known) -> Response:
    """One's own password and tokens, and the users for who administers them."""
    return _settings(request, caller)


@router.post("/settings/password")
@apart
def password(request: Request, caller: Known, form: Form) -> Response:
    """Sets one's own password."""
    try:
        if text_of(form, "password") != text_of(form, "again"):
            raise AccessError("The two passwords differ.")
        work.change_password(request, caller, text_of(form, "old"), text_of(form, "password"))
    except KvqaAuditError as error:
        return _settings(request, caller, error)
    return _settings(request, caller, told="Your password was changed, and all other sessions ended.")


@router.post("/settings/tokens")
def token(request: Request, caller: Known, form: Form) -> Response:
    """Makes a token and shows it once, or ends one."""
    try:
        if ended := number_of(form, "end"):
            work.end_token(request, caller, ended)
            return RedirectResponse("/settings#tokens", 303)
        days = number_of(form, "days") or 0
        _, secret = work.make_token(request, caller, text_of(form, "name"), text_of(form, "scope"), days)
    except KvqaAuditError as error:
        return _settings(request, caller, error)
    return _settings(
        request, caller, told="This is the token. It is shown this once; keep it as you keep a password.", secret=secret
    )


@router.post("/settings/users")
def add_user(request: Request, caller: Administrator, form: Form) -> Response:
    """Makes a user, and shows their one-time link."""
    try:
        word = text_of(form, "role")
        role = one_of(Role, word, "role") if word else None
        user, path = work.make_user(request, caller, text_of(form, "name"), role)
    except KvqaAuditError as error:
        return _settings(request, caller, error)
    return _link(request, caller, user.name, path)


@router.post("/settings/users/{number}")
def edit_user(request: Request, caller: Administrator, number: int, form: Form) -> Response:
    """Changes a user, or makes another one-time link for them."""
    try:
        if form.get("link"):
            user, path = work.make_user_link(request, caller, number)
            return _link(request, caller, user.name, path)
        word = text_of(form, "role")
        role, version = one_of(Role, word, "role") if word else None, number_of(form, "version") or 0
        work.edit_user(request, caller, number, version, role, disabled=bool(form.get("disabled")))
    except KvqaAuditError as error:
        return _settings(request, caller, error)
    return RedirectResponse("/settings#users", 303)


@router.get("/log")
def audit_log_page(
    request: Request, caller: Administrator, before: Annotated[int | None, Query(ge=1, lt=2**31)] = None
) -> Response:
    """Who did what, latest first."""
    with site_of(request).store.reading() as connection:
        found = log_page(connection, before=before, limit=_LINES + 1)
    shown = found[:_LINES]
    following = f"/log?before={shown[-1].id}" if len(found) > _LINES else ""
    return page(request, "log.html.j2", caller, found=shown, following=following)


def _link(request: Request, caller: Caller, name: str, path: str) -> Response:
    words = f"Give {name} this link. It works once, for two days, and lets them choose a password."
    return _settings(request, caller, told=words, secret=f"{request.url.scheme}://{request.headers['host']}{path}")


def _settings(
    request: Request, caller: Caller, error: KvqaAuditError | None = None, *, told: str = "", secret: str = ""
) -> Response:
    site = site_of(request)
    administers = caller.identity.user.is_administrator
    with site.store.reading() as connection:
        return page(
            request,
            "settings.html.j2",
            caller,
            status_of(error)[0] if error else 200,
            tokens=tokens_of(connection, caller.identity.user),
            now=site.store.clock(connection),
            users=users(connection, limit=_USERS) if administers else (),
            administers=administers,
            roles=list(Role),
            scopes=SCOPES,
            error=str(error) if error else "",
            told=told,
            secret=secret,
        )
