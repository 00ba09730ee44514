"""The records of several audits come in; one page that lists them, newest first, with their trends, goes out."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from markupsafe import Markup

from kvqa_audit.model import Counts, OutcomeStatus
from kvqa_audit.model.counts import Waiver, in_words
from kvqa_audit.report.environment import asset, environment

_WORDS = {0: ("ok", "ready"), 1: ("error", "not ready"), 3: ("unknown", "incomplete")}
_WIDTH, _HEIGHT, _MARGIN = 160, 36, 4


@dataclass(frozen=True, slots=True)
class RunLine:
    """One audit in the list, its findings counted; `href` leads to its report, the last one's `waivers` are told."""

    dataset: str
    started_at: str
    digest: str
    rows: int
    images: int
    findings: Counts
    not_checked: int
    exit_code: int
    href: str
    waivers: tuple[Waiver, ...] = ()

    @property
    def state(self) -> str:
        return _WORDS.get(self.exit_code, _WORDS[3])[0]

    @property
    def words(self) -> str:
        return _WORDS.get(self.exit_code, _WORDS[3])[1]

    @property
    def day(self) -> str:
        """The date and the time, to the minute."""
        try:
            return f"{datetime.fromisoformat(self.started_at):%Y-%m-%d %H:%M}"
        except ValueError:
            return self.started_at


@dataclass(frozen=True, slots=True)
class Trend:
    """The runs of one dataset, newest first, each with how many more findings it has than the one before."""

    dataset: str
    runs: tuple[tuple[RunLine, int | None], ...]
    sentence: str
    curves: tuple[tuple[str, Markup], ...]


def run_line(record: Mapping[str, Any], findings: Counts, href: str) -> RunLine:
    """One line of the list out of the record of an audit (`audit.json`) and its findings, counted.

    Raises:
        KeyError, TypeError: the record is not one of an audit.
    """
    dataset = record["dataset"]
    unjudged = (OutcomeStatus.SKIPPED, OutcomeStatus.VACUOUS, OutcomeStatus.ERRORED)
    return RunLine(
        dataset=dataset["name"],
        started_at=record["started_at"],
        digest=dataset["digest"],
        rows=dataset["rows"],
        images=dataset["images"],
        findings=findings,
        not_checked=sum(check["outcome"] in unjudged for check in record["checks"]),
        exit_code=record["exit_code"],
        href=href,
    )


def render_index(lines: Iterable[RunLine], unreadable: Iterable[tuple[str, str]] = ()) -> str:
    """Draws the page.

    Args:
        lines: the audits, in any order.
        unreadable: folders whose record could not be read, each with the reason; the page names them.

    Returns:
        An HTML page without scripts, and without references to anything but the reports.
    """
    by_dataset: dict[str, list[RunLine]] = {}
    for line in sorted(lines, key=lambda one: (one.started_at, one.href)):
        by_dataset.setdefault(line.dataset, []).append(line)
    trends = [_trend(dataset, runs) for dataset, runs in sorted(by_dataset.items())]
    return (
        environment()
        .get_template("index.html.j2")
        .render(
            trends=trends,
            unreadable=sorted(unreadable),
            style=Markup(asset("templates/report.css")),  # noqa: S704 - a file of this package
            policy="default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'",
        )
    )


def _trend(dataset: str, runs: list[RunLine]) -> Trend:
    changes: list[int | None] = [None]
    changes += [later.findings.found - earlier.findings.found for earlier, later in itertools.pairwise(runs)]
    newest_first = tuple(zip(runs, changes, strict=True))[::-1]
    curves = (
        ("open errors", _curve([run.findings.errors for run in runs])),
        ("open warnings", _curve([run.findings.warnings for run in runs])),
        ("waived findings", _curve([run.findings.waived for run in runs])),
    )
    return Trend(dataset, newest_first, _sentence(runs), curves if len(runs) > 1 else ())


def _sentence(runs: list[RunLine]) -> str:
    last = runs[-1]
    said = f"The last of {len(runs)} audits" if len(runs) > 1 else "The only audit"
    sentence = f"{said} is {last.words}: {in_words(last.findings)}"
    if len(runs) == 1:
        return f"{sentence}."
    change = last.findings.found - runs[-2].findings.found
    if change == 0:
        return f"{sentence}; as many findings in all as in the one before."
    return f"{sentence}; {abs(change):,} findings {'more' if change > 0 else 'fewer'} in all than in the one before."


def _curve(values: list[int]) -> Markup:
    """The points of a line over equal steps in time, from 0 up to the largest value, as SVG takes them."""
    top = max(*values, 1)
    step = (_WIDTH - 2 * _MARGIN) / max(len(values) - 1, 1)
    height = _HEIGHT - 2 * _MARGIN
    points = (f"{_MARGIN + n * step:.1f},{_MARGIN + height * (1 - value / top):.1f}" for n, value in enumerate(values))
    return Markup(" ".join(points))  # noqa: S704 - numbers only
