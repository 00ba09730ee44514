"""Finished runs come in; the points and lines of a small chart go out, for a template to draw."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from kvqa_audit.web.overviews import TrendRun

_CLASSES = {"ready": "dot-ready", "not ready": "dot-blocked", "incomplete": "dot-incomplete"}


@dataclass(frozen=True, slots=True)
class Dot:
    """One run and its place in pixels."""

    x: float
    y: float
    run: TrendRun

    @property
    def kind(self) -> str:
        """The class that colours it by its verdict."""
        return _CLASSES.get(self.run.verdict or "", "dot-unknown")

    @property
    def title(self) -> str:
        """What it says."""
        day = f"{self.run.finished_at:%Y-%m-%d %H:%M}" if self.run.finished_at else ""
        number = self.run.open
        return f"{day}: {self.run.verdict}, {number:,} open finding{'' if number == 1 else 's'}"


@dataclass(frozen=True, slots=True)
class Line:
    """A chart of open findings over runs, `width` by `height` pixels; `most` is the number at its upper edge."""

    width: int
    height: int
    most: int
    dots: tuple[Dot, ...]

    @property
    def points(self) -> str:
        return " ".join(f"{dot.x},{dot.y}" for dot in self.dots)


def findings_over_runs(runs: Sequence[TrendRun], *, width: int, height: int, edge: int = 6) -> Line:
    """The open findings of runs, oldest first."""
    numbers = [run.open for run in runs]
    most = max(numbers, default=0)
    step = (width - 2 * edge) / max(1, len(runs) - 1)
    dots = []
    for place, (run, number) in enumerate(zip(runs, numbers, strict=True)):
        y = height - edge - (height - 2 * edge) * (number / most if most else 0)
        x = edge + step * place if len(runs) > 1 else width / 2
        dots.append(Dot(round(x, 1), round(y, 1), run))
    return Line(width, height, most, tuple(dots))
