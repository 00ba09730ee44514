"""What a patch is made of: single changes, each with its reason, and what could not be changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from kvqa_audit.model import Finding

WHOLE_ROW = "(row)"
WHOLE_IMAGE = "(image)"
CORRECTION = "correction"
REMOVAL = "removal"


@dataclass(frozen=True, slots=True)
class CellChange:
    """One cell that changes, or one row or image that goes (`column` is then `WHOLE_ROW` or `WHOLE_IMAGE`).

    `row` is the 0-based row of the source. `rules` are the codes of the checks that asked for it, or `CORRECTION` or
    `REMOVAL` where a person did.
    """

    row: int | None
    img_id: str
    question: str
    column: str
    before: str
    after: str
    rules: tuple[str, ...]
    why: str


@dataclass(frozen=True, slots=True)
class Unapplied:
    """A reviewed correction that fits no row, and why."""

    line: int
    img_id: str
    question: str
    why: str


@dataclass(frozen=True)
class Patch:
    """All changes, in the order of the rows, and what they do.

    `cells` maps each changed row to all its cells as they will be. `fixed` are the findings that the changes answer,
    `left` the open ones that wait for a person. `corrected` holds (img_id, question) of reviewed corrections.
    `unremoved` are the ids to be removed that no row and no image has.
    """

    changes: tuple[CellChange, ...]
    cells: Mapping[int, tuple[str, ...]] = field(default_factory=dict)
    dropped: frozenset[int] = frozenset()
    removed_images: frozenset[str] = frozenset()
    corrected: frozenset[tuple[str, str]] = frozenset()
    fixed: tuple[Finding, ...] = ()
    left: tuple[Finding, ...] = ()
    unapplied: tuple[Unapplied, ...] = ()
    unremoved: tuple[str, ...] = ()
