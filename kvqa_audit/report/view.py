"""A finished audit comes in; what the page says, section by section and bounded in size, goes out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from kvqa_audit.model import AuditRun, CheckDoc, CheckOutcome, Family, Finding, FindingStatus, OutcomeStatus, Severity
from kvqa_audit.report.cases import CaseGroup, case_groups
from kvqa_audit.report.contact_sheets import ContactSheets, contact_sheets
from kvqa_audit.report.duplicate_groups import Groups, Picture, duplicate_groups
from kvqa_audit.report.text import measure, share

MAX_FINDINGS_PER_CHECK = 20
MAX_FINDINGS_IN_PAGE = 2_000
MAX_REPEATS_PER_CHECK = 6
MAX_PICTURES_PER_CHECK: Mapping[Family, int] = {Family.IMAGES: 6, Family.ANSWERS: 4}

QUESTIONS: tuple[tuple[str, str, tuple[Family, ...]], ...] = (
    ("table", "Is the table sound?", (Family.TABLE,)),
    ("images", "Are the images sound?", (Family.IMAGES,)),
    ("duplicates", "What is duplicated, and do the copies agree?", (Family.DUPLICATES,)),
    ("answers", "Do the answers contradict each other or the picture?", (Family.ANSWERS,)),
    ("balance", "Is the dataset balanced, and what could a model learn without looking?", (Family.DISTRIBUTIONS,)),
    ("sharing", "May it be shared?", (Family.RELEASE, Family.PRIVACY)),
)
OTHER = ("other", "What else was checked?")

OUTCOME_WORDS: Mapping[OutcomeStatus, str] = {
    OutcomeStatus.PASSED: "passed",
    OutcomeStatus.FAILED: "failed",
    OutcomeStatus.SKIPPED: "not checked",
    OutcomeStatus.ERRORED: "check crashed",
    OutcomeStatus.VACUOUS: "nothing to judge",
}
_UNJUDGED = (OutcomeStatus.SKIPPED, OutcomeStatus.VACUOUS)
_ORDER = (
    OutcomeStatus.ERRORED,
    OutcomeStatus.FAILED,
    OutcomeStatus.SKIPPED,
    OutcomeStatus.VACUOUS,
    OutcomeStatus.PASSED,
)


@dataclass(frozen=True, slots=True)
class Repeat:
    """Findings of one check that say the same: about one question and answer, or else in the same words."""

    question: str | None
    answer: str | None
    suggestion: str | None
    message: str | None
    findings: int


@dataclass(frozen=True, slots=True)
class Card:
    """One check in the page: its outcome, its text for people and its first findings."""

    outcome: CheckOutcome
    doc: CheckDoc
    anchor: str
    state: str
    words: str
    measured: str
    threshold: str
    findings: tuple[Finding, ...]
    repeats: tuple[Repeat, ...]
    pictures: tuple[Picture, ...]
    cases: tuple[CaseGroup, ...]

    @property
    def same_suggestion(self) -> str | None:
        """What every finding shown suggests, where several all suggest the same."""
        suggestions = {finding.suggestion for finding in self.findings}
        if len(suggestions) != 1 or len(self.findings) == 1:
            return None
        return suggestions.pop()


@dataclass(frozen=True, slots=True)
class Section:
    """One question of the reader, answered by its checks, worst first."""

    key: str
    title: str
    sentence: str
    cards: tuple[Card, ...]

    @property
    def folds(self) -> tuple[tuple[str, tuple[Card, ...]], ...]:
        """The cards that need no eye, under the line they are folded into."""
        unknown = tuple(card for card in self.cards if card.outcome.outcome in _UNJUDGED)
        passed = tuple(card for card in self.cards if card.outcome.outcome is OutcomeStatus.PASSED)
        named = ((_number(unknown, "could not be judged"), unknown), (_number(passed, "passed"), passed))
        return tuple((line, cards) for line, cards in named if cards)

    @property
    def open_cards(self) -> tuple[Card, ...]:
        """The cards of checks that failed or crashed."""
        kinds = (OutcomeStatus.FAILED, OutcomeStatus.ERRORED)
        return tuple(card for card in self.cards if card.outcome.outcome in kinds)


@dataclass(frozen=True, slots=True)
class Unjudged:
    """Checks that were not judged for one and the same reason."""

    words: str
    reason: str
    outcomes: tuple[CheckOutcome, ...]


@dataclass(frozen=True, slots=True)
class View:
    """Everything the page says about a run, but for the charts."""

    sections: tuple[Section, ...]
    groups: Groups
    sheets: ContactSheets
    findings_total: int
    findings_shown: int


def view(run: AuditRun) -> View:
    """Puts a run's outcomes, findings and duplicate groups into the order in which they are read."""
    cards = _cards(run)
    sections = []
    placed: set[str] = set()
    for key, title, families in QUESTIONS:
        of_section = [card for card in cards if card.outcome.family in families]
        placed.update(card.anchor for card in of_section)
        sections.append(Section(key, title, _sentence(of_section), _worst_first(of_section)))
    rest = [card for card in cards if card.anchor not in placed]
    if rest:
        sections.append(Section(*OTHER, _sentence(rest), _worst_first(rest)))
    shown_ones = sum(len(card.findings) for card in cards)
    return View(tuple(sections), duplicate_groups(run), contact_sheets(run), len(run.findings), shown_ones)


