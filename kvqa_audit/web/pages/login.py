"""A name and a password, or a one-time link, come in; a session, or the page that asks again, goes out."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlsplit

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import RedirectResponse, Response
from starlette.datastructures import FormData

from kvqa_audit.access.records import AccessError, LoginError, TooManyLoginsError
from kvqa_audit.access.sessions import begin_session, end_session, use_link, user_of_link
from kvqa_audit.access.users import set_password
from kvqa_audit.web.errors import UnknownError, headers_of, status_of
from kvqa_audit.web.rendering import page
from kvqa_audit.web.site import site_of
from kvqa_audit.web.waiting import apart
from kvqa_audit.web.who import Caller, Visitor, form_fields, somebody

router = APIRouter()
_LINK_OVER = "This link was used already, or is over. An administrator can make another one."


@router.get("/login")
def login_page(request: Request, caller: Visitor, then: str = "/") -> Response:
    """The form for name and password."""
    return RedirectResponse(_inside(then), 303) if caller else page(request, "login.html.j2", None, then=then, error="")


@router.post("/login")
@apart
def log_in(
    request: Request,
    caller: Visitor,
    name: Annotated[str, Form(max_length=200)] = "",
    password: Annotated[str, Form(max_length=2_000)] = "",
    then: Annotated[str, Form(max_length=2_000)] = "/",
) -> Response:
    """Begins a session; one that the browser brought is ended."""
    site = site_of(request)
    try:
        _, session = site.logins.log_in(name.strip(), password, request.state.address, site.now())
    except (LoginError, TooManyLoginsError) as error:
        answer = page(request, "login.html.j2", None, status_of(error)[0], then=then, error=str(error), name=name)
        answer.headers.update(headers_of(error))
        return answer
    if caller is not None:
        _end(request)
    request.state.new_session = session
    return RedirectResponse(_inside(then), 303)


@router.post("/logout")
def log_out(
    request: Request, caller: Annotated[Caller, Depends(somebody)], _: Annotated[FormData, Depends(form_fields)]
) -> Response:
    """Ends the session."""
    _end(request)
    request.state.new_session = ""
    site_of(request).log(request, caller.name, "logged out")
    return RedirectResponse("/login", 303)


@router.get("/welcome/{secret}")
def welcome_page(request: Request, secret: str) -> Response:
    """The form behind a one-time link; looking at it does not use the link up."""
    site = site_of(request)
    with site.store.reading() as connection:
        user = user_of_link(connection, secret, site.store.clock(connection))
    if user is None:
        raise UnknownError(_LINK_OVER)
    return page(request, "welcome.html.j2", None, user=user, error="")


@router.post("/welcome/{secret}")
@apart
def set_first_password(
    request: Request,
    _: Visitor,
    secret: str,
    password: Annotated[str, Form(max_length=2_000)] = "",
    again: Annotated[str, Form(max_length=2_000)] = "",
) -> Response:
    """Keeps the password and lets the user in; the link is used up."""
    site = site_of(request)
    with site.store.reading() as connection:
        user = user_of_link(connection, secret, site.store.clock(connection))
    if user is None:
        raise UnknownError(_LINK_OVER)
    try:
        if password != again:
            raise AccessError("The two passwords differ.")
        hashed = site.passwords.hashed(password)
    except AccessError as error:
        return page(request, "welcome.html.j2", None, status_of(error)[0], user=user, error=str(error))
    with site.store.writing() as connection:
        now = site.store.clock(connection)
        if use_link(connection, secret, now) is None:
            raise UnknownError(_LINK_OVER)
        set_password(connection, user.id, hashed)
        request.state.new_session = begin_session(connection, user, now)
        site.log_in(connection, request, user.name, "set a password by a one-time link")
    return RedirectResponse("/", 303)


def _end(request: Request) -> None:
    site = site_of(request)
    with site.store.writing() as connection:
        end_session(connection, request.cookies.get(site.settings.cookie, ""))


def _inside(then: str) -> str:
    """The page to go on to: one of ours, never an address elsewhere."""
    parts = urlsplit(then.replace("\\", "/"))
    is_ours = not parts.scheme and not parts.netloc and then.startswith("/") and not then.startswith("//")
    return then if is_ours and then.isprintable() else "/"
