"""A user, a scope and a last day come in; a personal token for programs goes out, and who brings one is known."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Connection, bindparam, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from kvqa_audit.access.records import AccessError, Identity, Scope, Token, User
from kvqa_audit.access.secrets import kept, new_secret
from kvqa_audit.access.users import USER_COLUMNS, identity_of, user_in
from kvqa_audit.errors import ConflictError
from kvqa_audit.store.access_tables import TOKENS, USERS
from kvqa_audit.store.cells import fetched

PREFIX = "kvqa_"  # so that scanners of code find one that was left there
MAX_DAYS, MAX_NAME = 366, 100
_SEEN_EVERY = timedelta(minutes=5)
_COLUMNS = [TOKENS.c[name] for name in Token.__dataclass_fields__]
_IN_FORCE = (
    select(TOKENS.c.scope, TOKENS.c.used_at, *USER_COLUMNS)
    .join_from(TOKENS, USERS)
    .where(TOKENS.c.sha256 == bindparam("sha256"), TOKENS.c.expires_at > bindparam("now"))
)


def add_token(
    connection: Connection, user: User, *, name: str, scope: Scope, days: int, now: datetime
) -> tuple[Token, str]:
    """Makes a token, and gives it with its secret, which nothing shows again.

    Raises:
        AccessError: it has no name, or would hold for no day or for more than a year.
        ConflictError: the user has one of that name.
    """
    name = name.strip()
    if not name or len(name) > MAX_NAME or not name.isprintable():
        raise AccessError(f"a token's name has 1 to {MAX_NAME} characters")
    if not 1 <= days <= MAX_DAYS:
        raise AccessError(f"a token holds for 1 to {MAX_DAYS} days")
    secret = new_secret(PREFIX)
    row = {"user": user.id, "name": name, "sha256": kept(secret), "scope": scope, "created_at": now}
    try:
        with connection.begin_nested():
            connection.execute(insert(TOKENS), {**row, "expires_at": now + timedelta(days=days)})
    except IntegrityError:
        raise ConflictError(f"you have a token named {name} already") from None
    made = fetched(connection, select(*_COLUMNS).where(TOKENS.c.sha256 == kept(secret)))
    return Token(**made[0]), secret


def tokens_of(connection: Connection, user: User) -> tuple[Token, ...]:
    """All tokens of a user, those that are over too."""
    wanted = select(*_COLUMNS).where(TOKENS.c.user == user.id).order_by(TOKENS.c.id)
    return tuple(Token(**row) for row in fetched(connection, wanted))


def remove_token(connection: Connection, user: User, token_id: int) -> bool:
    """Ends a token of this user; False where there is none with this id."""
    c = TOKENS.c
    gone = connection.execute(delete(TOKENS).where(c.id == token_id, c.user == user.id).returning(c.id))
    return gone.first() is not None


def identity_of_token(connection: Connection, secret: str, now: datetime) -> tuple[Identity, bool] | None:
    """Who brings this token, and whether `see_token` should be told; None where it is over, or never was."""
    rows = fetched(connection, _IN_FORCE, sha256=kept(secret), now=now)
    user = user_in(rows[0]) if rows else None
    if user is None or user.disabled_at:
        return None
    known = identity_of(connection, user)
    used = rows[0]["used_at"]
    return Identity(user, known.roles, rows[0]["scope"]), used is None or used < now - _SEEN_EVERY


def see_token(connection: Connection, secret: str, now: datetime) -> None:
    """Notes when a token was used last."""
    connection.execute(update(TOKENS).where(TOKENS.c.sha256 == kept(secret)).values(used_at=now))
