"""A finished audit and what was decided since come in; what keeps it back, and what could flip that, go out."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from sqlalchemy import select

from kvqa_audit.jobs.dataset_decisions import bring_up_to_date
from kvqa_audit.jobs.dataset_texts import policy_of
from kvqa_audit.model import CheckOutcome, Finding, FindingStatus
from kvqa_audit.release.decisions import Decision, DecisionVerdict
from kvqa_audit.release.outlook import Outlook, outlook_of
from kvqa_audit.store.cells import fetched
from kvqa_audit.store.findings import findings_at
from kvqa_audit.store.records import StoredFinding
from kvqa_audit.store.tables import FINDINGS, OUTCOMES
from kvqa_audit.web.audits import Audit, Record, record_of
from kvqa_audit.web.site import Site


@dataclass(frozen=True, slots=True)
class GateState:
    """The gate of one finished audit: its own verdict, and what decisions could still do.

    `undecided` are the positions of the findings that keep it back and that nobody has decided about, in their order.
    """

    record: Record
    outlook: Outlook
    undecided: tuple[int, ...]


def decided_audit(site: Site, audit: Audit) -> Audit:
    """The audit, its dataset with all that reviewers settled until now."""
    return replace(audit, dataset=bring_up_to_date(site.store, audit.dataset.id, audit.dataset))


def gate_state(site: Site, audit: Audit) -> GateState:
    """What keeps a finished audit back.

    Raises:
        UnknownError: the audit has no verdict, or its files are gone.
        SpecError: the dataset's gate or decisions cannot be read any more.
    """
    run = audit.finished_run
    record = record_of(site, run)
    policy = policy_of(audit.dataset.settings, record.described_by)
    decisions = site.decisions.of(audit.dataset.id, audit.dataset.settings.decisions or "")
    with site.store.reading() as connection:
        columns = [OUTCOMES.c[name] for name in CheckOutcome.__dataclass_fields__]
        told = fetched(connection, select(*columns).where(OUTCOMES.c.run == run.id).order_by(OUTCOMES.c.position))
        c = FINDINGS.c
        of = select(c.key, c.check, c.severity, c.position).where(c.run == run.id, c.status == FindingStatus.OPEN)
        rows = fetched(connection, of.order_by(c.position))
        doubted = select(c.position).where(c.run == run.id, c.decided_on.is_not(None))
        changed = [one.finding for one in findings_at(connection, run.id, doubted)]
    findings = [Finding(row["check"], row["severity"], "", key=row["key"]) for row in rows]
    decided = {key: one.verdict for key, one in latest(decisions, changed).items()}
    outlook = outlook_of([CheckOutcome(**row) for row in told], findings, policy, record.standing, decided)
    wanted = outlook.undecided
    return GateState(record, outlook, tuple(row["position"] for row in rows if row["key"] in wanted))


def undecided_findings(
    site: Site, audit: Audit, state: GateState, *, after: int = -1, limit: int = 25
) -> tuple[StoredFinding, ...]:
    """The next findings that keep the version back and that nobody has decided about."""
    first = bisect_right(state.undecided, after)
    run, c = audit.finished_run.id, FINDINGS.c
    places = select(c.position).where(c.run == run, c.position.in_(state.undecided[first : first + limit]))
    with site.store.reading() as connection:
        return findings_at(connection, run, places)


def latest(
    decisions: Sequence[Decision], changed: Iterable[Finding] = (), today: date | None = None
) -> Mapping[str, Decision]:
    """Key → the last decision about it, of those that are in force and say what it is.

    Args:
        decisions: in their order.
        changed: the findings that were decided on other evidence; what was not decided anew about them does not hold.
        today: decides which are over; None is today.
    """
    today = today or date.today()
    last = {one.key: one for one in decisions if not one.is_expired(today)}
    gone = {finding.key for finding in changed if finding.key in last and last[finding.key].changes_in(finding)}
    return {key: one for key, one in last.items() if key not in gone and one.verdict is not DecisionVerdict.UNSURE}
