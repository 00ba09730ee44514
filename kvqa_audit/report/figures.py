"""Numbers come in; charts with plotly figures as JSON values go out, all labels escaped."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kvqa_audit.report.text import chart_label

# Okabe and Ito's colours, distinguishable by colour-blind eyes and by lightness; black is left out for dark pages.
COLOURS = ("#0072B2", "#E69F00", "#56B4E9", "#D55E00", "#009E73", "#CC79A7", "#F0E442", "#8A8F98")
PATTERNS = ("", "/", ".", "x", "-", "+")
MAX_TABLE_ROWS = 200
MAX_LABELS = 60
SEVERITY_COLOURS = {"error": "#C2410C", "warning": "#E69F00", "info": "#56B4E9"}
SYMBOLS = ("circle", "square", "diamond", "triangle-up", "x", "cross")
# A light edge, so that dark markers stand out on dark pages.
RIM = {"width": 1, "color": "rgba(255,255,255,0.8)"}
# Light to dark and even in lightness, so that it reads in grey.
SCALE = ((0.0, "#eef3f8"), (0.25, "#b7d3e8"), (0.5, "#6fa8cf"), (0.75, "#2f74a8"), (1.0, "#0b3c66"))

Figure = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Chart:
    """One chart: figures by the label they are chosen by (one needs no choosing), and the numbers behind it.

    `choice` says what is chosen between; `numbers` hold at most 200 rows of the `rows_in_all`, the rest are in `file`.
    """

    key: str
    section: str
    title: str
    sentence: str
    figures: tuple[tuple[str, Figure], ...]
    columns: tuple[str, ...]
    numbers: tuple[tuple[str, ...], ...]
    rows_in_all: int
    file: str
    choice: str = ""
    wide: bool = False


def make_chart(
    names: tuple[str, str, str],
    sentence: str,
    drawn: tuple[tuple[tuple[str, Figure], ...], str, bool],
    columns: tuple[str, ...],
    numbers: Sequence[tuple[str, ...]],
    file: str,
) -> Chart:
    """Puts a chart together from (key, section, title), a sentence, (figures, choice, wide) and its numbers."""
    key, section, title = names
    figures, choice, wide = drawn
    kept = tuple(tuple(numbers)[:MAX_TABLE_ROWS])
    return Chart(key, section, title, sentence, figures, columns, kept, len(numbers), file, choice, wide)


def figure(traces: Sequence[Mapping[str, Any]], height: int, **layout: Any) -> Figure:
    """A figure checked by plotly, without its template; `height` in pixels.

    Raises:
        ValueError: plotly does not know a property.
    """
    from plotly.graph_objects import Figure as Checked

    base: dict[str, Any] = {
        "template": "none",
        "height": height,
        "margin": {"l": 8, "r": 8, "t": 8, "b": 8},
        "dragmode": False,
        "hoverlabel": {"align": "left"},
    }
    checked = Checked(data=[dict(trace) for trace in traces], layout={**base, **layout})
    value: Figure = json.loads(json.dumps(checked.to_plotly_json(), default=list))
    return value


def category_axis(labels: Sequence[str], limit: int = 40, narrow: bool = False, **more: Any) -> dict[str, Any]:
    """An axis whose ticks are whole numbers with the labels written beside them, so that no label is read as a date."""
    return {
        "tickmode": "array",
        "tickvals": list(range(len(labels))),
        "ticktext": [
            chart_label(label, limit).replace(" ", "<br>") if narrow else chart_label(label, limit) for label in labels
        ],
        "range": [-0.5, len(labels) - 0.5],
        "automargin": True,
        "fixedrange": True,
        "zeroline": False,
        "showgrid": False,
        **more,
    }


def value_axis(title: str, **more: Any) -> dict[str, Any]:
    """An axis of numbers."""
    return {"title": {"text": title}, "automargin": True, "fixedrange": True, "zeroline": False, **more}


def heat_map(
    rows: Sequence[str], columns: Sequence[str], values: Sequence[Sequence[float | None]], what: str
) -> Figure:
    """Shares (0 to 1, None where there is nothing) as coloured cells with their per cent written in."""
    texts = [["" if v is None else f"{100 * v:.0f}" for v in line] for line in values]
    hover = [
        [
            f"{chart_label(row, 120)}<br>{chart_label(column)}: " + ("nothing" if v is None else f"{100 * v:.1f} %")
            for column, v in zip(columns, line, strict=True)
        ]
        for row, line in zip(rows, values, strict=True)
    ]
    trace = {
        "type": "heatmap",
        "x": list(range(len(columns))),
        "y": list(range(len(rows))),
        "z": [list(line) for line in values],
        "zmin": 0,
        "zmax": 1,
        "colorscale": [list(stop) for stop in SCALE],
        "text": texts,
        "texttemplate": "%{text}",
        "hovertext": hover,
        "hoverinfo": "text",
        "xgap": 2,
        "ygap": 2,
        "colorbar": {"title": {"text": what, "side": "right"}, "tickformat": ".0%", "thickness": 10, "len": 0.9},
    }
    return figure(
        [trace],
        height=90 + 26 * len(rows),
        meta={"narrow": [chart_label(row, 18) for row in rows], "below": 720},
        xaxis=category_axis(
            columns, 20, narrow=len(columns) <= 7, side="top", tickangle=0 if len(columns) <= 7 else -40
        ),
        yaxis=category_axis(rows, 44, range=[len(rows) - 0.5, -0.5]),
    )


def stacked_shares(bars: Sequence[str], parts: Sequence[tuple[str, Sequence[float], Sequence[int]]]) -> Figure:
    """One horizontal bar for each of `bars`; each part has a label, its share of every bar, and its rows."""
    traces = []
    for number, (label, shares, rows) in enumerate(parts):
        hover = [
            f"{chart_label(bar)}<br>{chart_label(label, 120)}: {100 * s:.1f} % ({r:,} rows)"
            for bar, s, r in zip(bars, shares, rows, strict=True)
        ]
        traces.append(
            {
                "type": "bar",
                "orientation": "h",
                "name": chart_label(label, 28),
                "x": list(shares),
                "y": list(range(len(bars))),
                "text": [chart_label(label, 22) if s >= 0.08 else "" for s in shares],
                "textposition": "inside",
                "insidetextanchor": "middle",
                "textangle": 0,
                "hovertext": hover,
                "hoverinfo": "text",
                "marker": {
                    "color": COLOURS[number % len(COLOURS)],
                    "pattern": {"shape": PATTERNS[(number // len(COLOURS)) % len(PATTERNS)]},
                    "line": {"width": 1, "color": "rgba(255,255,255,0.7)"},
                },
            }
        )
    return figure(
        traces,
        height=90 + 44 * len(bars) + 20 * (1 + len(parts) // 3),
        barmode="stack",
        bargap=0.25,
        uniformtext={"minsize": 10, "mode": "hide"},
        legend={"orientation": "h", "y": -0.12, "traceorder": "normal"},
        xaxis=value_axis("", tickformat=".0%", range=[0, 1]),
        yaxis=category_axis(bars, 24, range=[len(bars) - 0.5, -0.5]),
    )


def whiskers(values: Sequence[tuple[float, float | None, float | None]]) -> dict[str, Any]:
    """Intervals as plotly's error bars; no length where there is no interval."""
    return {
        "type": "data",
        "symmetric": False,
        "array": [0.0 if high is None else round(max(0.0, high - value), 5) for value, _, high in values],
        "arrayminus": [0.0 if low is None else round(max(0.0, value - low), 5) for value, low, _ in values],
        "thickness": 1.5,
        "width": 4,
    }


def bridges(xs: Sequence[float | None], ys: Sequence[int]) -> dict[str, Any]:
    """Grey lines behind the markers, from point to point, interrupted where x is None."""
    line = {"color": "#8A8F98", "width": 2}
    return {
        "type": "scatter", "mode": "lines", "x": list(xs), "y": list(ys), "line": line, "hoverinfo": "skip",
        "showlegend": False,
    }  # fmt: skip


def by_line(labels: Sequence[str], traces: Sequence[Mapping[str, Any]], xaxis: Mapping[str, Any]) -> Figure:
    """Traces over lines that have the labels on the left, shortened where the page is narrow."""
    return figure(
        traces,
        height=110 + 32 * len(labels),
        showlegend=True,
        legend={"orientation": "h", "y": 1.0, "yanchor": "bottom", "x": 0},
        meta={"narrow": [_two_lines(label) for label in labels], "below": 800},
        xaxis=dict(xaxis),
        yaxis=category_axis(labels, 58, range=[len(labels) - 0.5, -0.5]),
    )


def _two_lines(label: str) -> str:
    lines = textwrap.wrap(label, 22, max_lines=2, placeholder="…") or [""]
    return "<br>".join(chart_label(line, 22) for line in lines)
