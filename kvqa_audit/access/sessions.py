"""A user who got in comes in; a session that the server can end, or a link that works once, goes out."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Connection, bindparam, delete, insert, select, update

from kvqa_audit.access.records import User
from kvqa_audit.access.secrets import kept, new_secret
from kvqa_audit.access.users import USER_COLUMNS, user_in, user_with_id
from kvqa_audit.store.access_tables import ONE_TIME_LINKS, SESSIONS, USERS
from kvqa_audit.store.cells import fetched

IDLE, LONGEST, LINK_LASTS = timedelta(hours=12), timedelta(days=7), timedelta(days=2)
_SEEN_EVERY = timedelta(minutes=5)
_BEGUN = SESSIONS.c.created_at.label("begun_at")
_SESSIONS = (
    select(_BEGUN, SESSIONS.c.seen_at, *USER_COLUMNS)
    .join_from(SESSIONS, USERS)
    .where(SESSIONS.c.sha256 == bindparam("sha256"))
)


def begin_session(connection: Connection, user: User, now: datetime) -> str:
    """Makes a session with a name of its own, whatever the browser brought, and removes those that are over."""
    over = (SESSIONS.c.seen_at < now - IDLE) | (SESSIONS.c.created_at < now - LONGEST)
    connection.execute(delete(SESSIONS).where(over))
    secret = new_secret()
    connection.execute(insert(SESSIONS), {"sha256": kept(secret), "user": user.id, "created_at": now, "seen_at": now})
    return secret


def user_of_session(connection: Connection, secret: str, now: datetime) -> tuple[User, bool] | None:
    """Who is logged in, and whether `see_session` should be told; None where the session is over, or never was."""
    rows = fetched(connection, _SESSIONS, sha256=kept(secret))
    if not rows or rows[0]["seen_at"] < now - IDLE or rows[0]["begun_at"] < now - LONGEST:
        return None
    user = user_in(rows[0])
    return None if user.disabled_at else (user, rows[0]["seen_at"] < now - _SEEN_EVERY)


def see_session(connection: Connection, secret: str, now: datetime) -> None:
    """Notes that a session is in use."""
    connection.execute(update(SESSIONS).where(SESSIONS.c.sha256 == kept(secret)).values(seen_at=now))


def end_session(connection: Connection, secret: str) -> None:
    connection.execute(delete(SESSIONS).where(SESSIONS.c.sha256 == kept(secret)))


def make_link(connection: Connection, user: User, now: datetime) -> str:
    """The secret of a link that lets a user set a password, once, within two days; earlier links end."""
    connection.execute(delete(ONE_TIME_LINKS).where(ONE_TIME_LINKS.c.user == user.id))
    secret = new_secret()
    connection.execute(
        insert(ONE_TIME_LINKS), {"sha256": kept(secret), "user": user.id, "expires_at": now + LINK_LASTS}
    )
    return secret


def user_of_link(connection: Connection, secret: str, now: datetime) -> User | None:
    """Whose link it is; None where it was used, is over, or never was."""
    c = ONE_TIME_LINKS.c
    found = connection.execute(select(c.user).where(c.sha256 == kept(secret), c.expires_at > now)).scalar()
    user = None if found is None else user_with_id(connection, found)
    return None if user is None or user.disabled_at else user


def use_link(connection: Connection, secret: str, now: datetime) -> User | None:
    """The same, and the link is used up: of two who come at once, one gets in."""
    user = user_of_link(connection, secret, now)
    c = ONE_TIME_LINKS.c
    gone = connection.execute(delete(ONE_TIME_LINKS).where(c.sha256 == kept(secret)).returning(c.user)).first()
    return user if gone is not None else None
