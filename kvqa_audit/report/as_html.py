"""A finished audit, its verdict and its pictures come in; one self-contained HTML page goes out, always the same."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from markupsafe import Markup

from kvqa_audit.model import AuditRun, Finding
from kvqa_audit.report.charts import charts
from kvqa_audit.report.deciding import deciding, script_json
from kvqa_audit.report.duplicate_groups import Pair
from kvqa_audit.report.environment import asset, environment
from kvqa_audit.report.lead import lead, newly_found
from kvqa_audit.report.listings import listings
from kvqa_audit.report.pictures import (
    STRIPS_CHARACTERS,
    Album,
    Budget,
    Wanted,
    budget_for,
    pictures_wanted,
)
from kvqa_audit.report.proposals import detectors, proposals
from kvqa_audit.report.view import View, state, unjudged, view
from kvqa_audit.spec.release import Release

if TYPE_CHECKING:
    from kvqa_audit.previews.records import PairPreview, Preview
    from kvqa_audit.release.gate import Verdict
    from kvqa_audit.spec.dataset_spec import DatasetSpec

LEFT_OUT_ON_REQUEST = "pictures left out on request"
_FOR_CHARTS = ("vendor/plotly-cartesian.min.js", "templates/charts.js")
FOR_THE_PAGE = tuple(f"templates/{name}.js" for name in ("pictures", "pair", "decide", "filter", "links", "tables"))


@dataclass(frozen=True)
class Report:
    """One audit on its way to a page.

    Attributes:
        run: the finished audit.
        verdict: whether this version may be released, and why.
        spec: the description of the dataset; None where it is not at hand.
        original: gives the relative URL of an image's own file by its id, "" where there is none.
    """

    run: AuditRun
    verdict: Verdict
    spec: DatasetSpec | None = None
    original: Callable[[str], str] = field(default=lambda _: "", compare=False)
    page: View = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "page", view(self.run, self.blocking, self.spec))

    @property
    def blocking(self) -> tuple[Finding, ...]:
        return self.verdict.blocking

    @property
    def release(self) -> Release:
        return Release() if self.spec is None else self.spec.release

    @property
    def budget(self) -> Budget:
        return budget_for(self.run.dataset.images)

    def wanted(self) -> Wanted:
        """The pictures that `render` shows if it is given them."""
        return pictures_wanted(self.page, self.budget)


def render(
    report: Report,
    previews: Mapping[str, Preview],
    pairs: Mapping[Pair, PairPreview],
    *,
    missing: str = "",
    pages: str = "",
) -> str:
    """Draws the report.

    Args:
        report: the audit.
        previews: img_id → small picture, of those that `report.wanted()` names; what is lacking shows as a
            placeholder that says why.
        pairs: the pairs it names, laid on each other.
        missing: what every placeholder says instead, where pictures are left out on purpose.
        pages: where the pages with all findings begin, seen from this page; "" where there are none.

    Returns:
        An HTML page without references to anything outside itself, but for links to the files beside it.
    """
    run, verdict, page = report.run, report.verdict, report.page
    since = run.metrics.get("baseline") or {}
    drawn = charts(run)
    first = lead(run, verdict, report.blocking)
    album = Album(previews, pairs, report.budget.characters + (STRIPS_CHARACTERS if page.strips.shown else 0), missing)
    scripts = [asset(path) for path in (_FOR_CHARTS if drawn else ()) + FOR_THE_PAGE]
    shown_findings = tuple(f for block in page.found for card in block.cards for f in card.findings)
    figures = {chart.key: [{"label": label, **drawing} for label, drawing in chart.figures] for chart in drawn}
    decisions = deciding(run, page.cards, report.verdict, report.release, len(first.reasons))
    return (
        environment()
        .get_template("report.html.j2")
        .render(
            run=run,
            verdict=verdict,
            page=page,
            lead=first,
            charts=drawn,
            listings=listings(run),
            proposals=proposals(run),
            detectors=detectors(run),
            figures=Markup(script_json(figures)),  # noqa: S704 - angle brackets and ampersands are escaped
            deciding=Markup(script_json(decisions)),  # noqa: S704 - angle brackets and ampersands are escaped
            album=album,
            pages=pages,
            beside="",
            original=report.original,
            strip_of=page.strips.address_of,
            state=state,
            sources=run.metrics.get("sources") or {},
            blocking=frozenset(finding.key for finding in report.blocking),
            new_keys=frozenset(since.get("new_keys", ())),
            newly_found=newly_found(shown_findings, since),
            baseline_date=date_in_words(since.get("date", "")),
            unjudged=unjudged(verdict.not_checked),
            started=date_in_words(run.started_at),
            finished=date_in_words(run.finished_at),
            policy=content_policy(scripts),
            scripts=[Markup(text) for text in scripts],  # noqa: S704 - files of this package
            style=Markup(asset("templates/report.css")),  # noqa: S704 - a file of this package
        )
    )


def content_policy(scripts: list[str]) -> str:
    """What the page's own policy allows: these scripts, its styles, and pictures that stand in it."""
    sources = " ".join(f"'sha256-{_digest(text)}'" for text in scripts)
    return (
        f"default-src 'none'; script-src {sources}; style-src 'unsafe-inline'; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )


def date_in_words(text: str) -> str:
    """`2 January 2026, 10:00:00 UTC`; a text that is no date as it stands."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return text
    return f"{moment.day} {moment:%B %Y, %H:%M:%S %Z}".strip()


def _digest(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
