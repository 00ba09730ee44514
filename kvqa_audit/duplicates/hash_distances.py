"""256-bit hashes come in; how many of their pairs lie how many bits apart goes out, counted exactly."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from kvqa_audit.duplicates.blocks import THREADS, in_blocks

HASH_BITS = 256
_WORDS = HASH_BITS // 64
_DISTANCES_PER_BLOCK = 1 << 16

Hashes = NDArray[np.uint8]


def hashes_from_hex(hex_digests: list[str]) -> Hashes:
    """(n, 32) uint8 from n hashes of 64 hex digits; a ValueError names the first that is not one."""
    for digest in hex_digests:
        if len(digest) * 4 != HASH_BITS:
            raise ValueError(f"not a hash of {HASH_BITS} bits: {digest!r}")
    return np.frombuffer(bytes.fromhex("".join(hex_digests)), np.uint8).reshape(-1, HASH_BITS // 8)


def pairs_by_distance(hashes: Hashes) -> NDArray[np.int64]:
    """The number of pairs of the n hashes, (n, 32), at each distance from 0 to 256 bits, (257,)."""
    words = np.ascontiguousarray(hashes).view(np.uint64).reshape(-1, _WORDS)
    columns = np.ascontiguousarray(words.T)
    rows = max(1, _DISTANCES_PER_BLOCK // max(1, len(words)))
    counted = np.zeros((-(-len(words) // rows), HASH_BITS + 1), np.int64)

    def count(block: slice) -> None:
        distance = np.zeros((block.stop - block.start, len(words) - block.start), np.uint16)
        for word in range(_WORDS):
            distance += np.bitwise_count(words[block, word, None] ^ columns[word, None, block.start :])
        later = np.triu(np.ones(distance.shape, np.bool_), 1)
        counted[block.start // rows] = np.bincount(distance[later], minlength=HASH_BITS + 1)

    in_blocks(count, len(words), rows, THREADS)
    total: NDArray[np.int64] = counted.sum(axis=0)
    return total
