"""The lists hold every descriptor once; who reads them reads no part twice, and all parts where the lists are few."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kvqa_audit.duplicates import inverted_lists
from kvqa_audit.duplicates.fields import Float
from kvqa_audit.duplicates.inverted_lists import LISTS_READ, InvertedLists


def descriptors(seed: int, count: int, kinds: int) -> Float:
    """Descriptors of unit length, some equal, of as many kinds."""
    rng = np.random.default_rng(seed)
    found = rng.normal(size=(kinds, 7))[rng.integers(0, kinds, count)]
    found += rng.normal(size=(count, 7)) * rng.choice([0, 1])
    return (found / np.linalg.norm(found, axis=1, keepdims=True)).astype(np.float32)


@given(seed=st.integers(0, 2**32), count=st.integers(1, 120), kinds=st.integers(1, 9), columns=st.integers(1, 50))
@settings(max_examples=60)
def test_every_descriptor_stands_once_and_is_read_at_most_once(seed, count, kinds, columns) -> None:
    given_ones, wanted = descriptors(seed, count, kinds), descriptors(seed + 1, 5, kinds)
    lists = InvertedLists.of(given_ones)
    assert sorted(lists.position.tolist()) == list(range(count))
    assert (lists.descriptors == given_ones[lists.position]).all()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(inverted_lists, "_MAX_COLUMNS", columns)
        read = [
            (asking, place)
            for asked, part in lists.reads(wanted)
            for asking in asked.tolist()
            for place in range(part.start, part.stop)
        ]
    assert len(set(read)) == len(read)
    if len(lists.centres) <= LISTS_READ:
        assert len(read) == len(wanted) * count


@given(seed=st.integers(0, 2**32), count=st.integers(50, 200))
@settings(max_examples=20)
def test_a_descriptor_that_was_given_is_found_again(seed, count) -> None:
    given_ones = descriptors(seed, count, 9)
    lists = InvertedLists.of(given_ones)
    found = {
        asking
        for asked, part in lists.reads(given_ones)
        for asking in asked.tolist()
        if asking in lists.position[part].tolist()
    }
    assert found == set(range(count))
