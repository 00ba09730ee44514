"""Nominated pairs come in; they are verified part by part, in children where there are any; the outcome goes out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields

import numpy as np

from kvqa_audit.duplicates.fields import Fields
from kvqa_audit.duplicates.nominate import Nominations
from kvqa_audit.duplicates.verify import Verified, verify
from kvqa_audit.engine.executor import Executor

PAIRS_PER_PART = 512


@dataclass(frozen=True)
class Part:
    """Some of the pairs, from number `start` on, and the fields of their pictures alone."""

    start: int
    fields: Fields
    nominations: Nominations


def verify_in_parts(all_fields: Fields, nominations: Nominations, pool: Executor | None = None) -> Verified:
    """As `verify`; how the pairs are parted does not depend on the children, so neither does the outcome.

    Args:
        pool: the children; None, or few pairs, does everything in this process, as it does what a child is lost with.

    Raises:
        WorkerError: no child can be started.
    """
    starts = range(0, len(nominations.view), PAIRS_PER_PART)
    if len(starts) < 2:
        return verify(all_fields, nominations)
    count = len(nominations.view)
    # Made at once: small arrays kept one after the other would lie between the large ones of each part, as gaps.
    together = Verified(np.empty((count, 2, 3)), *np.empty((5, count)))
    open_starts = set(starts)

    def keep(start: int, found: Verified) -> None:
        for one in fields(Verified):
            values = getattr(found, one.name)
            getattr(together, one.name)[start : start + len(values)] = values
        open_starts.remove(start)

    if pool is not None:
        for answer in pool.map_unordered(verify_part, (_part(all_fields, nominations, start) for start in starts)):
            if answer.value is not None:
                keep(answer.task.start, answer.value)
    for start in sorted(open_starts):
        part = _part(all_fields, nominations, start)
        keep(start, verify(part.fields, part.nominations))
    return together


def verify_part(part: Part, done: frozenset[int]) -> Iterator[Verified]:
    """The outcome of one part, in a child."""
    if not done:
        yield verify(part.fields, part.nominations)


def _part(all_fields: Fields, nominations: Nominations, start: int) -> Part:
    chosen = slice(start, start + PAIRS_PER_PART)
    viewed, plain = nominations.viewed[chosen], nominations.plain[chosen]
    pictures, number = np.unique(np.concatenate((viewed, plain)), return_inverse=True)
    held = Fields(**{one.name: getattr(all_fields, one.name)[pictures] for one in fields(Fields)})
    pairs = Nominations(
        number[: len(viewed)], number[len(viewed) :], nominations.view[chosen], nominations.score[chosen]
    )
    return Part(start, held, pairs)
