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

HASH_BITS = 256
BLOCKWISE_MAX_HASHES = 20_000
CANDIDATES_PER_BLOCK = 1 << 20

_WORDS = HASH_BITS // 64
_BANDS = 16
_BAND_BITS = HASH_BITS // _BANDS
_MAX_FLIPS = 3

Indices = NDArray[np.int64]
Hashes = NDArray[np.uint8]


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


def pairs_within(hashes: Hashes, radius_bits: int) -> HashPairs:
    """Every pair of the n hashes, (n, 32) uint8, at most `radius_bits` apart.

    Exact for every radius below 64 bits at any n, and for every radius up to 20,000 hashes. Memory is bounded by the
    hashes, one block of candidates and the result. Collapse equal hashes first (`distinct`): the result of m equal
    ones holds m(m-1)/2 pairs.

    Raises:
        ValueError: more than 20,000 hashes at a radius of 64 bits or more.
    """
    words = np.ascontiguousarray(hashes).view(np.uint64).reshape(-1, _WORDS)
    if len(words) <= BLOCKWISE_MAX_HASHES:
        found = list(_blockwise(words, radius_bits))
    elif radius_bits // _BANDS > _MAX_FLIPS:
        raise ValueError(f"{len(words)} hashes can be searched up to {_BANDS * (_MAX_FLIPS + 1) - 1} bits only")
    else:
        found = list(_by_bands(hashes, words, radius_bits))
    return _collected(found, len(words))


Found = tuple[Indices, Indices, Indices]


def _collected(found: list[Found], count: int) -> HashPairs:
    if not found:
        empty = np.empty(0, np.int64)
        return HashPairs(empty, empty, empty)
    first, second, distance = (np.concatenate(part) for part in zip(*found, strict=True))
    key, chosen = np.unique(np.minimum(first, second) * count + np.maximum(first, second), return_index=True)
    return HashPairs(key // count, key % count, distance[chosen])


def _blockwise(words: NDArray[np.uint64], radius_bits: int) -> Iterator[Found]:
    rows = max(1, CANDIDATES_PER_BLOCK // max(1, len(words)))
    columns = np.ascontiguousarray(words.T)
    for start in range(0, len(words), rows):
        block = words[start : start + rows]
        distance = np.zeros((len(block), len(words) - start), np.uint16)
        for word in range(_WORDS):
            distance += np.bitwise_count(block[:, word, None] ^ columns[word, None, start:])
        first, second = np.nonzero(distance <= radius_bits)
        ahead = second > first
        first, second = first[ahead], second[ahead]
        yield first + start, second + start, distance[first, second].astype(np.int64)


def _by_bands(hashes: Hashes, words: NDArray[np.uint64], radius_bits: int) -> Iterator[Found]:
    bands = _balanced_bands(hashes)
    flips = radius_bits // _BANDS
    masks = [
        sum(1 << bit for bit in bits) for size in range(flips + 1) for bits in combinations(range(_BAND_BITS), size)
    ]
    for band in range(_BANDS):
        values = bands[:, band]
        order = np.argsort(values, kind="stable")
        table = _BandTable(values[order], order, words[order])
        for mask in masks:
            yield from table.neighbours(mask, radius_bits)


def _balanced_bands(hashes: Hashes) -> NDArray[np.uint16]:
    """The hashes as 16 bands, (n, 16): bits are dealt by how evenly they split, so that no band is a giant bucket."""
    set_share = np.zeros(HASH_BITS)
    for start in range(0, len(hashes), CANDIDATES_PER_BLOCK // 16):
        set_share += np.unpackbits(hashes[start : start + CANDIDATES_PER_BLOCK // 16], axis=1).sum(axis=0)
    evenness = np.abs(set_share / len(hashes) - 0.5)
    dealt = np.argsort(evenness, kind="stable").reshape(_BAND_BITS, _BANDS).T.reshape(-1)
    bands = np.empty((len(hashes), _BANDS), np.uint16)
    for start in range(0, len(hashes), CANDIDATES_PER_BLOCK // 16):
        bits = np.ascontiguousarray(np.unpackbits(hashes[start : start + CANDIDATES_PER_BLOCK // 16], axis=1)[:, dealt])
        bands[start : start + len(bits)] = np.packbits(bits, axis=1).view(np.uint16)
    return bands


@dataclass(frozen=True)
class _BandTable:
    """One band, sorted: its values, the inputs' positions and their hashes, in the order of the values."""

    values: NDArray[np.uint16]
    order: Indices
    words: NDArray[np.uint64]

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
                yield self._verified(low, high, start, candidates, radius_bits)
            low = high

    def _verified(self, low: int, high: int, start: Indices, candidates: Indices, radius_bits: int) -> Found:
        repeats = candidates[low:high]
        first = np.repeat(np.arange(low, high), repeats)
        offset = np.arange(len(first)) - np.repeat(np.cumsum(repeats) - repeats, repeats)
        second = start[first] + offset
        distance = np.bitwise_count(self.words[first] ^ self.words[second]).sum(axis=1, dtype=np.int64)
        near = distance <= radius_bits
        return self.order[first[near]], self.order[second[near]], distance[near]
