"""URLs of object storage come in; the names and the bytes of objects go out. The only door to the library `obstore`.

Credentials are found by the library in the usual environment. What it says of an error is never passed on, because it
may hold a signed URL.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any

from kvqa_audit.errors import SourceError
from kvqa_audit.ingest.object_url import shown, split_url

MAX_OBJECTS = 2_000_000
# A picture that takes longer has to be told from one whose decoder hangs, which has 20 seconds.
PICTURE_SECONDS, TABLE_SECONDS = 6.0, 600.0
_RETRY_SECONDS, _MAX_RETRIES, _STORES = 8.0, 4, 64
_NAMES_A_PAGE, _CHUNK_BYTES = 5_000, 4 << 20
_STATUS = re.compile(r"status(?: code)?: (\d{3})")
# What stands in an error of the library → what is told.
_CAUSES = {
    "imeout": "no answer in time",
    "timed out": "no answer in time",
    "body error": "the connection was cut",
    "error sending request": "the server cannot be reached",
    "ValueError": "is no URL that can be asked for",
    "nvalid": "is no URL that can be asked for",
}
_VARIABLES = {"s3": "AWS", "gs": "GOOGLE", "az": "AZURE"}


@dataclass(frozen=True, slots=True)
class ObjectFact:
    """An object's size, and its ETag as the store tells it, which changes when the object does."""

    size_bytes: int
    etag: str | None = None


class ObjectError(Exception):
    """An object cannot be had; `problem` is missing, too_large or not_readable, `detail` says why in words."""

    def __init__(self, problem: str, detail: str) -> None:
        super().__init__(detail)
        self.problem, self.detail = problem, detail


class OpenObject:
    """An object of which the head was read."""

    def __init__(self, url: str, response: Any) -> None:
        self.url = url
        self.fact = ObjectFact(response.meta["size"], _etag(response.meta))
        self._response = response

    def read(self) -> bytes:
        """All its bytes; where the connection is cut, it is asked for once more.

        Raises:
            ObjectError: they cannot be had, or it was replaced meanwhile.
        """
        for attempt in ("first", "last"):
            try:
                return bytes(self._response.bytes())
            except Exception as error:  # noqa: BLE001 - of the library, which has one for each store
                if attempt == "last":
                    raise _told(error) from None
            again = open_object(self.url)
            if again.fact != self.fact:
                raise ObjectError("not_readable", "the object was replaced while it was read")
            self._response = again._response
        raise AssertionError

    def chunks(self) -> Iterator[memoryview]:
        """Its bytes, a few at a time, once.

        Raises:
            ObjectError: they cannot be had.
        """
        try:
            for chunk in self._response.stream(min_chunk_size=_CHUNK_BYTES):
                yield memoryview(chunk)
        except Exception as error:  # noqa: BLE001 - as above
            raise _told(error) from None


def library() -> Any:
    """
    Raises:
        SourceError: the extra is not installed.
    """
    try:
        import obstore.store
    except ImportError:
        raise SourceError(
            "Reading from object storage needs the extra 'cloud'. Install it with: pip install 'kvqa-audit[cloud]'"
        ) from None
    return obstore


def open_object(url: str, seconds: float = PICTURE_SECONDS) -> OpenObject:
    """Asks for an object; its bytes come when they are read.

    Raises:
        ObjectError: it cannot be had.
        SourceError: the extra is not installed.
    """
    obstore = library()
    try:
        root, key = split_url(url)
        return OpenObject(url, obstore.get(_client(root, seconds), key))
    except Exception as error:  # noqa: BLE001 - of the library, which has one for each store
        raise _told(error) from None


def put_object(url: str, file: Path) -> None:
    """Writes a file to an object, whole or not at all.

    Raises:
        ObjectError: it cannot be written.
        SourceError: the extra is not installed.
    """
    obstore = library()
    try:
        root, key = split_url(url)
        obstore.put(_client(root, TABLE_SECONDS), key, file)
    except Exception as error:  # noqa: BLE001 - as above
        raise _told(error) from None


