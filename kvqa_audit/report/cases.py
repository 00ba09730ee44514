"""Findings about answers come in; pictures with what is stored and what speaks against it, worst first, go out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from kvqa_audit.model import Finding, FindingStatus, Severity
from kvqa_audit.report.duplicate_groups import Picture

SUSPICIOUS = "KV350"
AGAINST_PICTURE: Mapping[str, str] = {"KV360": "box", "KV361": "text"}
MAX_SUSPICIOUS = 12
MAX_PER_CELL = 8
MAX_CLAIMS_PER_PICTURE = 3
MAX_OUTLINES = 40
_MARGIN = 0.008
_LINE_GAP = 0.025


@dataclass(frozen=True, slots=True)
class Outline:
    """A rectangle in shares of the picture's width and height, a little larger than what it goes around."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Claim:
    """One stored answer and what speaks against it; `seen` is what a detector saw, probabilities are 0 to 1."""

    anchor: str
    severity: Severity
    question: str | None
    answer: str | None
    score: float
    expected: str | None = None
    probability: float | None = None
    expected_probability: float | None = None
    reasons: tuple[str, ...] = ()
    seen: str | None = None


@dataclass(frozen=True, slots=True)
class Case:
    """One picture with the claims about it, worst first; `more` claims about it are not in the page."""

    picture: Picture
    claims: tuple[Claim, ...]
    more: int
    outlines: tuple[Outline, ...]


@dataclass(frozen=True, slots=True)
class CaseGroup:
    """Cases of one kind, worst first; `total` pictures are of this kind.

    `question` is the question that they all are about, or None where there are several.
    """

    kind: str
    title: str
    note: str
    question: str | None
    cases: tuple[Case, ...]
    total: int


def case_groups(code: str, findings: Iterable[Finding], sources: Mapping[str, str]) -> tuple[CaseGroup, ...]:
    """The findings of a check as pictures; empty for checks that are not about an answer and its picture.

    What was waived is left out. Findings of one picture make one case.
    """
    open_ones = [f for f in findings if f.img_id and f.status is FindingStatus.OPEN]
    if code == SUSPICIOUS:
        groups = [("suspicious", "The answers that fit least", _HOW_TO_READ, open_ones, MAX_SUSPICIOUS)]
    elif code in AGAINST_PICTURE:
        groups = _cells(AGAINST_PICTURE[code], open_ones)
    else:
        return ()
    return tuple(_group(*parts, sources) for parts in groups if parts[3])


_HOW_TO_READ = (
    "Bars show how likely the stored and the expected answer are, given all else that is known of the image. "
    "The score is the probability that the stored answer is a slip."
)
_Parts = tuple[str, str, str, list[Finding], int]


def _cells(thing: str, findings: list[Finding]) -> list[_Parts]:
    """The two ways in which an answer and the picture can disagree."""
    seen = [f for f in findings if f.evidence.get("seen") is True]
    unseen = [f for f in findings if f.evidence.get("seen") is False]
    shows = "a box" if thing == "box" else thing
    return [
        ("shown", f"Denied, but the picture shows {shows}", "What was seen is outlined.", seen, MAX_PER_CELL),
        (
            "not-shown",
            f"Affirmed, but no {thing} was found",
            "Nothing is outlined: nothing was seen.",
            unseen,
            MAX_PER_CELL,
        ),
    ]


def _group(
    kind: str, title: str, note: str, findings: list[Finding], most: int, sources: Mapping[str, str]
) -> CaseGroup:
    by_image: dict[str, list[Finding]] = {}
    for finding in sorted(findings, key=lambda f: (-(f.score or 0.0), f.img_id or "", f.key)):
        by_image.setdefault(finding.img_id or "", []).append(finding)
    cases = tuple(_case(img_id, them, sources.get(img_id, "")) for img_id, them in list(by_image.items())[:most])
    questions = {finding.question for finding in findings}
    return CaseGroup(kind, title, note, questions.pop() if len(questions) == 1 else None, cases, len(by_image))


def _case(img_id: str, findings: list[Finding], source: str) -> Case:
    claims = tuple(_claim(finding) for finding in findings[:MAX_CLAIMS_PER_PICTURE])
    regions = findings[0].evidence.get("regions")
    outlines = [_outline(region) for region in regions[:MAX_OUTLINES]] if isinstance(regions, list) else []
    return Case(
        Picture(img_id, source),
        claims,
        len(findings) - len(claims),
        _blocks([one for one in outlines if one is not None]),
    )


def _claim(finding: Finding) -> Claim:
    evidence = finding.evidence
    expected, reasons = evidence.get("expected"), evidence.get("reasons")
    return Claim(
        f"{finding.check}-{finding.key}",
        finding.severity,
        finding.question,
        finding.answer,
        finding.score or 0.0,
        expected if isinstance(expected, str) else None,
        _between_0_and_1(evidence.get("probability")),
        _between_0_and_1(evidence.get("expected_probability")),
        tuple(str(reason) for reason in reasons) if isinstance(reasons, list) else (),
        _seen(evidence),
    )


def _seen(evidence: Mapping[str, Any]) -> str | None:
    """What the detector saw and how sure it is of it, in words."""
    thing, confidence = evidence.get("detector"), _between_0_and_1(evidence.get("confidence"))
    if not isinstance(thing, str) or confidence is None:
        return None
    if evidence.get("seen") is not True:
        return f"no {thing}, {1 - confidence:.0%} sure"
    regions = evidence.get("regions")
    places = len(regions) if isinstance(regions, list) else 0
    where = f" in {places} places" if places > 1 else ""
    return f"{'a box' if thing == 'box' else thing}{where}, {confidence:.0%} sure"


def _outline(region: object) -> Outline | None:
    """The part of a region that lies in the picture, with a margin so that the line hides nothing of it."""
    if not isinstance(region, Mapping):
        return None
    x, y, width, height = (_finite(region.get(name)) for name in ("x", "y", "width", "height"))
    if x is None or y is None or width is None or height is None:
        return None
    left, top = max(_MARGIN, x - _MARGIN), max(_MARGIN, y - _MARGIN)
    right, bottom = min(1 - _MARGIN, x + width + _MARGIN), min(1 - _MARGIN, y + height + _MARGIN)
    if right <= left or bottom <= top:
        return None
    return Outline(round(left, 4), round(top, 4), round(right - left, 4), round(bottom - top, 4))


def _blocks(outlines: list[Outline]) -> tuple[Outline, ...]:
    """Outlines that touch or lie closely one above the other, such as those of the lines of one text, as one."""
    blocks: list[Outline] = []
    for outline in outlines:
        block = outline
        while touched := [one for one in blocks if _belong(one, block)]:
            blocks = [one for one in blocks if one not in touched]
            block = _around([block, *touched])
        blocks.append(block)
    return tuple(blocks)


def _belong(one: Outline, other: Outline) -> bool:
    return (
        one.x <= other.x + other.width
        and other.x <= one.x + one.width
        and one.y <= other.y + other.height + _LINE_GAP
        and other.y <= one.y + one.height + _LINE_GAP
    )


def _around(outlines: list[Outline]) -> Outline:
    left, top = min(one.x for one in outlines), min(one.y for one in outlines)
    right, bottom = max(one.x + one.width for one in outlines), max(one.y + one.height for one in outlines)
    return Outline(left, top, round(right - left, 4), round(bottom - top, 4))


def _between_0_and_1(value: object) -> float | None:
    number = _finite(value)
    return number if number is not None and 0 <= number <= 1 else None


def _finite(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < 1e9:
        return None
    return float(value)
