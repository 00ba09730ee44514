"""A finished audit comes in; its charts go out, each with a sentence on what to see and its numbers as a table."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from kvqa_audit.model import AnswerShare, AuditRun, Severity
from kvqa_audit.report.figures import (
    MAX_LABELS,
    SEVERITY_COLOURS,
    Chart,
    Figure,
    category_axis,
    figure,
    heat_map,
    make_chart,
    stacked_shares,
    value_axis,
)
from kvqa_audit.report.guessing_chart import guessing_baselines
from kvqa_audit.report.image_charts import image_quality, image_sizes, nearest_neighbours
from kvqa_audit.report.map_chart import map_of_pictures
from kvqa_audit.report.shortcut_charts import row_order, shortcuts
from kvqa_audit.report.text import chart_label, share, shown

MAX_CHECKS_DRAWN = 20
MAX_ANSWERS_PER_CHART = 12
MIN_ROWS_TO_NAME = 20


def charts(run: AuditRun) -> tuple[Chart, ...]:
    """The charts this run has numbers for, in the order of the page."""
    made = (
        findings_by_check(run),
        missing_answers(run),
        map_of_pictures(run),
        image_sizes(run),
        image_quality(run),
        nearest_neighbours(run),
        guessing_baselines(run),
        majority_answers(run),
        shortcuts(run),
        answers_by_source(run),
        row_order(run),
    )
    return tuple(chart for chart in made if chart is not None)


def findings_by_check(run: AuditRun) -> Chart | None:
    """Bars: how many findings each check has, by severity."""
    counts = Counter((finding.check, finding.severity) for finding in run.findings)
    totals: Counter[str] = Counter(finding.check for finding in run.findings)
    codes = [code for code, _ in sorted(totals.items(), key=lambda item: (-item[1], item[0]))]
    if not codes:
        return None
    titles = {code: run.docs[code].title.rstrip(".") if code in run.docs else code for code in codes}
    most = codes[0]
    sentence = f"Most findings come from {most} ({titles[most]}): {totals[most]:,} of {len(run.findings):,}."
    if len(codes) > MAX_CHECKS_DRAWN:
        sentence += f" The {MAX_CHECKS_DRAWN} checks with the most are drawn, all {len(codes)} are in the table."
    numbers = [(code, titles[code], *(f"{counts[code, s]:,}" for s in reversed(Severity))) for code in codes]
    return make_chart(
        ("findings", "summary", "Which checks found the most?"),
        sentence,
        ((("", _finding_bars(codes[:MAX_CHECKS_DRAWN], titles, counts)),), "", False),
        ("check", "title", *(s.value for s in reversed(Severity))),
        numbers,
        "findings.csv",
    )


def _finding_bars(
    codes: Sequence[str], titles: Mapping[str, str], counts: Mapping[tuple[str, Severity], int]
) -> Figure:
    traces = [
        {
            "type": "bar",
            "orientation": "h",
            "name": severity.value,
            "y": list(range(len(codes))),
            "x": [counts.get((code, severity), 0) for code in codes],
            "marker": {"color": SEVERITY_COLOURS[severity.value]},
            "hovertext": [
                f"{chart_label(code)} {chart_label(titles[code], 120)}: {counts.get((code, severity), 0):,} {severity}s"
                for code in codes
            ],
            "hoverinfo": "text",
        }
        for severity in reversed(Severity)
        if any((code, severity) in counts for code in codes)
    ]
    return figure(
        traces,
        height=110 + 24 * len(codes),
        barmode="stack",
        bargap=0.3,
        showlegend=True,
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0},
        xaxis=value_axis("findings"),
        yaxis=category_axis(codes, 18, range=[len(codes) - 0.5, -0.5]),
    )


def missing_answers(run: AuditRun) -> Chart | None:
    """Heat map: the share of a source's images without an answer to each question."""
    return _profile_map(
        run,
        "missing_share",
        ("missing", "table", "Where are answers missing?"),
        "missing",
        "The darker a cell, the more images of that source have no answer to that question.",
    )


def majority_answers(run: AuditRun) -> Chart | None:
    """Heat map: the share of the most frequent answer, which is what a model gets right without looking."""
    return _profile_map(
        run,
        "majority_share",
        ("majority", "balance", "How often is one answer right?"),
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
    rows = {(str(line["question"]), str(line["source"])): int(line.get("rows") or 0) for line in profile}
    questions = list(dict.fromkeys(q for q, _ in values))[:MAX_LABELS]
    sources = list(dict.fromkeys(s for _, s in values))[:MAX_LABELS]
    grid = [[values.get((q, s)) for s in sources] for q in questions]
    well_known = {key: value for key, value in values.items() if rows[key] >= MIN_ROWS_TO_NAME} or values
    (question, source), largest = max(well_known.items(), key=lambda item: item[1])
    said = f"The largest is {share(largest)}: {shown(question, 90)} ({shown(source, 40)}, "
    said += f"{rows[question, source]:,} rows)."
    return make_chart(
        names,
        f"{sentence} {said}",
        ((("", heat_map(questions, sources, grid, what)),), "", True),
        ("question", *sources),
        [(q, *(share(v) for v in line)) for q, line in zip(questions, grid, strict=True)],
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
    return make_chart(
        ("answers", "balance", "How does each source answer a question?"),
        "A colour that fills one source's bar and is absent from another's tells the source by the answer alone. "
        "Shares are of the rows that answer the question.",
        (tuple(figures), "question", False),
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
