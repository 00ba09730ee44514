"""Every thing is worked on once, whatever the number of threads, and an error stops what has not begun."""

from __future__ import annotations

import threading

import pytest

from kvqa_audit.duplicates.blocks import in_blocks


@pytest.mark.parametrize("threads", [1, 2, 3])
@pytest.mark.parametrize(("count", "block"), [(0, 4), (1, 4), (4, 4), (9, 4), (9, 100)])
def test_blocks_cover_everything_once(threads, count, block) -> None:
    seen: list[int] = []
    in_blocks(lambda part: seen.extend(range(count)[part]), count, block, threads)
    assert sorted(seen) == list(range(count))


@pytest.mark.parametrize("threads", [1, 2])
def test_an_error_stops_the_blocks_that_have_not_begun(threads) -> None:
    begun: list[int] = []
    failed = threading.Event()

    def work(part: slice) -> None:
        begun.append(part.start)
        if part.start == 0:
            failed.set()
            raise KeyboardInterrupt
        failed.wait(5)
        threading.Event().wait(0.01)

    with pytest.raises(KeyboardInterrupt):
        in_blocks(work, 1_000, 1, threads)
    assert len(begun) < 500
