"""Rows come in; a defect for every question or answer that is spelt in several ways goes out, with the usual one."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable

from kvqa_audit.checks.base import Checked, Defect, Evidence, check
from kvqa_audit.checks.rows import shown
from kvqa_audit.model import Repair, Severity
from kvqa_audit.spelling import Spellings, differences, spellings_of, tidied

# Rows that these rules name have a finding of their own already.
_TOLD = {
    "question": ("blank_question", "unknown_question", "misspelt_question"),
    "answer": ("blank_answer", "answer_outside_vocabulary", "misspelt_answer"),
}


@check("KV016", Severity.WARNING, unit="different questions and answers", repair=Repair.SPELLING_VARIANT)
def spelling_variants(evidence: Evidence) -> Checked:
    """One value is spelt in several ways.

    Why: 'Yes', 'yes' and 'yes.' are one answer to every reader, and three classes to every program.
    Fix: write it in the suggested way everywhere; `kvqa-audit fix` does so. Odd spaces have checks of their own.
    """
    evaluated, defects = 0, []
    for column in ("question", "answer"):
        if column in evidence.table.missing:
            continue
        judged = _judged_rows(evidence, column)
        texts = evidence.table.frame[column].iloc[judged].map(_tidy(evidence.table.frame[column].unique()))
        values = spellings_of(Counter(texts.tolist()))
        several = {text for found in values.values() if len(found.rows) > 1 for text in found.rows}
        rows_of: defaultdict[str, list[int]] = defaultdict(list)
        for row, text in texts[texts.isin(list(several))].items():
            rows_of[text].append(int(str(row)))
        evaluated += len(values)
        defects += [
            _defect(column, found, rows_of, evidence)
            for value, found in sorted(values.items())
            if value and len(found.rows) > 1
        ]
    return Checked(evaluated, defects)


def _tidy(texts: Iterable[str]) -> dict[str, str]:
    return {text: tidied(text) for text in texts}


def _judged_rows(evidence: Evidence, column: str) -> list[int]:
    """The rows but for those that another check names, or whose spelling a person's vocabulary allows."""
    told: set[int] = set()
    for rule in _TOLD[column]:
        told.update(evidence.contract.rows(rule))
    free = _not_spelt_by_a_person(evidence) if column == "answer" else None
    reading_of_row = evidence.contract.reading_of_row.tolist()
    return [row for row, reading in enumerate(reading_of_row) if row not in told and (free is None or free[reading])]


def _not_spelt_by_a_person(evidence: Evidence) -> list[bool]:
    """For every reading of the contract: whether no vocabulary that a person wrote says how it is spelt."""
    spec = evidence.spec
    closed = {q.name for q in spec.questions if q.vocabulary is not None} if spec.made_by == "person" else set[str]()
    return [reading.question not in closed for reading in evidence.contract.readings]


def _defect(column: str, found: Spellings, rows_of: dict[str, list[int]], evidence: Evidence) -> Defect:
    known = evidence.spec.question_of(found.usual) if column == "question" else None
    usual = known.text if known is not None else found.usual
    others = [text for text in found.rows if text != usual]
    told = ", ".join(
        f"{shown(text)} in {number:,} row{'s' if number > 1 else ''}" for text, number in _most(found.rows.items())
    )
    rows = sorted(row for text in others for row in rows_of[text])
    return Defect(
        f"The {column} is spelt in {len(found.rows)} ways: {told}",
        question=usual if column == "question" else None,
        answer=usual if column == "answer" else None,
        row=rows[0],
        evidence={
            "column": column,
            "spellings": dict(found.rows),
            "differ_in": list(differences(found.rows)),
            "rows": rows,
        },
        suggestion=usual,
    )


def _most(spellings: Iterable[tuple[str, int]]) -> list[tuple[str, int]]:
    return Counter(dict(spellings)).most_common(6)
