"""Answer cells come in; where an answer's share changes along the ids of one source goes out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from kvqa_audit.answers.association import chi_square, cramers_v
from kvqa_audit.answers.cells import AnswerCells
from kvqa_audit.answers.id_places import id_places

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

MAX_BLOCKS = 10
MIN_PER_BLOCK = 50
MIN_EXPECTED = 5


@dataclass(frozen=True, slots=True)
class IdOrderTest:
    """Whether one source's answers to one question change along the ids of its images.

    The `answered` cells are cut, in the order of the ids (see `id_places`), into `blocks` consecutive blocks of equal
    size (at least 50 cells, at most ten blocks), and blocks x answers is tested for independence (Pearson's chi-square;
    answers that would be expected fewer than five times in a block are put together, or left out where they are too few
    even so). `p_value` is the test's, `q_value` the same after Benjamini and Hochberg 1995 over all tests of the table.
    `cramers_v` is the bias-corrected effect size.

    The greatest departure: `answer` has `share_in_block` from `first_image` to `last_image`, which are the images
    number `first_place` to `last_place` (from 0) of the table, against `share` over all blocks.
    """

    source: str
    question: str
    answered: int
    blocks: int
    chi_square: float
    degrees_of_freedom: int
    p_value: float
    q_value: float
    cramers_v: float
    answer: str
    first_image: str
    last_image: str
    first_place: int
    last_place: int
    share_in_block: float
    share: float


def id_order_tests(cells: AnswerCells) -> tuple[IdOrderTest, ...]:
    """Tests every source x question with at least 100 answers that vary; by source, then question."""
    tests = sorted(_tests(cells), key=lambda test: (test.source, test.question))
    q_values = benjamini_hochberg([test.p_value for test in tests])
    return tuple(replace(test, q_value=q_value) for test, q_value in zip(tests, q_values, strict=True))


def benjamini_hochberg(p_values: list[float]) -> list[float]:
    """The smallest false discovery rate at which each test is still rejected, in the order given."""
    order = sorted(range(len(p_values)), key=p_values.__getitem__, reverse=True)
    adjusted, least = [1.0] * len(p_values), 1.0
    for place, position in enumerate(order):
        least = min(least, p_values[position] * len(p_values) / (len(p_values) - place))
        adjusted[position] = least
    return adjusted


def _tests(cells: AnswerCells) -> Iterator[IdOrderTest]:
    import numpy as np

    place = cells.source_of_image[cells.image] * max(1, len(cells.questions)) + cells.question
    places = id_places(cells.images)[cells.image]
    order = np.lexsort((places, place))
    starts = np.flatnonzero(np.r_[True, place[order][1:] != place[order][:-1]]) if len(order) else np.empty(0, np.int64)
    for chosen in np.split(order, starts[1:]):
        if len(chosen) >= 2 * MIN_PER_BLOCK:
            test = _test(cells, chosen, places)
            if test is not None:
                yield test


def _test(cells: AnswerCells, chosen: NDArray[np.int64], places: NDArray[np.int64]) -> IdOrderTest | None:
    import numpy as np

    blocks = min(MAX_BLOCKS, len(chosen) // MIN_PER_BLOCK)
    block = np.arange(len(chosen)) * blocks // len(chosen)
    codes, answer, counts = np.unique(cells.answer[chosen], return_inverse=True, return_counts=True)
    frequent = np.flatnonzero(counts >= MIN_EXPECTED * blocks)
    level = np.full(len(codes), len(frequent))
    level[frequent] = np.arange(len(frequent))
    table = np.zeros((blocks, len(frequent) + 1))
    np.add.at(table, (block, level[answer]), 1)
    if table[:, -1].sum() < MIN_EXPECTED * blocks:
        table = table[:, :-1]
    if table.shape[1] < 2 or not len(frequent):
        return None
    statistic, freedom, p_value = chi_square(table)
    where, which = _greatest_departure(table, len(frequent))
    first, last = chosen[block == where][[0, -1]]
    return IdOrderTest(
        source=cells.sources[int(cells.source_of_image[cells.image[chosen[0]]])],
        question=cells.questions[int(cells.question[chosen[0]])],
        answered=len(chosen),
        blocks=blocks,
        chi_square=statistic,
        degrees_of_freedom=freedom,
        p_value=p_value,
        q_value=1.0,
        cramers_v=cramers_v(table) or 0.0,
        answer=cells.text_of(int(codes[frequent[which]])),
        first_image=cells.images[cells.image[first]],
        last_image=cells.images[cells.image[last]],
        first_place=int(places[first]),
        last_place=int(places[last]),
        share_in_block=float(table[where, which] / table[where].sum()),
        share=float(table[:, which].sum() / table.sum()),
    )


def _greatest_departure(table: NDArray[np.float64], answers: int) -> tuple[int, int]:
    """Block and answer, one of the first ones, with the largest residual in standard deviations (Pearson's)."""
    import numpy as np

    expected = table.sum(axis=1, keepdims=True) * table.sum(axis=0) / table.sum()
    residuals = (np.abs(table - expected) / np.sqrt(expected))[:, :answers]
    block, answer = divmod(int(np.argmax(residuals)), answers)
    return block, answer
