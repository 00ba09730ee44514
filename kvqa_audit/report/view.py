"""A finished audit and its verdict come in; what the page says, in its order and bounded in size, goes out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from kvqa_audit.model import (
    AuditRun,
    CheckDoc,
    CheckOutcome,
    Counts,
    Family,
    Finding,
    FindingStatus,
    OutcomeStatus,
)
from kvqa_audit.model.counts import count_findings, in_words
from kvqa_audit.release.precision import Precision, of_metrics
from kvqa_audit.report.cards import Card, KnownOfImages, card_of_group, cards_of
from kvqa_audit.report.contact_sheets import ContactSheets, contact_sheets
from kvqa_audit.report.duplicate_groups import Group, Groups, duplicate_groups, is_conflict
from kvqa_audit.report.film_strips import FilmStrips, film_strips
from kvqa_audit.report.self_tested import tried_on_itself
from kvqa_audit.report.text import measure, share
from kvqa_audit.report.words import OUTCOME_WORDS

if TYPE_CHECKING:
    from kvqa_audit.spec.dataset_spec import DatasetSpec

MAX_CARDS_PER_BLOCKING_CHECK = 100
MAX_CARDS_PER_CHECK = 20
MAX_ROWS_PER_CHECK = 20
MAX_CARDS_IN_PAGE = 250
MAX_FINDINGS_IN_PAGE = 2_000
MAX_REPEATS_PER_CHECK = 6
# Checks of pictures and of answers about them: each of their findings is a card, whether it blocks or not.
_PICTURED = (Family.IMAGES, Family.DUPLICATES, Family.ANSWERS)
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
class CheckBlock:
    """One check in the page: its outcome, its text for people and its findings, as cards or as rows of a table.

    `counts` are of all its findings, in the page or not. `elsewhere` names the checks whose
    cards show more of its findings, with how many. `precision` is how often people found the check right,
    None where nobody judged.
    """

    outcome: CheckOutcome
    doc: CheckDoc
    state: str
    words: str
    measured: str
    threshold: str
    counts: Counts
    cards: tuple[Card, ...]
    rows: tuple[Finding, ...]
    repeats: tuple[Repeat, ...]
    left_out: int
    elsewhere: tuple[tuple[str, int], ...]
    precision: Precision | None = None
    tried: str = ""

    @property
    def anchor(self) -> str:
        return self.outcome.code

    @property
    def told(self) -> str:
        """Its findings by their own severity, in words."""
        return in_words(self.counts)

    @property
    def same_suggestion(self) -> str | None:
        """What every row shown suggests, where several all suggest the same."""
        suggestions = {finding.suggestion for finding in self.rows}
        return suggestions.pop() if len(suggestions) == 1 and len(self.rows) > 1 else None


@dataclass(frozen=True, slots=True)
class Unjudged:
    """Checks that were not judged for one and the same reason."""

    words: str
    reason: str
    outcomes: tuple[CheckOutcome, ...]


@dataclass(frozen=True, slots=True)
class View:
    """What the page says about a run, but for the verdict and the charts.

    `blockers`, `warnings` and `notes` are the checks that found something, the most open findings first; `others` are
    all other checks.
    """

    blockers: tuple[CheckBlock, ...]
    warnings: tuple[CheckBlock, ...]
    notes: tuple[CheckBlock, ...]
    others: tuple[CheckBlock, ...]
    groups: Groups
    sheets: ContactSheets
    strips: FilmStrips
    findings_total: int
    findings_shown: int

    @property
    def found(self) -> tuple[CheckBlock, ...]:
        """The checks that found something, in the order of the page."""
        return (*self.blockers, *self.warnings, *self.notes)

    @property
    def cards(self) -> tuple[Card, ...]:
        return tuple(card for block in self.found for card in block.cards)


def view(run: AuditRun, blocking: Iterable[Finding], spec: DatasetSpec | None = None) -> View:
    """Puts a run's outcomes and findings into the order in which they are read.

    Args:
        run: the audit.
        blocking: the findings that keep the version back.
        spec: the description of the dataset, for the questions' texts.
    """
    keys = frozenset(finding.key for finding in blocking)
    blocking_codes = {finding.check for finding in blocking}
    groups = duplicate_groups(run)
    homes = {group.number: _home(group, keys) for group in groups.shown}
    cards_left, findings_left = MAX_CARDS_IN_PAGE, MAX_FINDINGS_IN_PAGE
    blocks: dict[str, CheckBlock] = {}
    known = KnownOfImages(run.metrics.get("sources") or {}, *_answers_known(run, spec))
    by_check = _by_check(run.findings)
    for outcome in sorted(run.outcomes, key=lambda o: o.code not in blocking_codes):
        builder = _Builder(run, known, keys, groups.shown, homes, outcome.code in blocking_codes)
        block = builder.block(outcome, by_check.get(outcome.code, []), cards_left, findings_left)
        cards_left -= len(block.cards)
        findings_left -= len(block.cards) + len(block.rows)
        blocks[outcome.code] = block
    found = [b for b in (blocks[o.code] for o in run.outcomes) if b.outcome.outcome is OutcomeStatus.FAILED]
    blockers = [b for b in found if b.anchor in blocking_codes]
    rest = [b for b in found if b.anchor not in blocking_codes]
    warnings = [b for b in rest if b.counts.errors or b.counts.warnings]
    notes = [b for b in rest if b not in warnings]
    others = [blocks[o.code] for o in run.outcomes if o.outcome is not OutcomeStatus.FAILED]
    shown = sum(len(card.findings) for b in found for card in b.cards) + sum(len(b.rows) for b in found)
    return View(
        _largest_first(blockers),
        _largest_first(warnings),
        _largest_first(notes),
        tuple(sorted(others, key=lambda b: (_ORDER.index(b.outcome.outcome), b.anchor))),
        groups,
        contact_sheets(run),
        film_strips(run, known.question_texts),
        len(run.findings),
        shown,
    )


def every_finding(run: AuditRun, blocking: Iterable[Finding], spec: DatasetSpec | None = None) -> Iterator[CheckBlock]:
    """The checks that found something, largest first, each with all its findings as cards, however many there are."""
    keys = frozenset(finding.key for finding in blocking)
    groups = duplicate_groups(run, most=None)
    homes = {group.number: _home(group, keys) for group in groups.shown}
    known = KnownOfImages(run.metrics.get("sources") or {}, *_answers_known(run, spec))
    by_check = _by_check(run.findings)
    found = [outcome for outcome in run.outcomes if by_check.get(outcome.code)]
    codes = {finding.check for finding in run.findings if finding.key in keys}
    for outcome in sorted(found, key=lambda o: (o.code not in codes, -o.severity.rank, -o.violations, o.code)):
        builder = _Builder(run, known, keys, groups.shown, homes, blocks=True, most_cards=len(run.findings))
        yield builder.block(outcome, by_check[outcome.code], len(run.findings), len(run.findings))


def unjudged(outcomes: Iterable[CheckOutcome]) -> tuple[Unjudged, ...]:
    """Puts together what was not judged for the same reason; crashed checks come first."""
    by_reason: dict[tuple[OutcomeStatus, str], list[CheckOutcome]] = {}
    for outcome in outcomes:
        by_reason.setdefault((outcome.outcome, outcome.reason or ""), []).append(outcome)
    ordered = sorted(by_reason.items(), key=lambda item: (_ORDER.index(item[0][0]), -len(item[1]), item[0][1]))
    return tuple(Unjudged(OUTCOME_WORDS[status], reason, tuple(them)) for (status, reason), them in ordered)


def state(outcome: CheckOutcome) -> str:
    """The word that colours an outcome: ok, error, warning, info or unknown."""
    if outcome.outcome is OutcomeStatus.PASSED:
        return "ok"
    return str(outcome.severity) if outcome.outcome is OutcomeStatus.FAILED else "unknown"


@dataclass(frozen=True, slots=True)
class _Builder:
    """Makes the block of one check out of its findings and the groups that are shown there."""

    run: AuditRun
    known: KnownOfImages
    blocking: frozenset[str]
    groups: tuple[Group, ...]
    homes: Mapping[int, str]
    blocks: bool
    most_cards: int = MAX_CARDS_PER_BLOCKING_CHECK

    def block(self, outcome: CheckOutcome, findings: list[Finding], cards_left: int, findings_left: int) -> CheckBlock:
        doc = polished(self.run.docs.get(outcome.code) or CheckDoc(outcome.name.replace("_", " "), "", "", "things"))
        in_groups = {f.key: home for g in self.groups if (home := self.homes[g.number]) for f in g.findings}
        own = [f for f in worst_first(findings, self.blocking) if f.key not in in_groups]
        here = [card_of_group(g, doc, self.known) for g in self.groups if self.homes[g.number] == outcome.code]
        elsewhere = Counter(home for f in findings if (home := in_groups.get(f.key, outcome.code)) != outcome.code)
        as_cards = self.blocks or outcome.family in _PICTURED or doc.pair is not None
        most = self.most_cards if self.blocks else MAX_CARDS_PER_CHECK if as_cards else 0
        most = min(most, cards_left, findings_left)
        groups = here[:most]
        carded = own[: most - len(groups)]
        most_rows = max(0, findings_left - len(groups) - len(carded))
        rest = own[len(carded) :][: most_rows if self.blocks else min(most_rows, 0 if as_cards else MAX_ROWS_PER_CHECK)]
        cards = (*groups, *cards_of(carded, doc, self.known))
        told = sum(f.check == outcome.code for card in cards for f in card.findings) + len(rest)
        left_out = len(findings) - told - elsewhere.total()
        is_share = outcome.evaluated > 0 and outcome.measured == outcome.violations / outcome.evaluated
        return CheckBlock(
            outcome,
            doc,
            state(outcome),
            OUTCOME_WORDS[outcome.outcome],
            share(outcome.measured) if is_share else measure(outcome.measured),
            share(outcome.threshold) if is_share else measure(outcome.threshold),
            count_findings(findings, self.blocking).total,
            cards,
            tuple(rest),
            _repeats(findings) if left_out and not as_cards else (),
            left_out,
            tuple(sorted(elsewhere.items())),
            of_metrics(self.run.metrics.get("decisions") or {}).get(outcome.code),
            tried_on_itself(outcome.code, self.run.metrics.get("self_test") or {}),
        )


def worst_first(findings: Iterable[Finding], blocking: frozenset[str] = frozenset()) -> list[Finding]:
    """What blocks first, what is decided last, between them by severity and score."""
    return sorted(
        findings,
        key=lambda f: (
            f.status is FindingStatus.WAIVED,
            f.key not in blocking,
            -f.severity.rank,
            f.score is None,
            -(f.score or 0.0),
        ),
    )


def polished(doc: CheckDoc) -> CheckDoc:
    """Titles without a full stop, sentences with a capital."""
    why, fix = (text[:1].upper() + text[1:] for text in (doc.why, doc.fix))
    return replace(doc, title=doc.title.rstrip("."), why=why, fix=fix)


def _home(group: Group, blocking: frozenset[str]) -> str:
    """The check that a group is shown under: that of its gravest finding; "" where nothing was found about it."""
    ranked = sorted(
        group.findings,
        key=lambda f: (f.key not in blocking, f.status is FindingStatus.WAIVED, -f.severity.rank,
                       not is_conflict(f), f.check),
    )  # fmt: skip
    return ranked[0].check if ranked else ""


def _by_check(findings: Iterable[Finding]) -> dict[str, list[Finding]]:
    by_check: dict[str, list[Finding]] = {}
    for finding in findings:
        by_check.setdefault(finding.check, []).append(finding)
    return by_check


def _answers_known(
    run: AuditRun, spec: DatasetSpec | None
) -> tuple[dict[str, tuple[tuple[str, str], ...]], dict[str, str]]:
    """The answers of the images that findings name, the questions in the catalogue's spelling; and that spelling."""
    texts: dict[str, str] = {}
    if spec is not None:
        texts = {name: one.text for name, one in (*spec.question_by_text.items(), *spec.question_by_name.items())}
    named = {img_id for finding in run.findings for img_id in (finding.img_id, *finding.related)}
    answers: dict[str, dict[tuple[str, str], None]] = {}
    for _, question, answer, img_id in run.rows or ():
        if img_id in named and answer:
            answers.setdefault(img_id, {})[texts.get(question, question), answer] = None
    return {img_id: tuple(given) for img_id, given in answers.items()}, texts


def _largest_first(blocks: Iterable[CheckBlock]) -> tuple[CheckBlock, ...]:
    return tuple(sorted(blocks, key=lambda block: (-block.counts.open, block.anchor)))


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
