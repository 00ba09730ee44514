"""The curve of distances counts exactly what brute force counts, whatever the hashes look like."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kvqa_audit.duplicates import hash_distances
from kvqa_audit.duplicates.hash_distances import HASH_BITS, Hashes, hashes_from_hex, pairs_by_distance


def random_hashes(rng: np.random.Generator, count: int) -> Hashes:
    return rng.integers(0, 256, (count, 32), dtype=np.uint8)


def clustered_hashes(rng: np.random.Generator, count: int) -> Hashes:
    """A few centres, each hash some flipped bits away from one of them."""
    centres = random_hashes(rng, 3)
    bits = np.unpackbits(centres[rng.integers(0, 3, count)], axis=1)
    flips = rng.random((count, 256)) < rng.uniform(0, 0.12, (count, 1))
    return np.packbits(bits ^ flips, axis=1)


def degenerate_hashes(rng: np.random.Generator, count: int) -> Hashes:
    """Nearly empty hashes, many of them equal: what flat pictures give."""
    return np.packbits(rng.random((count, 256)) < rng.choice([0.0, 0.004, 0.05]), axis=1)


@given(
    seed=st.integers(0, 2**32),
    count=st.integers(0, 60),
    kind=st.sampled_from((random_hashes, clustered_hashes, degenerate_hashes)),
    rows=st.integers(1, 70),
)
@settings(max_examples=60)
def test_equals_brute_force_however_it_is_cut(seed, count, kind, rows) -> None:
    hashes = kind(np.random.default_rng(seed), count)
    numbers = [int.from_bytes(row.tobytes(), "big") for row in hashes]
    expected = [0] * (HASH_BITS + 1)
    for first, second in combinations(numbers, 2):
        expected[(first ^ second).bit_count()] += 1
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(hash_distances, "_DISTANCES_PER_BLOCK", rows * max(1, count))
        assert pairs_by_distance(hashes).tolist() == expected


def test_what_is_no_hash_is_named() -> None:
    with pytest.raises(ValueError, match="'abc'"):
        hashes_from_hex(["0" * 64, "abc"])
