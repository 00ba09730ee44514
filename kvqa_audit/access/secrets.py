"""Nothing comes in; a secret that nobody can guess, and the hash under which it is kept, go out."""

from __future__ import annotations

import hashlib
import hmac
import secrets

_BYTES = 32


def new_secret(prefix: str = "") -> str:
    """256 random bits as text that stands in a link, a cookie or a header."""
    return prefix + secrets.token_urlsafe(_BYTES)


def kept(secret: str) -> str:
    """What the store keeps; a guess costs 2^256 tries, so that a fast hash is enough."""
    return hashlib.sha256(secret.encode()).hexdigest()


def form_secret(session: str) -> str:
    """What the forms of a session carry, so that no other site can send them."""
    return hmac.digest(session.encode(), b"forms", "sha256").hex()


def is_same(given: str, wanted: str) -> bool:
    """Compares in a time that tells nothing."""
    return hmac.compare_digest(given.encode(), wanted.encode())
