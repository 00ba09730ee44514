"""Rows come in; a defect for every cell with double spaces, tabs or characters that are not seen goes out."""

from __future__ import annotations

import re
from dataclasses import replace

from kvqa_audit.checks.base import Checked, Defect, Evidence, check
from kvqa_audit.checks.rows import cells_of, row_defect, shown
from kvqa_audit.model import Repair, Severity
from kvqa_audit.spelling import tidied

# In longer texts line breaks and indents are their layout, and so is a break between sentences or beside a mark such as
# `<image>`.
MAX_CHARACTERS_OF_A_LINE = 200
_LINES = r"[ \t]*(?:\r?\n[ \t]*)+"
_BREAK = re.compile(rf"((?<=[.?!:;>\u2026\u3002\uff1f\uff01\uff1a]){_LINES}|{_LINES}(?=<))")
_TOLD = {"source": "unknown_source", "question": "unknown_question", "answer": "answer_outside_vocabulary"}


@check("KV017", Severity.WARNING, repair=Repair.ODD_SPACES)
def odd_spaces(evidence: Evidence) -> Checked:
    """A cell holds double spaces, tabs, line breaks, no-break spaces or characters that are not seen.

    Why: it looks like the cell without them and is another text to every program; where both stand in the column, one
    value is counted as two. Where the text is found nowhere else this is only a hint.
    Fix: replace the cell by the suggested text; `kvqa-audit fix` does so.
    """
    defects: list[Defect] = []
    for column, rule in _TOLD.items():
        texts = evidence.table.frame[column]
        distinct = set(texts.unique())
        odd = {text: tidy for text in distinct if (tidy := _tidy(text)) != text.strip()}
        told = set(evidence.contract.rows(rule))
        rows = [row for row in texts.index[texts.isin(list(odd))].tolist() if row not in told]
        for cells in cells_of(evidence, rows):
            text = getattr(cells, column)
            message = f"Odd spaces in the {column} {shown(text)}"
            found = row_defect(cells, message, odd[text], {"column": column})
            severity = Severity.WARNING if odd[text] in distinct else Severity.INFO
            defects.append(replace(found, severity=severity))
    return Checked(len(evidence.table.frame), defects)


def _tidy(text: str) -> str:
    if len(text) > MAX_CHARACTERS_OF_A_LINE:
        return text.strip()
    return "".join(part if n % 2 else tidied(part) for n, part in enumerate(_BREAK.split(text.strip())))
