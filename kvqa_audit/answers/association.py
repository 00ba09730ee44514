"""Answer cells and fingerprints come in; how much the source tells about answers and pictures goes out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from kvqa_audit.answers.cells import AnswerCells
from kvqa_audit.model import ImageFingerprint

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

RESAMPLES = 400
SEED = 20_261_125
MIN_LEVEL = 10
BINS = 10
_MEASURED: dict[str, Callable[[ImageFingerprint], float | None]] = {
    "file size": lambda image: float(image.size_bytes),
    "brightness": lambda image: image.brightness,
    "contrast": lambda image: image.contrast,
    "sharpness": lambda image: image.sharpness,
    "entropy": lambda image: image.entropy_bits,
}


@dataclass(frozen=True, slots=True)
class Association:
    """How strongly something goes with the source of the images.

    `about` is "answer" (`name` is a question's text, levels are its canonical answers) or "image" (`name` is "image
    size", levels are width x height, or one of "file size", "brightness", "contrast", "sharpness", "entropy", levels
    are tenths of the images). Levels of fewer than ten images are put together, and left out where even together they
    are fewer; so are sources of fewer than ten images. `cramers_v` is bias-corrected
    (Bergsma 2013, A bias-correction for Cramér's V and Tschuprow's T): 0 for independent, 1 where one gives the other
    away; None where there is one source or one level. `low` and `high` are its 95 % bootstrap interval over images.
    `source_accuracy` is the share of images whose source is guessed right by naming each level's most frequent
    source, against `largest_source`, the share that always naming the most frequent source gets right.
    """

    about: Literal["answer", "image"]
    name: str
    images: int
    levels: int
    sources: int
    cramers_v: float | None
    low: float | None
    high: float | None
    source_accuracy: float
    largest_source: float


def associations(cells: AnswerCells, fingerprints: Sequence[ImageFingerprint]) -> tuple[Association, ...]:
    """One entry per question, by text, then one per property of the pictures; images without rows have no source."""
    answers = sorted(_of_answers(cells), key=lambda found: found.name)
    return (*answers, *_of_images(cells, fingerprints))


def chi_square(table: NDArray[np.float64]) -> tuple[float, int, float]:
    """Pearson's statistic, its degrees of freedom and the p-value of a table without empty lines or columns."""
    from scipy.special import chdtrc

    freedom = (table.shape[0] - 1) * (table.shape[1] - 1)
    statistic = float(_phi_squared(table[None])[0] * table.sum())
    return statistic, freedom, float(chdtrc(freedom, statistic)) if freedom else 1.0


def cramers_v(table: NDArray[np.float64]) -> float | None:
    """Bias-corrected Cramér's V of a table of counts; None where not two lines and two columns hold something."""
    import numpy as np

    held = table[table.sum(axis=1) > 0][:, table.sum(axis=0) > 0].astype(np.float64)
    return None if min(held.shape) < 2 or held.sum() < 2 else float(_corrected(held[None], 1)[0])


def interval_of_v(table: NDArray[np.float64]) -> tuple[float, float]:
    """The 95 % bootstrap percentile interval of V for a table without empty lines or columns; fixed seed.

    Drawing anew adds as much noise again as the table itself holds, so each draw is corrected twice. Where that is
    too much, as close to 1, the interval ends at the estimate.
    """
    import numpy as np

    total = int(table.sum())
    drawn = np.random.default_rng(SEED).multinomial(total, (table / total).ravel(), size=RESAMPLES)
    low, high = np.percentile(_corrected(drawn.reshape(RESAMPLES, *table.shape), 2), [2.5, 97.5]).tolist()
    estimate = cramers_v(table) or 0.0
    return min(float(low), estimate), max(float(high), estimate)


