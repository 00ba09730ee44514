"""A judged audit and what was decided about its findings since come in; what could still make it ready goes out."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from kvqa_audit.model import CheckOutcome, Finding, FindingStatus, Severity
from kvqa_audit.release.blocking import tolerated
from kvqa_audit.release.decisions import DecisionVerdict
from kvqa_audit.release.gate import Standing, Verdict, judge
from kvqa_audit.spec.release import Release


@dataclass(frozen=True, slots=True)
class Blocker:
    """One check, or a limit on several of them, that keeps the version back.

    Attributes:
        code: the check, or what the limit is on: a family of checks, or a severity.
        is_check: whether it is one check.
        reason: the verdict's words about it.
        keys: its open findings that count at the gate.
        tolerated: how many of them the policy lets pass.
        never_tolerated: how many of them block however many are tolerated, because they are new.
        waived: the keys of those that were decided to be no defect, or accepted, since the audit.
        confirmed: the keys of those that were confirmed to be defects: they have to be corrected.
    """

    code: str
    is_check: bool
    reason: str
    keys: tuple[str, ...]
    tolerated: int
    never_tolerated: frozenset[str]
    waived: frozenset[str]
    confirmed: frozenset[str]

    @property
    def undecided(self) -> tuple[str, ...]:
        return tuple(key for key in self.keys if key not in self.waived and key not in self.confirmed)

    @property
    def needed(self) -> int:
        """How many more findings have to be waived until it lets pass."""
        left = len(self.keys) - len(self.waived)
        return max(0, left - self.tolerated, len(self.never_tolerated - self.waived))

    @property
    def can_flip(self) -> bool:
        return self.needed <= len(self.undecided) and not self.never_tolerated & self.confirmed

    def would_suffice(self, chosen: Collection[str]) -> list[str]:
        """Undecided findings that let it pass once they are waived beside those that are chosen already."""
        left = [key for key in self.undecided if key not in chosen]
        number = self.needed - (len(self.undecided) - len(left))
        must = [key for key in left if key in self.never_tolerated]
        return must + [key for key in left if key not in self.never_tolerated][: max(0, number - len(must))]


@dataclass(frozen=True, slots=True)
class Outlook:
    """What decisions could still do for one finished audit.

    Attributes:
        ready: whether the audit was, with the decisions of its time.
        blockers: what keeps it back.
        fixed_reasons: what keeps it back whatever is decided about findings.
        sufficient: the keys of undecided findings; once they are waived, no blocker is left.
    """

    ready: bool
    blockers: tuple[Blocker, ...]
    fixed_reasons: tuple[str, ...]
    sufficient: tuple[str, ...]

    @property
    def undecided(self) -> frozenset[str]:
        """The keys of the findings that keep it back and that nobody has decided about."""
        return frozenset(key for one in self.blockers for key in one.undecided)

    @property
    def decided_since(self) -> int:
        return len({key for one in self.blockers for key in one.waived | one.confirmed})

    @property
    def could_be_ready(self) -> bool:
        return not self.fixed_reasons and all(one.can_flip for one in self.blockers)

    @property
    def sentence(self) -> str:
        """In one sentence, what decisions could still do."""
        if self.ready:
            return "It is ready. No undecided finding could change that; only a new audit can."
        if not self.blockers:
            return "Decisions about findings cannot make it ready: what keeps it back is no finding."
        if not self.could_be_ready:
            stuck = [one.code for one in self.blockers if not one.can_flip]
            what = (
                f"confirmed defects of {', '.join(stuck)} have to be corrected"
                if stuck
                else "see what keeps it back beside them"
            )
            return f"Decisions alone cannot make it ready: {what}."
        if not self.sufficient:
            return "With what was decided since, it would be ready: start an audit to make it so."
        findings = f"{len(self.sufficient):,} of {len(self.undecided):,} undecided findings"
        return f"It could still become ready: {findings} would have to be decided as accepted or as no defect."


def outlook_of(
    outcomes: Sequence[CheckOutcome],
    findings: Iterable[Finding],
    release: Release,
    standing: Standing,
    decided: Mapping[str, DecisionVerdict],
) -> Outlook:
    """What could still make an audit ready, judged as the gate does.

    Args:
        outcomes: what came of every check.
        findings: its open findings; of each, key, check and severity count.
        release: the policy.
        standing: what the gate has to know beside them.
        decided: what was decided since, by the finding's key.
    """
    is_open = FindingStatus.OPEN
    opened = tuple(one if one.status is is_open else replace(one, status=is_open) for one in findings)
    verdict = judge(outcomes, opened, release, standing)
    blockers = (*_by_check(verdict, release, standing, decided), *_together(verdict, decided))
    sufficient: dict[str, None] = {}
    for one in blockers:
        sufficient.update(dict.fromkeys(one.would_suffice(sufficient)))
    return Outlook(verdict.ready, blockers, judge(outcomes, (), release, standing).reasons, tuple(sufficient))


def _by_check(
    verdict: Verdict, release: Release, standing: Standing, decided: Mapping[str, DecisionVerdict]
) -> Iterable[Blocker]:
    of: dict[str, list[Finding]] = {}
    for finding in verdict.blocking:
        if finding.key in verdict.alone:
            of.setdefault(finding.check, []).append(finding)
    outcomes = {outcome.code: outcome for outcome in verdict.blockers}
    for code, found in of.items():
        keys = tuple(finding.key for finding in found)
        new = frozenset(finding.key for finding in found if _blocks_if_new(finding, release, standing))
        number = tolerated(outcomes[code], release)
        yield Blocker(code, True, _reason(verdict, code), keys, number, new, *_decided(keys, decided))


def _together(verdict: Verdict, decided: Mapping[str, DecisionVerdict]) -> Iterable[Blocker]:
    for one in verdict.together:
        keys = tuple(finding.key for finding in one.findings)
        reason = _reason(verdict, f"{one.name}: ", f"checks {one.name}: ")
        yield Blocker(one.name, False, reason, keys, one.tolerated, frozenset(), *_decided(keys, decided))


def _blocks_if_new(finding: Finding, release: Release, standing: Standing) -> bool:
    if release.no_new is None or finding.severity.rank < Severity(release.no_new).rank:
        return False
    return standing.new is None or finding.key in standing.new


def _decided(keys: Iterable[str], decided: Mapping[str, DecisionVerdict]) -> tuple[frozenset[str], frozenset[str]]:
    """Those that were waived, and those that were confirmed."""
    words = {key: decided[key] for key in keys if key in decided}
    waived = frozenset(key for key, word in words.items() if word.waives)
    return waived, frozenset(words.keys() - waived)


def _reason(verdict: Verdict, *begins: str) -> str:
    return next((reason for reason in verdict.reasons if reason.startswith(begins)), begins[0])
