"""Keys come in, such as digests of files; classes of things with one key, and their pairs, go out."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Sequence
from itertools import combinations

MAX_CLASS_WITH_ALL_PAIRS = 2_000

Classes = list[list[int]]


def classes_of(keys: Iterable[Hashable | None]) -> Classes:
    """The numbers of things with equal keys, in classes of two or more; what has no key is in none."""
    first: dict[Hashable, int] = {}
    found: dict[int, list[int]] = {}
    for number, key in enumerate(keys):
        if key is not None and (start := first.setdefault(key, number)) != number:
            found.setdefault(start, [start]).append(number)
    return [found[start] for start in sorted(found)]


def all_pairs(members: Sequence[int], limit: int = MAX_CLASS_WITH_ALL_PAIRS) -> Iterator[tuple[int, int]]:
    """All n(n-1)/2 pairs of a class; of a class above the limit only those with its first member."""
    if len(members) <= limit:
        yield from combinations(members, 2)
    else:
        yield from ((members[0], other) for other in members[1:])