def list_objects(url: str) -> dict[str, ObjectFact]:
    """Every object below a URL: its path from there → what is known of it.

    Raises:
        SourceError: they cannot be listed, or are too many to be listed one after the other.
    """
    obstore = library()
    found: dict[str, ObjectFact] = {}
    try:
        root, key = split_url(url.rstrip("/"))
        for page in obstore.list(_client(root, TABLE_SECONDS), prefix=key or None, chunk_size=_NAMES_A_PAGE):
            for one in page:
                found[one["path"][len(key) + 1 if key else 0 :]] = ObjectFact(one["size"], _etag(one))
            if len(found) > MAX_OBJECTS:
                break
    except Exception as error:  # noqa: BLE001 - as above
        advice = "Check the URL and the credentials in the environment"
        if url.lower().startswith("http"):
            advice = "Web servers seldom list files: name a table or, as manifest:URL, a list of the pictures' URLs"
        raise SourceError(f"{shown(url)}: cannot be listed ({_told(error).detail}). {advice}.") from None
    if len(found) > MAX_OBJECTS:
        raise SourceError(
            f"{shown(url)}: holds more than {MAX_OBJECTS:,} objects, which takes too long to list. "
            "Name a list of their URLs as manifest:FILE."
        )
    return found


def store_key() -> str:
    """What beside a URL says which object it means: the endpoint and the account, as the environment has them."""
    names = ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT", "AZURE_STORAGE_ACCOUNT_NAME")
    return " ".join(shown(os.environ.get(name, "")) for name in names).strip()


def _client(root: str, seconds: float) -> Any:
    """A client for the endpoint and the account that the environment names now."""
    scheme = root.partition("://")[0]
    prefix = _VARIABLES.get(scheme, scheme.upper())
    return _made_client(root, seconds, tuple(sorted(one for one in os.environ.items() if one[0].startswith(prefix))))


@lru_cache(maxsize=_STORES)
def _made_client(root: str, seconds: float, _settings: tuple[tuple[str, str], ...]) -> Any:
    """A client; each process has its own, because connections do not survive a fork."""
    scheme = root.partition("://")[0]
    allowed = os.environ.get(f"{_VARIABLES.get(scheme, '')}_ALLOW_HTTP", "").lower() in ("true", "1", "yes")
    limit = timedelta(seconds=seconds)
    return library().store.from_url(
        root,
        client_options={
            "allow_http": allowed or scheme == "http",
            "timeout": limit,
            "connect_timeout": timedelta(seconds=PICTURE_SECONDS),
        },
        retry_config={
            "max_retries": _MAX_RETRIES,
            "retry_timeout": timedelta(seconds=_RETRY_SECONDS),
            "backoff": {
                "init_backoff": timedelta(milliseconds=100),
                "max_backoff": timedelta(seconds=2),
                "base": 2.0,
            },
        },
    )


def _etag(meta: Any) -> str | None:
    etag = meta["e_tag"]
    return etag.strip('"') if etag else None


def _told(error: Exception) -> ObjectError:
    """The error in words of our own."""
    if isinstance(error, ObjectError):
        return error
    if isinstance(error, SourceError):
        return ObjectError("not_readable", str(error))
    if isinstance(error, FileNotFoundError):
        return ObjectError("missing", "there is no such object")
    name, text = type(error).__name__, str(error)
    status = _STATUS.search(text)
    if name in ("PermissionDeniedError", "UnauthenticatedError") or (status and status[1] in ("401", "403")):
        return ObjectError("not_readable", "access is denied")
    if status:
        return ObjectError("not_readable", f"the server answers {status[1]}")
    why = next((words for mark, words in _CAUSES.items() if mark in f"{name} {text}"), "the store gives an error")
    return ObjectError("not_readable", why)
