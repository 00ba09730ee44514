"""Findings, and what people decided about them earlier, come in; findings that know it, and a report on it, go out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import date
from enum import StrEnum
from typing import Any

from kvqa_audit.model import CheckDoc, CheckOutcome, Finding, FindingStatus, OutcomeStatus, PairKind

Docs = Mapping[str, CheckDoc]
Handle = tuple[str, ...]


class DecisionVerdict(StrEnum):
    """What a person decided about a finding."""

    CONFIRMED = "confirmed"
    FALSE_POSITIVE = "false positive"
    ACCEPTED = "accepted"
    FIXED = "fixed"

    @property
    def waives(self) -> bool:
        return self in (DecisionVerdict.FALSE_POSITIVE, DecisionVerdict.ACCEPTED)


@dataclass(frozen=True, slots=True)
class Decision:
    """One decision about one finding, by its key; the rest says to a person, and for pairs, what it is about.

    A decision holds up to and including the day `expires`. `line` is where it stands in its file, 1-based.
    """

    key: str
    check: str
    verdict: DecisionVerdict
    reason: str
    who: str
    when: date
    expires: date | None = None
    img_id: str | None = None
    question: str | None = None
    answer: str | None = None
    related: tuple[str, ...] = ()
    line: int | None = field(default=None, compare=False)

    def is_expired(self, today: date) -> bool:
        return self.expires is not None and today > self.expires


@dataclass(frozen=True, slots=True)
class DecisionReport:
    """What came of the decisions in one audit.

    Attributes:
        waived: findings that a decision in force waives.
        stale: what they are about is no longer found.
        expired: they waived a finding that is still found, and their day has passed; it is open again.
        contradicted: said to be fixed, still found.
        resting: pairs judged false and not found this time; kept, because such a pair must not come back.
        unjudged: nobody can tell, because their check was skipped or crashed, or a part of the dataset was audited.
        moved: matched by the pair, which another check reports now.
        superseded: how many are overruled by a later one about the same thing.
    """

    verdicts: Mapping[str, int]
    waived: int = 0
    stale: tuple[Decision, ...] = ()
    expired: tuple[Decision, ...] = ()
    contradicted: tuple[Decision, ...] = ()
    resting: tuple[Decision, ...] = ()
    unjudged: tuple[Decision, ...] = ()
    moved: tuple[Decision, ...] = ()
    superseded: int = 0

    def as_metrics(self) -> dict[str, Any]:
        """The report as JSON values."""
        lists = ("stale", "expired", "contradicted", "resting", "unjudged", "moved")
        return {
            "verdicts": dict(self.verdicts),
            "waived": self.waived,
            "superseded": self.superseded,
            **{name: [_as_json(decision) for decision in getattr(self, name)] for name in lists},
        }


def apply_decisions(
    findings: Iterable[Finding],
    outcomes: Iterable[CheckOutcome],
    decisions: Sequence[Decision],
    today: date,
    docs: Docs,
    *,
    whole: bool = True,
) -> tuple[tuple[Finding, ...], tuple[CheckOutcome, ...], DecisionReport]:
    """Waives the findings that were judged false or accepted; of several decisions about one thing the last counts.

    A decision is matched by the finding's key, and one about two images by the pair as well, in any order of the ids:
    judged false it waives whatever check reports the pair, otherwise the checks for one and the same picture.

    Args:
        findings, outcomes: of one audit; earlier statuses do not matter.
        decisions: in the order of their file.
        today: decides what has expired.
        docs: what is known about the checks, by code.
        whole: False where a part of the dataset was audited, so that nothing is stale for not being found.
    """
    outcomes = tuple(outcomes)
    in_force = _in_force(decisions, docs)
    decided: list[Finding] = []
    met: dict[int, list[Finding]] = {}
    waived: Counter[str] = Counter()
    for finding in findings:
        known = {in_force[handle] for handle in handles_of(finding, docs) if handle in in_force}
        for number in known:
            met.setdefault(number, []).append(finding)
        decision = decisions[max(known)] if known else None
        is_waived = decision is not None and decision.verdict.waives and not decision.is_expired(today)
        waived[finding.check] += is_waived
        decided.append(replace(finding, status=FindingStatus.WAIVED if is_waived else FindingStatus.OPEN))
    counted = tuple(replace(outcome, waived=waived[outcome.code]) for outcome in outcomes)
    report = _report(decisions, sorted(set(in_force.values())), met, outcomes, today, whole)
    return tuple(decided), counted, replace(report, waived=waived.total())


def undecided(
    findings: Iterable[Finding], decisions: Sequence[Decision], today: date, docs: Docs
) -> tuple[Finding, ...]:
    """The findings that nobody decided about, or whose decision expired or said that they were fixed."""
    in_force = _in_force(decisions, docs)
    open_ones = []
    for finding in findings:
        known = [in_force[handle] for handle in handles_of(finding, docs) if handle in in_force]
        last = decisions[max(known)] if known else None
        if last is None or last.is_expired(today) or last.verdict is DecisionVerdict.FIXED:
            open_ones.append(finding)
    return tuple(open_ones)


def decide(
    finding: Finding, verdict: DecisionVerdict, reason: str, who: str, when: date, expires: date | None = None
) -> Decision:
    """A decision about this finding, with what a person needs to know it again."""
    about = (finding.img_id, finding.question, finding.answer, finding.related)
    return Decision(finding.key, finding.check, verdict, reason, who, when, expires, *about)


def handles_of(finding: Finding, docs: Docs) -> tuple[Handle, ...]:
    """By what a decision may be recognised as being about this finding."""
    handles: list[Handle] = [("key", finding.key)]
    kind = _pair_kind(finding.check, docs)
    if kind is not None and len(set(finding.related)) == 2:
        pair = tuple(sorted(finding.related))
        if kind is not PairKind.CONFLICTING_ANSWERS:
            handles += [("pair", *pair), (kind, *pair)]
        elif finding.question is not None:
            handles += [("pair", *pair), _answers(pair, finding.question)]
    return tuple(handles)


def _in_force(decisions: Sequence[Decision], docs: Docs) -> dict[Handle, int]:
    """Handle → the number of the last decision about it."""
    latest: dict[Handle, int] = {}
    for number, decision in enumerate(decisions):
        latest["key", decision.key] = number
        kind = _pair_kind(decision.check, docs)
        if kind is None or len(set(decision.related)) != 2:
            continue
        pair = tuple(sorted(decision.related))
        if kind is not PairKind.CONFLICTING_ANSWERS:
            latest[kind, *pair] = number
            if decision.verdict is DecisionVerdict.FALSE_POSITIVE:
                latest["pair", *pair] = number
            elif kind is PairKind.SAME_PICTURE:
                latest.pop(("pair", *pair), None)
        elif decision.question is not None:
            latest[_answers(pair, decision.question)] = number
    return latest


def _pair_kind(check: str, docs: Docs) -> PairKind | None:
    doc = docs.get(check)
    return None if doc is None else doc.pair


def _answers(pair: tuple[str, ...], question: str) -> Handle:
    return ("answers", *pair, " ".join(question.split()).casefold())


def _report(
    decisions: Sequence[Decision],
    in_force: Sequence[int],
    met: Mapping[int, list[Finding]],
    outcomes: Iterable[CheckOutcome],
    today: date,
    whole: bool,
) -> DecisionReport:
    not_judged = {o.code for o in outcomes if o.outcome in (OutcomeStatus.SKIPPED, OutcomeStatus.ERRORED)}
    sorted_by: dict[str, list[Decision]] = {}
    for number in in_force:
        decision = decisions[number]
        if number in met:
            names = _of_a_met_one(decision, met[number], today)
        else:
            names = _of_one_not_met(decision, whole and decision.check not in not_judged)
        for name in names:
            sorted_by.setdefault(name, []).append(decision)
    return DecisionReport(
        verdicts={verdict.value: sum(d.verdict is verdict for d in decisions) for verdict in DecisionVerdict},
        superseded=len(decisions) - len(in_force),
        **{name: tuple(them) for name, them in sorted_by.items()},  # type: ignore[arg-type]
    )


def _of_a_met_one(decision: Decision, findings: Iterable[Finding], today: date) -> list[str]:
    names = []
    if decision.verdict.waives and decision.is_expired(today):
        names.append("expired")
    if decision.verdict is DecisionVerdict.FIXED:
        names.append("contradicted")
    if decision.check not in {finding.check for finding in findings}:
        names.append("moved")
    return names


def _of_one_not_met(decision: Decision, judged: bool) -> list[str]:
    if decision.verdict is DecisionVerdict.FIXED:
        return []
    if decision.verdict is DecisionVerdict.FALSE_POSITIVE and len(set(decision.related)) == 2:
        return ["resting"]
    return ["stale" if judged else "unjudged"]


def _as_json(decision: Decision) -> dict[str, Any]:
    record = asdict(decision)
    days = {name: day.isoformat() if (day := record[name]) else None for name in ("when", "expires")}
    return {**record, **days, "verdict": decision.verdict.value, "related": list(decision.related)}
