"""A finished audit comes in; its charts go out, each with a sentence on what to see and its numbers as a table."""

from __future__ import annotations

import statistics
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kvqa_audit.model import AnswerShare, AuditRun, ImageFingerprint, Severity
from kvqa_audit.report.figures import (
    COLOURS,
    SEVERITY_COLOURS,
    SYMBOLS,
    Figure,
    category_axis,
    figure,
    heat_map,
    stacked_shares,
    value_axis,
)
from kvqa_audit.report.text import chart_label, measure, share, shown

MAX_TABLE_ROWS = 400
MAX_ANSWERS_PER_CHART = 12
MAX_LABELS = 60

QUALITY: tuple[tuple[str, str, Callable[[ImageFingerprint], float | None]], ...] = (
    ("sharpness", "sharpness", lambda f: f.sharpness),
    ("brightness", "brightness", lambda f: f.brightness),
    ("contrast", "contrast", lambda f: f.contrast),
    ("information", "entropy, bits", lambda f: f.entropy_bits),
    ("dark pixels", "share of dark pixels", lambda f: f.dark_share),
    ("bright pixels", "share of bright pixels", lambda f: f.bright_share),
)


@dataclass(frozen=True, slots=True)
class Chart:
    """One chart: figures by the label they are chosen by (one needs no choosing), and the numbers behind it.

    `choice` says what is chosen between; `numbers` hold at most 400 rows of the `rows_in_all`, the rest are in `file`.
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


def charts(run: AuditRun) -> tuple[Chart, ...]:
    """The charts this run has numbers for, in the order of the page."""
    made = (
        findings_by_check(run),
        missing_answers(run),
        image_sizes(run),
        image_quality(run),
        nearest_neighbours(run),
        answers_by_source(run),
        majority_answers(run),
    )
    return tuple(chart for chart in made if chart is not None)


def findings_by_check(run: AuditRun) -> Chart | None:
    """Bars: how many findings each check has, by severity."""
    counts = Counter((finding.check, finding.severity) for finding in run.findings)
    totals: Counter[str] = Counter(finding.check for finding in run.findings)
    codes = [code for code, _ in sorted(totals.items(), key=lambda item: (-item[1], item[0]))][:MAX_LABELS]
    if not codes:
        return None
    titles = {code: run.docs[code].title if code in run.docs else code for code in codes}
    traces = [
        {
            "type": "bar",
            "orientation": "h",
            "name": severity.value,
            "y": list(range(len(codes))),
            "x": [counts[code, severity] for code in codes],
            "marker": {"color": SEVERITY_COLOURS[severity.value]},
            "hovertext": [
                f"{chart_label(code)} {chart_label(titles[code], 120)}: {counts[code, severity]:,} ({severity.value})"
                for code in codes
            ],
            "hoverinfo": "text",
        }
        for severity in reversed(Severity)
        if any(counts[code, severity] for code in codes)
    ]
    drawn = figure(
        traces,
        height=110 + 24 * len(codes),
        barmode="stack",
        bargap=0.3,
        showlegend=True,
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0},
        xaxis=value_axis("findings"),
        yaxis=category_axis(codes, 16, range=[len(codes) - 0.5, -0.5]),
    )
    most = codes[0]
    numbers = [(code, titles[code], *(f"{counts[code, s]:,}" for s in reversed(Severity))) for code in codes]
    return _chart(
        ("findings", "summary", "Findings by check"),
        f"Most findings come from {most} ({titles[most]}): {totals[most]:,} of {len(run.findings):,}.",
        ((("", drawn),), "", False),
        ("check", "title", *(s.value for s in reversed(Severity))),
        numbers,
        "findings.csv",
    )


def missing_answers(run: AuditRun) -> Chart | None:
    """Heat map: the share of a source's images without an answer to each question."""
    return _profile_map(
        run,
        "missing_share",
        ("missing", "table", "Missing answers"),
        "missing",
        "The darker a cell, the more images of that source have no answer to that question.",
    )


def majority_answers(run: AuditRun) -> Chart | None:
    """Heat map: the share of the most frequent answer, which is what a model gets right without looking."""
    return _profile_map(
        run,
        "majority_share",
        ("majority", "balance", "What can be guessed without looking"),
        "majority share",
        "The darker a cell, the more often one single answer is right for that source and question.",
    )


