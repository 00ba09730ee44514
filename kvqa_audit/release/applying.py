"""Findings, and what people decided about them earlier, come in; findings that know it, and a report on it, go out."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date
from itertools import combinations
from typing import Any

from kvqa_audit.model import (
    CheckDoc,
    CheckOutcome,
    EvidenceChange,
    Finding,
    FindingDecision,
    FindingStatus,
    OutcomeStatus,
    PairKind,
)
from kvqa_audit.release.decisions import Decision, DecisionVerdict
from kvqa_audit.release.sample_unit import SAMPLED

Docs = Mapping[str, CheckDoc]
Handle = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class OnOtherEvidence:
    """A decision, and what is other today about a finding that it was made about."""

    decision: Decision
    changes: tuple[EvidenceChange, ...]


@dataclass(frozen=True, slots=True)
class DecisionReport:
    """What came of the decisions in one audit.

    Attributes:
        waived: findings that a decision in force waives.
        stale: what they are about is no longer found.
        expired: they waived a finding that is still found, and their day has passed; it is open again.
        other_evidence: what they are about rests on other evidence today; it is open again.
        contradicted: said to be fixed, still found.
        resting: pairs and groups judged false and not found this time; kept, because they must not come back.
        unjudged: nobody can tell, because their check was skipped or crashed, or a part of the dataset was audited.
        moved: matched by the pair, which another check reports now.
        superseded: how many are overruled by a later one about the same thing.
    """

    verdicts: Mapping[str, int]
    waived: int = 0
    stale: tuple[Decision, ...] = ()
    expired: tuple[Decision, ...] = ()
    other_evidence: tuple[OnOtherEvidence, ...] = ()
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
            "other_evidence": [
                {**_as_json(one.decision), "changes": [asdict(change) for change in one.changes]}
                for one in self.other_evidence
            ],
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

    A decision is matched by the finding's key, and one about images that show the same by its images as well, in any
    order of the ids: judged false it waives whatever check reports them, otherwise the checks for one and the same
    picture. A finding about a group is waived where every two of its images were decided about, as a pair or in a group
    that held both: so it opens again when an image joins, and stays waived when one leaves. A finding that rests on
    other evidence than was decided on (a picture replaced, another answer in the row, a rule reworded) is open again.

    Args:
        findings, outcomes: of one audit; earlier statuses do not matter.
        decisions: in the order of their file.
        today: decides what has expired.
        docs: what is known about the checks, by code.
        whole: False where a part of the dataset was audited, so that nothing is stale for not being found.
    """
    outcomes = tuple(outcomes)
    known = KnownDecisions(decisions, docs)
    decided: list[Finding] = []
    met: dict[int, list[Finding]] = {}
    waived: Counter[str] = Counter()
    for finding in findings:
        matched = known.about(finding)
        for number in matched.numbers:
            met.setdefault(number, []).append(finding)
        last = [None if number is None else decisions[number] for number in matched.last_of_each]
        is_waived = all(one is not None and one.verdict.waives and one.settles(finding, today) for one in last)
        waived[finding.check] += is_waived
        status = FindingStatus.WAIVED if is_waived else FindingStatus.OPEN
        decided.append(replace(finding, status=status, decision=_taken(finding, last)))
    counted = tuple(replace(outcome, waived=waived[outcome.code]) for outcome in outcomes)
    report = _report(decisions, known.in_force, met, outcomes, today, whole)
    return tuple(decided), counted, replace(report, waived=waived.total())


def undecided(
    findings: Iterable[Finding], decisions: Sequence[Decision], today: date, docs: Docs
) -> tuple[Finding, ...]:
    """The findings that no decision settles: see `Decision.settles`."""
    known = KnownDecisions(decisions, docs)

    def is_settled(finding: Finding) -> bool:
        last = known.about(finding).last_of_each
        return all(number is not None and decisions[number].settles(finding, today) for number in last)

    return tuple(finding for finding in findings if not is_settled(finding))


@dataclass(frozen=True, slots=True)
class Matched:
    """Which decisions, by number, are about a finding: all of them, and the last about each two of its images.

    Of a finding that is not about images that show the same there is one last decision; None where there is none.
    """

    numbers: frozenset[int]
    last_of_each: tuple[int | None, ...]


def _taken(finding: Finding, last: Iterable[Decision | None]) -> FindingDecision | None:
    """The decision to be told with a finding: of several one on other evidence, or else the one that ends first."""
    known = [decision for decision in last if decision is not None]
    if not known:
        return None
    first = min(known, key=lambda decision: (not decision.changes_in(finding), decision.expires or date.max))
    on_other = first.evidence_about(finding) if first.changes_in(finding) else None
    return FindingDecision(first.verdict.value, first.who, first.when, first.reason, first.expires, on_other)


