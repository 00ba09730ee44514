"""The name of a source comes in; whether it lies in object storage, and what of its URL may be shown, goes out."""

from __future__ import annotations

import os
import re
from pathlib import PurePosixPath
from urllib.parse import unquote, urlsplit

from kvqa_audit.errors import SourceError
from kvqa_audit.spec.plan import MANIFEST

_URL = re.compile(r"(s3|gs|az|https?)://", re.IGNORECASE)
_HTTP = re.compile(r"https?://", re.IGNORECASE)


def is_object_url(text: str) -> bool:
    """Whether this is a URL of object storage or of a web server."""
    return _URL.match(text) is not None


def is_manifest(source: str) -> bool:
    """Whether a source is a list of URLs, whose pictures are to be fetched."""
    return source.startswith(MANIFEST)


def is_remote(source: str) -> bool:
    """Whether a source is read over a network."""
    return is_object_url(source) or is_manifest(source)


def split_url(url: str) -> tuple[str, str]:
    """The store (`s3://bucket`, or a server with the query that signs a request) and the key in it.

    Raises:
        ValueError: it is none that can be asked for.
    """
    if not _HTTP.match(url):
        scheme, _, rest = url.partition("://")
        store, _, key = rest.partition("/")
        return f"{scheme.lower()}://{store}", key
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}" + (f"?{parts.query}" if parts.query else ""), unquote(parts.path[1:])


def shown(source: str) -> str:
    """A source without what may be secret in a URL: the name and password before the host, the query, the fragment."""
    if is_manifest(source):
        return MANIFEST + shown(source.removeprefix(MANIFEST))
    if not is_object_url(source):
        return source
    scheme, _, rest = source.partition("://")
    host, slash, path = rest.partition("/")
    host = host.rpartition("@")[2].partition("?")[0]
    return f"{scheme}://{host}{slash}{re.split('[?#]', path, maxsplit=1)[0] if _HTTP.match(source) else path}"


def refuse_secrets(source: str) -> None:
    """Refuses a source that has credentials in its URL, from where they would get into records, logs and histories.

    Raises:
        SourceError: it has; the text does not repeat them.
    """
    if shown(source) != source:
        raise SourceError(
            f"{shown(source)}: stands here without the name, password, query or fragment that it was given with. "
            "Leave these out of the URL: credentials come from the environment (AWS_ACCESS_KEY_ID, "
            "GOOGLE_APPLICATION_CREDENTIALS, AZURE_STORAGE_ACCOUNT_KEY and the like); signed URLs go into a manifest."
        )


def absolute_location(source: str) -> str:
    """A path that holds wherever it is opened again; a URL, a Hub id, or what does not exist, stays as it is."""
    if is_manifest(source) and not is_object_url(path := source.removeprefix(MANIFEST)):
        return MANIFEST + absolute_location(path)
    # Path.absolute keeps "..", Path.exists raises for a name that is too long.
    return os.path.abspath(source) if os.path.exists(source) else source  # noqa: PTH100, PTH110


def last_name(source: str) -> str:
    """The last step of a URL's path, or else its bucket or host."""
    text = shown(source).removeprefix(MANIFEST)
    return PurePosixPath(text.partition("://")[2] or text).name
