"""Findings of one check come in; cards go out: the question in words, the answers in doubt, and what speaks for it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from kvqa_audit.model import CheckDoc, Finding
from kvqa_audit.report.duplicate_groups import Group, Picture
from kvqa_audit.report.outlines import Outline, outlines_of, share_or_none

MAX_OTHER_ANSWERS = 40
MAX_ALIKE = 3
_NO_QUESTION = "Is this as it should be?"
_LOOK = "Look at it, and settle it."


@dataclass(frozen=True, slots=True)
class Doubt:
    """One stored answer that is in doubt; `expected` is what would fit better, and probabilities are 0 to 1."""

    question: str
    answer: str
    expected: str | None = None
    probability: float | None = None
    expected_probability: float | None = None


@dataclass(frozen=True, slots=True)
class Card:
    """One thing to decide about. All its findings are decided together, the gravest first.

    `ask` is the question to the reader, `reasons` say why it is flagged, `advice` what to do. `other_answers` are the
    image's answers that are not in doubt, (question, answer); `group_answers` are those of all pictures of a group,
    side by side. `alike` are the pictures that look most like its own, each with what is said of it.
    """

    findings: tuple[Finding, ...]
    ask: str
    reasons: tuple[str, ...]
    advice: str
    picture: Picture | None = None
    outlines: tuple[Outline, ...] = ()
    doubts: tuple[Doubt, ...] = ()
    other_answers: tuple[tuple[str, str], ...] = ()
    more_answers: int = 0
    alike: tuple[tuple[Picture, str], ...] = ()
    group: Group | None = None
    group_answers: tuple[tuple[str, tuple[str, ...]], ...] = ()

    @property
    def first(self) -> Finding:
        return self.findings[0]

    @property
    def anchor(self) -> str:
        return f"{self.first.check}-{self.first.key}"

    @property
    def image_ids(self) -> tuple[str, ...]:
        """The images it shows, in their order."""
        if self.group is not None:
            return tuple(picture.img_id for picture in self.group.pictures)
        return (self.picture.img_id,) if self.picture is not None else ()


@dataclass(frozen=True, slots=True)
class KnownOfImages:
    """What the cards tell about images: source and answers by id, and the catalogue's texts of the questions.

    `question_texts` has them by the questions' short names and by every way they are written in the table.
    """

    sources: Mapping[str, str]
    answers: Mapping[str, tuple[tuple[str, str], ...]]
    question_texts: Mapping[str, str]


def cards_of(findings: Iterable[Finding], doc: CheckDoc, known: KnownOfImages) -> tuple[Card, ...]:
    """One card for each finding, in their order."""
    return tuple(_card(finding, doc, known) for finding in findings)


def card_of_group(group: Group, doc: CheckDoc, known: KnownOfImages) -> Card:
    """One card for a group of pictures and all that was found about its pairs."""
    lines = _lines_of(group, known)
    return Card(
        group.findings,
        "Do these pictures show the same thing" + (", and which answer is right?" if group.conflicts else "?"),
        tuple(dict.fromkeys(group.reasons)),
        group.findings[0].suggestion or doc.fix or _LOOK,
        group=group,
        group_answers=lines[:MAX_OTHER_ANSWERS],
        more_answers=max(0, len(lines) - MAX_OTHER_ANSWERS),
    )


def _lines_of(group: Group, known: KnownOfImages) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Every question that a picture of the group is asked, but for those that differ, with the answer of each."""
    given: list[dict[str, list[str]]] = []
    for picture in group.pictures:
        of_picture: dict[str, list[str]] = {}
        for question, answer in known.answers.get(picture.img_id, ()):
            of_picture.setdefault(question, []).append(answer)
        given.append(of_picture)
    differing = {conflict.question for conflict in group.conflicts}
    questions = dict.fromkeys(question for answers in given for question in answers if question not in differing)
    return tuple((q, tuple("; ".join(answers.get(q, ())) for answers in given)) for q in questions)