class KnownDecisions:
    """What was decided, to be looked up by finding."""

    def __init__(self, decisions: Sequence[Decision], docs: Docs) -> None:
        self._decisions, self._docs = decisions, docs
        self._latest: dict[Handle, int] = {}
        self._by_image: dict[str, set[int]] = defaultdict(set)
        for number, decision in enumerate(decisions):
            self._note(number, decision)

    @property
    def in_force(self) -> list[int]:
        """The numbers of the decisions that no later one about the same thing overrules."""
        return sorted(set(self._latest.values()))

    def about(self, finding: Finding) -> Matched:
        """The decisions about a finding."""
        by_key = self._latest.get(("key", finding.key))
        only = Matched(frozenset() if by_key is None else frozenset([by_key]), (by_key,))
        kind, images = self._kind(finding.check), sorted(set(finding.related))
        if kind is None or len(images) < 2 or (kind is PairKind.CONFLICTING_ANSWERS and finding.question is None):
            return only
        touching = Counter(number for image in images for number in self._by_image.get(image, ()))
        relevant = [n for n, held in touching.items() if held > 1 and self._bears_on(n, kind, finding.question)]
        if not relevant or max(relevant) == by_key:
            return Matched(only.numbers.union(n for n in relevant if self._says(n, kind)), (by_key,))
        numbers: set[int] = set()
        last: list[int | None] = []
        for pair in combinations(images, 2):
            found = self._about_pair(kind, pair, finding.question) | only.numbers
            numbers |= found
            last.append(max(found, default=None))
        return Matched(frozenset(numbers), tuple(last))

    def _bears_on(self, number: int, kind: PairKind, question: str | None) -> bool:
        """Whether a decision may settle a finding of this kind, or take back one that did."""
        said = self._kind(self._decisions[number].check)
        if said is PairKind.CONFLICTING_ANSWERS and kind is said:
            return _folded(self._decisions[number].question or "") == _folded(question or "")
        return said is PairKind.SAME_PICTURE or self._says(number, kind)

    def _says(self, number: int, kind: PairKind) -> bool:
        decision = self._decisions[number]
        said = self._kind(decision.check)
        is_false = decision.verdict is DecisionVerdict.FALSE_POSITIVE and said is not PairKind.CONFLICTING_ANSWERS
        return said is kind or is_false

    def _kind(self, check: str) -> PairKind | None:
        doc = self._docs.get(check)
        return None if doc is None else doc.pair

    def _note(self, number: int, decision: Decision) -> None:
        self._latest["key", decision.key] = number
        kind, images = self._kind(decision.check), tuple(sorted(set(decision.related)))
        if kind is None or len(images) < 2:
            return
        for image in images:
            self._by_image[image].add(number)
        if kind is PairKind.SAME_PICTURE and decision.verdict is not DecisionVerdict.FALSE_POSITIVE:
            for handle in [known for known in self._latest if known[0] == "pair" and {*known[1:]} <= {*images}]:
                del self._latest[handle]
        if len(images) > 2:
            return
        if kind is not PairKind.CONFLICTING_ANSWERS:
            self._latest[kind, *images] = number
            if decision.verdict is DecisionVerdict.FALSE_POSITIVE:
                self._latest["pair", *images] = number
        elif decision.question is not None:
            self._latest[_answers(images, decision.question)] = number

    def _about_pair(self, kind: PairKind, pair: tuple[str, str], question: str | None) -> set[int]:
        """Decisions about these two images, or about a group that held both, which say something of this kind."""
        own = (
            (kind, *pair) if question is None or kind is not PairKind.CONFLICTING_ANSWERS else _answers(pair, question)
        )
        found = {self._latest[handle] for handle in (("pair", *pair), own) if handle in self._latest}
        is_same_after_all = False
        for number in sorted(self._by_image.get(pair[0], set()) & self._by_image.get(pair[1], set()), reverse=True):
            decision = self._decisions[number]
            said, is_false = self._kind(decision.check), decision.verdict is DecisionVerdict.FALSE_POSITIVE
            if len(set(decision.related)) > 2:
                if said is kind:
                    is_about_it = self._bears_on(number, kind, question)
                else:
                    is_about_it = self._says(number, kind) and not is_same_after_all
                if is_about_it:
                    found.add(number)
            is_same_after_all |= said is PairKind.SAME_PICTURE and not is_false
        return found


def _answers(pair: tuple[str, ...], question: str) -> Handle:
    return ("answers", *pair, _folded(question))


def _folded(question: str) -> str:
    return " ".join(question.split()).casefold()


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
    other_evidence = []
    for number in in_force:
        decision = decisions[number]
        if decision.check.startswith(SAMPLED):
            continue
        if number in met:
            changes = dict.fromkeys(change for finding in met[number] for change in decision.changes_in(finding))
            if changes:
                other_evidence.append(OnOtherEvidence(decision, tuple(changes)))
            names = _of_a_met_one(decision, met[number], today)
        else:
            names = _of_one_not_met(decision, whole and decision.check not in not_judged)
        for name in names:
            sorted_by.setdefault(name, []).append(decision)
    return DecisionReport(
        verdicts={verdict.value: sum(d.verdict is verdict for d in decisions) for verdict in DecisionVerdict},
        superseded=len(decisions) - len(in_force),
        other_evidence=tuple(other_evidence),
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
    if decision.verdict is DecisionVerdict.FALSE_POSITIVE and len(set(decision.related)) > 1:
        return ["resting"]
    return ["stale" if judged else "unjudged"]


def _as_json(decision: Decision) -> dict[str, Any]:
    record = asdict(replace(decision, evidence=None))
    days = {name: day.isoformat() if (day := record[name]) else None for name in ("when", "expires")}
    evidence = None if decision.evidence is None else decision.evidence.as_json()
    return {
        **record,
        **days,
        "verdict": decision.verdict.value,
        "related": list(decision.related),
        "evidence": evidence,
    }
