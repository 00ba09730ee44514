"""Lopsided questions are told apart from those with answers that vary."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest

from kvqa_audit.answers.distributions import describe
from kvqa_audit.checks.base import Check
from kvqa_audit.checks.kv401_constant_question import constant_question
from kvqa_audit.checks.kv402_dominant_answer import dominant_answer
from kvqa_audit.checks.kv403_question_missing_by_source import question_missing_by_source
from kvqa_audit.checks.kv404_rare_answer import rare_answer
from kvqa_audit.checks.runner import run_check
from kvqa_audit.model import CheckOutcome, Finding, OutcomeStatus
from kvqa_audit.spec.load import load_spec

SPEC = load_spec()
TEXT, BOX, FINDING = "Is there text?", "Is there a green/black box artefact?", "Does this image contain any finding?"
Group = tuple[str, str, str, int]


def run(check: Check, *groups: Group) -> tuple[CheckOutcome, tuple[Finding, ...]]:
    """Groups of (source, question, answer, images); images are numbered anew per source and question."""
    rows, given = [], dict[tuple[str, str], int]()
    for source, question, answer, count in groups:
        for _ in range(count):
            number = given[source, question] = given.get((source, question), 0) + 1
            rows.append((source, question, answer, f"{source}{number}"))
    frame = pd.DataFrame(rows, columns=["source", "question", "answer", "img_id"], dtype=str)
    evidence: Any = SimpleNamespace(spec=SPEC, distributions=describe(frame, SPEC), absent={})
    return run_check(check, evidence)


@pytest.mark.fires("KV401")
def test_kv401_names_the_question_that_never_varies() -> None:
    outcome, (finding,) = run(
        constant_question,
        ("Normal", FINDING, "no", 20),
        ("Normal", TEXT, "no", 19),
        ("Polyps", BOX, "no", 19),
        ("Polyps", BOX, "yes", 1),
    )
    assert (finding.question, finding.answer, outcome.evaluated) == (FINDING, "no", 2)


@pytest.mark.fires("KV402")
def test_kv402_starts_at_95_percent_within_a_source() -> None:
    outcome, findings = run(
        dominant_answer,
        ("Polyps", TEXT, "no", 95),
        ("Polyps", TEXT, "yes", 5),
        ("Normal", TEXT, "no", 94),
        ("Normal", TEXT, "yes", 6),
        ("Normal", BOX, "no", 19),
    )
    assert [(f.question, f.related, f.score) for f in findings] == [(TEXT, ("Polyps",), 0.95)]
    assert outcome.evaluated == 2


@pytest.mark.fires("KV403")
def test_kv403_needs_one_source_asked_and_one_not() -> None:
    outcome, findings = run(
        question_missing_by_source,
        ("Polyps", TEXT, "no", 100),
        ("Polyps", BOX, "no", 90),
        ("Normal", TEXT, "no", 100),
        ("Normal", BOX, "no", 49),
        ("Polyps", FINDING, "no", 89),
    )
    assert [f.question for f in findings] == [BOX]
    assert findings[0].evidence["asked_share"] == {"Normal": 0.49, "Polyps": 0.9}
    assert (outcome.evaluated, outcome.outcome) == (3, OutcomeStatus.FAILED)


@pytest.mark.fires("KV404")
def test_kv404_names_answers_given_once_to_questions_answered_often() -> None:
    _, findings = run(rare_answer, ("Polyps", TEXT, "no", 199), ("Polyps", TEXT, "maybe", 1), ("Polyps", BOX, "no", 1))
    assert [(f.question, f.answer) for f in findings] == [(TEXT, "maybe")]


def test_kv402_judges_from_twenty_answers_on() -> None:
    outcome, (finding,) = run(dominant_answer, ("Normal", TEXT, "no", 20), ("Polyps", TEXT, "no", 19))
    assert (finding.related, outcome.evaluated) == (("Normal",), 1)


def test_kv403_lets_half_of_the_images_pass_and_looks_at_no_small_source() -> None:
    asked = (("Polyps", TEXT, "no", 100), ("Polyps", BOX, "no", 100), ("Normal", TEXT, "no", 100))
    assert run(question_missing_by_source, *asked, ("Normal", BOX, "no", 50))[1] == ()
    small = (*asked, ("Normal", BOX, "no", 100))
    assert run(question_missing_by_source, *small, ("Instrument", TEXT, "no", 19))[1] == ()
    assert len(run(question_missing_by_source, *small, ("Instrument", TEXT, "no", 20))[1]) == 1


def test_kv404_leaves_questions_with_several_answers_alone() -> None:
    several = next(question.text for question in SPEC.questions if question.type == "colour")
    outcome, _ = run(rare_answer, ("Polyps", several, "pink", 250), ("Polyps", several, "red", 1))
    assert outcome.outcome is OutcomeStatus.VACUOUS


def test_an_empty_table_is_vacuous_for_all() -> None:
    for check in (constant_question, dominant_answer, question_missing_by_source, rare_answer):
        outcome, findings = run(check)
        assert (outcome.outcome, findings) == (OutcomeStatus.VACUOUS, ())
