"""The baselines come in; questions whose answer the source gives away without a picture go out."""

from __future__ import annotations

from kvqa_audit.answers.baselines import ALL_QUESTIONS
from kvqa_audit.checks.base import Checked, Defect, Evidence, check
from kvqa_audit.model import Severity

MIN_CELLS = 100
MIN_GAIN = 0.1


@check(
    "KV406",
    Severity.INFO,
    needs=("table", "column source", "column question", "column answer", "column img_id"),
    unit="questions with at least 100 answers",
)
def shortcut_from_source(evidence: Evidence) -> Checked:
    """Knowing the source of an image makes its answer much easier to guess.

    Why: a model that tells the sources apart, by their size or their frame, seems to know the finding.
    Fix: quote scores per source and beside this guess, and balance the answers within each source.
    """
    study = evidence.study
    found = {(baseline.knows, baseline.question): baseline for baseline in study.baselines}
    strength = {entry.name: entry.cramers_v for entry in study.associations if entry.about == "answer"}
    pairs = [
        (plain, found["question and source", question])
        for (knows, question), plain in found.items()
        if knows == "question" and question != ALL_QUESTIONS and plain.cells >= MIN_CELLS
    ]
    return Checked(
        len(pairs),
        [
            Defect(
                f"the most frequent answer is right in {plain.accuracy:.0%} of the cells, the source's most frequent "
                f"answer in {informed.accuracy:.0%}",
                question=plain.question,
                score=informed.accuracy - plain.accuracy,
                evidence={
                    "cells": plain.cells,
                    "accuracy_knowing_question": plain.accuracy,
                    "accuracy_knowing_question_and_source": informed.accuracy,
                    "cramers_v": strength.get(plain.question),
                },
            )
            for plain, informed in pairs
            if informed.accuracy - plain.accuracy >= MIN_GAIN
        ],
        max((informed.accuracy - plain.accuracy for plain, informed in pairs), default=None),
        MIN_GAIN if pairs else None,
    )
