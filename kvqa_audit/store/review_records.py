"""What the service keeps about a review: a record for each row of its tables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from kvqa_audit.model import Severity
from kvqa_audit.store.review_tables import ItemState, ReviewVerdict


@dataclass(frozen=True, slots=True)
class Review:
    """How a dataset is reviewed.

    Attributes:
        dataset: its id.
        needed: how many people decide about each thing, without seeing what the others said.
        run: whose findings are the queue; None before the first.
        version: counts the edits.
    """

    dataset: int
    needed: int = 1
    run: str | None = None
    version: int = 0


@dataclass(frozen=True, slots=True)
class Item:
    """One thing to decide about: a finding, or all that was found about a group of pictures.

    Attributes:
        run, place, size: where its sheet lies: the run's file of sheets, and the bytes in it.
        findings: what a decision names of each finding that it settles, and the evidence that it rests on.
        decided: how many decided in this round.
        round: counts how often it was opened.
        version: of what is decided about; it stays while others decide unseen.
        known: the verdict that is right, where it measures reviewers.
        settled_by: the decision that holds.
        written: the decision that the dataset's decisions have.
    """

    id: int
    dataset: int
    key: str
    run: str
    place: int
    size: int
    check: str
    severity: Severity
    source: str
    question: str
    answer: str
    findings: list[dict[str, Any]]
    blocks: bool
    weight: float
    state: ItemState
    decided: int
    round: int
    version: int
    assignee: int | None
    known: ReviewVerdict | None
    settled_by: int | None
    written: int | None


@dataclass(frozen=True, slots=True)
class ReviewDecision:
    """What one person said about one thing.

    Attributes:
        round: of the item, when it was said.
        findings: those of the thing, as they were then.
        third: said after others had disagreed, knowing what they said.
        batch: those of one batch were said, and are taken back, together.
        correction: the right answer: img_id, question, old_answer and answer; empty where there is none.
        undone_by: who took it back.
    """

    id: int
    dataset: int
    item: int
    round: int
    run: str
    user: int
    who: str
    at: datetime
    verdict: ReviewVerdict
    reason: str
    until: date | None
    correction: Mapping[str, str]
    findings: list[dict[str, Any]]
    third: bool
    batch: str
    idempotency_key: str
    undone_by: str | None
    undone_at: datetime | None


@dataclass(frozen=True, slots=True)
class Words:
    """What somebody says about a thing; `correction` is the right answer in place of the stored one."""

    verdict: ReviewVerdict
    reason: str
    until: date | None = None
    correction: Mapping[str, str] = field(default_factory=dict)
