"""Why a request is not done: each kind has its status, and text that says what to do."""

from __future__ import annotations

from collections.abc import Mapping

from kvqa_audit.access.records import AccessError, LoginError, TooManyLoginsError
from kvqa_audit.errors import ConflictError, KvqaAuditError, NotThereError, StoreError


class LoginNeededError(AccessError):
    """Nobody is logged in."""


class ForbiddenError(AccessError):
    """Somebody may not do this."""


class UnknownError(AccessError):
    """It is not there, or not for who asks; both read the same."""


class PreconditionError(KvqaAuditError):
    """An edit says which version it is of, and it is another one, or says none."""

    def __init__(self, message: str, status: int = 412) -> None:
        super().__init__(message)
        self.status = status


_STATUS: Mapping[type[KvqaAuditError], tuple[int, str]] = {
    LoginNeededError: (401, "Login needed"),
    LoginError: (401, "Login refused"),
    ForbiddenError: (403, "Not allowed"),
    UnknownError: (404, "Not there"),
    NotThereError: (404, "Not there"),
    ConflictError: (409, "Conflict"),
    PreconditionError: (412, "Version does not match"),
    TooManyLoginsError: (429, "Too many logins"),
    StoreError: (503, "Store cannot be used"),
}


def status_of(error: KvqaAuditError) -> tuple[int, str]:
    """The status of the answer, and what it is called."""
    for kind in type(error).__mro__:
        if kind in _STATUS:
            status, title = _STATUS[kind]
            return getattr(error, "status", status), title
    return 422, "Not possible"


def headers_of(error: KvqaAuditError) -> dict[str, str]:
    """The headers of the answer that say when to come again, or how to log in."""
    if isinstance(error, TooManyLoginsError):
        return {"Retry-After": str(error.retry_after_s)}
    if isinstance(error, StoreError):
        return {"Retry-After": "5"}
    return {"WWW-Authenticate": "Bearer"} if isinstance(error, LoginNeededError) else {}