def _phi_squared(tables: NDArray[Any]) -> NDArray[np.float64]:
    import numpy as np

    margins = tables.sum(axis=2)[:, :, None] * tables.sum(axis=1)[:, None, :]
    squares: NDArray[np.float64] = np.zeros(tables.shape)
    np.divide(tables**2.0, margins, out=squares, where=margins > 0)
    phi: NDArray[np.float64] = squares.sum(axis=(1, 2)) - 1
    return np.maximum(0.0, phi)


def _corrected(tables: NDArray[Any], corrections: int) -> NDArray[np.float64]:
    """V of each of several tables of one shape and one total."""
    import numpy as np

    lines, columns = tables.shape[1:]
    less = tables[0].sum() - 1
    bias = (lines - 1) * (columns - 1) / less
    smaller = min(size - corrections * (size - 1) ** 2 / less for size in (lines, columns)) - 1
    if smaller <= 0:
        return np.zeros(len(tables))
    phi: NDArray[np.float64] = np.maximum(0.0, _phi_squared(tables) - corrections * bias)
    values: NDArray[np.float64] = np.sqrt(phi / smaller)
    return np.minimum(1.0, values)


def _of_answers(cells: AnswerCells) -> Iterator[Association]:
    import numpy as np

    order = np.argsort(cells.question, kind="stable")
    ends = np.searchsorted(cells.question[order], np.arange(len(cells.questions)), side="right")
    for question, chosen in enumerate(np.split(order, ends[:-1]) if len(ends) else []):
        if len(chosen):
            source = cells.source_of_image[cells.image[chosen]]
            yield _association("answer", cells.questions[question], cells.answer[chosen], source)


def _of_images(cells: AnswerCells, fingerprints: Sequence[ImageFingerprint]) -> Iterator[Association]:
    import numpy as np

    source_of = dict(zip(cells.images, cells.source_of_image.tolist(), strict=True))
    known = [image for image in fingerprints if image.img_id in source_of and image.problem is None]
    sized = [image for image in known if image.width and image.height]
    sizes: dict[Any, int] = {}
    levels = [sizes.setdefault((image.width, image.height), len(sizes)) for image in sized]
    if sized:
        source = np.array([source_of[image.img_id] for image in sized])
        yield _association("image", "image size", np.array(levels), source)
    for name, measure in _MEASURED.items():
        measured = [(value, source_of[image.img_id]) for image in known if (value := measure(image)) is not None]
        if measured:
            values, sources = map(np.array, zip(*measured, strict=True))
            edges = np.unique(np.quantile(values, np.arange(1, BINS) / BINS))
            yield _association("image", name, np.searchsorted(edges, values, side="right"), sources)


def _association(
    about: Literal["answer", "image"], name: str, level: NDArray[np.int64], source: NDArray[np.int64]
) -> Association:
    import numpy as np

    line, column = _frequent(level, pooled=True), _frequent(source, pooled=False)
    kept = (line >= 0) & (column >= 0)
    if not kept.any():
        return Association(about, name, 0, 0, 0, None, None, None, 0.0, 0.0)
    (_, line), (_, column) = (np.unique(part[kept], return_inverse=True) for part in (line, column))
    table = np.zeros((int(line.max()) + 1, int(column.max()) + 1))
    np.add.at(table, (line, column), 1)
    value = cramers_v(table)
    low, high = (None, None) if value is None else interval_of_v(table)
    return Association(
        about,
        name,
        int(table.sum()),
        *table.shape,
        value,
        low,
        high,
        source_accuracy=float(table.max(axis=1).sum() / table.sum()),
        largest_source=float(table.sum(axis=0).max() / table.sum()),
    )


def _frequent(values: NDArray[np.int64], *, pooled: bool) -> NDArray[np.int64]:
    """Values as 0, 1, …; those of fewer than ten images are one more value, or -1 (left out)."""
    import numpy as np

    distinct, codes, counts = np.unique(values, return_inverse=True, return_counts=True)
    rare = counts[codes] < MIN_LEVEL
    return np.where(rare, len(distinct) if pooled and rare.sum() >= MIN_LEVEL else -1, codes)
