"""The range search finds exactly what brute force finds, whatever the hashes look like."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kvqa_audit.duplicates import search
from kvqa_audit.duplicates.search import Hashes, HashPairs, distinct, pairs_within

RADII = (0, 1, 8, 15, 16, 31, 32, 47)


def brute_force(hashes: Hashes, radius_bits: int) -> set[tuple[int, int, int]]:
    numbers = [int.from_bytes(row.tobytes(), "big") for row in hashes]
    return {
        (i, j, distance)
        for i, first in enumerate(numbers)
        for j in range(i + 1, len(numbers))
        if (distance := (first ^ numbers[j]).bit_count()) <= radius_bits
    }


def listed(pairs: HashPairs) -> list[tuple[int, int, int]]:
    return list(zip(pairs.left.tolist(), pairs.right.tolist(), pairs.distance_bits.tolist(), strict=True))


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


def lopsided_hashes(rng: np.random.Generator, count: int) -> Hashes:
    """Half of the bits never change, so that plain bands would be giant buckets."""
    hashes = random_hashes(rng, count)
    hashes[:, :16] = 0
    return hashes


KINDS = (random_hashes, clustered_hashes, degenerate_hashes, lopsided_hashes)


@pytest.mark.parametrize("method", ["blockwise", "bands"])
@given(seed=st.integers(0, 2**32), count=st.integers(0, 60), kind=st.sampled_from(KINDS), radius=st.sampled_from(RADII))
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_equals_brute_force(monkeypatch, method, seed, count, kind, radius) -> None:
    monkeypatch.setattr(search, "BLOCKWISE_MAX_HASHES", 10**6 if method == "blockwise" else 0)
    monkeypatch.setattr(search, "CANDIDATES_PER_BLOCK", 64)
    hashes = kind(np.random.default_rng(seed), count)
    found = listed(pairs_within(hashes, radius))
    assert found == sorted(brute_force(hashes, radius))


@given(seed=st.integers(0, 2**32), kind=st.sampled_from(KINDS), jobs=st.integers(1, 3), bands=st.booleans())
@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_the_number_of_jobs_does_not_matter(monkeypatch, seed, kind, jobs, bands) -> None:
    monkeypatch.setattr(search, "BLOCKWISE_MAX_HASHES", 0 if bands else 10**6)
    monkeypatch.setattr(search, "CANDIDATES_PER_BLOCK", 64)
    hashes = kind(np.random.default_rng(seed), 60)
    assert listed(pairs_within(hashes, 31, jobs=jobs)) == sorted(brute_force(hashes, 31))


@pytest.mark.parametrize("radius", RADII)
def test_finds_a_pair_exactly_at_the_radius_and_none_beyond(monkeypatch, radius) -> None:
    monkeypatch.setattr(search, "BLOCKWISE_MAX_HASHES", 0)
    rng = np.random.default_rng(radius)
    hashes = random_hashes(rng, 400)
    for row, distance in ((1, radius), (3, radius + 1)):
        bits = np.unpackbits(hashes[row - 1])
        bits[rng.permutation(256)[:distance]] ^= 1
        hashes[row] = np.packbits(bits)
    assert listed(pairs_within(hashes, radius)) == [(0, 1, radius)]


def test_a_radius_that_many_hashes_cannot_be_searched_at_is_refused(monkeypatch) -> None:
    monkeypatch.setattr(search, "BLOCKWISE_MAX_HASHES", 1)
    with pytest.raises(ValueError, match="up to 63 bits"):
        pairs_within(random_hashes(np.random.default_rng(0), 3), 64)


@given(seed=st.integers(0, 2**32), count=st.integers(1, 40))
@settings(max_examples=30)
def test_collapsed_hashes_give_every_input_back(seed, count) -> None:
    hashes = degenerate_hashes(np.random.default_rng(seed), count)
    collapsed = distinct(hashes)
    assert (collapsed.hashes[collapsed.position] == hashes).all()
    assert len({row.tobytes() for row in collapsed.hashes}) == len(collapsed.hashes)