def unjudged(outcomes: Iterable[CheckOutcome]) -> tuple[Unjudged, ...]:
    """Puts together what was not judged for the same reason; crashed checks come first."""
    by_reason: dict[tuple[OutcomeStatus, str], list[CheckOutcome]] = {}
    for outcome in outcomes:
        by_reason.setdefault((outcome.outcome, outcome.reason or ""), []).append(outcome)
    ordered = sorted(by_reason.items(), key=lambda item: (_ORDER.index(item[0][0]), -len(item[1]), item[0][1]))
    return tuple(Unjudged(OUTCOME_WORDS[status], reason, tuple(them)) for (status, reason), them in ordered)


def _cards(run: AuditRun) -> list[Card]:
    by_check: dict[str, list[Finding]] = {}
    for finding in run.findings:
        by_check.setdefault(finding.check, []).append(finding)
    sources: Mapping[str, str] = run.metrics.get("sources") or {}
    cards = []
    budget = MAX_FINDINGS_IN_PAGE
    for outcome in run.outcomes:
        findings = _worst_findings(by_check.get(outcome.code, ()))
        in_page = tuple(findings[: min(MAX_FINDINGS_PER_CHECK, budget)])
        budget -= len(in_page)
        cards.append(_card(outcome, run.docs.get(outcome.code), findings, in_page, sources))
    return cards


def _card(
    outcome: CheckOutcome,
    doc: CheckDoc | None,
    findings: list[Finding],
    in_page: tuple[Finding, ...],
    sources: Mapping[str, str],
) -> Card:
    cases = case_groups(outcome.code, findings, sources)
    is_share = outcome.evaluated > 0 and outcome.measured == outcome.violations / outcome.evaluated
    return Card(
        outcome,
        _polished(doc or CheckDoc(outcome.name.replace("_", " "), "", "", "things")),
        outcome.code,
        state(outcome),
        OUTCOME_WORDS[outcome.outcome],
        share(outcome.measured) if is_share else measure(outcome.measured),
        share(outcome.threshold) if is_share else measure(outcome.threshold),
        in_page,
        _repeats(findings) if len(findings) > len(in_page) else (),
        () if cases else _examples(findings, sources, MAX_PICTURES_PER_CHECK.get(outcome.family, 0)),
        cases,
    )


def state(outcome: CheckOutcome) -> str:
    """The word that colours an outcome: ok, error, warning, info or unknown."""
    if outcome.outcome is OutcomeStatus.PASSED:
        return "ok"
    return str(outcome.severity) if outcome.outcome is OutcomeStatus.FAILED else "unknown"


def _worst_findings(findings: Iterable[Finding]) -> list[Finding]:
    return sorted(
        findings,
        key=lambda f: (
            f.status is FindingStatus.WAIVED,
            -f.severity.rank,
            f.score is None,
            -(f.score or 0.0),
        ),
    )


def _repeats(findings: Iterable[Finding]) -> tuple[Repeat, ...]:
    counts = Counter(
        (f.question, f.answer, f.suggestion, None) if f.question or f.answer else (None, None, None, f.message)
        for f in findings
    )
    ordered = sorted(counts.items(), key=lambda item: (-item[1], str(item[0])))
    return tuple(
        Repeat(question, answer, suggestion, message, number)
        for (question, answer, suggestion, message), number in ordered[:MAX_REPEATS_PER_CHECK]
        if number > 1
    )


def _examples(findings: Iterable[Finding], sources: Mapping[str, str], most: int) -> tuple[Picture, ...]:
    ids = dict.fromkeys(f.img_id for f in findings if f.img_id)
    return tuple(Picture(i, sources.get(i, "")) for i in list(ids)[:most])


def _worst_first(cards: Iterable[Card]) -> tuple[Card, ...]:
    return tuple(
        sorted(
            cards,
            key=lambda card: (
                _ORDER.index(card.outcome.outcome),
                -card.outcome.severity.rank if card.outcome.outcome is OutcomeStatus.FAILED else 0,
                card.outcome.code,
            ),
        )
    )


def _number(cards: tuple[Card, ...], what: str) -> str:
    return f"{len(cards)} check{'s' * (len(cards) != 1)} {what}"


def _polished(doc: CheckDoc) -> CheckDoc:
    """Titles without a full stop, sentences with a capital."""
    return CheckDoc(
        doc.title.rstrip("."), doc.why[:1].upper() + doc.why[1:], doc.fix[:1].upper() + doc.fix[1:], doc.unit
    )


def _sentence(cards: list[Card]) -> str:
    if not cards:
        return "Nothing of this was checked in this run."
    failed = [card.outcome for card in cards if card.outcome.outcome is OutcomeStatus.FAILED]
    passed = sum(card.outcome.outcome is OutcomeStatus.PASSED for card in cards)
    unknown = len(cards) - len(failed) - passed
    errors = sum(outcome.severity is Severity.ERROR for outcome in failed)
    parts = [f"{passed} of {len(cards)} checks passed"]
    if failed:
        parts.append(f"{len(failed)} failed" + (f", {errors} of them as errors" if errors else ""))
    if unknown:
        parts.append(f"{unknown} could not be judged")
    return "; ".join(parts) + "."
