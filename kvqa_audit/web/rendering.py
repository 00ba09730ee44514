"""The name of a template and its values come in; a page that everybody may be shown whatever stands in it goes out."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import cache, lru_cache
from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment
from markupsafe import Markup, escape

from kvqa_audit.access.secrets import form_secret
from kvqa_audit.release.sentence import counted
from kvqa_audit.report.environment import environment
from kvqa_audit.report.text import shown
from kvqa_audit.web.who import Caller


@cache
def templates() -> Environment:
    """The templates of the pages: they escape every text and make control characters visible."""
    made = environment("kvqa_audit.web")
    made.filters.update(moment=moment, ago=ago, typed=typed, lasted=lasted, counted=counted)
    made.globals.update(data=data, verdict_pill=verdict_pill, state_pill=state_pill)
    return made


def page(request: Request, template: str, caller: Caller | None, status: int = 200, **values: Any) -> HTMLResponse:
    """Draws a page for who asks; a browser that came without a session gets its forms from the new one."""
    session = getattr(request.state, "new_session", None)
    csrf = form_secret(session) if session else caller.csrf if caller else ""
    about = {"caller": caller, "csrf": csrf, "path": request.url.path, "status": status}
    return HTMLResponse(templates().get_template(template).render(**about, **values), status)


def moment(at: datetime | None) -> Markup:
    """`2 Jan 2026, 10:00 UTC`, which the page's script tells in the reader's own time."""
    if at is None:
        return Markup("-")
    at = at.astimezone(UTC)
    # Digits and a month's name need no escaping, and a page has many moments.
    return Markup(f'<time datetime="{at.isoformat(timespec="seconds")}">{at.day} {at:%b %Y, %H:%M} UTC</time>')  # noqa: S704 - see above


def data(text: object, limit: int = 200) -> Markup:
    """What a dataset or a person says, made visible, whose direction does not spread to what stands around it."""
    return Markup() if text is None or text == "" else Markup(f"<bdi>{escape(shown(text, limit))}</bdi>")  # noqa: S704 - escaped


def verdict_pill(verdict: str | None) -> Markup:
    """A verdict in its colour."""
    tone = {"ready": "ok", "not ready": "error", "incomplete": "warning"}.get(verdict or "", "unknown")
    return _pill(tone, verdict or "not audited yet")


def state_pill(state: str) -> Markup:
    """The state of a job in its colour."""
    tones = {"running": "info", "done": "ok", "failed": "error", "lost": "warning"}
    return _pill(tones.get(state, "unknown"), state)


@lru_cache(maxsize=64)
def _pill(tone: str, words: str) -> Markup:
    return Markup('<span class="pill {}">{}</span>').format(tone, shown(words))


def ago(at: datetime | None) -> str:
    """`3 hours ago`, or `in 3 hours`."""
    if at is None:
        return "never"
    seconds = (datetime.now(UTC) - at).total_seconds()
    words = _span(abs(seconds))
    if words == "0 seconds":
        return "now"
    return f"{words} ago" if seconds > 0 else f"in {words}"


def lasted(begin: datetime | None, end: datetime | None) -> str:
    """How long it took, or takes so far."""
    return "-" if begin is None else _span(((end or datetime.now(UTC)) - begin) / timedelta(seconds=1))


def typed(text: str | None) -> Markup:
    """A text for a field in which it is edited: escaped, but with its lines as they are."""
    # The first line break behind the tag is no part of a field's text.
    return Markup("\n") + escape(text or "")


def _span(seconds: float) -> str:
    for name, length in (("day", 86_400), ("hour", 3_600), ("minute", 60)):
        if seconds >= 2 * length or (seconds >= length and name != "day"):
            number = int(seconds // length)
            return f"{number} {name}{'' if number == 1 else 's'}"
    number = max(0, int(seconds))
    return f"{number} second{'' if number == 1 else 's'}"
