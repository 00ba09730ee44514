"""Who asks, a finding and a verdict about it come in; the decision is kept, signed with the name of who made it."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import date

from fastapi import Request
from starlette.datastructures import FormData

from kvqa_audit.errors import ConflictError, SpecError
from kvqa_audit.release.decisions import DecisionVerdict
from kvqa_audit.reviews import deciding
from kvqa_audit.reviews.deciding import Kept
from kvqa_audit.store.access_tables import Role
from kvqa_audit.store.review_records import Words
from kvqa_audit.store.review_tables import ReviewVerdict
from kvqa_audit.web.audits import seen_audit
from kvqa_audit.web.forms import one_of, text_of
from kvqa_audit.web.reviews import reviewer, seen_desk
from kvqa_audit.web.site import site_of
from kvqa_audit.web.who import Caller

# Who sends a decision waits for the findings to be laid out; who only looks does not.
_WAIT_SECONDS = 30.0
MAX_REASON = 2_000


@dataclass(frozen=True, slots=True)
class Said:
    """What somebody says about a finding; a decision that waives may end after a day."""

    verdict: ReviewVerdict
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
    verdict = one_of(ReviewVerdict, text_of(form, "verdict"), "verdict")
    return said(verdict, text_of(form, "reason"), expires)


def said(verdict: ReviewVerdict, reason: str, expires: date | None) -> Said:
    """
    Raises:
        SpecError: the reason is missing or too long.
    """
    reason = " ".join(reason.split())
    if not reason or len(reason) > MAX_REASON:
        raise SpecError(f"reason: give one, of at most {MAX_REASON:,} characters; who comes later wants to know why")
    return Said(verdict, reason, expires if DecisionVerdict(verdict.value).waives else None)


def decide_about(request: Request, caller: Caller, number: int, key: str, words: Said) -> Kept:
    """Keeps a decision about the thing to be reviewed that holds a finding of a dataset's last audit.

    Raises:
        ForbiddenError: the caller is no reviewer of the dataset.
        NotThereError: the audit has no such finding, or it was decided before.
        ConflictError: a later audit has ended, it is not laid out yet, or somebody settled it meanwhile.
    """
    site = site_of(request)
    audit = seen_audit(site, caller, number, Role.REVIEWER, "write")
    desk = seen_desk(site, caller, audit.dataset.id, wait_seconds=_WAIT_SECONDS)
    if desk.state != "ready":
        raise ConflictError(f"{desk.reason} Nothing was kept; decide again in a moment.")
    if desk.review.run != audit.finished_run.id:
        raise ConflictError("A later audit of this dataset has ended; decide about what that one found.")
    about = Words(words.verdict, words.reason, words.expires)
    made = deciding.decide_about(site.store, reviewer(caller), audit.dataset.id, key, about, uuid.uuid4().hex)
    site.writer.soon(audit.dataset.id)
    told = {"dataset": audit.dataset.id, "check": made.item.check, "key": key, "verdict": words.verdict.value}
    site.log(request, caller.name, "decided", audit.dataset.settings.name, **told)
    return made
