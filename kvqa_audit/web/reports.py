"""A run and who may see it come in; links into its report that work for a while, and the files behind them, go out.

The report is shown in a frame without the rights of our pages: a script in it could reach nothing. Such a frame brings
no cookie either, so that the links inside it carry a pass: whose it is, for which audit, until when, and a signature.
"""

from __future__ import annotations

import hmac
import mimetypes
import os
import re
import time
from hashlib import sha256
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import FileResponse, RedirectResponse, Response

from kvqa_audit.access.users import identity_of, user_with_id
from kvqa_audit.web.audits import Audit, folder_of, seen_audit
from kvqa_audit.web.errors import UnknownError
from kvqa_audit.web.site import Site, site_of
from kvqa_audit.web.who import Caller, somebody

router = APIRouter()
LASTS_S = 8 * 3_600
# The page's own policy, which stands in it, allows less: its scripts by their hashes.
REPORT_POLICY = (
    "sandbox allow-scripts allow-downloads allow-popups; default-src 'none'; script-src 'unsafe-inline'; "
    "style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
)
_PART = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,150}")
_KINDS = (".html", ".json", ".csv", ".parquet", ".md", ".xml", ".sarif", ".svg", ".txt")
_UNKNOWN = "There is no such file, or you may not see it."


@router.get("/audits/{number}/files/{name:path}")
def to_file(request: Request, number: int, name: str, caller: Annotated[Caller, Depends(somebody)]) -> Response:
    """Goes to a file of an audit, with a pass for who asks."""
    audit = seen_audit(site_of(request), caller, number)
    return RedirectResponse(f"{report_place(site_of(request), caller, audit)}{name}", 303)


@router.get("/reports/{number}/{given}/{name:path}")
def file_of_report(request: Request, number: int, given: str, name: str) -> Response:
    """A file of an audit, for who has a pass that still holds; its user is asked for anew."""
    site = site_of(request)
    audit = seen_audit(site, _holder(site, number, given), number)
    return file_answer(folder_of(site, audit.finished_run), name)


def file_answer(folder: Path, name: str) -> FileResponse:
    """A file in the folder of an audit; what is no page is kept, not shown: nothing else may ever run here.

    Raises:
        UnknownError: there is none of this name.
    """
    path = _inside(folder, name)
    kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    headers = {"Content-Security-Policy": REPORT_POLICY, "Cross-Origin-Resource-Policy": "same-site"}
    disposition = "inline" if path.suffix == ".html" else "attachment"
    return FileResponse(
        path, media_type=kind, headers=headers, filename=path.name, content_disposition_type=disposition
    )


def report_place(site: Site, caller: Caller, audit: Audit) -> str:
    """Where the files of an audit are for this user, for some hours; ends in a slash."""
    until = int(time.time()) + LASTS_S
    return f"/reports/{audit.job.id}/{_pass(site, audit.job.id, caller.identity.user.id, until)}/"


def _pass(site: Site, audit: int, user: int, until: int) -> str:
    signature = hmac.digest(site.report_key, f"{audit}.{user}.{until}".encode(), "sha256").hex()
    return f"{user}.{until}.{signature}"


def _holder(site: Site, audit: int, given: str) -> Caller:
    """Who holds a pass.

    Raises:
        UnknownError: it is none, is over, or its user is gone.
    """
    found = re.fullmatch(r"([0-9]{1,12})\.([0-9]{1,12})\.[0-9a-f]{64}", given)
    if found is None or int(found[2]) < time.time():
        raise UnknownError("This link into a report is over; open the report anew.")
    if not hmac.compare_digest(given, _pass(site, audit, int(found[1]), int(found[2]))):
        raise UnknownError(_UNKNOWN)
    with site.store.reading() as connection:
        user = user_with_id(connection, int(found[1]))
        if user is None or user.disabled_at is not None:
            raise UnknownError(_UNKNOWN)
        return Caller(identity_of(connection, user), "")


def _inside(folder: Path, name: str) -> Path:
    """The file of this name in the folder of an audit, or in a folder of it.

    Raises:
        UnknownError: there is none, or the name or a link leads elsewhere.
    """
    parts = name.split("/")
    if len(parts) > 2 or not all(_PART.fullmatch(part) for part in parts):
        raise UnknownError(_UNKNOWN)
    path = folder.joinpath(*parts)
    real = Path(os.path.realpath(path))
    if path.suffix not in _KINDS or not real.is_file() or not real.is_relative_to(os.path.realpath(folder)):
        raise UnknownError(_UNKNOWN)
    return path


def report_key(data: Path) -> bytes:
    """What passes are signed with: made at the first start, in the data folder that all web processes share."""
    data.mkdir(parents=True, exist_ok=True)
    place = data / "report-key"
    try:
        with os.fdopen(os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(os.urandom(32))
    except FileExistsError:
        pass
    for _ in range(50):
        key = place.read_bytes()
        if len(key) == 32:
            return sha256(key).digest()
        time.sleep(0.02)
    raise UnknownError(f"{place}: is no key; remove it, so that a new one is made")
