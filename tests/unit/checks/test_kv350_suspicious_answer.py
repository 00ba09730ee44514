"""The suspects of the ranking become findings in words that need no knowledge of the model."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest

from kvqa_audit.answers.context import Fact
from kvqa_audit.answers.reasons import Reason
from kvqa_audit.answers.self_test import SelfTest
from kvqa_audit.answers.suspects import SuspiciousAnswer
from kvqa_audit.answers.suspicion import Suspicion
from kvqa_audit.checks.kv350_suspicious_answer import suspicious_answer
from kvqa_audit.checks.runner import run_check
from kvqa_audit.model import CheckOutcome, Finding, OutcomeStatus, Severity
from kvqa_audit.spec.load import load_spec

SPEC = load_spec()
QUESTION = "Are there any abnormalities in the image? Check all that are present."
REASONS = (
    Reason(Fact("answer", "0", "n_polyps"), 2.0),
    Reason(Fact("source", "Esophagitis"), 1.0),
    Reason(Fact("beside", "oesophagitis", "abn"), 0.5),
)


def suspect(score: float, **changes: Any) -> SuspiciousAnswer:
    facts = {
        "row": 1,
        "img_id": "a",
        "question": "abn",
        "answer": "polyp",
        "score": score,
        "probability": 0.0123,
        "expected": "oesophagitis",
        "expected_probability": 0.93,
        "reasons": REASONS,
    }
    return SuspiciousAnswer(**(facts | changes))


def precise_from(score: float | None) -> SelfTest:
    return SelfTest(100, 20, 0.6, 0.01, (), (), warning_from=score)


def run(suspicion: Suspicion, **absent: str) -> tuple[CheckOutcome, tuple[Finding, ...]]:
    frame = pd.DataFrame({"answer": ["no", "polyp ", "no"]}, dtype=str)
    table = SimpleNamespace(frame=frame)
    evidence: Any = SimpleNamespace(spec=SPEC, table=table, suspicion=suspicion, absent=absent)
    return run_check(suspicious_answer, evidence)


@pytest.mark.fires("KV350")
def test_the_message_says_what_is_given_what_is_likelier_and_why() -> None:
    outcome, (finding,) = run(Suspicion({0: 0.001, 1: 0.4, 2: 0.001}, (suspect(0.4),)))
    assert finding.message == (
        f"'{QUESTION}' is answered 'polyp'; what else is known of this image "
        "('How many polyps are in the image?' is answered '0'; its source is 'Esophagitis'; "
        "the images next to it by id say 'oesophagitis') makes 'oesophagitis' more likely "
        "(p = 0.93 against 0.012)"
    )
    assert (finding.check, finding.row, finding.img_id, finding.score) == ("KV350", 1, "a", 0.4)
    assert (finding.question, finding.answer) == (QUESTION, "polyp ")
    assert finding.evidence["expected"] == "oesophagitis"
    assert (outcome.evaluated, outcome.violations) == (3, 1)
    json.dumps(finding.evidence)


@pytest.mark.parametrize(
    ("tested", "severities"),
    [
        (precise_from(0.3), [Severity.WARNING, Severity.INFO]),
        (precise_from(None), [Severity.INFO, Severity.INFO]),
        (None, [Severity.INFO, Severity.INFO]),
    ],
    ids=["precise from 0.3 on", "never precise", "not tried"],
)
def test_it_is_a_warning_where_planted_errors_say_that_every_second_is_one(
    tested: SelfTest | None, severities: list[Severity]
) -> None:
    _, findings = run(Suspicion({}, (suspect(0.3), suspect(0.2999, row=2)), self_test=tested))
    assert [finding.severity for finding in findings] == severities


def test_it_says_what_the_picture_says_and_which_pictures_look_like_it() -> None:
    seen = suspect(0.4, picture=("oesophagitis", 0.62), nearest=(("b", "oesophagitis"), ("c", "polyp")))
    _, (finding,) = run(Suspicion({1: 0.4}, (seen,)))
    assert finding.evidence["picture"] == {"answer": "oesophagitis", "probability": 0.62}
    assert finding.evidence["nearest"] == [
        {"img_id": "b", "answer": "oesophagitis"},
        {"img_id": "c", "answer": "polyp"},
    ]
    json.dumps(finding.evidence)


def test_a_long_answer_is_cut_in_the_message() -> None:
    _, (finding,) = run(Suspicion({1: 0.4}, (suspect(0.4, answer="x" * 5000),)))
    assert len(finding.message) < 700


def test_nothing_judged_is_vacuous_and_no_table_is_skipped() -> None:
    assert run(Suspicion())[0].outcome is OutcomeStatus.VACUOUS
    assert run(Suspicion(), **{"column answer": "no such column"})[0].outcome is OutcomeStatus.SKIPPED
