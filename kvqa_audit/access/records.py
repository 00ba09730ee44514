"""What is known of a person who uses the service, and why somebody may not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from kvqa_audit.errors import KvqaAuditError
from kvqa_audit.store.access_tables import Role

Scope = Literal["read", "run", "write"]
SCOPES: tuple[Scope, ...] = ("read", "run", "write")


class AccessError(KvqaAuditError):
    """Somebody may not do what they asked for; the text says what is missing."""


class LoginError(AccessError):
    """A name and a password, a link or a token that let nobody in."""


class TooManyLoginsError(AccessError):
    """More failed logins than are allowed, or more at once than can be looked at.

    Attributes:
        retry_after_s: when to try again.
    """

    def __init__(self, message: str, retry_after_s: int) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


@dataclass(frozen=True, slots=True)
class User:
    """A person or a program; `role` holds for every dataset, and is None for who has roles on single datasets only."""

    id: int
    name: str
    role: Role | None
    created_at: datetime
    disabled_at: datetime | None
    version: int
    has_password: bool

    @property
    def is_administrator(self) -> bool:
        return self.role is Role.ADMIN


@dataclass(frozen=True, slots=True)
class Identity:
    """Who asks: a user, with the roles on single datasets, and what the way they came in lets them do.

    `scope` is that of a token: `read` sees, `run` also starts and cancels runs, `write` does all that the user may.
    """

    user: User
    roles: Mapping[int, Role] = field(default_factory=dict)
    scope: Scope = "write"

    def role_on(self, dataset: int) -> Role | None:
        """The stronger of the role for all datasets and that for this one; None for what they may not see."""
        known = [role for role in (self.user.role, self.roles.get(dataset)) if role is not None]
        return max(known, key=lambda role: role.rank, default=None)

    def may(self, dataset: int, role: Role) -> bool:
        held = self.role_on(dataset)
        return held is not None and held.rank >= role.rank

    def allows(self, scope: Scope) -> bool:
        """Whether the token that somebody came with reaches so far."""
        return SCOPES.index(self.scope) >= SCOPES.index(scope)


@dataclass(frozen=True, slots=True)
class Token:
    """A personal token; the secret itself is shown once and kept nowhere."""

    id: int
    user: int
    name: str
    scope: Scope
    created_at: datetime
    expires_at: datetime
    used_at: datetime | None


@dataclass(frozen=True, slots=True)
class LogEntry:
    """One line of the audit log."""

    id: int
    at: datetime
    who: str
    action: str
    dataset: int | None
    about: str
    detail: Mapping[str, Any]
    address: str | None
