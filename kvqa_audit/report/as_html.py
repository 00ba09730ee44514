"""A finished audit, its verdict and thumbnails come in; one self-contained HTML page goes out, always the same."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from kvqa_audit.model import AuditRun, Finding, FindingStatus
from kvqa_audit.report.charts import charts
from kvqa_audit.report.environment import asset, environment
from kvqa_audit.report.figures import Chart
from kvqa_audit.report.listings import listings
from kvqa_audit.report.pictures import embedded
from kvqa_audit.report.proposals import detectors, proposals
from kvqa_audit.report.view import View, state, unjudged, view

if TYPE_CHECKING:
    from kvqa_audit.release.gate import Verdict

MAX_NEW_NAMED = 5
NOT_AVAILABLE = "picture not available"
LEFT_OUT_ON_REQUEST = "pictures left out on request"
_FOR_CHARTS = ("vendor/plotly-cartesian.min.js", "templates/charts.js")
_FOR_THE_PAGE = tuple(f"templates/{name}.js" for name in ("filter", "links", "tables", "side_by_side"))


def render(run: AuditRun, verdict: Verdict, *, pictures: Mapping[str, bytes], missing: str = NOT_AVAILABLE) -> str:
    """Draws the report.

    Args:
        run: the finished audit.
        verdict: whether this version may be released, and why.
        pictures: img_id → JPEG (or PNG) thumbnail, for the ids of `pictures.pictures_wanted`; what is missing shows
            as a placeholder that says so.
        missing: what the placeholder says.

    Returns:
        An HTML page without references to anything outside itself, but for links to the files beside it.
    """
    page = view(run)
    images = embedded(page, pictures, missing)
    since = run.metrics.get("baseline") or {}
    drawn = charts(run)
    scripts = [asset(path) for path in (_FOR_CHARTS if drawn else ()) + _FOR_THE_PAGE]
    sources = " ".join(f"'sha256-{_digest(text)}'" for text in scripts)
    return (
        environment()
        .get_template("report.html.j2")
        .render(
            run=run,
            verdict=verdict,
            page=page,
            charts=drawn,
            listings=listings(run),
            proposals=proposals(run),
            detectors=detectors(run),
            figures=Markup(_figures_json(drawn)),  # noqa: S704 - the JSON has its angle brackets and ampersands escaped
            embedded=images,
            sheets_drawn=any(images[one.img_id][0] for sheet in page.sheets.shown for one in sheet.pictures),
            state=state,
            in_page={f"{f.check}-{f.key}" for s in page.sections for card in s.cards for f in card.findings},
            new_keys=frozenset(since.get("new_keys", ())),
            newly_found=_newly_found(page, since),
            baseline_date=_date(since.get("date", "")),
            waived=sum(finding.status is FindingStatus.WAIVED for finding in run.findings),
            unjudged=unjudged(verdict.not_checked),
            sources=run.metrics.get("sources") or {},
            started=_date(run.started_at),
            finished=_date(run.finished_at),
            reasons=_reasons(verdict),
            policy=f"default-src 'none'; script-src {sources}; style-src 'unsafe-inline'; img-src data:; "
            "base-uri 'none'; form-action 'none'",
            scripts=[Markup(text) for text in scripts],  # noqa: S704 - files of this package
            style=Markup(asset("templates/report.css")),  # noqa: S704 - a file of this package
        )
    )


def _newly_found(page: View, since: Mapping[str, Any]) -> list[Finding]:
    """The worst of the new findings that are in the page."""
    new = set(since.get("new_keys", ()))
    shown_ones = [f for section in page.sections for card in section.cards for f in card.findings if f.key in new]
    return sorted(shown_ones, key=lambda finding: -finding.severity.rank)[:MAX_NEW_NAMED]


def _reasons(verdict: Verdict) -> list[str]:
    """The reasons that the list of blockers does not tell already."""
    told = tuple(f"{outcome.code} " for outcome in verdict.blockers)
    return [reason for reason in verdict.reasons if not told or not reason.startswith(told)]


def _digest(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _figures_json(drawn: tuple[Chart, ...]) -> str:
    """The figures as JSON that can stand in a script element: no `<`, `>` or `&` is left in it."""
    value = {chart.key: [{"label": label, **figure} for label, figure in chart.figures] for chart in drawn}
    text = json.dumps(value, ensure_ascii=True, separators=(",", ":"), sort_keys=True, allow_nan=False)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _date(text: str) -> str:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return text
    return f"{moment.day} {moment:%B %Y, %H:%M:%S %Z}".strip()
