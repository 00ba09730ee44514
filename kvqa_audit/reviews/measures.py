"""What people said about the things of a dataset comes in; how far they agree, and who was right how often, go out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, select

from kvqa_audit.model.estimate import Estimate
from kvqa_audit.release.agreement import (
    Agreement,
    KnownScore,
    Rating,
    agreement,
    agreement_by_check,
    agreement_by_pair,
    agreement_by_reviewer,
    known_scores,
)
from kvqa_audit.store.review_tables import REVIEW_DECISIONS, REVIEW_ITEMS, ReviewVerdict


@dataclass(frozen=True, slots=True)
class Measures:
    """How reviewers of one dataset agree where nobody saw what the others said, and how they judged known things."""

    overall: Agreement
    checks: Mapping[str, Agreement]
    pairs: Mapping[tuple[str, str], Agreement]
    reviewers: Mapping[str, Estimate]
    known: Mapping[str, KnownScore]


def measures_of(connection: Connection, dataset: int) -> Measures:
    """The measures of all rounds; who did not know, and who decided knowing what others said, is left out."""
    c, d = REVIEW_ITEMS.c, REVIEW_DECISIONS.c
    unseen = (d.dataset == dataset, d.undone_at.is_(None), d.third.is_(False), d.verdict != ReviewVerdict.UNSURE)
    wanted = select(d.item, d.round, c.check, d.who, d.verdict, c.known).join(REVIEW_ITEMS, c.id == d.item)
    ratings, known = [], {}
    for row in connection.execute(wanted.where(*unseen).order_by(d.id)):
        thing = f"{row.item}.{row.round}"
        ratings.append(Rating(thing, row.check, row.who, row.verdict.value))
        if row.known is not None:
            known[thing] = row.known.value
    return Measures(
        agreement(ratings),
        agreement_by_check(ratings),
        agreement_by_pair(ratings),
        agreement_by_reviewer(ratings),
        known_scores(ratings, known, ReviewVerdict.CONFIRMED.value),
    )
