"""Images with their sources come in; a small sheet of pictures for every source, always the same, goes out."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from kvqa_audit.model import AuditRun
from kvqa_audit.report.duplicate_groups import Picture

MAX_PICTURES_PER_SOURCE = 12
MAX_SOURCES = 20


@dataclass(frozen=True, slots=True)
class ContactSheet:
    """Some pictures of one source, out of `total` that can be shown."""

    source: str
    pictures: tuple[Picture, ...]
    total: int


@dataclass(frozen=True, slots=True)
class ContactSheets:
    """The sheets of the largest sources, largest first; `more` sources have none."""

    shown: tuple[ContactSheet, ...]
    more: int


def contact_sheets(run: AuditRun) -> ContactSheets:
    """Draws up to 12 pictures of each of up to 20 sources, in the order of a hash of their ids.

    The hash spreads the choice over the source, and one more image changes one sheet in one place at most. Images that
    could not be decoded, and those without a source, are not drawn from.
    """
    sources: Mapping[str, str] = run.metrics.get("sources") or {}
    members: dict[str, list[str]] = {}
    for image in run.fingerprints:
        if image.problem is None and sources.get(image.img_id):
            members.setdefault(sources[image.img_id], []).append(image.img_id)
    order = sorted(members, key=lambda source: (-len(members[source]), source))
    sheets = tuple(_sheet(source, members[source]) for source in order[:MAX_SOURCES])
    return ContactSheets(sheets, len(order) - len(sheets))


def _sheet(source: str, img_ids: list[str]) -> ContactSheet:
    spread = sorted(
        img_ids, key=lambda img_id: (hashlib.sha256(img_id.encode("utf-8", "surrogatepass")).digest(), img_id)
    )
    chosen = tuple(Picture(img_id, "") for img_id in spread[:MAX_PICTURES_PER_SOURCE])
    return ContactSheet(source, chosen, len(img_ids))
