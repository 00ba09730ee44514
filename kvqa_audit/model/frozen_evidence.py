"""What a finding rests on comes in; a frozen record of it, its JSON values, and how two of them differ, go out."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

MAX_TEXT_CHARACTERS = 200
MAX_ROWS = 12
_SHA256 = re.compile("[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class ImageEvidence:
    """One image that a finding is about.

    `sha256` is the digest of its file, 64 hex digits, None where it was not read. `rows` is what the table says about
    it as far as the finding rests on it: (source, answer) of each row with the finding's question, or (name, value) of
    each answer that a rule read; sorted, and without a row where the finding is about the picture alone.
    """

    img_id: str
    sha256: str | None = None
    rows: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class FrozenEvidence:
    """What a finding rests on, so that a decision about it can say what it was made on.

    Attributes:
        images: those that the finding is about, sorted by id.
        judged_by: the version of the check, or the rule or promise in words; "" where nobody told.
        threshold: the limit that the finding is beyond; None where the check has none.
    """

    images: tuple[ImageEvidence, ...] = ()
    judged_by: str = ""
    threshold: float | None = None

    def of_pictures(self) -> FrozenEvidence:
        """The part that findings of other checks about the same pictures rest on, too."""
        return FrozenEvidence(tuple(replace(image, rows=()) for image in self.images))

    def as_json(self) -> dict[str, Any]:
        """JSON values, without what is not there."""
        images: list[dict[str, Any]] = []
        for image in self.images:
            told: dict[str, Any] = {"img_id": image.img_id}
            if image.sha256 is not None:
                told["sha256"] = image.sha256
            if image.rows:
                told["rows"] = [list(row) for row in image.rows]
            images.append(told)
        record: dict[str, Any] = {"images": images} if images else {}
        if self.judged_by:
            record["judged_by"] = self.judged_by
        if self.threshold is not None:
            record["threshold"] = self.threshold
        return record

    @classmethod
    def of_json(cls, record: Any) -> FrozenEvidence:
        """The evidence that such a record tells.

        Raises:
            ValueError: it is none; the text says where.
        """
        _only(record, ("images", "judged_by", "threshold"), "evidence")
        images = tuple(map(_image_of, _list(record.get("images", []), "images")))
        threshold = record.get("threshold")
        if threshold is not None and (isinstance(threshold, bool) or not isinstance(threshold, int | float)):
            raise ValueError("threshold has to be a number")
        return cls(images, _text(record.get("judged_by", ""), "judged_by"), threshold)


@dataclass(frozen=True, slots=True)
class EvidenceChange:
    """One part of the evidence that is another one now, in words."""

    what: str
    then: str
    now: str

    def __str__(self) -> str:
        return f"{self.what}: {self.then} when it was decided, now {self.now}"


def evidence_changes(then: FrozenEvidence, now: FrozenEvidence) -> list[EvidenceChange]:
    """What is other now than it was when somebody decided; what only one of the two tells is no change.

    So an image that leaves a group changes nothing, nor does an audit of the table alone, which reads no picture.
    """
    changes = []
    before = {image.img_id: image for image in then.images}
    for image in now.images:
        old = before.get(image.img_id, ImageEvidence(image.img_id))
        if old.sha256 and image.sha256 and old.sha256 != image.sha256:
            changes.append(EvidenceChange(f"picture {image.img_id}", _short(old.sha256), _short(image.sha256)))
        if old.rows and image.rows and old.rows != image.rows:
            changes.append(EvidenceChange(f"table about {image.img_id}", _in_words(old.rows), _in_words(image.rows)))
    if then.judged_by and now.judged_by and then.judged_by != now.judged_by:
        changes.append(EvidenceChange("check", then.judged_by, now.judged_by))
    if then.threshold is not None and now.threshold is not None and then.threshold != now.threshold:
        changes.append(EvidenceChange("threshold", f"{then.threshold:g}", f"{now.threshold:g}"))
    return changes


def brief(text: str) -> str:
    """The text as UTF-8 can hold it, or its digest where it is long: evidence stands in files that people read."""
    text = text.encode("utf-8", "backslashreplace").decode()
    if len(text) <= MAX_TEXT_CHARACTERS:
        return text
    digest = hashlib.sha256(text.encode()).hexdigest()
    return f"{len(text):,} characters, sha256 {digest}"


def brief_rows(rows: list[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """The rows, sorted, each text brief; where there are many, how many and their digest."""
    told = sorted((brief(what), brief(says)) for what, says in rows)
    if len(told) <= MAX_ROWS:
        return tuple(told)
    digest = hashlib.sha256(repr(told).encode()).hexdigest()
    return ((f"{len(told):,} rows", f"sha256 {digest}"),)


def _image_of(record: Any) -> ImageEvidence:
    _only(record, ("img_id", "sha256", "rows"), "images")
    digest = record.get("sha256")
    if digest is not None and not _SHA256.fullmatch(_text(digest, "sha256")):
        raise ValueError("sha256 has to be 64 hex digits")
    rows = []
    for row in _list(record.get("rows", []), "rows"):
        if len(_list(row, "rows")) != 2:
            raise ValueError("rows has to hold pairs of texts")
        rows.append((_text(row[0], "rows"), _text(row[1], "rows")))
    return ImageEvidence(_text(record.get("img_id"), "img_id"), digest, tuple(rows))


def _only(record: Any, names: tuple[str, ...], where: str) -> None:
    if not isinstance(record, Mapping) or not {*record} <= {*names}:
        raise ValueError(f"{where} has to hold {', '.join(names)}, and nothing else")


def _list(value: Any, where: str) -> list[Any]:
    if not isinstance(value, list):
        raise ValueError(f"{where} has to be a list")
    return value


def _text(value: Any, where: str) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{where} has to hold texts, in quotes")
    return value


def _short(digest: str) -> str:
    return f"sha256 {digest[:12]}…"


def _in_words(rows: tuple[tuple[str, str], ...]) -> str:
    return "; ".join(f"{what}: {says}" if what else says for what, says in rows)
