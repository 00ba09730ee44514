"""Fingerprints and distances come in; the charts about images and their nearest neighbours go out."""

from __future__ import annotations

import statistics
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from kvqa_audit.model import AuditRun, ImageFingerprint
from kvqa_audit.report.figures import (
    COLOURS,
    MAX_LABELS,
    SEVERITY_COLOURS,
    SYMBOLS,
    Chart,
    Figure,
    category_axis,
    figure,
    make_chart,
    value_axis,
)
from kvqa_audit.report.text import chart_label, measure, shown

QUALITY: tuple[tuple[str, str, Callable[[ImageFingerprint], float | None]], ...] = (
    ("sharpness", "sharpness", lambda f: f.sharpness),
    ("brightness", "brightness", lambda f: f.brightness),
    ("contrast", "contrast", lambda f: f.contrast),
    ("information", "entropy, bits", lambda f: f.entropy_bits),
    ("dark pixels", "share of dark pixels", lambda f: f.dark_share),
    ("bright pixels", "share of bright pixels", lambda f: f.bright_share),
)


def image_sizes(run: AuditRun) -> Chart | None:
    """Scatter: width and height of the images, equal ones drawn once with a size that says how many."""
    counts = Counter(
        (source, f.width, f.height) for source, f in _by_source(run) if f.width is not None and f.height is not None
    )
    if not counts:
        return None
    sources = sorted({source for source, _, _ in counts})[:MAX_LABELS]
    traces = []
    for number, source in enumerate(sources):
        sizes = sorted((w or 0, h or 0, n) for (s, w, h), n in counts.items() if s == source)
        traces.append(
            {
                "type": "scatter",
                "mode": "markers",
                "name": chart_label(source, 28),
                "x": [w for w, _, _ in sizes],
                "y": [h for _, h, _ in sizes],
                "marker": {
                    "color": COLOURS[number % len(COLOURS)],
                    "symbol": SYMBOLS[number % len(SYMBOLS)],
                    "size": [round(min(34.0, 5 + 2.2 * n**0.5), 1) for _, _, n in sizes],
                    "opacity": 0.75,
                    "line": {"width": 1, "color": "rgba(255,255,255,0.8)"},
                },
                "hovertext": [f"{chart_label(source)}<br>{w} by {h} px: {n:,} images" for w, h, n in sizes],
                "hoverinfo": "text",
            }
        )
    drawn = figure(
        traces,
        height=420,
        showlegend=True,
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0},
        xaxis=value_axis("width, pixels", rangemode="tozero"),
        yaxis=value_axis("height, pixels", rangemode="tozero"),
    )
    ordered = sorted(counts.items(), key=lambda item: (-item[1], str(item[0])))
    (source, width, height), most = ordered[0]
    return make_chart(
        ("sizes", "images", "How large are the images of each source?"),
        f"{len({(w, h) for _, w, h in counts}):,} different sizes; the most frequent is {width} by {height} px in "
        f"{shown(source, 40)} ({most:,} images). Sizes that belong to one source give that source away.",
        ((("", drawn),), "", False),
        ("source", "width, px", "height, px", "images"),
        [(s, f"{w}", f"{h}", f"{n:,}") for (s, w, h), n in ordered],
        "fingerprints.parquet",
    )


def image_quality(run: AuditRun) -> Chart | None:
    """Boxes: the spread of each quality metric in each source."""
    by_source = _by_source(run)
    figures = []
    numbers: list[tuple[str, ...]] = []
    for label, axis, value_of in QUALITY:
        values: dict[str, list[float]] = defaultdict(list)
        for source, fingerprint in by_source:
            value = value_of(fingerprint)
            if value is not None:
                values[source].append(value)
        if not values:
            continue
        boxes = {source: _five_numbers(values[source]) for source in sorted(values)[:MAX_LABELS]}
        figures.append((label, _boxes(boxes, axis)))
        numbers.extend((label, source, *(measure(n) for n in box)) for source, box in boxes.items())
    if not figures:
        return None
    return make_chart(
        ("quality", "images", "How do the images of each source look?"),
        "Each box holds the middle half of a source's images, its whiskers reach from the 1st to the 99th percentile; "
        "a box far from the others is a source that looks different.",
        (tuple(figures), "quality metric", False),
        ("metric", "source", "1 %", "25 %", "median", "75 %", "99 %"),
        numbers,
        "fingerprints.parquet",
    )


