"""What pictures look like comes in; the pictures nearest to one of them, each of another group, go out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

NEAREST = 3


def nearest_places(looks: np.ndarray[Any, Any], groups: np.ndarray[Any, Any], place: int) -> tuple[int, ...]:
    """The places of the nearest pictures, nearest first, none of the picture's own group and one of each other.

    Args:
        looks: of all pictures, (n, k), NaN where there is none.
        groups: the group of each picture; copies share one.
        place: of the picture in question.
    """
    import numpy as np

    if np.isnan(looks[place, 0]):
        return ()
    apart = ((looks - looks[place]) ** 2).sum(axis=1)
    apart[(groups == groups[place]) | np.isnan(apart)] = np.inf
    found: list[int] = []
    for other in np.argsort(apart, kind="stable").tolist():
        if len(found) == NEAREST or not np.isfinite(apart[other]):
            break
        if groups[other] not in groups[found]:
            found.append(other)
    return tuple(found)
