"""Groups of images in order come in; a strip of frames for each that holds a finding, with its answers, goes out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise

from kvqa_audit.model import AuditRun, Finding, FindingStatus, ImageGroups
from kvqa_audit.report.words import TIER_WORDS
from kvqa_audit.spelling import folded

MAX_STRIPS = 10
MAX_FRAMES_PER_STRIP = 16
MAX_DIFFERING_QUESTIONS = 8
MAX_EQUAL_QUESTIONS = 40

Answers = Mapping[str, Mapping[str, str]]
Groups = Mapping[str, Mapping[str, float | None]]


@dataclass(frozen=True, slots=True)
class Frame:
    """One image of a group; `after` is the time since the group's start, `beside` how it resembles the one before."""

    img_id: str
    after: str
    beside: str


@dataclass(frozen=True, slots=True)
class AskedOfFrames:
    """One question with what each frame is answered; `differs` says whether most of those answered are otherwise.

    `ways` is in how many ways the group answers it; where `prevails` is False none of them is that of most.
    """

    question: str
    answers: tuple[str, ...]
    differs: tuple[bool, ...]
    ways: int
    prevails: bool


@dataclass(frozen=True, slots=True)
class FilmStrip:
    """The first frames of a group of `total` images; `findings` about it or its images are not decided yet.

    The answers of `differing` are of all frames, shown or not.
    `equal` are questions that all frames of the group answer alike, with the answer and how many frames give it.
    """

    number: int
    group: str
    frames: tuple[Frame, ...]
    total: int
    findings: int
    differing: tuple[AskedOfFrames, ...]
    more_differing: int
    equal: tuple[tuple[str, str, int], ...]
    more_equal: int

    @property
    def anchor(self) -> str:
        return f"strip-{self.number}"


@dataclass(frozen=True, slots=True)
class FilmStrips:
    """The strips that are shown, the gravest first; `holding` groups of several images hold a finding, of `groups`."""

    shown: tuple[FilmStrip, ...] = ()
    holding: int = 0
    groups: int = 0

    def address_of(self, finding: Finding, beside: str = "") -> str:
        """Where the strip stands of the group that a finding is about, in the page `beside`; "" where there is none."""
        name = finding.evidence.get("group")
        return next((f"{beside}#{strip.anchor}" for strip in self.shown if strip.group == name), "")


def film_strips(run: AuditRun, question_texts: Mapping[str, str]) -> FilmStrips:
    """The groups with findings about several of their images first, the gravest and then those that differ in most.

    Args:
        run: the audit.
        question_texts: the questions' texts by every way that they are written in the table.
    """
    in_order = ImageGroups.from_json(run.metrics.get("image_groups")).in_order()
    groups: Groups = {name: images for name, images in in_order.items() if len(images) > 1}
    if not groups:
        return FilmStrips()
    about = _findings_by_group(run.findings, groups)
    answers = _answers(run, {img_id for name in about for img_id in groups[name]}, question_texts)
    asked = {name: _asked(groups[name], answers) for name in about}
    order = sorted(
        about,
        key=lambda name: (-_gravity(about[name]), -sum(one.ways > 1 for one in asked[name]), -len(groups[name]), name),
    )
    alike = {(pair.left, pair.right): TIER_WORDS[pair.tier] for pair in run.pairs}
    shown = tuple(
        _strip(number, name, groups[name], asked[name], len(about[name]), alike)
        for number, name in enumerate(order[:MAX_STRIPS], start=1)
    )
    return FilmStrips(shown, len(order), len(groups))


def in_time(seconds: float) -> str:
    """Seconds in words: `16 s`, `1 min 11 s`, `2 h 3 min`."""
    whole = round(seconds)
    hours, minutes = whole // 3600, whole // 60 % 60
    if hours:
        return f"{hours:,} h {minutes} min"
    return f"{minutes} min {whole % 60} s" if minutes else f"{whole} s"


def _findings_by_group(findings: Iterable[Finding], groups: Groups) -> dict[str, list[tuple[Finding, bool]]]:
    """Group → its open findings, each with whether it is about more than one image of the group."""
    names: dict[str, list[str]] = {}
    for name, images in groups.items():
        for img_id in images:
            names.setdefault(img_id, []).append(name)
    found: dict[str, list[tuple[Finding, bool]]] = {}
    for finding in findings:
        if finding.status is not FindingStatus.OPEN:
            continue
        related = [set(names.get(img_id, ())) for img_id in finding.related]
        together = set.intersection(*related) if len(related) > 1 else set()
        if (told := finding.evidence.get("group")) in groups:
            together.add(str(told))
        for name in together:
            found.setdefault(name, []).append((finding, True))
        for name in names.get(finding.img_id or "", ()):
            found.setdefault(name, []).append((finding, False))
    return found


def _gravity(findings: Iterable[tuple[Finding, bool]]) -> int:
    return max((finding.severity.rank + 1 for finding, of_several in findings if of_several), default=0)


def _answers(run: AuditRun, images: Collection[str], question_texts: Mapping[str, str]) -> Answers:
    """Image → question → all that is answered, of the images named."""
    given: dict[str, dict[str, dict[str, None]]] = {}
    for _, question, answer, img_id in run.rows or ():
        if img_id in images and folded(answer):
            given.setdefault(img_id, {}).setdefault(question_texts.get(question, question), {})[answer] = None
    return {img_id: {question: "; ".join(told) for question, told in of.items()} for img_id, of in given.items()}


def _asked(images: Collection[str], answers: Answers) -> list[AskedOfFrames]:
    """Every question that the images are asked; what only few answer otherwise than most comes first."""
    questions = dict.fromkeys(question for img_id in images for question in answers.get(img_id, ()))
    asked = [_compared(one, [answers.get(img_id, {}).get(one, "") for img_id in images]) for one in questions]
    return sorted(asked, key=lambda one: (not one.prevails, sum(one.differs)))


def _compared(question: str, answers: list[str]) -> AskedOfFrames:
    told = [folded(answer) for answer in answers]
    counts = Counter(filter(None, told))
    (usual, times), *_ = counts.most_common(1)
    prevails = 2 * times > counts.total()
    differs = tuple(prevails and one not in ("", usual) for one in told)
    return AskedOfFrames(question, tuple(answers), differs, len(counts), prevails)


def _strip(
    number: int,
    group: str,
    seconds: Mapping[str, float | None],
    asked: list[AskedOfFrames],
    findings: int,
    alike: Mapping[tuple[str, str], str],
) -> FilmStrip:
    shown = list(seconds)[:MAX_FRAMES_PER_STRIP]
    differing = [one for one in asked if one.ways > 1]
    equal = [
        (one.question, next(filter(None, one.answers)), sum(map(bool, one.answers))) for one in asked if one.ways == 1
    ]
    return FilmStrip(
        number,
        group,
        tuple(_frame(*two, seconds, alike) for two in pairwise(["", *shown])),
        len(seconds),
        findings,
        tuple(differing[:MAX_DIFFERING_QUESTIONS]),
        max(0, len(differing) - MAX_DIFFERING_QUESTIONS),
        tuple(equal[:MAX_EQUAL_QUESTIONS]),
        max(0, len(equal) - MAX_EQUAL_QUESTIONS),
    )


def _frame(
    before: str, img_id: str, seconds: Mapping[str, float | None], alike: Mapping[tuple[str, str], str]
) -> Frame:
    after = seconds[img_id]
    beside = alike.get((min(before, img_id), max(before, img_id)), "")
    return Frame(img_id, "" if after is None else in_time(after), beside)
