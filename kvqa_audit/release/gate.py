"""Outcomes and the release policy come in; one verdict goes out: may this version be released, and if not, why."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from kvqa_audit.model import (
    JUDGED,
    CheckOutcome,
    Finding,
    FindingStatus,
    OutcomeStatus,
    Severity,
    Tally,
    VerdictRecord,
)
from kvqa_audit.model.counts import count_findings
from kvqa_audit.release.blocking import Together, blocking_findings, limit_floor, limited_together
from kvqa_audit.release.codes import codes_in
from kvqa_audit.release.precision import Precision
from kvqa_audit.release.sentence import plural, sentence_of
from kvqa_audit.spec.release import Limit, Release

NOT_CHECKED = (OutcomeStatus.SKIPPED, OutcomeStatus.VACUOUS, OutcomeStatus.ERRORED)


@dataclass(frozen=True)
class Verdict:
    """May it be released; the outcomes that block, that warn, and that were not judged; and each reason in words.

    Outcomes whose findings are informative only stand in none of the three. `blocking` are the findings that keep it
    back, and `tally` counts all findings: every output takes its numbers from there. `together` are the exceeded limits
    on several checks, `alone` the keys of the findings that block because of their own check. `spared` says of each
    check that would block, were it trusted, how often people found it wrong.

    `exit_code` is 0 clean, 1 findings at or above the gate, 3 incomplete; 3 wins over 1.
    """

    ready: bool
    sentence: str
    blockers: tuple[CheckOutcome, ...]
    warnings: tuple[CheckOutcome, ...]
    not_checked: tuple[CheckOutcome, ...]
    exit_code: int
    reasons: tuple[str, ...]
    blocking: tuple[Finding, ...] = ()
    together: tuple[Together, ...] = ()
    alone: frozenset[str] = frozenset()
    spared: tuple[str, ...] = ()
    tally: Tally = field(default_factory=Tally)

    def record(self) -> VerdictRecord:
        """The verdict as an audit's record keeps it."""
        blockers, warnings, not_checked = (
            tuple(outcome.code for outcome in outcomes) for outcomes in (self.blockers, self.warnings, self.not_checked)
        )
        return VerdictRecord(
            self.ready, self.sentence, self.reasons, blockers, warnings, not_checked, self.tally.total, self.spared
        )


@dataclass(frozen=True, slots=True)
class Standing:
    """What the gate has to know beside outcomes and findings.

    `facts` maps what a policy may require (licence, citation, split) to what is stated, "" where nothing is. `new`
    holds the keys of the open findings that the baseline does not know, None where there is no baseline, whose date
    is `since`. `stale` and `expired` count the decisions about findings that are gone, or whose time is over. `titles`
    says in words what a check finds, by code; one that is not there is named as the program does. `precision` is how
    often the checks were right, as far as people judged their findings.
    """

    facts: Mapping[str, str] = field(default_factory=dict)
    new: frozenset[str] | None = None
    since: str = ""
    stale: int = 0
    expired: int = 0
    titles: Mapping[str, str] = field(default_factory=dict)
    precision: Mapping[str, Precision] = field(default_factory=dict)


UNKNOWN = Standing()


