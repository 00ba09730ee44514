"""A count of things and work on a block of them come in; the work is done block by block, or two blocks at a time."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np

THREADS = 2
# The most multiplications of a matrix product that the array library does by itself, without its own threads: those
# wait for one another, at great cost, when two threads ask for them.
MAX_SERIAL_PRODUCT = 1 << 18
_KEPT_BYTES = 16 << 20


def in_blocks(work: Callable[[slice], None], count: int, block: int, threads: int = 1) -> None:
    """Calls `work` with slices of at most `block` that cover `count` things; each must write to its own part only.

    More threads pay only where the work is a few long steps, in which the array library lets go of the interpreter's
    lock: between many short ones they wait for each other more than they gain. How the work is cut does not depend on
    the machine, so neither does the result.
    """
    # Freed at once: from then on the C library keeps memory that is freed, of which every block needs as much again.
    np.empty(_KEPT_BYTES, np.uint8)
    slices = [slice(start, min(start + block, count)) for start in range(0, count, block)]
    if threads < 2 or len(slices) < 2:
        for part in slices:
            work(part)
        return
    pool = ThreadPoolExecutor(threads)
    try:
        for _ in pool.map(work, slices):
            pass
    finally:
        # After an interrupt or an error only the blocks under way are waited for.
        pool.shutdown(cancel_futures=True)
