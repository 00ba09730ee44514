"""A name, a password and an address come in; the user they belong to goes out, and who only tries is slowed down."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, func, insert, select

from kvqa_audit.access.audit_log import log
from kvqa_audit.access.passwords import Passwords
from kvqa_audit.access.records import LoginError, TooManyLoginsError, User
from kvqa_audit.access.sessions import begin_session
from kvqa_audit.access.users import forget_failures, password_of
from kvqa_audit.store.access_tables import LOGIN_FAILURES

WINDOW = timedelta(minutes=15)
PER_NAME_AND_ADDRESS, PER_ADDRESS = 10, 50


@dataclass(frozen=True, slots=True)
class Logins:
    """Lets people in by password.

    Attributes:
        reading, writing: transactions of the store.
        passwords: the pool that verifies.
    """

    reading: Callable[[], AbstractContextManager[Connection]]
    writing: Callable[[], AbstractContextManager[Connection]]
    passwords: Passwords

    def log_in(self, name: str, password: str, address: str, now: datetime) -> tuple[User, str]:
        """The user, and the secret of a new session.

        Raises:
            LoginError: name and password do not belong together; it says no more.
            TooManyLoginsError: this address failed too often within a quarter of an hour; nothing was looked at.
        """
        name = name[:100]
        with self.reading() as connection:
            _refuse_who_only_tries(connection, name, address, now)
            user, hashed = password_of(connection, name)
        fits = self.passwords.fits(password, hashed)
        with self.writing() as connection:
            if user is None or not fits:
                _note_failure(connection, name, address, now)
            else:
                forget_failures(connection, name)
                log(connection, user.name, "logged in", address=address, now=now)
                return user, begin_session(connection, user, now)
        raise LoginError("This name and this password do not belong together.")


def _refuse_who_only_tries(connection: Connection, name: str, address: str, now: datetime) -> None:
    c = LOGIN_FAILURES.c
    wanted = select(func.count(), func.sum((c.name == name).cast(c.id.type))).where(
        c.address == address, c.at > now - WINDOW
    )
    of_address, of_name = connection.execute(wanted).one()
    if of_address >= PER_ADDRESS or (of_name or 0) >= PER_NAME_AND_ADDRESS:
        minutes = int(WINDOW.total_seconds()) // 60
        raise TooManyLoginsError(
            f"Too many logins failed from here. Wait {minutes} minutes, or ask an administrator for a one-time link.",
            int(WINDOW.total_seconds()),
        )


def _note_failure(connection: Connection, name: str, address: str, now: datetime) -> None:
    connection.execute(delete(LOGIN_FAILURES).where(LOGIN_FAILURES.c.at < now - WINDOW))
    connection.execute(insert(LOGIN_FAILURES), {"name": name, "address": address, "at": now})
    log(connection, "", "login failed", about=name, address=address, now=now)
