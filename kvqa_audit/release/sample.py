"""A finished audit comes in; answers or images drawn at random go out, and from what people said of them how many err.

The order is drawn once for a dataset and a seed: whoever looks at the first 50, or at 500, has looked at a random
sample. It is in proportion by source and question (Ohlsson 1995, sequential sampling by permanent random numbers), and
a row keeps its place when its answer is corrected, or when others come and go.
"""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

from kvqa_audit.model import AnswerRows, AuditRun, Finding, Severity, with_keys
from kvqa_audit.model.estimate import Estimate, exact_share
from kvqa_audit.release.decisions import Decision, DecisionVerdict
from kvqa_audit.release.freezing import with_frozen_evidence
from kvqa_audit.release.sample_unit import SAMPLED, Unit, sample_code

_RIGHT = DecisionVerdict.FALSE_POSITIVE


@dataclass(frozen=True, slots=True)
class Drawn:
    """One answer or image of a sample, as a finding to decide about: confirmed is wrong, a false positive is right."""

    source: str
    question: str
    finding: Finding


@dataclass(frozen=True, slots=True)
class ErrorRate:
    """How many answers or images of a dataset are wrong, by those of a random sample that people looked at.

    Attributes:
        unit: what was drawn.
        seed: which sample.
        population: how many there are.
        drawn: how many stand before the last one that was looked at, with it.
        missing: how many of these nobody judged (yet, or any more): they count as right in the lower end of the
            interval and as wrong in the upper one.
        wrong: the share that is wrong; its interval is exact for a finite population (hypergeometric).
        by_source, by_question: the same within each.
    """

    unit: Unit
    seed: int
    population: int
    drawn: int
    missing: int
    wrong: Estimate
    by_source: Mapping[str, Estimate]
    by_question: Mapping[str, Estimate]

    def in_words(self) -> str:
        """`between 2.1 % and 4.8 % of 58,849 answers are wrong (3.2 % of 400 that were drawn at random)`."""
        low, high, value = (f"{100 * one:.1f} %" for one in (self.wrong.low, self.wrong.high, self.wrong.value))
        judged = self.drawn - self.missing
        told = f"between {low} and {high} of {self.population:,} {self.unit} are wrong ({value} of {judged:,}"
        are = "is" if self.missing == 1 else "are"
        missing = f"; {self.missing:,} more {are} still to be judged" if self.missing else ""
        return f"{told} that were drawn at random{missing})"

    def as_metrics(self) -> dict[str, Any]:
        """JSON values."""
        by = {name: {key: _shares(one) for key, one in getattr(self, name).items()} for name in _BY}
        counts = {name: getattr(self, name) for name in ("seed", "population", "drawn", "missing")}
        return {"unit": self.unit.value, **counts, "in_words": self.in_words(), "wrong": _shares(self.wrong), **by}


_BY = ("by_source", "by_question")


def draw(run: AuditRun, number: int, seed: int, unit: Unit = Unit.ANSWERS) -> tuple[Drawn, ...]:
    """The first answers or images of the random order, each with the evidence that a decision freezes.

    Args:
        run: the audit; one of an early version, without its rows, has nothing to draw.
        number: how many.
        seed: another one gives another order.
        unit: what is drawn.
    """
    chosen = list(islice(_in_random_order(run.rows, seed, unit), number))
    code = sample_code(unit, seed)
    found = with_keys(_finding(code, one) for one in chosen)
    frozen = with_frozen_evidence(replace(run, findings=found)).findings
    return tuple(Drawn(one.source, one.question, finding) for one, finding in zip(chosen, frozen, strict=True))


def error_rate(run: AuditRun, decisions: Sequence[Decision], seed: int, unit: Unit) -> ErrorRate | None:
    """What people found out about a random sample; None where nobody looked at any of it.

    An answer that changed since, or that somebody was unsure about, is to be judged again. One that was accepted is
    wrong: it is known to be, and may stay.
    """
    code = sample_code(unit, seed)
    said = {decision.key: decision for decision in decisions if decision.check == code}
    population = _population(run.rows, unit)
    # What was changed since has left a gap before the last one that was looked at: a part of it is looked for behind.
    sample = draw(run, min(population, 2 * len(said) + 100), seed, unit)
    judged = [_is_wrong(one, said) for one in sample]
    last = max((place for place, wrong in enumerate(judged, 1) if wrong is not None), default=0)
    if not last:
        return None
    seen = list(zip(sample[:last], judged, strict=False))
    sizes = _sizes(run.rows, unit)
    return ErrorRate(
        unit,
        seed,
        population,
        last,
        sum(wrong is None for _, wrong in seen),
        _estimate([wrong for _, wrong in seen], population),
        *(
            {
                name: _estimate([wrong for one, wrong in seen if getattr(one, by) == name], sizes[by][name])
                for name in sorted({getattr(one, by) for one, wrong in seen if wrong is not None})
            }
            for by in ("source", "question")
        ),
    )


