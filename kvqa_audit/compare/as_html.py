"""A comparison comes in; one self-contained HTML page goes out."""

from __future__ import annotations

from datetime import datetime
from importlib.resources import files

from markupsafe import Markup

from kvqa_audit.compare.comparison import Comparison
from kvqa_audit.compare.tables import change_tables, headlines, sentence
from kvqa_audit.report.environment import environment

LINES_A_TABLE = 500
POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'"


def as_html(comparison: Comparison, exit_code: int) -> str:
    """A page that opens from disk, runs nothing and asks for nothing; at most 500 lines a table, and it says so."""
    templates = environment("kvqa_audit.compare")
    templates.filters.update(date=_date)
    style = files("kvqa_audit.compare").joinpath("templates/comparison.css").read_text(encoding="utf-8")
    return templates.get_template("comparison.html.j2").render(
        comparison=comparison,
        sentence=sentence(comparison),
        headlines=headlines(comparison),
        tables=change_tables(comparison, LINES_A_TABLE),
        exit_code=exit_code,
        policy=POLICY,
        style=Markup(style),  # noqa: S704 - a file of this package
    )


def _date(text: str) -> str:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return text
    return f"{moment.day} {moment:%B %Y, %H:%M %Z}".strip()
