"""Records of a review come in; records of the API go out, with every text of the dataset made visible."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any, Literal

from kvqa_audit.client import review_records as wire
from kvqa_audit.release.merging import Merged
from kvqa_audit.report.text import shown
from kvqa_audit.reviews.measures import Measures
from kvqa_audit.reviews.queue import Filters, Progress
from kvqa_audit.store.review_records import Item, ReviewDecision
from kvqa_audit.store.review_tables import ItemState
from kvqa_audit.web import reviews as work
from kvqa_audit.web.reviewers import Learnt
from kvqa_audit.web.reviews import Desk

_FIRST = 5


def filters_of(sent: wire.ReviewFilters, assignee: int | None) -> Filters:
    state = ItemState(sent.state) if sent.state else None
    texts = {name: getattr(sent, name).replace("\0", "") for name in ("check", "source", "question", "answer")}
    return Filters(**texts, state=state, assignee=assignee, blocking_first=sent.blocking_first)


def progress(told: Progress) -> wire.ReviewProgress:
    return wire.ReviewProgress(**asdict(told))


def review(desk: Desk, told: Progress, choices: Mapping[str, Sequence[tuple[str, int]]]) -> wire.Review:
    words = {
        name: [wire.ReviewChoice(word=word, waiting=number) for word, number in found]
        for name, found in choices.items()
    }
    return wire.Review(
        dataset=desk.dataset.id,
        state=desk.state,
        reason=desk.reason,
        run=desk.review.run,
        needed=desk.review.needed,
        version=desk.review.version,
        progress=progress(told),
        choices=words,
    )


def state_of(one: Item) -> Literal["open", "disputed", "settled"]:
    """How far a thing is; one that measures reviewers looks like any other."""
    if one.state is ItemState.SETTLED:
        return "settled"
    return "disputed" if one.state is ItemState.DISPUTED else "open"


def item(
    one: Item,
    body: Mapping[str, Any],
    told: Iterable[ReviewDecision],
    alike: Iterable[tuple[ReviewDecision, Item]],
) -> wire.ReviewItem:
    place = f"/api/v1/review/items/{one.id}"
    return wire.ReviewItem(
        id=one.id,
        version=one.version,
        state=state_of(one),
        round=one.round,
        blocks=one.blocks,
        settles=len(one.findings),
        about=work.in_few_words(one),
        sheet=_visible(body),
        # The run in the address makes a browser ask anew when another one is reviewed.
        pictures=[f"{place}/pictures/{n}?run={one.run}" for n in range(len(body["pictures"]))],
        pairs=[f"{place}/pairs/{n}" for n in range(len(body["pairs"]))],
        said=[_said(other, one) for other in told],
        similar=[_said(other, about) for other, about in alike],
    )


def preview(found: Sequence[Item], settled: int) -> wire.ReviewPreview:
    return wire.ReviewPreview(
        seen=[wire.ReviewSeen(id=one.id, version=one.version) for one in found],
        findings=sum(len(one.findings) for one in found),
        settled=settled,
        first=[work.in_few_words(one) for one in found[:_FIRST]],
    )


def measures(told: Measures) -> wire.ReviewMeasures:
    return wire.ReviewMeasures(
        overall=wire.ReviewAgreement(**asdict(told.overall)),
        checks={code: wire.ReviewAgreement(**asdict(one)) for code, one in told.checks.items()},
        pairs={", ".join(names): wire.ReviewAgreement(**asdict(one)) for names, one in told.pairs.items()},
        reviewers={name: wire.Measured(**asdict(one)) for name, one in told.reviewers.items()},
        known={name: wire.ReviewScore(**asdict(one)) for name, one in told.known.items()},
    )


def known(one: Item) -> wire.ReviewKnown:
    assert one.known is not None
    return wire.ReviewKnown(
        id=one.id, check=one.check, about=work.in_few_words(one), known=one.known.value, decided=one.decided
    )


def learnt(told: Learnt) -> wire.ReviewLearnt:
    precision = {
        code: wire.ReviewPrecision(
            right=one.right,
            wrong=one.wrong,
            share=None if one.share is None else wire.Measured(**asdict(one.share)),
            in_words=one.in_words(),
            advice=one.advice(code),
        )
        for code, one in told.precision.items()
    }
    names = wire.ReviewErrorRate.model_fields
    rates = [wire.ReviewErrorRate(**{name: rate[name] for name in names}) for rate in told.error_rates]
    return wire.ReviewLearnt(run=told.run, precision=precision, error_rates=rates)


def merged(told: Merged) -> wire.ReviewMerged:
    conflicts = [shown(work.conflict_in_words(one)) for one in told.conflicts]
    return wire.ReviewMerged(added=len(told.added), removed=len(told.removed), conflicts=conflicts)


def _said(other: ReviewDecision, about: Item) -> wire.ReviewSaid:
    return wire.ReviewSaid(
        who=other.who,
        at=other.at,
        verdict=other.verdict.value,
        reason=shown(other.reason),
        until=other.until,
        answer=shown(other.correction["answer"]) if other.correction else None,
        about=work.in_few_words(about),
    )


def _visible(value: Any) -> Any:
    """The same JSON values, with control and direction characters spelt out."""
    if isinstance(value, str):
        return shown(value, 1_000)
    if isinstance(value, Mapping):
        return {name: _visible(one) for name, one in value.items()}
    return [_visible(one) for one in value] if isinstance(value, list) else value
