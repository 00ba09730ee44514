"""Who asks, a finding and a verdict about it come in; the decision is kept, signed with the name of who made it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from fastapi import Request
from sqlalchemy import select
from starlette.datastructures import FormData

from kvqa_audit.errors import ConflictError, SpecError
from kvqa_audit.model import Finding
from kvqa_audit.release.decisions import DecisionVerdict
from kvqa_audit.release.decisions import decide as decision_about
from kvqa_audit.reviews.decisions_text import decide
from kvqa_audit.store.access_tables import Role
from kvqa_audit.store.findings import findings_at
from kvqa_audit.store.job_records import Dataset
from kvqa_audit.store.tables import FINDINGS
from kvqa_audit.web.audits import Audit, seen_audit
from kvqa_audit.web.errors import UnknownError
from kvqa_audit.web.forms import one_of, text_of
from kvqa_audit.web.gate import decided_audit
from kvqa_audit.web.site import Site, site_of
from kvqa_audit.web.who import Caller

_TRIES = 5
MAX_REASON = 2_000


@dataclass(frozen=True, slots=True)
class Said:
    """What somebody says about a finding; a decision that waives may end after a day."""

    verdict: DecisionVerdict
    reason: str
    expires: date | None = None


def decision_fields(form: FormData) -> Said:
    """What a form says about a finding.

    Raises:
        SpecError: a field cannot be read.
    """
    day = text_of(form, "expires").strip()
    try:
        expires = date.fromisoformat(day) if day else None
    except ValueError:
        raise SpecError(f"until: '{day[:20]}' is no day; it looks like 2030-12-31") from None
    verdict = one_of(DecisionVerdict, text_of(form, "verdict"), "verdict")
    return said(verdict, text_of(form, "reason"), expires)


def said(verdict: DecisionVerdict, reason: str, expires: date | None) -> Said:
    """
    Raises:
        SpecError: the reason is missing or too long.
    """
    reason = " ".join(reason.split())
    if not reason or len(reason) > MAX_REASON:
        raise SpecError(f"reason: give one, of at most {MAX_REASON:,} characters; who comes later wants to know why")
    return Said(verdict, reason, expires if verdict.waives else None)


def decide_about(request: Request, caller: Caller, number: int, key: str, words: Said) -> Dataset:
    """Keeps a decision about a finding of an audit.

    Raises:
        ForbiddenError: the caller is no reviewer of the dataset.
        UnknownError: the audit has no such finding.
        ConflictError: others edit the dataset again and again; nothing was lost.
    """
    site = site_of(request)
    for turn in range(_TRIES):
        # Read anew each time: a decision is added to what stands there, whoever wrote it.
        audit = decided_audit(site, seen_audit(site, caller, number, Role.REVIEWER, "write"))
        found = _finding(site, audit, key)
        decision = decision_about(found, words.verdict, words.reason, caller.name, site.now().date(), words.expires)
        try:
            made = decide(site.store, audit.dataset, decision)
        except ConflictError:
            if turn == _TRIES - 1:
                raise
            continue
        told = {"dataset": made.id, "check": found.check, "key": key, "verdict": words.verdict.value}
        site.log(request, caller.name, "decided", made.settings.name, **told)
        return made
    raise AssertionError


def _finding(site: Site, audit: Audit, key: str) -> Finding:
    run = audit.finished_run
    with site.store.reading() as connection:
        place = select(FINDINGS.c.position).where(FINDINGS.c.run == run.id, FINDINGS.c.key == key).limit(1)
        found = findings_at(connection, run.id, place)
    if not found:
        raise UnknownError("This audit has no such finding.")
    return found[0].finding
