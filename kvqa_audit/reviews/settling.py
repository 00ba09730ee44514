"""What people said about one thing comes in; whether that settles it goes out."""

from __future__ import annotations

from collections.abc import Sequence

from kvqa_audit.store.review_records import ReviewDecision
from kvqa_audit.store.review_tables import ItemState, ReviewVerdict


def settled(said: Sequence[ReviewDecision], needed: int) -> tuple[ItemState, ReviewDecision | None]:
    """How far a thing is decided, and the decision that holds; None before it is settled.

    The first `needed` people do not see what the others say. Where they agree, the last of them settles it. Where they
    do not, or one of them does not know, the first who knows of those behind them does.

    Args:
        said: the decisions about it, in their order, none that was taken back.
        needed: how many people have to decide.
    """
    if len(said) < needed:
        return ItemState.OPEN, None
    unseen, later = said[:needed], said[needed:]
    if len({_meaning(one) for one in unseen}) == 1 and unseen[0].verdict is not ReviewVerdict.UNSURE:
        return ItemState.SETTLED, unseen[-1]
    last = next((one for one in later if one.verdict is not ReviewVerdict.UNSURE), None)
    return (ItemState.DISPUTED, None) if last is None else (ItemState.SETTLED, last)


def _meaning(one: ReviewDecision) -> tuple[str, tuple[tuple[str, str], ...]]:
    return one.verdict.value, tuple(sorted(one.correction.items()))
