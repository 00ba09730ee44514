"""Colour answers and the measured hues come in; a defect for every colour that no part of a picture has goes out."""

from __future__ import annotations

from collections.abc import Iterator

from kvqa_audit.answers.parse import atoms
from kvqa_audit.checks.base import Checked, Defect, Evidence, Skipped, check
from kvqa_audit.checks.rows import RowCells, cells_of
from kvqa_audit.model import Severity


@check("KV362", Severity.WARNING, needs=("table", "column question", "column answer", "column img_id", "overlays"))
def colour_answer_against_picture(evidence: Evidence) -> Checked | Skipped:
    """An answer names a colour that no part of the picture has.

    Why: a colour that is nowhere in the picture cannot be that of anything in it. Only hues that can be told
    apart are judged, and only where not even three patches in a thousand come near them; evaluated are the answers
    that name such a hue.

    Fix: look at the picture and correct the colour.
    """
    from kvqa_audit.overlays.colour import ABSENT_BELOW_SHARE

    meant = evidence.spec.pixel_evidence.colours
    if meant is None:
        return Skipped("the description names no questions about colours (pixel_evidence: colours)")
    limit = evidence.spec.bounds.get("KV362", ABSENT_BELOW_SHARE)
    hues = {one.img_id: one.hues for one in evidence.overlays if one.hues}
    evaluated, defects = 0, []
    for cells, colour in _named_colours(evidence):
        share = hues[cells.img_id].get(meant.hues[colour]) if cells.img_id in hues else None
        if share is None:
            continue
        evaluated += 1
        if share < limit:
            defects.append(_defect(cells, colour, share, 1.0 - 0.5 * share / limit))
    return Checked(evaluated, sorted(defects, key=lambda one: -(one.score or 0.0)))


def _named_colours(evidence: Evidence) -> Iterator[tuple[RowCells, str]]:
    """The rows that answer a colour question, with each colour in the answer that names a hue."""
    spec = evidence.spec
    meant = spec.pixel_evidence.colours
    if meant is None:
        return
    frame = evidence.table.frame
    known = spec.questions_in(frame["question"])
    texts = [text for text, question in known.items() if question.name in meant.questions]
    for cells in cells_of(evidence, frame.index[frame["question"].isin(texts)].tolist()):
        question = known[cells.question]
        for colour in dict.fromkeys(atoms(cells.answer, question, spec.vocabulary_of(question))):
            if colour in meant.hues:
                yield cells, colour


def _defect(cells: RowCells, colour: str, share: float, doubt: float) -> Defect:
    return Defect(
        f"the answer names {colour!r}, but only {share:.2%} of the picture comes near it",
        img_id=cells.img_id,
        question=cells.question,
        answer=cells.answer,
        row=cells.row,
        score=round(doubt, 4),
        evidence={"colour": colour, "share": share, "regions": []},
        suggestion=f"Look whether anything is {colour}; if not, take {colour!r} out of the answer",
    )
