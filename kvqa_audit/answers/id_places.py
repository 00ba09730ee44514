"""The ids of images come in; their places in one order, whatever the order of the rows, go out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def id_places(ids: Sequence[str]) -> NDArray[np.int64]:
    """The place of each id, from 0: the shorter first, so that 9 comes before 10, then by its letters.

    Ids are mostly given as images are collected, so batches lie side by side in this order; a table that is sorted
    otherwise, or shuffled, tells the same.
    """
    import numpy as np

    places = np.empty(len(ids), dtype=np.int64)
    places[sorted(range(len(ids)), key=lambda number: (len(ids[number]), ids[number]))] = np.arange(len(ids))
    return places
