"""A finished audit and what was decided since come in; what keeps it back, and what could flip that, go out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import ColumnElement, func, select

from kvqa_audit.jobs.dataset_texts import decisions_of, policy_of
from kvqa_audit.model import CheckOutcome, FindingStatus, Severity
from kvqa_audit.release.blocking import limit_floor, tolerated
from kvqa_audit.release.decisions import Decision, DecisionVerdict
from kvqa_audit.spec.release import Release
from kvqa_audit.store.cells import fetched
from kvqa_audit.store.findings import findings_at
from kvqa_audit.store.records import StoredFinding
from kvqa_audit.store.tables import FINDINGS, OUTCOMES
from kvqa_audit.web.audits import Audit, Record, record_of
from kvqa_audit.web.site import Site


@dataclass(frozen=True, slots=True)
class Blocker:
    """One check that keeps the version back.

    Attributes:
        code, reason: the check, and the verdict's words about it.
        blocking: its open findings that count at the gate.
        tolerated: how many of them the policy lets pass.
        waived: how many were decided to be no defect, or accepted, since the audit.
        confirmed: how many were confirmed to be defects: those have to be corrected.
    """

    code: str
    reason: str
    blocking: int
    tolerated: int
    waived: int
    confirmed: int

    @property
    def undecided(self) -> int:
        return self.blocking - self.waived - self.confirmed

    @property
    def needed(self) -> int:
        """How many more findings have to be waived until the check lets pass."""
        return max(0, self.blocking - self.waived - self.tolerated)

    @property
    def can_flip(self) -> bool:
        return self.needed <= self.undecided


@dataclass(frozen=True, slots=True)
class GateState:
    """The gate of one finished audit, by its own verdict and by what was decided since.

    `fixed_reasons` keep it back whatever is decided about findings.
    """

    record: Record
    blockers: tuple[Blocker, ...]
    fixed_reasons: tuple[str, ...]
    decided_since: int

    @property
    def needed(self) -> int:
        return sum(one.needed for one in self.blockers)

    @property
    def could_be_ready(self) -> bool:
        return not self.fixed_reasons and all(one.can_flip for one in self.blockers)

    @property
    def outlook(self) -> str:
        """In one sentence, what decisions could still do."""
        if self.record.ready:
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
        if not self.needed:
            return "With what was decided since, it would be ready: start an audit to make it so."
        undecided = sum(one.undecided for one in self.blockers)
        findings = f"{self.needed:,} of {undecided:,} undecided findings"
        return f"It could still become ready: {findings} would have to be decided as accepted or as no defect."


def gate_state(site: Site, audit: Audit) -> GateState:
    """What keeps a finished audit back.

    Raises:
        UnknownError: the audit has no verdict, or its files are gone.
        SpecError: the dataset's gate or decisions cannot be read any more.
    """
    run = audit.finished_run
    record = record_of(site, run)
    policy = policy_of(audit.dataset.settings, record.described_by)
    decided = latest(decisions_of(audit.dataset.settings))
    blockers = []
    with site.store.reading() as connection:
        columns = [OUTCOMES.c[name] for name in CheckOutcome.__dataclass_fields__]
        rows = fetched(
            connection, select(*columns).where(OUTCOMES.c.run == run.id, OUTCOMES.c.code.in_(record.blockers))
        )
        for row in sorted(rows, key=lambda row: record.blockers.index(row["code"])):
            outcome = CheckOutcome(**row)
            of = _blocking(run.id, outcome, policy)
            number = connection.execute(select(func.count()).select_from(FINDINGS).where(*of)).scalar_one()
            keys = [key for key, one in decided.items() if one.check == outcome.code]
            there = connection.execute(select(FINDINGS.c.key).where(*of, FINDINGS.c.key.in_(keys))).scalars().all()
            words = [decided[key].verdict for key in there]
            reason = next((r for r in record.reasons if r.startswith(outcome.code)), outcome.name)
            confirmed = sum(word in (DecisionVerdict.CONFIRMED, DecisionVerdict.FIXED) for word in words)
            waived = sum(word.waives for word in words)
            blockers.append(Blocker(outcome.code, reason, number, tolerated(outcome, policy), waived, confirmed))
    codes = tuple(record.blockers)
    others = tuple(reason for reason in record.reasons if not codes or not reason.startswith(codes))
    return GateState(record, tuple(blockers), others, sum(one.waived + one.confirmed for one in blockers))


def undecided_findings(
    site: Site, audit: Audit, state: GateState, *, after: int = -1, limit: int = 25
) -> tuple[StoredFinding, ...]:
    """The next findings that keep the version back and that nobody has decided about."""
    run = audit.finished_run
    policy = policy_of(audit.dataset.settings, state.record.described_by)
    decided = list(latest(decisions_of(audit.dataset.settings)))
    found: list[StoredFinding] = []
    with site.store.reading() as connection:
        columns = [OUTCOMES.c[name] for name in CheckOutcome.__dataclass_fields__]
        rows = fetched(
            connection, select(*columns).where(OUTCOMES.c.run == run.id, OUTCOMES.c.code.in_(state.record.blockers))
        )
        for outcome in (CheckOutcome(**row) for row in rows):
            of = [*_blocking(run.id, outcome, policy), FINDINGS.c.position > after, FINDINGS.c.key.not_in(decided)]
            places = select(FINDINGS.c.position).where(*of).order_by(FINDINGS.c.position).limit(limit)
            found += findings_at(connection, run.id, places)
    return tuple(sorted(found, key=lambda one: one.position)[:limit])


def latest(decisions: Sequence[Decision], today: date | None = None) -> Mapping[str, Decision]:
    """Key → the last decision about it, of those that are in force."""
    today = today or date.today()
    return {one.key: one for one in decisions if not one.is_expired(today)}


def _blocking(run: str, outcome: CheckOutcome, policy: Release) -> list[ColumnElement[bool]]:
    """The open findings of a check that count at the gate."""
    if outcome.code in policy.limits:
        floor = limit_floor(outcome)
    else:
        words = [word for word in (policy.fail_on, policy.no_new) if word not in (None, "never")]
        floor = min((Severity(word) for word in words if word), key=lambda one: one.rank, default=Severity.ERROR)
    grave = [one for one in Severity if one.rank >= floor.rank]
    c = FINDINGS.c
    return [c.run == run, c.check == outcome.code, c.status == FindingStatus.OPEN, c.severity.in_(grave)]
