"""A report comes in; the pages beside it that hold every finding with its picture, check by check, go out."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from markupsafe import Markup

from kvqa_audit.report.as_html import FOR_THE_PAGE, Report, content_policy, date_in_words
from kvqa_audit.report.cards import Card
from kvqa_audit.report.deciding import deciding, script_json
from kvqa_audit.report.duplicate_groups import Pair
from kvqa_audit.report.environment import asset, environment
from kvqa_audit.report.lead import lead
from kvqa_audit.report.pictures import Album, Budget, Wanted, wanted_by
from kvqa_audit.report.view import CheckBlock, every_finding

if TYPE_CHECKING:
    from kvqa_audit.previews.records import PairPreview, Preview

CARDS_PER_PAGE = 40
_BUDGET = Budget(6_000_000)
_UNSAFE = re.compile(r"[^A-Za-z0-9.-]|^\.")


@dataclass(frozen=True, slots=True)
class Page:
    """Some findings of one check: page `number` of `of`."""

    block: CheckBlock
    cards: tuple[Card, ...]
    number: int
    of: int

    @property
    def name(self) -> str:
        return page_name(self.block.anchor, self.number)

    @property
    def first(self) -> int:
        """The number of its first card among those of the check, from 1."""
        return CARDS_PER_PAGE * (self.number - 1) + 1

    def wanted(self) -> Wanted:
        """The pictures that it shows."""
        return wanted_by(self.cards, _BUDGET)


def page_name(code: str, number: int) -> str:
    """The file of a check's page; what cannot stand in a file's name everywhere is spelt out."""
    return f"{_UNSAFE.sub(lambda found: f'_{ord(found[0]):x}_', code)}-{number}.html"


def pages_of(report: Report) -> Iterator[Page]:
    """All pages, in the order in which they are linked. A check whose findings all stand elsewhere has none."""
    for block in every_finding(report.run, report.blocking, report.spec):
        starts = range(0, len(block.cards), CARDS_PER_PAGE)
        for number, start in enumerate(starts, start=1):
            yield Page(block, block.cards[start : start + CARDS_PER_PAGE], number, len(starts))


def render_page(
    report: Report,
    page: Page,
    neighbours: tuple[str | None, str | None],
    previews: Mapping[str, Preview],
    pairs: Mapping[Pair, PairPreview],
    *,
    missing: str = "",
) -> str:
    """One page, with links to the one before and the one after it; it loads nothing, like the report."""
    album = Album(previews, pairs, _BUDGET.characters, missing)
    reasons = len(lead(report.run, report.verdict, report.blocking).reasons)
    decisions = deciding(report.run, page.cards, report.verdict, report.release, reasons)
    before, after = neighbours
    return _drawn(report, "page.html.j2", page=page, album=album, before=before, after=after, decisions=decisions)


def render_index(report: Report, pages: tuple[Page, ...]) -> str:
    """The page that lists all others, check by check."""
    return _drawn(report, "pages.html.j2", firsts=[page for page in pages if page.number == 1], decisions=None)


def _drawn(report: Report, template: str, *, decisions: object, **values: object) -> str:
    since = report.run.metrics.get("baseline") or {}
    scripts = [asset(path) for path in FOR_THE_PAGE] if decisions is not None else []
    return (
        environment()
        .get_template(template)
        .render(
            run=report.run,
            verdict=report.verdict,
            lead=lead(report.run, report.verdict, report.blocking),
            blocking=frozenset(finding.key for finding in report.blocking),
            new_keys=frozenset(since.get("new_keys", ())),
            started=date_in_words(report.run.started_at),
            deciding=Markup(script_json(decisions)),  # noqa: S704 - angle brackets and ampersands are escaped
            beside="../",
            original=report.original,
            strip_of=partial(report.page.strips.address_of, beside="../report.html"),
            policy=content_policy(scripts),
            scripts=[Markup(text) for text in scripts],  # noqa: S704 - files of this package
            style=Markup(asset("templates/report.css")),  # noqa: S704 - a file of this package
            **values,
        )
    )
