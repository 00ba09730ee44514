"""The nearest pictures are of other groups, one of each."""

from __future__ import annotations

import numpy as np

from kvqa_audit.answers.nearest import nearest_places


def test_the_nearest_come_first_and_copies_are_left_out() -> None:
    looks = np.array([[0.0], [0.1], [0.2], [0.3], [9.0], [np.nan], [0.25]])
    groups = np.array([0, 0, 1, 2, 3, 4, 1])
    assert nearest_places(looks, groups, 0) == (2, 3, 4)
    assert nearest_places(looks, groups, 4) == (3, 6, 1)
    assert nearest_places(looks, groups, 5) == ()
