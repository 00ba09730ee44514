"""Who asks and what they ask for come in; users, links and tokens that are made or ended go out."""

from __future__ import annotations

from fastapi import Request

from kvqa_audit.access.records import SCOPES, AccessError, LoginError, Scope, Token, User
from kvqa_audit.access.sessions import begin_session, make_link
from kvqa_audit.access.tokens import add_token, remove_token
from kvqa_audit.access.users import add_user, change_user, password_of, set_password, user_with_id
from kvqa_audit.store.access_tables import Role
from kvqa_audit.web.errors import ForbiddenError, UnknownError
from kvqa_audit.web.site import site_of
from kvqa_audit.web.who import Caller, make_sure_of_scope


def make_user(request: Request, caller: Caller, name: str, role: Role | None) -> tuple[User, str]:
    """Makes a user, and the path of a one-time link for them.

    Raises:
        AccessError, ConflictError: the name cannot be one, or is in use.
    """
    site = site_of(request)
    with site.store.writing() as connection:
        now = site.store.clock(connection)
        made = add_user(connection, name.strip(), role, now)
        site.log_in(connection, request, caller.name, "added a user", made.name, role=role and role.value)
        return made, f"/welcome/{make_link(connection, made, now)}"


def make_user_link(request: Request, caller: Caller, number: int) -> tuple[User, str]:
    """The path of a new one-time link for a user; earlier ones end."""
    site = site_of(request)
    with site.store.writing() as connection:
        found = user_with_id(connection, number)
        if found is None or found.disabled_at:
            raise UnknownError("There is no such user, or they may not log in.")
        site.log_in(connection, request, caller.name, "made a one-time link", found.name)
        return found, f"/welcome/{make_link(connection, found, site.store.clock(connection))}"


def edit_user(
    request: Request, caller: Caller, number: int, version: int, role: Role | None, *, disabled: bool
) -> User:
    """Sets a user's role on all datasets, and whether they may log in.

    Raises:
        ConflictError: somebody else changed the user since this version.
        AccessError: nobody would be left to administer the service.
    """
    site = site_of(request)
    with site.store.writing() as connection:
        found = user_with_id(connection, number)
        if found is None:
            raise UnknownError("There is no such user.")
        now = site.store.clock(connection)
        made = change_user(connection, found, role=role, disabled=disabled, version=version, now=now)
        about = {"role": role and role.value, "disabled": disabled}
        site.log_in(connection, request, caller.name, "edited a user", made.name, **about)
        return made


def change_password(request: Request, caller: Caller, old: str, new: str) -> None:
    """Sets one's own password; all sessions end, and this browser gets a new one.

    Raises:
        LoginError: the old one is another.
        AccessError: the new one is too short or too long.
    """
    site = site_of(request)
    user = caller.identity.user
    with site.store.reading() as connection:
        _, hashed = password_of(connection, user.name)
    if hashed is not None and not site.passwords.fits(old, hashed):
        raise LoginError("This is not your password of today.")
    made = site.passwords.hashed(new)
    with site.store.writing() as connection:
        set_password(connection, user.id, made)
        request.state.new_session = begin_session(connection, user, site.store.clock(connection))
        site.log_in(connection, request, user.name, "changed their password")


def make_token(request: Request, caller: Caller, name: str, scope: str, days: int) -> tuple[Token, str]:
    """Makes a token of one's own; it reaches no farther than what it is made with.

    Raises:
        AccessError, ConflictError: the name, the scope or the days are not possible.
        ForbiddenError: it would reach farther than the caller's own token.
    """
    site = site_of(request)
    wanted: Scope | None = next((one for one in SCOPES if one == scope), None)
    if wanted is None:
        raise AccessError(f"scope: is one of {', '.join(SCOPES)}")
    if not caller.identity.allows(wanted):
        raise ForbiddenError("A token makes no token that reaches farther than itself.")
    with site.store.writing() as connection:
        now = site.store.clock(connection)
        made = add_token(connection, caller.identity.user, name=name, scope=wanted, days=days, now=now)
        site.log_in(connection, request, caller.name, "made a token", made[0].name, scope=wanted, days=days)
        return made


def end_token(request: Request, caller: Caller, number: int) -> None:
    """Ends a token of one's own.

    Raises:
        UnknownError: there is none.
    """
    site = site_of(request)
    make_sure_of_scope(caller, "write")
    with site.store.writing() as connection:
        if not remove_token(connection, caller.identity.user, number):
            raise UnknownError("You have no such token.")
        site.log_in(connection, request, caller.name, "ended a token", str(number))
