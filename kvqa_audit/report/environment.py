"""The name of a template or an asset comes in; the template with its filters, or the asset's text, goes out."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from kvqa_audit.report.text import count, decimal, lines_shown, measure, share, shown


@cache
def asset(path: str) -> str:
    """The text of a file of this package."""
    return files("kvqa_audit.report").joinpath(path).read_text(encoding="utf-8").strip()


@cache
def environment(package: str = "kvqa_audit.report") -> Environment:
    """A package's templates, each compiled once.

    They escape every text, fail on what is not there, and make control characters visible.
    """
    made = Environment(
        loader=PackageLoader(package, "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
        finalize=_visible,
    )
    made.filters.update(shown=shown, share=share, measure=measure, count=count, decimal=decimal, lines=_lines)
    return made


def _lines(text: str) -> Markup:
    """A text of several lines, escaped, every line made visible."""
    return escape(lines_shown(text))


def _visible(value: object) -> object:
    """Every text that the template prints is made visible, unless it is markup of this package."""
    return shown(value, limit=2_000) if isinstance(value, str) and not isinstance(value, Markup) else value
