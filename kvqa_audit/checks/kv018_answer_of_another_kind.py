"""Rows come in; a defect for every answer that is none to what its question asks for goes out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

from kvqa_audit.checks.base import Checked, Defect, Evidence, check
from kvqa_audit.checks.rows import cells_of, row_defect, shown
from kvqa_audit.describe.languages import Asked, asked_for, holds_a_number, opens_with_yes_or_no, yes_or_no
from kvqa_audit.model import Severity

# Where more of a kind are answered otherwise, that is how the dataset answers it.
MAX_SHARE = 0.2
_JUDGED_TYPES = ("yes/no", "free text")
_SAID = {
    "yes or no": "The question asks for a yes or a no and is answered {}",
    "something else": "The question cannot be answered with yes or no and is answered {}",
    "how many": "The question asks for a number and is answered {}",
}


@check("KV018", Severity.WARNING, needs=("table", "column question", "column answer"), unit="answers")
def answer_of_another_kind(evidence: Evidence) -> Checked:
    """The answer is none to what the question asks for.

    Why: a yes to 'where', or a word to 'how many', mostly belongs to another row or to another version of the question.
    A yes/no question that is answered otherwise is only a hint. Questions with a vocabulary are judged by it.
    Fix: look at the image, and correct the answer or the question.
    """
    asked = list(_asked(evidence))
    judged = Counter(kind for _, kind, _ in asked)
    misfits = Counter(kind for _, kind, fits in asked if not fits)
    usual = {kind for kind in judged if misfits[kind] > max(1, MAX_SHARE * judged[kind])}
    kinds = {row: kind for row, kind, fits in asked if not fits and kind not in usual}
    defects = []
    for cells in cells_of(evidence, kinds):
        kind = kinds[cells.row]
        found = row_defect(cells, _SAID[kind].format(shown(cells.answer)), evidence={"asks_for": kind})
        defects.append(replace(found, severity=Severity.INFO) if kind == "yes or no" else found)
    return Checked(len(asked), [*defects, *_habits(usual, judged, misfits)])


def _asked(evidence: Evidence) -> Iterator[tuple[int, Asked, bool]]:
    """Row, what is asked for, and whether the answer gives it; of questions that no closed vocabulary judges."""
    types = {question.name: question.type for question in evidence.spec.questions}
    frame, contract = evidence.table.frame, evidence.contract
    for row, (question, answer) in enumerate(zip(frame["question"].tolist(), frame["answer"].tolist(), strict=True)):
        kind = asked_for(question) if answer.strip() else None
        known = contract.reading(row).question
        if kind is None or (known is not None and types[known] not in _JUDGED_TYPES):
            continue
        if known is not None and evidence.spec.made_by == "person" and types[known] != "free text":
            continue
        yield row, kind, _fits(kind, answer)


def _fits(kind: Asked, answer: str) -> bool:
    if kind == "yes or no":
        return opens_with_yes_or_no(answer)
    if kind == "how many":
        return holds_a_number(answer)
    return yes_or_no(answer) is None


def _habits(usual: set[Asked], judged: Counter[Asked], misfits: Counter[Asked]) -> Iterator[Defect]:
    for kind in sorted(usual):
        yield Defect(
            f"{misfits[kind]:,} of {judged[kind]:,} questions that ask for {kind} are answered otherwise; that is how "
            "this dataset answers, so no single one is named",
            related=(kind,),
            severity=Severity.INFO,
        )