def judge(
    outcomes: Iterable[CheckOutcome], findings: Iterable[Finding], release: Release, standing: Standing = UNKNOWN
) -> Verdict:
    """Judges one audit. A required check that was skipped, vacuous or errored blocks, like a failed one.

    A check that the policy does not trust, by the whole interval of its precision, warns and does not block.

    Args:
        outcomes: what came of every check.
        findings: all findings; those that somebody decided about do not block.
        release: the policy.
        standing: what is known about the dataset's facts, the baseline and the decisions.
    """
    outcomes, findings = tuple(outcomes), tuple(findings)
    opened = tuple(finding for finding in findings if finding.status is FindingStatus.OPEN)
    named = _names(standing.titles, opened)
    distrusted = _distrusted(release, standing)
    trusted = tuple(finding for finding in opened if finding.check not in distrusted)
    defects = _too_many(outcomes, trusted, release, named)
    new = _new_findings(trusted, release, standing)
    together = [one for one in limited_together(trusted, outcomes, release) if _exceeded_together(one)]
    spared = _spared([one for one in opened if one.check in distrusted], outcomes, distrusted, release, standing, named)
    held = {finding.key for one in together for finding in one.findings}
    blocked = {*defects, *new, *(finding.check for one in together for finding in one.findings)}
    warned = _checks_with(opened, Severity.WARNING) - blocked
    unjudged = _unjudged(outcomes, release, named)
    crashed = {
        o.code: f"{named(o)}: the check crashed ({o.reason})"
        for o in outcomes
        if o.outcome is OutcomeStatus.ERRORED and o.code not in unjudged
    }
    facts = [f"the dataset states no {fact}" for fact in release.require if not standing.facts.get(fact)]
    decisions = _decisions(release, standing)
    any_judged = any(o.outcome in JUDGED for o in outcomes)
    incomplete = not any_judged or any(o.outcome is OutcomeStatus.ERRORED for o in outcomes)
    limits = [_exceeded_together(one) for one in together]
    parts = (defects.values(), new.values(), limits, unjudged.values(), crashed.values(), facts, decisions)
    reasons = [reason for part in parts for reason in part]
    if not any_judged:
        reasons.append("no check could be judged")
    counts = tuple(map(len, (defects, new, limits, unjudged, crashed, facts, decisions)))
    by_check = {f.key for f in blocking_findings(findings, outcomes, {*defects, *new}, release, standing.new)}
    blocking = tuple(finding for finding in findings if finding.key in by_check or finding.key in held)
    return Verdict(
        ready=not reasons,
        sentence=sentence_of(counts, len(spared)) if any_judged else "Not judged: no check could be run.",
        blockers=tuple(o for o in outcomes if o.code in blocked),
        warnings=tuple(o for o in outcomes if o.code in warned and o.outcome is OutcomeStatus.FAILED),
        not_checked=tuple(o for o in outcomes if o.outcome in NOT_CHECKED),
        exit_code=3 if incomplete else 1 if reasons else 0,
        reasons=tuple(reasons),
        blocking=blocking,
        together=tuple(together),
        alone=frozenset(by_check),
        spared=spared,
        tally=count_findings(findings, {finding.key for finding in blocking}),
    )


def _names(titles: Mapping[str, str], opened: Iterable[Finding]) -> Callable[[CheckOutcome], str]:
    """How reasons name a check: by its code and what it finds; where it looked at one thing, by what is wrong there."""
    messages = {finding.check: finding.message.rstrip(".") for finding in opened}

    def name(outcome: CheckOutcome) -> str:
        title = titles.get(outcome.code) or outcome.name
        return f"{outcome.code} {messages.get(outcome.code, title) if outcome.evaluated == 1 else title}"

    return name


def _distrusted(release: Release, standing: Standing) -> dict[str, Precision]:
    """The checks that the policy does not trust, and how often each was right."""
    least = release.least_precision
    return {} if least is None else {code: one for code, one in standing.precision.items() if one.is_below(least)}


def _spared(
    findings: Sequence[Finding],
    outcomes: Sequence[CheckOutcome],
    distrusted: Mapping[str, Precision],
    release: Release,
    standing: Standing,
    named: Callable[[CheckOutcome], str],
) -> tuple[str, ...]:
    """In words, what the checks that are not trusted would block with, and why they do not."""
    would = {**_new_findings(findings, release, standing), **_too_many(outcomes, findings, release, named)}
    told = [
        f"{reason}: warns and does not block, as it was {distrusted[code].in_words()} ({release.trust})"
        for code, reason in would.items()
    ]
    for one in limited_together(findings, outcomes, release):
        codes = sorted({finding.check for finding in one.findings})
        if codes:
            left_out = f"{len(one.findings):,} findings of {', '.join(codes)} do not count"
            told.append(f"{one.name}: {left_out}, as people found them wrong too often ({release.trust})")
    return tuple(told)


