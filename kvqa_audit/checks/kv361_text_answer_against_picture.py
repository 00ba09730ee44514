"""Answers about text and the lines that were seen come in; a defect for every contradiction goes out."""

from __future__ import annotations

from kvqa_audit.checks.base import Checked, Evidence, Skipped, check
from kvqa_audit.checks.seen_answers import contradicted
from kvqa_audit.model import Severity


@check("KV361", Severity.WARNING, needs=("table", "column question", "column answer", "column img_id", "overlays"))
def text_answer_against_picture(evidence: Evidence) -> Checked | Skipped:
    """The answer about burned-in text contradicts the picture.

    Why: burned-in text can name a day or a person, and a model can learn to read it in place of the picture. Lines of
    letters are looked for, nothing is read; letters on a glaring patch may be missed.

    Fix: look at the outlined lines, the surest case first, and correct the answer where the picture is right.
    """
    return contradicted(evidence, "KV361", "text", "lines of text", "Look at the outlined places")
