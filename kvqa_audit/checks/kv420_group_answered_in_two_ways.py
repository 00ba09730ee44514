"""The rows with their groups come in; groups whose images answer in several ways what is one for a group go out."""

from __future__ import annotations

from collections import defaultdict

from kvqa_audit.checks.base import Checked, Defect, Evidence, check
from kvqa_audit.checks.pairs import MAX_IN_EVIDENCE, named
from kvqa_audit.model import Severity
from kvqa_audit.spelling import folded


@check(
    "KV420",
    Severity.ERROR,
    needs=("table", "groups", "column img_id", "column question", "column answer"),
    unit="questions with one answer a group, about a group",
    by_description=True,
)
def group_answered_in_two_ways(evidence: Evidence) -> Checked:
    """Images of one group answer a question in two ways that has one answer for the whole group.

    Why: one examination is not two procedures; one of the answers is wrong, or the images are not of one group.
    Fix: look at the group's images, and correct the answers that do not fit.
    """
    table, spec = evidence.table, evidence.spec
    known = spec.questions_in(table.frame["question"])
    told: defaultdict[tuple[str, str], dict[str, dict[str, None]]] = defaultdict(lambda: defaultdict(dict))
    cells = zip(table.frame["question"].tolist(), table.frame["img_id"].str.strip().tolist(), strict=True)
    for row, (text, img_id) in enumerate(cells):
        places = evidence.groups.places.get(img_id, ())
        question = known.get(text)
        if question is None or not question.one_per_group or len(places) != 1:
            continue
        if answer := folded(evidence.contract.reading(row).canonical):
            told[places[0].group, question.text][answer][img_id] = None
    several = {
        place: by for place, by in told.items() if len({image for images in by.values() for image in images}) > 1
    }
    return Checked(
        len(several),
        [
            _defect(evidence.groups.called(group), group, question, by)
            for (group, question), by in several.items()
            if len(by) > 1
        ],
    )


def _defect(called: str, group: str, question: str, by_answer: dict[str, dict[str, None]]) -> Defect:
    answers = sorted(by_answer, key=lambda answer: (-len(by_answer[answer]), answer))
    said = "; ".join(f"{answer!r} for {named(by_answer[answer])}" for answer in answers[:4])
    return Defect(
        f"the images of {called} are answered in {len(answers)} ways: {said}",
        question=question,
        related=tuple(sorted({image for images in by_answer.values() for image in images})),
        evidence={
            "group": group,
            "answers": {answer: list(by_answer[answer])[:MAX_IN_EVIDENCE] for answer in answers[:MAX_IN_EVIDENCE]},
        },
        suggestion=f"Look first at what says {answers[-1]!r}: {named(by_answer[answers[-1]])}",
    )