def _card(finding: Finding, doc: CheckDoc, known: KnownOfImages) -> Card:
    doubts = _doubts(finding, known)
    img_id = finding.img_id
    others = _others(known.answers.get(img_id, ()) if img_id is not None else (), doubts)
    return Card(
        (finding,),
        _ask(finding, doubts),
        _reasons(finding, doc),
        finding.suggestion or doc.fix or _LOOK,
        Picture(img_id, known.sources.get(img_id, "")) if img_id is not None else None,
        outlines_of(finding.evidence.get("regions")),
        doubts,
        others[:MAX_OTHER_ANSWERS],
        max(0, len(others) - MAX_OTHER_ANSWERS),
        _alike(finding.evidence, known),
    )


def _alike(evidence: Mapping[str, Any], known: KnownOfImages) -> tuple[tuple[Picture, str], ...]:
    """The pictures that look most like the finding's, as a stored audit has them."""
    named = evidence.get("nearest")
    if not isinstance(named, list):
        return ()
    told = [(one.get("img_id"), one.get("answer")) for one in named[:MAX_ALIKE] if isinstance(one, Mapping)]
    return tuple(
        (Picture(img_id, known.sources.get(img_id, "")), answer)
        for img_id, answer in told
        if isinstance(img_id, str) and isinstance(answer, str)
    )


def _doubts(finding: Finding, known: KnownOfImages) -> tuple[Doubt, ...]:
    """The answers that a finding names: those a rule speaks of, by name as a stored audit has them, or its own."""
    named = finding.evidence.get("answers")
    if isinstance(named, Mapping):
        given = ((str(name), value) for name, value in sorted(named.items()) if value is not None)
        return tuple(Doubt(known.question_texts.get(name, name), str(value)) for name, value in given)
    if finding.question is None:
        return ()
    return (_own(finding, known.question_texts.get(finding.question, finding.question)),)


def _own(finding: Finding, question: str) -> Doubt:
    evidence: Mapping[str, Any] = finding.evidence
    expected = evidence.get("expected")
    return Doubt(
        question,
        finding.answer or "",
        expected if isinstance(expected, str) else None,
        share_or_none(evidence.get("probability")),
        share_or_none(evidence.get("expected_probability")),
    )


def _others(answers: Iterable[tuple[str, str]], doubts: tuple[Doubt, ...]) -> tuple[tuple[str, str], ...]:
    in_doubt = {doubt.question for doubt in doubts}
    return tuple((question, answer) for question, answer in answers if question not in in_doubt)


def _ask(finding: Finding, doubts: tuple[Doubt, ...]) -> str:
    if len(doubts) > 1:
        return "Can these answers be right together?"
    if finding.evidence.get("detector") is not None:
        return "Is the answer right, or what was seen?"
    if doubts:
        return "Is this answer right?"
    return "Is this picture as it should be?" if finding.img_id is not None else _NO_QUESTION


def _reasons(finding: Finding, doc: CheckDoc) -> tuple[str, ...]:
    seen, told = _seen(finding.evidence), finding.evidence.get("reasons")
    if seen is not None:
        return (seen,)
    if isinstance(told, list) and "expected" in finding.evidence:
        reasons = tuple(str(reason) for reason in told) or ("all that is known of the image, taken together",)
        return (*reasons, *_said_by_picture(finding.evidence))
    if isinstance(finding.evidence.get("answers"), Mapping):
        return (doc.title.partition(": ")[2] or doc.title,)
    return (finding.message,)


def _said_by_picture(evidence: Mapping[str, Any]) -> tuple[str, ...]:
    """What the look of the picture alone makes likeliest, and how sure it is of it."""
    said = evidence.get("picture")
    if not isinstance(said, Mapping) or (sure := share_or_none(said.get("probability"))) is None:
        return ()
    return (f"by its look alone the picture would be answered {str(said.get('answer'))!r} ({sure:.0%} sure)",)


def _seen(evidence: Mapping[str, Any]) -> str | None:
    """What the detector saw and how sure it is of it, in words."""
    thing, confidence = evidence.get("detector"), share_or_none(evidence.get("confidence"))
    if not isinstance(thing, str) or confidence is None:
        return None
    shown = "a box" if thing == "box" else thing
    if evidence.get("seen") is not True:
        return f"no {thing} was found in the picture ({1 - confidence:.0%} sure)"
    regions = evidence.get("regions")
    places = len(regions) if isinstance(regions, list) else 0
    where = f" in {places} places" if places > 1 else ""
    return f"the picture shows {shown}{where}, outlined ({confidence:.0%} sure)"
