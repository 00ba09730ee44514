"""An open store comes in; where nobody could log in yet, a link for its administrator goes out."""

from __future__ import annotations

from sqlalchemy import select

from kvqa_audit.access.audit_log import log
from kvqa_audit.access.sessions import make_link
from kvqa_audit.access.users import add_user, user_named
from kvqa_audit.jobs.job_store import JobStore
from kvqa_audit.store.access_tables import ONE_TIME_LINKS, USERS, Role

ADMINISTRATOR = "admin"


def has_administrator(store: JobStore) -> bool:
    """Whether somebody who administers the service has a password."""
    wanted = select(USERS.c.id).where(
        USERS.c.role == Role.ADMIN, USERS.c.password.is_not(None), USERS.c.disabled_at.is_(None)
    )
    with store.reading() as connection:
        return connection.execute(wanted.limit(1)).first() is not None


def administrator_is_awaited(store: JobStore) -> bool:
    """Whether somebody who administers the service has a one-time link that still holds."""
    wanted = select(USERS.c.id).join_from(USERS, ONE_TIME_LINKS)
    with store.reading() as connection:
        in_force = (USERS.c.role == Role.ADMIN, USERS.c.disabled_at.is_(None))
        wanted = wanted.where(*in_force, ONE_TIME_LINKS.c.expires_at > store.clock(connection))
        return connection.execute(wanted.limit(1)).first() is not None


def administrator_link(store: JobStore, name: str = ADMINISTRATOR) -> str:
    """The path of a one-time link for this administrator, who is made where there is none.

    Raises:
        AccessError: the name cannot be one.
    """
    with store.writing() as connection:
        now = store.clock(connection)
        user = user_named(connection, name) or add_user(connection, name, Role.ADMIN, now)
        log(connection, "", "made a one-time link in the terminal", about=name, now=now)
        return f"/welcome/{make_link(connection, user, now)}"
