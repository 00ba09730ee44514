"""A request comes in; who asks, by session, token or trusted proxy, and what they may see goes out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import Depends, Request
from starlette.datastructures import FormData

from kvqa_audit.access.records import SCOPES, Identity, Scope
from kvqa_audit.access.secrets import form_secret, is_same
from kvqa_audit.access.sessions import begin_session, see_session, user_of_session
from kvqa_audit.access.tokens import identity_of_token, see_token
from kvqa_audit.access.users import identity_of, user_named
from kvqa_audit.store.access_tables import Role
from kvqa_audit.store.job_records import Dataset
from kvqa_audit.web.errors import ForbiddenError, LoginNeededError, UnknownError
from kvqa_audit.web.site import Site, site_of

CSRF_FIELD, CSRF_HEADER = "csrf", "x-csrf-token"
_SAFE = ("GET", "HEAD", "OPTIONS")


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks.

    Attributes:
        identity: the user and the roles.
        csrf: what the forms of this session carry; "" for a program with a token, which needs none.
    """

    identity: Identity
    csrf: str

    @property
    def name(self) -> str:
        return self.identity.user.name


def caller_of(request: Request) -> Caller | None:
    """Who asks; None where nobody is logged in.

    Raises:
        LoginNeededError: the request brings a token that is not valid.
        ForbiddenError: the request changes something, and comes from another site.
    """
    site = site_of(request)
    scheme, _, secret = request.headers.get("authorization", "").partition(" ")
    caller: Caller | None
    if scheme.lower() == "bearer":
        caller = _by_token(site, secret.strip())
    else:
        caller = _by_proxy(site, request) or _by_session(site, request.cookies.get(site.settings.cookie, ""))
        if request.method not in _SAFE:
            _refuse_other_sites(request)
    if caller is not None:
        request.state.log = {"user": caller.name}
    return caller


Visitor = Annotated[Caller | None, Depends(caller_of)]


def logged_in(caller: Caller | None) -> Caller:
    """
    Raises:
        LoginNeededError: nobody is logged in.
    """
    if caller is None:
        raise LoginNeededError("Log in first.")
    return caller


async def somebody(caller: Visitor) -> Caller:
    """Who asks, as `logged_in`; it waits for nothing, so that it needs no thread."""
    return logged_in(caller)


async def form_fields(request: Request, caller: Annotated[Caller, Depends(somebody)]) -> FormData:
    """The fields of a form that one of our pages sent.

    Raises:
        ForbiddenError: the form does not carry the secret of this session.
    """
    form = await request.form(max_files=0, max_fields=50)
    make_sure_it_is_ours(caller, str(form.get(CSRF_FIELD, "")))
    return form


def make_sure_it_is_ours(caller: Caller, given: str) -> None:
    """
    Raises:
        ForbiddenError: a request of a browser does not carry the secret of its session.
    """
    if caller.csrf and not is_same(given, caller.csrf):
        raise ForbiddenError("This form is of an earlier login. Load the page again, and send it once more.")


def dataset_seen_by(caller: Caller, dataset: Dataset, role: Role = Role.VIEWER, scope: Scope = "read") -> None:
    """
    Raises:
        UnknownError: the caller may not see the dataset: for them it is not there.
        ForbiddenError: they see it, and may not do this with it.
    """
    if not caller.identity.may(dataset.id, Role.VIEWER):
        raise UnknownError("There is no such dataset, or you may not see it.")
    if not caller.identity.may(dataset.id, role):
        raise ForbiddenError(
            f"This needs the role {role.value} on {dataset.settings.name}; an admin of it can give it."
        )
    make_sure_of_scope(caller, scope)


def make_sure_of_scope(caller: Caller, scope: Scope) -> None:
    """
    Raises:
        ForbiddenError: the caller's token does not reach so far.
    """
    if not caller.identity.allows(scope):
        wanted = " or ".join(SCOPES[SCOPES.index(scope) :])
        raise ForbiddenError(f"This needs a token with the scope {wanted}; this one has {caller.identity.scope}.")


def make_sure_to_administer(caller: Caller) -> None:
    """
    Raises:
        ForbiddenError: the caller does not administer the service.
    """
    if not caller.identity.user.is_administrator:
        raise ForbiddenError("This is for administrators of the service.")
    make_sure_of_scope(caller, "write")


async def administrator(caller: Annotated[Caller, Depends(somebody)]) -> Caller:
    """Who asks, as `make_sure_to_administer`."""
    make_sure_to_administer(caller)
    return caller


def _by_token(site: Site, secret: str) -> Caller:
    with site.store.reading() as connection:
        now = site.store.about_now(connection)
        found = identity_of_token(connection, secret, now)
    if found is None:
        raise LoginNeededError("This token is not valid here, or is over; make another one in the settings.")
    if found[1]:
        with site.store.writing() as connection:
            see_token(connection, secret, now)
    return Caller(found[0], "")


def _by_session(site: Site, secret: str) -> Caller | None:
    if not secret:
        return None
    with site.store.reading() as connection:
        now = site.store.about_now(connection)
        found = user_of_session(connection, secret, now)
        if found is None:
            return None
        identity = identity_of(connection, found[0])
    if found[1]:
        with site.store.writing() as connection:
            see_session(connection, secret, now)
    return Caller(identity, form_secret(secret))


def _by_proxy(site: Site, request: Request) -> Caller | None:
    """The user whom the trusted proxy has let in, with a session of their own, without which forms could be forged."""
    proxy = site.settings.proxy
    name = request.headers.get(proxy.user_header, "") if proxy and proxy.user_header else ""
    if not name or not request.state.by_proxy:
        return None
    here = _by_session(site, request.cookies.get(site.settings.cookie, ""))
    if here is not None and here.name == name:
        return here
    with site.store.writing() as connection:
        user = user_named(connection, name)
        if user is None or user.disabled_at:
            raise ForbiddenError(f"{name} is no user of this service; an administrator can add this name.")
        secret = begin_session(connection, user, site.store.clock(connection))
        identity = identity_of(connection, user)
    request.state.new_session = secret
    return Caller(identity, form_secret(secret))


def _refuse_other_sites(request: Request) -> None:
    """
    Raises:
        ForbiddenError: a browser says that another site sent it.
    """
    fetch_site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
    foreign = origin is not None and urlsplit(origin).netloc != request.headers.get("host")
    if foreign or fetch_site not in (None, "same-origin", "none"):
        raise ForbiddenError("This was sent by another site.")