def _profile_map(run: AuditRun, field: str, names: tuple[str, str, str], what: str, sentence: str) -> Chart | None:
    profile: Sequence[Mapping[str, Any]] = run.metrics.get("profile") or ()
    values = {
        (str(line["question"]), str(line["source"])): float(line[field])
        for line in profile
        if line.get(field) is not None
    }
    if not values:
        return None
    questions = list(dict.fromkeys(q for q, _ in values))[:MAX_LABELS]
    sources = list(dict.fromkeys(s for _, s in values))[:MAX_LABELS]
    grid = [[values.get((q, s)) for s in sources] for q in questions]
    (question, source), largest = max(values.items(), key=lambda item: item[1])
    return _chart(
        names,
        f"{sentence} The largest is {share(largest)}: {shown(question, 90)} ({shown(source, 40)}).",
        ((("", heat_map(questions, sources, grid, what)),), "", True),
        ("question", *sources),
        [(q, *(share(v) for v in line)) for q, line in zip(questions, grid, strict=True)],
        "audit.json",
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
    return _chart(
        ("sizes", "images", "Image sizes"),
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
    return _chart(
        ("quality", "images", "Image quality by source"),
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
    """Histogram: how far each image's nearest neighbour is, with the threshold of the near-duplicate search."""
    histogram: Mapping[Any, Any] = run.metrics.get("nearest_distance_bits") or {}
    bars = sorted((int(distance), int(number)) for distance, number in histogram.items())
    if not bars:
        return None
    threshold = run.metrics.get("near_threshold_bits")
    sentence = "How many pairs of nearest neighbours lie how many bits of the 256-bit hash apart."
    shapes = []
    notes = []
    if threshold is not None:
        below = sum(number for distance, number in bars if distance <= threshold)
        sentence += f" {below:,} lie at or below the threshold of {threshold} bits; pixels then decide about them."
        line = {"color": SEVERITY_COLOURS["error"], "width": 2, "dash": "dash"}
        at = threshold + 0.5
        shapes = [{"type": "line", "x0": at, "x1": at, "y0": 0, "y1": 1, "yref": "paper", "line": line}]
        notes = [
            {
                "x": at,
                "y": 1,
                "yref": "paper",
                "xanchor": "left",
                "text": f" threshold {threshold} bits",
                "showarrow": False,
            }
        ]
    trace = {
        "type": "bar",
        "x": [distance for distance, _ in bars],
        "y": [number for _, number in bars],
        "marker": {"color": COLOURS[0]},
        "hovertemplate": "%{x} bits: %{y}<extra></extra>",
    }
    drawn = figure(
        [trace],
        height=320,
        bargap=0.05,
        xaxis=value_axis("distance to the nearest neighbour, bits"),
        yaxis=value_axis("pairs"),
        shapes=shapes,
        annotations=notes,
    )
    return _chart(
        ("distances", "duplicates", "How near is the nearest neighbour?"),
        sentence,
        ((("", drawn),), "", False),
        ("distance, bits", "pairs"),
        [(str(distance), f"{number:,}") for distance, number in bars],
        "audit.json",
    )


def answers_by_source(run: AuditRun) -> Chart | None:
    """Stacked bars: how each source answers a question, one figure for each question."""
    by_question: dict[str, list[AnswerShare]] = defaultdict(list)
    for line in run.profile:
        by_question[line.question].append(line)
    if not by_question:
        return None
    figures = [(question, _answers(lines)) for question, lines in list(by_question.items())[:MAX_LABELS]]
    return _chart(
        ("answers", "balance", "Answers by source"),
        "A colour that fills one source's bar and is absent from another's tells the source by the answer alone. "
        "Shares are of the rows that answer the question.",
        (tuple(figures), "question", True),
        ("question", "source", "answer", "rows", "share"),
        [(p.question, p.source, p.answer, f"{p.rows:,}", share(p.share)) for p in run.profile],
        "profile.parquet",
    )


def _answers(lines: Sequence[AnswerShare]) -> Figure:
    sources = list(dict.fromkeys(line.source for line in lines))[:MAX_LABELS]
    totals: Counter[str] = Counter()
    for line in lines:
        totals[line.answer] += line.rows
    ordered = [answer for answer, _ in sorted(totals.items(), key=lambda item: (-item[1], item[0]))]
    kept = ordered[:MAX_ANSWERS_PER_CHART]
    parts = [_part(lines, sources, answer, {answer}) for answer in kept]
    rest = set(ordered[MAX_ANSWERS_PER_CHART:])
    if rest:
        parts.append(_part(lines, sources, f"{len(rest):,} other answers", rest))
    return stacked_shares(sources, parts)


def _part(
    lines: Sequence[AnswerShare], sources: Sequence[str], label: str, answers: set[str]
) -> tuple[str, list[float], list[int]]:
    shares: Counter[str] = Counter()
    rows: Counter[str] = Counter()
    for line in lines:
        if line.answer in answers:
            shares[line.source] += line.share  # type: ignore[assignment]
            rows[line.source] += line.rows
    return label, [round(shares[s], 5) for s in sources], [rows[s] for s in sources]


def _by_source(run: AuditRun) -> list[tuple[str, ImageFingerprint]]:
    sources: Mapping[str, str] = run.metrics.get("sources") or {}
    return [(sources.get(f.img_id, "no source known"), f) for f in run.fingerprints]


def _chart(
    names: tuple[str, str, str],
    sentence: str,
    drawn: tuple[tuple[tuple[str, Figure], ...], str, bool],
    columns: tuple[str, ...],
    numbers: Sequence[tuple[str, ...]],
    file: str,
) -> Chart:
    key, section, title = names
    figures, choice, wide = drawn
    kept = tuple(tuple(numbers)[:MAX_TABLE_ROWS])
    return Chart(key, section, title, sentence, figures, columns, kept, len(numbers), file, choice, wide)