def error_rates(run: AuditRun, decisions: Sequence[Decision]) -> tuple[ErrorRate, ...]:
    """What people found out about each sample that they looked at."""
    codes = sorted({one.check.removeprefix(SAMPLED) for one in decisions if one.check.startswith(SAMPLED)})
    found = []
    for unit, _, seed in (code.partition(".") for code in codes):
        if unit in tuple(Unit) and seed.isdecimal():
            found.append(error_rate(run, decisions, int(seed), Unit(unit)))
    return tuple(rate for rate in found if rate is not None)


def _is_wrong(drawn: Drawn, said: Mapping[str, Decision]) -> bool | None:
    """What holds of one; None where nobody knows."""
    decision = said.get(drawn.finding.key)
    if decision is None or decision.verdict is DecisionVerdict.UNSURE or decision.changes_in(drawn.finding):
        return None
    return decision.verdict is not _RIGHT


def _estimate(judged: Sequence[bool | None], population: int) -> Estimate:
    known = [wrong for wrong in judged if wrong is not None]
    wrong, missing = sum(known), len(judged) - len(known)
    low = exact_share(wrong, len(judged), population).low
    high = exact_share(wrong + missing, len(judged), population).high
    return Estimate(wrong / len(known), low, high, len(known))


@dataclass(frozen=True, slots=True)
class _One:
    """One row, or one image; `row` is the (first) row, `answers` what is said about an image."""

    source: str
    question: str
    img_id: str
    row: int
    answer: str | None
    answers: Mapping[str, str]


def _in_random_order(rows: AnswerRows | None, seed: int, unit: Unit) -> Iterator[_One]:
    """All of them, so that the first ones, however many, are in proportion by source and question.

    The place of the j-th of a stratum of n is (j - u) / n, with one random u for the stratum: so each of the dataset is
    among the first ones with the same probability, those of small strata, too.
    """
    strata: defaultdict[tuple[str, str], list[tuple[bytes, int, int]]] = defaultdict(list)
    listed = rows or AnswerRows((), (), (), ())
    seen: Counter[tuple[str, str]] = Counter()
    for row, (source, question, _, img_id) in enumerate(listed):
        if unit is Unit.IMAGES:
            question = ""
        ordinal = seen[img_id, question]
        seen[img_id, question] += 1
        if unit is Unit.ANSWERS or not ordinal:
            strata[source, question].append((_random(seed, unit, img_id, question, str(ordinal)), row, ordinal))
    order: list[tuple[float, bytes, int]] = []
    for stratum, found in strata.items():
        shift = int.from_bytes(_random(seed, unit, *stratum)[:7], "big") / 256**7
        for rank, (key, row, _) in enumerate(sorted(found), 1):
            order.append(((rank - shift) / len(found), key, row))
    order.sort()
    about = _answers_by_image(listed) if unit is Unit.IMAGES else {}
    for _, _, row in order:
        source, question, answer, img_id = (column[row] for column in _columns(listed))
        if unit is Unit.IMAGES:
            yield _One(source, "", img_id, row, None, about[img_id])
        else:
            yield _One(source, question, img_id, row, answer, {})


def _columns(rows: AnswerRows) -> tuple[tuple[str, ...], ...]:
    return rows.source, rows.question, rows.answer, rows.img_id


def _random(seed: int, *parts: str) -> bytes:
    text = "\0".join([str(seed), *(f"{len(part)}:{part}" for part in parts)])
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()


def _answers_by_image(rows: AnswerRows) -> Mapping[str, Mapping[str, str]]:
    found: defaultdict[str, dict[str, str]] = defaultdict(dict)
    for _, question, answer, img_id in rows:
        known = found[img_id].get(question)
        found[img_id][question] = answer if known is None else f"{known}; {answer}"
    return found


def _finding(code: str, one: _One) -> Finding:
    message = "Drawn at random: is what is said about this picture right?"
    question = None if one.answer is None else one.question
    evidence = {"answers": dict(one.answers)} if one.answers else {}
    return Finding(code, Severity.INFO, message, one.img_id, question, one.answer, one.row, evidence=evidence)


def _population(rows: AnswerRows | None, unit: Unit) -> int:
    if rows is None:
        return 0
    return len(rows) if unit is Unit.ANSWERS else len(set(rows.img_id))


def _sizes(rows: AnswerRows | None, unit: Unit) -> Mapping[str, Counter[str]]:
    """How many there are of each source, and of each question."""
    if rows is None:
        return {"source": Counter(), "question": Counter()}
    if unit is Unit.ANSWERS:
        return {"source": Counter(rows.source), "question": Counter(rows.question)}
    first = dict(zip(reversed(rows.img_id), reversed(rows.source), strict=True))
    return {"source": Counter(first.values()), "question": Counter({"": len(first)})}


def _shares(estimate: Estimate) -> dict[str, float]:
    return {"value": estimate.value, "low": estimate.low, "high": estimate.high, "n": estimate.n}
