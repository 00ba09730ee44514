"""The places of pictures in the plane come in; the map of the dataset, coloured in several ways, goes out."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

from kvqa_audit.model import AuditRun, Finding
from kvqa_audit.report.figures import COLOURS, RIM, SEVERITY_COLOURS, SYMBOLS, Chart, Figure, figure, make_chart
from kvqa_audit.report.text import chart_label, shown

MAX_GROUPS = len(COLOURS)
MAX_QUESTIONS = 1
_NOTHING, _OTHER = "no finding", "other"


def map_of_pictures(run: AuditRun) -> Chart | None:
    """Scatter: the pictures, those that look alike near each other, by source, finding and a frequent question."""
    places = [(str(img_id), float(x), float(y)) for img_id, x, y in run.metrics.get("picture_map") or ()]
    if not places:
        return None
    worst = _worst(run.findings)
    sources = run.metrics.get("sources") or {}
    ways: list[tuple[str, Mapping[str, str]]] = [("source", {i: sources.get(i, "") for i, _, _ in places})]
    ways.append(("finding", {img_id: one.severity.value for img_id, one in worst.items()}))
    ways += _answers(run, {img_id for img_id, _, _ in places})
    figures = tuple((label, _drawn(places, kind, worst, label)) for label, kind in ways)
    numbers = [
        (i, sources.get(i, ""), f"{x:.3f}", f"{y:.3f}", f"{worst[i].check}" if i in worst else "")
        for i, x, y in sorted(places, key=lambda one: (one[0] not in worst, one[0]))
    ]
    return make_chart(
        ("map", "images", "Which pictures look alike?"),
        f"{len(places):,} of {len(run.fingerprints):,} pictures, each near to those that look like it, in the two "
        "directions in which they differ most. A point that lies apart, or among those of another colour, is worth a "
        "look; one with a finding leads to its card.",
        (figures, "colour", False),
        ("image", "source", "across", "up", "gravest finding"),
        numbers,
        "fingerprints.parquet",
    )


def _worst(findings: Sequence[Finding]) -> dict[str, Finding]:
    """The gravest finding of each image."""
    worst: dict[str, Finding] = {}
    for finding in findings:
        if finding.img_id is not None:
            known = worst.setdefault(finding.img_id, finding)
            if finding.severity.rank > known.severity.rank:
                worst[finding.img_id] = finding
    return worst


def _answers(run: AuditRun, shown_ids: set[str]) -> list[tuple[str, Mapping[str, str]]]:
    """What the questions with most answers, of two kinds at least, are answered for each picture."""
    given: dict[str, dict[str, str]] = defaultdict(dict)
    for _, question, answer, img_id in run.rows or ():
        if img_id in shown_ids and answer:
            given[question].setdefault(img_id, answer)
    varied = [question for question, answers in given.items() if 2 <= len(set(answers.values())) <= MAX_GROUPS]
    ranked = sorted(varied, key=lambda question: (-len(given[question]), question))[:MAX_QUESTIONS]
    return [(question, given[question]) for question in ranked]


def _drawn(
    places: Sequence[tuple[str, float, float]], kind: Mapping[str, str], worst: Mapping[str, Finding], label: str
) -> Figure:
    none = _NOTHING if label == "finding" else "none"
    counts = Counter(kind.get(img_id) or none for img_id, _, _ in places)
    kept = [name for name, _ in counts.most_common(MAX_GROUPS)]
    of_group: dict[str, list[tuple[str, float, float]]] = defaultdict(list)
    for place in places:
        name = kind.get(place[0]) or none
        of_group[name if name in kept else _OTHER].append(place)
    traces = []
    for number, (name, points) in enumerate(sorted(of_group.items(), key=lambda one: -len(one[1]))):
        colour = SEVERITY_COLOURS.get(name, COLOURS[-1]) if label == "finding" else COLOURS[number % len(COLOURS)]
        traces.append(
            {
                "type": "scatter",
                "mode": "markers",
                "name": chart_label(name, 28),
                "x": [x for _, x, _ in points],
                "y": [y for _, _, y in points],
                "customdata": [
                    [shown(i, 60), f"{worst[i].check}-{worst[i].key}" if i in worst else ""] for i, _, _ in points
                ],
                "hovertext": [chart_label(f"{i}: {name}", 80) for i, _, _ in points],
                "hoverinfo": "text",
                "marker": {
                    "color": colour, "symbol": SYMBOLS[number % len(SYMBOLS)], "size": 8, "opacity": 0.8, "line": RIM,
                },
            }
        )  # fmt: skip
    axis = {"showticklabels": False, "zeroline": False, "fixedrange": True, "range": [-1.08, 1.08]}
    return figure(
        traces,
        height=520,
        showlegend=True,
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0},
        hovermode="closest",
        xaxis=axis,
        yaxis=axis,
    )
