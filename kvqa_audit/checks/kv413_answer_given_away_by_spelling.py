"""The rows come in; questions whose spelling gives the answer away go out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

from kvqa_audit.answers.spelling_leaks import AskedRow, SpellingLeak, spelling_leaks
from kvqa_audit.checks.base import Checked, Defect, Evidence, check
from kvqa_audit.checks.rows import cells_of, shown
from kvqa_audit.model import Severity
from kvqa_audit.spelling import folded

_NEEDS = ("table", "column question", "column answer")


@check("KV413", Severity.WARNING, needs=_NEEDS, unit="questions that are spelt in several ways")
def answer_given_away_by_spelling(evidence: Evidence) -> Checked:
    """The spelling of a question gives its answer away.

    Why: who spells the question in one way mostly says yes, and in the other no: a model needs no picture to know.
    Fix: spell the question in one way; `kvqa-audit fix` does so. Then look at how the rows came about.
    """
    evaluated, leaks = spelling_leaks(_asked(evidence))
    return Checked(evaluated, [_defect(leak, evidence) for leak in leaks])


def _asked(evidence: Evidence) -> Iterator[AskedRow]:
    """The answered rows of questions that are spelt in several ways."""
    frame, contract, spec = evidence.table.frame, evidence.contract, evidence.spec
    known = spec.questions_in(frame["question"])
    values = {text: known[text].name if text in known else folded(text) for text in frame["question"].unique()}
    spellings = Counter(values.values())
    several = [text for text, value in values.items() if spellings[value] > 1 and text.strip()]
    for cells in cells_of(evidence, frame.index[frame["question"].isin(several)].tolist()):
        if cells.answer.strip():
            answer = folded(contract.reading(cells.row).canonical)
            yield AskedRow(cells.row, values[cells.question], cells.question, answer)


def _defect(leak: SpellingLeak, evidence: Evidence) -> Defect:
    known = evidence.spec.question_by_name.get(leak.question)
    question = known.text if known is not None else leak.question
    said = "; ".join(f"{way if leak.trait else shown(way)}: {_told(given)}" for way, given in leak.answers.items())
    about = "this question is" if leak.question else f"{leak.questions:,} questions are"
    return Defect(
        f"How {about} spelt goes with the answer: {said} (Cramér's V {leak.cramers_v:.2f}, {len(leak.rows):,} rows)",
        question=question or None,
        score=leak.cramers_v,
        related=() if leak.question else (leak.trait,),
        evidence={
            "answers": {way: dict(given) for way, given in leak.answers.items()},
            "p_value": leak.p_value,
            "cramers_v": leak.cramers_v,
            "questions": leak.questions,
            "rows": len(leak.rows),
        },
        suggestion="Spell the question in one way",
    )


def _told(given: Mapping[str, int]) -> str:
    return ", ".join(f"{shown(answer)} {rows:,} times" for answer, rows in list(given.items())[:4])
