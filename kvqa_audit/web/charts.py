"""Finished runs come in; the points and lines of a small chart go out, for a template to draw."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from kvqa_audit.web.audits import TrendRun

_CLASSES = {"ready": "dot-ready", "not ready": "dot-blocked", "incomplete": "dot-incomplete"}


@dataclass(frozen=True, slots=True)
class Dot:
    """One run: its place in pixels, the class that colours it by its verdict, and what it says."""

    x: float
    y: float
    kind: str
    audit: int
    title: str


@dataclass(frozen=True, slots=True)
class Line:
    """A chart of open findings over runs, `width` by `height` pixels; `most` is the number at its upper edge."""

    width: int
    height: int
    most: int
    dots: tuple[Dot, ...]

    @property
    def points(self) -> str:
        return " ".join(f"{dot.x:.1f},{dot.y:.1f}" for dot in self.dots)


def findings_over_runs(runs: Sequence[TrendRun], *, width: int, height: int, edge: int = 6) -> Line:
    """The open findings of runs, oldest first."""
    numbers = [run.open for run in runs]
    most = max(numbers, default=0)
    step = (width - 2 * edge) / max(1, len(runs) - 1)
    dots = []
    for place, (run, number) in enumerate(zip(runs, numbers, strict=True)):
        y = height - edge - (height - 2 * edge) * (number / most if most else 0)
        day = f"{run.finished_at:%Y-%m-%d %H:%M}" if run.finished_at else ""
        title = f"{day}: {run.verdict}, {number:,} open finding{'' if number == 1 else 's'}"
        x = edge + step * place if len(runs) > 1 else width / 2
        dots.append(Dot(x, y, _CLASSES.get(run.verdict or "", "dot-unknown"), run.audit, title))
    return Line(width, height, most, tuple(dots))