def _five_numbers(values: Sequence[float]) -> tuple[float, float, float, float, float]:
    if len(values) == 1:
        return (values[0],) * 5
    cuts = statistics.quantiles(values, n=100, method="inclusive")
    return cuts[0], cuts[24], cuts[49], cuts[74], cuts[98]


def _boxes(boxes: Mapping[str, tuple[float, float, float, float, float]], axis: str) -> Figure:
    sources = list(boxes)
    traces = [
        {
            "type": "box",
            "orientation": "h",
            "name": chart_label(source, 28),
            "y": [number],
            "lowerfence": [box[0]],
            "q1": [box[1]],
            "median": [box[2]],
            "q3": [box[3]],
            "upperfence": [box[4]],
            "marker": {"color": COLOURS[number % len(COLOURS)]},
            "showlegend": False,
        }
        for number, (source, box) in enumerate(boxes.items())
    ]
    return figure(
        traces,
        height=110 + 48 * len(sources),
        xaxis=value_axis(axis),
        yaxis=category_axis(sources, 24, range=[len(sources) - 0.5, -0.5]),
    )


def nearest_neighbours(run: AuditRun) -> Chart | None:
    """Histogram: how far nearest neighbours are apart, which pairs were verified, and the threshold if there is one."""
    nearest = _histogram(run.metrics.get("nearest_distance_bits"))
    verified = _histogram(run.metrics.get("verified_distance_bits"))
    if not nearest:
        return None
    sentence = "How many pairs of nearest neighbours lie how many bits of the 256-bit hash apart."
    if verified:
        sentence += f" Verified by their pixels as the same picture: {sum(verified.values()):,} of all nominated pairs."
    threshold = run.metrics.get("near_threshold_bits")
    if threshold is not None:
        below = sum(number for distance, number in nearest.items() if distance <= threshold)
        sentence += (
            f" Beyond {threshold} bits no pair is called a re-encode; {below:,} nearest pairs lie at or below. "
            "Whether a pair is verified is decided by its pixels, at any distance."
        )
    distances = sorted(nearest.keys() | verified.keys())
    numbers = [(str(d), f"{nearest.get(d, 0):,}", f"{verified.get(d, 0):,}") for d in distances]
    return make_chart(
        ("distances", "duplicates", "How near is the nearest neighbour?"),
        sentence,
        ((("", _distances(nearest, verified, threshold)),), "", False),
        ("distance, bits", "nearest pairs", "verified pairs"),
        numbers,
        "audit.json",
    )


def _histogram(pairs: Mapping[str, int] | None) -> dict[int, int]:
    return {int(distance): int(number) for distance, number in (pairs or {}).items() if int(number)}


def _distances(nearest: Mapping[int, int], verified: Mapping[int, int], threshold: int | None) -> Figure:
    traces = [
        {
            "type": "bar",
            "name": name,
            "x": sorted(histogram),
            "y": [histogram[distance] for distance in sorted(histogram)],
            "marker": {"color": colour},
            "hovertemplate": "%{x} bits: %{y} " + name + "<extra></extra>",
        }
        for name, histogram, colour in (
            ("nearest pairs", nearest, COLOURS[2]),
            ("verified pairs", verified, COLOURS[0]),
        )
        if histogram
    ]
    marks: dict[str, Any] = {}
    if threshold is not None:
        at = {"x0": threshold + 0.5, "x1": threshold + 0.5, "y0": 0, "y1": 1, "yref": "paper"}
        line = {"color": SEVERITY_COLOURS["error"], "width": 2, "dash": "dash"}
        marks["shapes"] = [{"type": "line", **at, "line": line}]
        side = "right" if 2 * threshold > max((*nearest, *verified)) else "left"
        where = {
            "x": threshold + 0.5,
            "y": 1,
            "yref": "paper",
            "xanchor": side,
            "yanchor": "bottom",
            "showarrow": False,
        }
        marks["annotations"] = [{"text": f"no re-encode beyond {threshold} bits", **where}]
    return figure(
        traces,
        height=340,
        barmode="group",
        bargap=0.05,
        showlegend=True,
        legend={"orientation": "h", "y": 1.1, "yanchor": "bottom", "x": 0},
        xaxis=value_axis("distance, bits of 256", rangemode="tozero"),
        yaxis=value_axis("pairs"),
        **marks,
    )


def _by_source(run: AuditRun) -> list[tuple[str, ImageFingerprint]]:
    sources: Mapping[str, str] = run.metrics.get("sources") or {}
    return [(sources.get(f.img_id, "no source known"), f) for f in run.fingerprints]
