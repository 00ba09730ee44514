"""Names, passwords and roles come in; users, and what each may do with which dataset, are kept and go out."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, bindparam, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from kvqa_audit.access.records import AccessError, Identity, User
from kvqa_audit.errors import ConflictError
from kvqa_audit.store.access_tables import DATASET_ROLES, LOGIN_FAILURES, ONE_TIME_LINKS, SESSIONS, TOKENS, USERS, Role
from kvqa_audit.store.cells import fetched

_NAME = re.compile(r"[\w.@+-]{1,100}")
USER_COLUMNS = (*(USERS.c[name] for name in User.__dataclass_fields__ if name != "has_password"), USERS.c.password)
_USERS = select(*USER_COLUMNS)
_ROLES = select(DATASET_ROLES.c.dataset, DATASET_ROLES.c.role).where(DATASET_ROLES.c.user == bindparam("number"))
_ROLES_ON = (
    select(DATASET_ROLES.c.user, USERS.c.name, DATASET_ROLES.c.dataset, DATASET_ROLES.c.role)
    .join(USERS, USERS.c.id == DATASET_ROLES.c.user)
    .where(DATASET_ROLES.c.dataset == bindparam("dataset"))
    .order_by(USERS.c.name)
)


@dataclass(frozen=True, slots=True)
class DatasetRole:
    """What one user may do with one dataset, beside the role for all."""

    user: int
    name: str
    dataset: int
    role: Role


def add_user(connection: Connection, name: str, role: Role | None, now: datetime) -> User:
    """Makes a user without a password, who may come in by a one-time link.

    Raises:
        AccessError: the name has other characters than letters, digits and . _ - @ +.
        ConflictError: it is in use.
    """
    if not _NAME.fullmatch(name):
        raise AccessError("a user's name has 1 to 100 letters, digits and . _ - @ +")
    row = {"name": name, "role": role, "created_at": now, "version": 1}
    try:
        with connection.begin_nested():
            connection.execute(insert(USERS), row)
    except IntegrityError:
        raise ConflictError(f"there is a user {name} already") from None
    found = user_named(connection, name)
    assert found is not None
    return found


def users(connection: Connection, *, after: int = 0, limit: int = 50) -> tuple[User, ...]:
    """The next users by id, disabled ones too."""
    return _found(connection, _USERS.where(USERS.c.id > after).order_by(USERS.c.id).limit(limit))


def user_with_id(connection: Connection, user_id: int) -> User | None:
    return next(iter(_found(connection, _USERS.where(USERS.c.id == user_id))), None)


def user_named(connection: Connection, name: str) -> User | None:
    return next(iter(_found(connection, _USERS.where(USERS.c.name == name))), None)


def password_of(connection: Connection, name: str) -> tuple[User | None, str | None]:
    """The user of this name, if any may log in, and the hash of the password."""
    rows = fetched(connection, _USERS.where(USERS.c.name == name, USERS.c.disabled_at.is_(None)))
    return (user_in(rows[0]), rows[0]["password"]) if rows else (None, None)


def change_user(
    connection: Connection, user: User, *, role: Role | None, disabled: bool, version: int, now: datetime
) -> User:
    """Sets the role for all datasets, and whether the user may log in; a disabled one is logged out everywhere.

    Raises:
        ConflictError: somebody else has changed the user since `version`.
        AccessError: nobody would be left to administer the service.
    """
    if user.is_administrator and (role is not Role.ADMIN or disabled):
        _make_sure_another_administers(connection, user)
    values = {"role": role, "disabled_at": (user.disabled_at or now) if disabled else None, "version": version + 1}
    changed = connection.execute(
        update(USERS).where(USERS.c.id == user.id, USERS.c.version == version).values(**values).returning(USERS.c.id)
    )
    if changed.first() is None:
        raise ConflictError(f"{user.name} was changed by somebody else meanwhile; look again, and change what is there")
    if disabled:
        forget_keys(connection, user.id)
    return _found(connection, _USERS.where(USERS.c.id == user.id))[0]


def set_password(connection: Connection, user_id: int, hashed: str) -> None:
    """Keeps the hash of a new password; everybody who is logged in as this user is logged out."""
    connection.execute(update(USERS).where(USERS.c.id == user_id).values(password=hashed, version=USERS.c.version + 1))
    connection.execute(delete(SESSIONS).where(SESSIONS.c.user == user_id))


def forget_keys(connection: Connection, user_id: int) -> None:
    """Ends all sessions, tokens and links of a user."""
    for table in (SESSIONS, TOKENS, ONE_TIME_LINKS):
        connection.execute(delete(table).where(table.c.user == user_id))


def identity_of(connection: Connection, user: User) -> Identity:
    """The user, with the roles on single datasets; no role is stronger than that of who administers all."""
    if user.is_administrator:
        return Identity(user)
    return Identity(user, {row["dataset"]: row["role"] for row in fetched(connection, _ROLES, number=user.id)})


def roles_on(connection: Connection, dataset: int) -> tuple[DatasetRole, ...]:
    """Who has a role on this dataset, beside those who have one on all."""
    return tuple(DatasetRole(**row) for row in fetched(connection, _ROLES_ON, dataset=dataset))


def give_role(connection: Connection, user_id: int, dataset: int, role: Role | None) -> None:
    """Sets what a user may do with one dataset; None takes it away."""
    c = DATASET_ROLES.c
    connection.execute(delete(DATASET_ROLES).where(c.user == user_id, c.dataset == dataset))
    if role is not None:
        connection.execute(insert(DATASET_ROLES), {"user": user_id, "dataset": dataset, "role": role})


def forget_failures(connection: Connection, name: str) -> None:
    """A user who got in has failed no more."""
    connection.execute(delete(LOGIN_FAILURES).where(LOGIN_FAILURES.c.name == name))


def _make_sure_another_administers(connection: Connection, user: User) -> None:
    others = select(func.count()).where(
        USERS.c.id != user.id, USERS.c.role == Role.ADMIN, USERS.c.disabled_at.is_(None)
    )
    if not connection.execute(others.select_from(USERS)).scalar_one():
        raise AccessError(f"{user.name} is the only administrator; make another one first")


def _found(connection: Connection, wanted: Select[Any]) -> tuple[User, ...]:
    return tuple(user_in(row) for row in fetched(connection, wanted))


def user_in(row: Mapping[str, Any]) -> User:
    """The user of a row that has `USER_COLUMNS`."""
    about = {name: row[name] for name in User.__dataclass_fields__ if name != "has_password"}
    return User(**about, has_password=row["password"] is not None)