def _too_many(
    outcomes: Iterable[CheckOutcome],
    opened: Iterable[Finding],
    release: Release,
    named: Callable[[CheckOutcome], str],
) -> dict[str, str]:
    """The checks with more open findings than the policy tolerates, and the reason in words."""
    by_check: dict[str, list[Finding]] = {}
    for finding in opened:
        by_check.setdefault(finding.check, []).append(finding)
    reasons = {}
    for outcome in outcomes:
        limit = release.limits.get(outcome.code)
        if outcome.outcome is not OutcomeStatus.FAILED or (limit is None and release.fail_on == "never"):
            continue
        least = Severity(release.fail_on) if limit is None else limit_floor(outcome)
        number = sum(finding.severity.rank >= least.rank for finding in by_check.get(outcome.code, ()))
        said = f"{named(outcome)}: {number:,} of {outcome.evaluated:,}"
        if limit is not None:
            exceeded = _exceeded(limit, number, outcome.evaluated)
            if exceeded:
                reasons[outcome.code] = f"{said}, {exceeded}"
        elif number:
            reasons[outcome.code] = said
    return reasons


def _exceeded_together(one: Together) -> str:
    """In words which bound over several checks is exceeded; "" where none is."""
    exceeded = _exceeded(one.limit, len(one.findings), one.evaluated)
    what = "" if one.name in tuple(Severity) else "checks "
    return exceeded and f"{what}{one.name}: {len(one.findings):,} findings in all, {exceeded}"


def _exceeded(limit: Limit, found: int, evaluated: int) -> str:
    """In words which bound is exceeded; "" where none is."""
    if limit.count is not None and found > limit.count:
        return f"where at most {limit.count:,} are tolerated"
    # Findings where nothing was evaluated (a pair counted by its images, say) are more than any share.
    if limit.share is not None and found > limit.share * evaluated:
        return f"where at most {100 * limit.share:g} % are tolerated"
    return ""


def _new_findings(opened: Iterable[Finding], release: Release, standing: Standing) -> dict[str, str]:
    """The checks with findings that the baseline does not know, at or above the severity that the policy names."""
    if release.no_new is None:
        return {}
    least = Severity(release.no_new)
    enough = _at_least(least)
    since = f"since {standing.since}" if standing.since else "since the baseline"
    if standing.new is None:
        since = "and no baseline to compare with, so that all count as new"
    new = [f for f in opened if f.severity in enough and (standing.new is None or f.key in standing.new)]
    numbers = {code: counts.open for code, counts in count_findings(new).by_check.items()}
    kind = f"of severity {least.value}" + ("" if least is Severity.ERROR else " or above")
    return {
        code: f"{code}: {number:,} new {plural(number, 'finding')} {kind} {since}" for code, number in numbers.items()
    }


def _unjudged(
    outcomes: Iterable[CheckOutcome], release: Release, named: Callable[[CheckOutcome], str]
) -> dict[str, str]:
    """The required checks that were not judged, and why; one that the audit does not have at all, too."""
    by_code = {outcome.code: outcome for outcome in outcomes}
    reasons = {}
    for code in dict.fromkeys(release.required):
        outcome = by_code.get(code)
        if outcome is None:
            reasons[code] = f"{code}: required, but there is no such check in this audit"
        elif outcome.outcome in NOT_CHECKED:
            reasons[code] = f"{named(outcome)}: required, but {outcome.outcome.value} ({outcome.reason})"
    for code in release.limits:
        if code not in tuple(Severity) and not codes_in(code, by_code):
            reasons.setdefault(code, f"{code}: has a limit, but there is no such check in this audit")
    return reasons


def _decisions(release: Release, standing: Standing) -> list[str]:
    reasons = []
    for asked, number, what in (
        (release.fail_on_stale_decisions, standing.stale, "about findings that are gone"),
        (release.fail_on_expired_decisions, standing.expired, "whose time is over"),
    ):
        if asked and number:
            reasons.append(
                f"{number:,} {plural(number, 'decision')} {what}: renew or remove {plural(number, 'it', 'them')}"
            )
    return reasons


def _checks_with(findings: Iterable[Finding], least: Severity) -> set[str]:
    enough = _at_least(least)
    return {finding.check for finding in findings if finding.severity in enough}


def _at_least(least: Severity) -> frozenset[Severity]:
    return frozenset(severity for severity in Severity if severity.rank >= least.rank)
