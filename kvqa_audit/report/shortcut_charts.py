"""Associations with the source and tests of the row order come in; charts of what gives a source away go out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from kvqa_audit.model import AuditRun
from kvqa_audit.report.figures import COLOURS, RIM, Chart, Figure, bridges, by_line, make_chart, value_axis, whiskers
from kvqa_audit.report.text import chart_label, measure, share, shown

MAX_LINES_DRAWN = 30
MAX_ROW_ORDERS_DRAWN = 20
FALSE_DISCOVERY_RATE = 0.05
ABOUT = (
    ("answer", "answers", {"color": COLOURS[0], "symbol": "circle", "size": 11, "line": RIM}),
    ("image", "image properties", {"color": COLOURS[1], "symbol": "square", "size": 11, "line": RIM}),
)

Entry = Mapping[str, Any]


def shortcuts(run: AuditRun) -> Chart | None:
    """Dots with intervals: how strongly answers and properties of the images go with the source."""
    entries: Sequence[Entry] = run.metrics.get("association") or ()
    known = sorted(
        (entry for entry in entries if entry.get("cramers_v") is not None),
        key=lambda entry: (-entry["cramers_v"], entry["about"], entry["name"]),
    )
    if not known:
        return None
    drawn = known[:MAX_LINES_DRAWN]
    left_out = len(entries) - len(known)
    sentence = _strongest(known)
    if left_out:
        sentence += (
            f" {left_out:,} of {len(entries):,} cannot be measured: they do not vary, or stand in one source only."
        )
    unknown = [entry for entry in entries if entry.get("cramers_v") is None]
    return make_chart(
        ("shortcuts", "balance", "What gives the source away?"),
        sentence,
        ((("", _lollipops(drawn)),), "", False),
        ("about", "question or property", "Cramér's V", "95 % interval", "images", "levels", "sources",
         "source guessed right", "largest source"),
        [
            (
                entry["about"], entry["name"], measure(entry["cramers_v"]),
                f"{measure(entry['low'])} to {measure(entry['high'])}" if entry.get("low") is not None else "-",
                f"{entry['images']:,}", f"{entry['levels']:,}", f"{entry['sources']:,}",
                share(entry["source_accuracy"]), share(entry["largest_source"]),
            )
            for entry in (*known, *unknown)
        ],
        "audit.json",
    )  # fmt: skip


def _strongest(known: Sequence[Entry]) -> str:
    first = known[0]
    sentence = (
        f"{_named(first)} most ({first['cramers_v']:.2f}, where 1 is complete): naming the source by that "
        f"is right for {share(first['source_accuracy'])} of the images, always naming the largest source for "
        f"{share(first['largest_source'])}."
    )
    other = next((entry for entry in known if entry["about"] != first["about"]), None)
    if other is None:
        return sentence
    kind = "answers" if other["about"] == "answer" else "image properties"
    return f"{sentence} Of the {kind} “{shown(other['name'], 90)}” does most (V {other['cramers_v']:.2f})."


def _named(entry: Entry) -> str:
    name = shown(entry["name"], 90)
    if entry["about"] == "answer":
        return f"The answers to “{name}” give the source away"
    return f"“{name}” gives the source away"


def _lollipops(entries: Sequence[Entry]) -> Figure:
    stems = [(x, place) for place, entry in enumerate(entries) for x in (0, round(entry["cramers_v"], 5), None)]
    traces: list[Mapping[str, Any]] = [bridges([x for x, _ in stems], [place for _, place in stems])]
    for about, words, marker in ABOUT:
        of_kind = [(place, entry) for place, entry in enumerate(entries) if entry["about"] == about]
        if not of_kind:
            continue
        traces.append(
            {
                "type": "scatter",
                "mode": "markers",
                "name": words,
                "y": [place for place, _ in of_kind],
                "x": [round(entry["cramers_v"], 5) for _, entry in of_kind],
                "marker": marker,
                "cliponaxis": False,
                "error_x": whiskers([(e["cramers_v"], e.get("low"), e.get("high")) for _, e in of_kind]),
                "hovertext": [
                    f"{chart_label(entry['name'], 120)}<br>Cramér's V {entry['cramers_v']:.3f}, {entry['images']:,} "
                    f"images<br>the source is guessed right for {share(entry['source_accuracy'])}"
                    for _, entry in of_kind
                ],
                "hoverinfo": "text",
            }
        )
    axis = value_axis("how far it gives the source away, from 0 to 1 (Cramér's V)", range=[0, 1.04])
    return by_line([entry["name"] for entry in entries], traces, axis)


def row_order(run: AuditRun) -> Chart | None:
    """Bars along the images by id: where a source answers a question differently than elsewhere."""
    tests: Sequence[Entry] = run.metrics.get("row_order") or ()
    if not tests:
        return None
    ordered = sorted(tests, key=lambda test: (not _changes(test), -test["cramers_v"], test["source"], test["question"]))
    changed = sum(map(_changes, tests))
    sentence = (
        f"{changed:,} of {len(tests):,} pairs of source and question are answered differently in different parts of "
        "the dataset, by the ids of the images (chi-square tests, at most "
        f"{100 * FALSE_DISCOVERY_RATE:.0f}\u00a0% false discoveries)."
    )
    if changed:
        first = ordered[0]
        sentence += (
            f" The strongest is “{shown(first['question'], 90)}” in {shown(first['source'], 40)}: in the images "
            f"{_images(first)} “{shown(first['answer'], 60)}” has "
            f"{share(first['share_in_block'])} of the answers, in all {share(first['share'])}."
        )
    return make_chart(
        ("row-order", "balance", "Where do answers change along the ids?"),
        sentence,
        ((("", _blocks(ordered[:MAX_ROW_ORDERS_DRAWN])),), "", False),
        ("source", "question", "answer", "images", "share there", "share in all", "Cramér's V",
         "q value", "answered", "blocks"),
        [
            (
                test["source"], test["question"], test["answer"], _images(test),
                share(test["share_in_block"]), share(test["share"]), f"{test['cramers_v']:.3f}",
                measure(test["q_value"]), f"{test['answered']:,}", f"{test['blocks']:,}",
            )
            for test in ordered
        ],
        "audit.json",
    )  # fmt: skip


def _images(test: Entry) -> str:
    """The first and the last image of the block; earlier audits tell rows instead."""
    first, last = (test.get(f"{which}_image", f"row {test.get(f'{which}_row')}") for which in ("first", "last"))
    return f"{shown(first, 40)} to {shown(last, 40)}"


def _place(test: Entry, which: str) -> int:
    return int(test.get(f"{which}_place", test.get(f"{which}_row", 0)))


def _changes(test: Entry) -> bool:
    return bool(test["q_value"] <= FALSE_DISCOVERY_RATE)


def _blocks(tests: Sequence[Entry]) -> Figure:
    kinds = (
        (True, "differs from the other images", {"color": COLOURS[3]}),
        (
            False,
            "no more than chance",
            {"color": "#B9C0CA", "pattern": {"shape": "/", "fgcolor": "#566173", "fillmode": "overlay"}},
        ),
    )
    traces = list(_block_traces(tests, kinds))
    end = max(_place(test, "last") for test in tests)
    axis = value_axis("images in the order of their ids, from 0", range=[0, 1.5 * end], tickformat="~s")
    labels = [f"{test['source']}: {test['question']}" for test in tests]
    return by_line(labels, traces, axis)


def _block_traces(
    tests: Sequence[Entry], kinds: Sequence[tuple[bool, str, Mapping[str, Any]]]
) -> Iterator[Mapping[str, Any]]:
    for changes, words, marker in kinds:
        of_kind = [(place, test) for place, test in enumerate(tests) if _changes(test) is changes]
        if of_kind:
            yield {
                "type": "bar",
                "orientation": "h",
                "name": words,
                "y": [place for place, _ in of_kind],
                "base": [_place(test, "first") for _, test in of_kind],
                "x": [_place(test, "last") - _place(test, "first") + 1 for _, test in of_kind],
                "marker": marker,
                "text": [
                    f"{chart_label(t['answer'], 20)}: {share(t['share_in_block'])}; all {share(t['share'])}"
                    for _, t in of_kind
                ],
                "textposition": "outside",
                "textangle": 0,
                "cliponaxis": False,
                "hovertext": [
                    f"{chart_label(t['source'])}: {chart_label(t['question'], 120)}<br>{chart_label(_images(t), 120)}: "
                    f"{chart_label(t['answer'], 60)} {share(t['share_in_block'])}, in all "
                    f"{share(t['share'])}<br>Cramér's V {t['cramers_v']:.2f}, q {measure(t['q_value'])}"
                    for _, t in of_kind
                ],
                "hoverinfo": "text",
            }
