"""Questions as they are spelt and their answers come in; where the spelling alone gives the answer away goes out."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from kvqa_audit.answers.association import chi_square, cramers_v

MIN_ROWS = 5
MAX_P_VALUE = 0.001
MIN_CRAMERS_V = 0.5
# What questions of one value may differ in, whatever they ask.
TRAITS: Mapping[str, re.Pattern[str]] = {
    "a tab": re.compile("\t"),
    "a line break": re.compile(r"[\n\r]"),
    "a no-break space": re.compile("[\u00a0\u202f]"),
    "a character that is not seen": re.compile("[\u200b-\u200f\u2060\ufeff\u00ad]"),
    "a double space": re.compile("  "),
    "a space at an end": re.compile(r"^\s|\s$"),
    "no question mark at the end": re.compile(r"[^?\uff1f\u061f\s]\s*$"),
    "a space before the question mark": re.compile(r"\s[?\uff1f\u061f]"),
    "a small letter at the start": re.compile(r"^\s*[a-z\u00e0-\u00fe\u0430-\u044f]"),
    "capitals alone": re.compile(r"^[^a-z\u00e0-\u00fe\u0430-\u044f]*[A-Z][^a-z\u00e0-\u00fe\u0430-\u044f]*$"),
}


@dataclass(frozen=True, slots=True)
class SpellingLeak:
    """Spellings that go with other answers: of one question, or (`question` is "") of `questions` with one trait.

    `answers` maps each spelling, or "with …" and "without …", to how often each answer is given. `rows` are the rows
    that were compared, `cramers_v` the bias-corrected strength, `p_value` that of Pearson's test times the tests made.
    """

    question: str
    trait: str
    questions: int
    rows: tuple[int, ...]
    answers: Mapping[str, Mapping[str, int]]
    p_value: float
    cramers_v: float


@dataclass(frozen=True, slots=True)
class AskedRow:
    """One answered row: its number, the question's value and spelling, and the answer's value."""

    row: int
    value: str
    spelling: str
    answer: str


def spelling_leaks(asked: Iterable[AskedRow]) -> tuple[int, tuple[SpellingLeak, ...]]:
    """Tests every question with several spellings, and every trait over all of them.

    Returns:
        How many questions are spelt in several ways, and the leaks: traits first, then questions by value, without
        those that a trait explains.
    """
    groups: defaultdict[str, list[AskedRow]] = defaultdict(list)
    for one in asked:
        groups[one.value].append(one)
    several = {value: rows for value, rows in sorted(groups.items()) if len({one.spelling for one in rows}) > 1}
    tests = len(several) + len(TRAITS)
    leaks = [leak for trait in TRAITS if (leak := _of_trait(trait, list(several.values()), tests)) is not None]
    explained = {row for leak in leaks for row in leak.rows}
    for rows in several.values():
        if not {one.row for one in rows} <= explained:
            leak = _tested(rows, [one.spelling for one in rows], tests)
            leaks += [] if leak is None else [leak]
    return len(several), tuple(leaks)


def _of_trait(trait: str, groups: Sequence[Sequence[AskedRow]], tests: int) -> SpellingLeak | None:
    """Compares the rows with and without a trait, of the questions that are spelt in both ways only."""
    pattern = TRAITS[trait]
    both = [rows for rows in groups if len({bool(pattern.search(one.spelling)) for one in rows}) == 2]
    rows = [one for group in both for one in group]
    ways = [f"with {trait}" if pattern.search(one.spelling) else f"without {trait}" for one in rows]
    return _tested(rows, ways, tests, trait, len(both))


def _tested(
    rows: Sequence[AskedRow], ways: Sequence[str], tests: int, trait: str = "", questions: int = 1
) -> SpellingLeak | None:
    import numpy as np

    counts: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for one, way in zip(rows, ways, strict=True):
        counts[way][one.answer] += 1
    frequent = {way: given for way, given in sorted(counts.items()) if given.total() >= MIN_ROWS}
    answers = sorted({answer for given in frequent.values() for answer in given})
    if len(frequent) < 2 or len(answers) < 2:
        return None
    table = np.array([[given[answer] for answer in answers] for given in frequent.values()], dtype=np.float64)
    p_value, strength = min(1.0, chi_square(table)[2] * tests), cramers_v(table) or 0.0
    # Answers that hardly ever come twice make any table look strong.
    if p_value >= MAX_P_VALUE or strength < MIN_CRAMERS_V or len(answers) > table.sum() / MIN_ROWS:
        return None
    said = {way: dict(given.most_common()) for way, given in frequent.items()}
    question = "" if trait else rows[0].value
    return SpellingLeak(question, trait, questions, tuple(one.row for one in rows), said, p_value, strength)
