"""256-bit hashes come in; every pair within a Hamming radius goes out, exactly.

Small sets are compared blockwise. Larger ones go through band tables (multi-index hashing, Norouzi et al. 2012): of
16 bands of 16 bits, two hashes at most `radius` apart differ in at most `radius // 16` bits in at least one band.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from kvqa_audit.duplicates.blocks import THREADS, in_blocks

HASH_BITS = 256
BLOCKWISE_MAX_HASHES = 20_000
CANDIDATES_PER_BLOCK = 1 << 16

_WORDS = HASH_BITS // 64
_BANDS = 16
_BAND_BITS = HASH_BITS // _BANDS
_MAX_FLIPS = 3
_HASHES_PER_BLOCK = 1 << 16

Indices = NDArray[np.int64]
Hashes = NDArray[np.uint8]
Words = NDArray[np.uint64]


@dataclass(frozen=True, slots=True)
class HashPairs:
    """Pairs of positions, `left` < `right`, each once and sorted, with their distance; three arrays of one length."""

    left: Indices
    right: Indices
    distance_bits: Indices


@dataclass(frozen=True, slots=True)
class DistinctHashes:
    """Equal hashes collapsed: the distinct ones, (m, 32) uint8, and for each input its position among them, (n,)."""

    hashes: Hashes
    position: Indices


def hashes_from_hex(hex_digests: list[str]) -> Hashes:
    """(n, 32) uint8 from n hashes of 64 hex digits; a ValueError names the first that is not one."""
    for digest in hex_digests:
        if len(digest) * 4 != HASH_BITS:
            raise ValueError(f"not a hash of {HASH_BITS} bits: {digest!r}")
    return np.frombuffer(bytes.fromhex("".join(hex_digests)), np.uint8).reshape(-1, HASH_BITS // 8)


def distinct(hashes: Hashes) -> DistinctHashes:
    """Collapses equal hashes, (n, 32) uint8, so that a thousand black frames cost as much as one."""
    found, position = np.unique(np.ascontiguousarray(hashes), axis=0, return_inverse=True)
    return DistinctHashes(found, position.reshape(-1).astype(np.int64))


def pairs_within(hashes: Hashes, radius_bits: int, *, jobs: int = THREADS) -> HashPairs:
    """Every pair of the n hashes, (n, 32) uint8, at most `radius_bits` apart; the same whatever `jobs`.

    Exact for every radius below 64 bits at any n, and for every radius up to 20,000 hashes. Memory is bounded by the
    hashes, the result, and for each job one band table and one block of candidates. Collapse equal hashes first
    (`distinct`): the result of m equal ones holds m(m-1)/2 pairs.

    Raises:
        ValueError: more than 20,000 hashes at a radius of 64 bits or more.
    """
    words = np.ascontiguousarray(hashes).view(np.uint64).reshape(-1, _WORDS)
    found: list[Found] = []
    if len(words) <= BLOCKWISE_MAX_HASHES:
        rows = max(1, CANDIDATES_PER_BLOCK // max(1, len(words)))
        columns = np.ascontiguousarray(words.T)
        in_blocks(lambda block: found.extend(_blockwise(words, columns, block, radius_bits)), len(words), rows, jobs)
    elif radius_bits // _BANDS > _MAX_FLIPS:
        raise ValueError(f"{len(words)} hashes can be searched up to {_BANDS * (_MAX_FLIPS + 1) - 1} bits only")
    else:
        bands = _balanced_bands(hashes)
        in_blocks(lambda block: found.extend(_within_band(bands, words, block.start, radius_bits)), _BANDS, 1, jobs)
    return _collected(found, len(words))


Found = tuple[Indices, Indices, Indices]


def _collected(found: list[Found], count: int) -> HashPairs:
    if not found:
        empty = np.empty(0, np.int64)
        return HashPairs(empty, empty, empty)
    first, second, distance = (np.concatenate(part) for part in zip(*found, strict=True))
    key, chosen = np.unique(np.minimum(first, second) * count + np.maximum(first, second), return_index=True)
    return HashPairs(key // count, key % count, distance[chosen])


def _blockwise(words: Words, columns: Words, block: slice, radius_bits: int) -> list[Found]:
    """Pairs of the rows in a block with every later row; `columns` is the transpose of `words`."""
    rows = words[block]
    distance = np.zeros((len(rows), len(words) - block.start), np.uint16)
    for word in range(_WORDS):
        distance += np.bitwise_count(rows[:, word, None] ^ columns[word, None, block.start :])
    first, second = np.nonzero(distance <= radius_bits)
    ahead = second > first
    first, second = first[ahead], second[ahead]
    if not len(first):
        return []
    return [(first + block.start, second + block.start, distance[first, second].astype(np.int64))]


def _within_band(bands: NDArray[np.uint16], words: Words, band: int, radius_bits: int) -> list[Found]:
    """Pairs within the radius that differ in few enough bits of one band."""
    flips = radius_bits // _BANDS
    masks = [
        sum(1 << bit for bit in bits) for size in range(flips + 1) for bits in combinations(range(_BAND_BITS), size)
    ]
    values = bands[:, band]
    order = np.argsort(values, kind="stable")
    table = _BandTable(values[order], order, np.ascontiguousarray(words[order].T))
    return [found for mask in masks for found in table.neighbours(mask, radius_bits)]


def _balanced_bands(hashes: Hashes) -> NDArray[np.uint16]:
    """The hashes as 16 bands, (n, 16): bits are dealt by how evenly they split, so that no band is a giant bucket."""
    set_share = np.zeros(HASH_BITS)
    for start in range(0, len(hashes), _HASHES_PER_BLOCK):
        set_share += np.unpackbits(hashes[start : start + _HASHES_PER_BLOCK], axis=1).sum(axis=0)
    evenness = np.abs(set_share / len(hashes) - 0.5)
    dealt = np.argsort(evenness, kind="stable").reshape(_BAND_BITS, _BANDS).T.reshape(-1)
    bands = np.empty((len(hashes), _BANDS), np.uint16)
    for start in range(0, len(hashes), _HASHES_PER_BLOCK):
        bits = np.ascontiguousarray(np.unpackbits(hashes[start : start + _HASHES_PER_BLOCK], axis=1)[:, dealt])
        bands[start : start + len(bits)] = np.packbits(bits, axis=1).view(np.uint16)
    return bands


@dataclass(frozen=True)
class _BandTable:
    """One band, sorted: its values, the inputs' positions and their hashes, (4, n), in the order of the values."""

    values: NDArray[np.uint16]
    order: Indices
    words: Words

    def neighbours(self, mask: int, radius_bits: int) -> Iterator[Found]:
        """Pairs within the radius whose bands differ in exactly the bits of `mask`."""
        count = len(self.values)
        partner = self.values ^ np.uint16(mask)
        end = np.searchsorted(self.values, partner, side="right")
        if mask:
            start = np.searchsorted(self.values, partner, side="left")
            # A pair meets twice, once from either side; it is taken from the side with the smaller value.
            end = np.where(self.values < partner, end, start)
        else:
            start = np.arange(1, count + 1)
        candidates = end - start
        total = np.concatenate(([0], np.cumsum(candidates)))
        low = 0
        while low < count:
            high = max(low + 1, int(np.searchsorted(total, total[low] + CANDIDATES_PER_BLOCK, side="right")) - 1)
            if total[high] > total[low]:
                found = self._verified(low, high, start, candidates, radius_bits)
                if len(found[0]):
                    yield found
            low = high

    def _verified(self, low: int, high: int, start: Indices, candidates: Indices, radius_bits: int) -> Found:
        repeats = candidates[low:high]
        ends = np.cumsum(repeats)
        second = np.arange(ends[-1])
        second += np.repeat(start[low:high] - (ends - repeats), repeats)
        distance = np.zeros(len(second), np.uint8)
        # Half of the bits rule nearly every candidate out; the other half is then looked up for the rest.
        for word in self.words[: _WORDS // 2]:
            differing = np.repeat(word[low:high], repeats)
            differing ^= word[second]
            distance += np.bitwise_count(differing)
        near = np.flatnonzero(distance <= radius_bits)
        first, second = low + np.searchsorted(ends, near, side="right"), second[near]
        total = np.bitwise_count(self.words[:, first] ^ self.words[:, second]).sum(axis=0, dtype=np.int64)
        within = total <= radius_bits
        return self.order[first[within]], self.order[second[within]], total[within]
