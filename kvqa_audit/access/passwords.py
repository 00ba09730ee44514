"""A password and its hash come in; whether they belong together goes out, from a pool that bounds memory and time."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cached_property

from pwdlib import PasswordHash
from pwdlib.exceptions import UnknownHashError
from pwdlib.hashers.argon2 import Argon2Hasher

from kvqa_audit.access.records import AccessError, TooManyLoginsError

MIN_CHARACTERS, MAX_CHARACTERS = 12, 1_000
_MEMORY_KIB = 32 * 1024  # above OWASP's least for argon2id (19 MiB, two passes), so that two at once stay small
_AT_ONCE, _WAITING = 2, 8


class Passwords:
    """Hashes and verifies with argon2id, two at once; who comes while eight more wait is told to come again."""

    def __init__(self) -> None:
        self._hash = PasswordHash((Argon2Hasher(time_cost=3, memory_cost=_MEMORY_KIB, parallelism=1),))
        self._pool = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="passwords")
        self._places = threading.BoundedSemaphore(_AT_ONCE + _WAITING)

    def hashed(self, password: str) -> str:
        """The hash to keep.

        Raises:
            AccessError: it is too short or too long.
            TooManyLoginsError: too many wait already.
        """
        if not MIN_CHARACTERS <= len(password) <= MAX_CHARACTERS:
            raise AccessError(f"a password has {MIN_CHARACTERS} to {MAX_CHARACTERS:,} characters")
        with self._place():
            return self._pool.submit(self._hash.hash, password).result()

    def fits(self, password: str, hashed: str | None) -> bool:
        """Whether it is the password; without a hash it takes as long, and is not.

        Raises:
            TooManyLoginsError: too many wait already.
        """
        with self._place():
            return self._pool.submit(self._verified, password[:MAX_CHARACTERS], hashed).result()

    @cached_property
    def _nobodys(self) -> str:
        return self._hash.hash("nobody has this password")

    def _verified(self, password: str, hashed: str | None) -> bool:
        try:
            return self._hash.verify(password, hashed or self._nobodys) and hashed is not None
        except UnknownHashError:
            return False

    @contextmanager
    def _place(self) -> Iterator[None]:
        if not self._places.acquire(blocking=False):
            raise TooManyLoginsError("too many people log in just now; try again in a moment", 2)
        try:
            yield
        finally:
            self._places.release()
