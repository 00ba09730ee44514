"""A verdict comes in; a small SVG badge that loads nothing goes out."""

from __future__ import annotations

from html import escape

from kvqa_audit.model import AuditRun
from kvqa_audit.release.gate import Verdict

LABEL = "kvqa-audit"
_GREEN, _AMBER, _RED, _GREY = "#2e7d32", "#9a6700", "#c62828", "#555"
# Verdana at 11 px is about 6.6 px a character wide; the text is stretched to this width, whatever font is there.
_PIXELS_PER_CHARACTER = 6.6


def badge_words(verdict: Verdict) -> str:
    """What the badge says: ready, the number of reasons that block, or incomplete."""
    if verdict.exit_code == 3:
        return "incomplete"
    if verdict.ready:
        return "ready" if not verdict.warnings else f"ready, {len(verdict.warnings)} to look at"
    return f"not ready: {len(verdict.reasons)} reason{'s' if len(verdict.reasons) > 1 else ''}"


def badge_svg(run: AuditRun, verdict: Verdict) -> str:
    """The badge, with the dataset's digest and the day of the audit as its description."""
    words = badge_words(verdict)
    left, right = (round(len(text) * _PIXELS_PER_CHARACTER) + 12 for text in (LABEL, words))
    about = escape(f"{LABEL}: {words}; audited {run.finished_at[:10]}, data {run.dataset.digest[:12]}")
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{left + right}" height="20" role="img" aria-label="{about}">'
        f"<title>{about}</title>"
        f'<clipPath id="r"><rect width="{left + right}" height="20" rx="3"/></clipPath>'
        f'<g clip-path="url(#r)"><rect width="{left}" height="20" fill="{_GREY}"/>'
        f'<rect x="{left}" width="{right}" height="20" fill="{_colour(verdict)}"/></g>'
        '<g fill="#fff" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11">'
        f'<text x="6" y="14" textLength="{left - 12}">{escape(LABEL)}</text>'
        f'<text x="{left + 6}" y="14" textLength="{right - 12}">{escape(words)}</text></g></svg>\n'
    )


def _colour(verdict: Verdict) -> str:
    if verdict.exit_code == 3:
        return _AMBER
    return _GREEN if verdict.ready else _RED
