"""Baselines that look at no picture come in; the chart of what they get right goes out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from kvqa_audit.model import AuditRun
from kvqa_audit.report.figures import COLOURS, RIM, Chart, Figure, bridges, by_line, make_chart, value_axis, whiskers
from kvqa_audit.report.text import chart_label, share, shown, span

MAX_LINES_DRAWN = 30
ALL_QUESTIONS = "all questions"
SCORES = (("accuracy", "share of right answers"), ("macro_f1", "mean F1 over the answers"))
KNOWS = (
    ("question", {"color": COLOURS[1], "symbol": "circle", "size": 14, "line": RIM}),
    ("question and source", {"color": COLOURS[0], "symbol": "diamond", "size": 10, "line": RIM}),
)

Entry = Mapping[str, Any]
Paired = tuple[str, Entry, Entry]


def guessing_baselines(run: AuditRun) -> Chart | None:
    """Two dots a question: how many answers are guessed from the question alone, and from question and source."""
    pairs = _paired(run.metrics.get("baselines") or ())
    if not pairs:
        return None
    drawn = pairs[: MAX_LINES_DRAWN + 1]
    sentence = _guessed(pairs)
    if len(pairs) > len(drawn):
        sentence += f" Drawn are the {len(drawn) - 1} questions where the source helps most."
    numbers = [
        (
            label,
            f"{plain['cells']:,}",
            f"{plain['answers']:,}",
            *(
                f"{share(entry[name])} ({span(entry[f'{name}_low'], entry[f'{name}_high'])})"
                for name, _ in SCORES
                for entry in (plain, informed)
            ),
        )
        for label, plain, informed in pairs
    ]
    return make_chart(
        ("guessing", "balance", "How many answers can be guessed without looking?"),
        sentence,
        (tuple((label, _dumbbells(drawn, name, label)) for name, label in SCORES), "score", False),
        ("question", "answered", "different answers", "right from the question", "right from question and source",
         "F1 from the question", "F1 from question and source"),
        numbers,
        "audit.json",
    )  # fmt: skip


def _paired(baselines: Sequence[Entry]) -> list[Paired]:
    """(label, known the question, known the source too): all questions first, then where the source helps most."""
    by_knows: dict[str, dict[str, Entry]] = {}
    for entry in baselines:
        by_knows.setdefault(entry["knows"], {})[entry["question"]] = entry
    informed = by_knows.get("question and source", {})
    pairs = [(name, plain, informed[name]) for name, plain in by_knows.get("question", {}).items() if name in informed]
    return sorted(pairs, key=lambda pair: (pair[0] != ALL_QUESTIONS, -_gain(pair), pair[0]))


def _gain(pair: Paired) -> float:
    return float(pair[2]["accuracy"] - pair[1]["accuracy"])


def _guessed(pairs: Sequence[Paired]) -> str:
    label, plain, informed = pairs[0]
    what = "of all answers" if label == ALL_QUESTIONS else f"of the answers to “{shown(label, 90)}”"
    sentence = (
        f"Naming each question's most frequent answer gets {share(plain['accuracy'])} {what} right without a look at "
        f"any picture ({span(plain['accuracy_low'], plain['accuracy_high'])}). "
    )
    if informed["accuracy_low"] <= plain["accuracy_high"]:
        return f"{sentence}Knowing the source too does not help beyond chance: {share(informed['accuracy'])}."
    sentence += f"Knowing the source too, it is {share(informed['accuracy'])}"
    single = [pair for pair in pairs if pair[0] != ALL_QUESTIONS]
    if not single:
        return f"{sentence}."
    most = max(single, key=_gain)
    return (
        f"{sentence}; most is gained for “{shown(most[0], 90)}”, from {share(most[1]['accuracy'])} to "
        f"{share(most[2]['accuracy'])}."
    )


def _dumbbells(pairs: Sequence[Paired], name: str, axis: str) -> Figure:
    xs: list[float | None] = []
    ys: list[int] = []
    for place, (_, plain, informed) in enumerate(pairs):
        xs += [round(plain[name], 5), round(informed[name], 5), None]
        ys += [place] * 3
    traces: list[Mapping[str, Any]] = [bridges(xs, ys)]
    sides = ([plain for _, plain, _ in pairs], [informed for _, _, informed in pairs])
    for (knows, marker), entries in zip(KNOWS, sides, strict=True):
        traces.append(
            {
                "type": "scatter",
                "mode": "markers",
                "name": f"from the {knows}",
                "x": [round(entry[name], 5) for entry in entries],
                "y": list(range(len(pairs))),
                "marker": marker,
                "cliponaxis": False,
                "error_x": whiskers([(entry[name], entry[f"{name}_low"], entry[f"{name}_high"]) for entry in entries]),
                "hovertext": [
                    f"{chart_label(label, 120)}<br>from the {knows}: {share(entry[name])} "
                    f"({span(entry[f'{name}_low'], entry[f'{name}_high'])}), {entry['cells']:,} answers"
                    for (label, _, _), entry in zip(pairs, entries, strict=True)
                ],
                "hoverinfo": "text",
            }
        )
    return by_line([label for label, _, _ in pairs], traces, value_axis(axis, tickformat=".0%", range=[0, 1.04]))
