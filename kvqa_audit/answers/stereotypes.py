"""Answer cells come in; the groups of images of one source that share all their answers go out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kvqa_audit.answers.cells import AnswerCells

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

MIN_IMAGES = 10
MIN_QUESTIONS = 5


@dataclass(frozen=True, slots=True)
class Stereotype:
    """Images of one source that answer the same questions in the same way.

    `img_ids` are in the order of the table; `share` is their share of the source's images that answer anything.
    `answers` maps the questions' texts to the canonical answers.
    """

    source: str
    img_ids: tuple[str, ...]
    share: float
    answers: Mapping[str, str]


def stereotypes(cells: AnswerCells) -> tuple[Stereotype, ...]:
    """All groups of at least ten images with at least five answers, the largest first."""
    import numpy as np

    if not len(cells.image):
        return ()
    # Cells are sorted by image and question, so equal bytes are equal answers to equal questions.
    codes = np.stack([cells.question, cells.answer], axis=1)
    starts = np.flatnonzero(np.r_[True, cells.image[1:] != cells.image[:-1]])
    ends = np.r_[starts[1:], len(codes)]
    images = cells.image[starts].tolist()
    groups: dict[tuple[int, bytes], list[int]] = {}
    answering: Counter[int] = Counter(cells.source_of_image[images].tolist())
    for image, start, end in zip(images, starts.tolist(), ends.tolist(), strict=True):
        if end - start >= MIN_QUESTIONS:
            key = int(cells.source_of_image[image]), codes[start:end].tobytes()
            groups.setdefault(key, []).append(image)
    found = [
        Stereotype(
            cells.sources[source],
            tuple(cells.images[image] for image in members),
            len(members) / answering[source],
            _answers(cells, np.frombuffer(vector, dtype=codes.dtype).reshape(-1, 2)),
        )
        for (source, vector), members in groups.items()
        if len(members) >= MIN_IMAGES
    ]
    return tuple(sorted(found, key=lambda group: (-len(group.img_ids), group.img_ids)))


def _answers(cells: AnswerCells, vector: NDArray[np.int64]) -> dict[str, str]:
    named = ((cells.questions[question], cells.text_of(answer)) for question, answer in vector.tolist())
    return dict(sorted(named))
