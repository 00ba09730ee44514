"""Rows come in; questions with an answer in another language than theirs go out."""

from __future__ import annotations

from collections import Counter, defaultdict

from kvqa_audit.checks.base import Checked, Defect, Evidence, check
from kvqa_audit.checks.rows import shown
from kvqa_audit.describe.languages import language_of
from kvqa_audit.model import Severity

# Where more answers to questions of a language are in another, that is how the dataset is made.
MAX_SHARE = 0.2
_LATIN = "Latin"
_NOT_LATIN = {"Chinese", "Japanese", "Korean", "Cyrillic", "Arabic", "Greek", "Hebrew", "Devanagari", "Thai", "Bengali"}


@check(
    "KV414", Severity.WARNING, needs=("table", "column question", "column answer"), unit="answers in a known language"
)
def mixed_languages(evidence: Evidence) -> Checked:
    """An answer is in another language than its question.

    Why: the same answer stands in two languages, which are two classes; a model is scored against the wrong one.
    Language is told by script and by common words, so that single words of a script shared by many are not judged.
    Fix: translate the answer, or give the rows of each language a table of their own.
    """
    frame = evidence.table.frame
    spoken: defaultdict[tuple[str, str], list[int]] = defaultdict(list)
    for row, (question, answer) in enumerate(zip(frame["question"].tolist(), frame["answer"].tolist(), strict=True)):
        asked, said = language_of(question), language_of(answer)
        if asked is not None and said is not None:
            spoken[asked, said].append(row)
    rows_of_asked: Counter[str] = Counter()
    for (asked, _), rows in spoken.items():
        rows_of_asked[asked] += len(rows)
    defects = [
        defect
        for (asked, said), rows in sorted(spoken.items())
        if _differ(asked, said) and len(rows) <= max(1, MAX_SHARE * rows_of_asked[asked])
        for defect in _defects(asked, said, rows, evidence)
    ]
    return Checked(rows_of_asked.total(), defects)


def _differ(asked: str, said: str) -> bool:
    """Whether two labels exclude each other: Latin is the script of many languages."""
    if asked == said:
        return False
    return asked in _NOT_LATIN or said in _NOT_LATIN or _LATIN not in (asked, said)


def _defects(asked: str, said: str, rows: list[int], evidence: Evidence) -> list[Defect]:
    """One defect for each question and answer, however many rows say it."""
    frame = evidence.table.frame
    cells: defaultdict[tuple[str, str], list[int]] = defaultdict(list)
    for row, question, answer in zip(
        rows, frame["question"].iloc[rows].tolist(), frame["answer"].iloc[rows].tolist(), strict=True
    ):
        cells[question, answer].append(row)
    return [
        Defect(
            f"The question is in {_named(asked)}, the answer {shown(answer)} in {_named(said)}"
            + (f", in {len(found):,} rows" if len(found) > 1 else ""),
            question=question,
            answer=answer,
            row=found[0],
            evidence={"question_in": asked, "answer_in": said, "rows": found},
        )
        for (question, answer), found in sorted(cells.items())
    ]


def _named(language: str) -> str:
    return "Latin script" if language == _LATIN else language
