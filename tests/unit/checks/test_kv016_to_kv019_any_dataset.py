"""Spellings, spaces, answers of another kind, languages and splits: what is judged in any dataset, described or not."""

# ruff: noqa: RUF001
from __future__ import annotations

from dataclasses import replace
from typing import Any, Literal

import pandas as pd
import pytest

from kvqa_audit.answers.distributions import Distributions
from kvqa_audit.checks.base import Check, Evidence
from kvqa_audit.checks.kv008_answer_outside_vocabulary import answer_outside_vocabulary
from kvqa_audit.checks.kv011_repeated_row import repeated_row
from kvqa_audit.checks.kv012_conflicting_repeat import conflicting_repeat
from kvqa_audit.checks.kv016_spelling_variants import spelling_variants
from kvqa_audit.checks.kv017_odd_spaces import odd_spaces
from kvqa_audit.checks.kv018_answer_of_another_kind import answer_of_another_kind
from kvqa_audit.checks.kv019_answer_repeats_question import answer_repeats_question
from kvqa_audit.checks.kv412_split_leak_by_question import split_leak_by_question
from kvqa_audit.checks.kv413_answer_given_away_by_spelling import answer_given_away_by_spelling
from kvqa_audit.checks.kv414_mixed_languages import mixed_languages
from kvqa_audit.checks.kv415_misspelt_category import misspelt_category
from kvqa_audit.checks.kv416_accepted_answers_disagree import accepted_answers_disagree
from kvqa_audit.checks.runner import run_check
from kvqa_audit.contracts.row_schema import check_rows
from kvqa_audit.ingest.dataset import Table
from kvqa_audit.model import Finding, Severity
from kvqa_audit.spec.dataset_spec import Columns, DatasetSpec
from kvqa_audit.spec.question import Question, Vocabulary

FREE = DatasetSpec(name="any", columns=Columns(source=None), rows=0, images=0, other_questions="free text")


def evidence(*rows: tuple[str, str, str], splits: tuple[str, ...] = (), spec: DatasetSpec = FREE) -> Evidence:
    """Rows of img_id, question and answer."""
    frame = pd.DataFrame([("", q, a, i) for i, q, a in rows], columns=["source", "question", "answer", "img_id"])
    table = Table(frame.astype(object), missing=("source",), splits=splits)
    contract = check_rows(table, spec)
    return Evidence(spec, table, contract, promises={}, rules={}, distributions=Distributions())


def findings(check: Check, given: Evidence) -> tuple[Finding, ...]:
    return run_check(check, given)[1]


def asked(question: str, *answers: str) -> list[tuple[str, str, str]]:
    return [(f"i{n}", question, answer) for n, answer in enumerate(answers)]


@pytest.mark.fires("KV016")
def test_kv016_names_the_usual_spelling_the_difference_and_the_rows() -> None:
    rows = (*asked("Is it red?", "yes", "yes", "Yes", "yes.", "no"), *asked("is it red", "no"))
    question, answer = findings(spelling_variants, evidence(*rows))
    assert (question.suggestion, question.evidence["differ_in"]) == ("Is it red?", ["case", "final punctuation"])
    assert (answer.suggestion, answer.evidence["rows"]) == ("yes", [2, 3])
    assert answer.evidence["spellings"] == {"yes": 2, "Yes": 1, "yes.": 1}
    assert findings(spelling_variants, evidence(*asked("Is it red?", "yes", "no", "10\u00b2", "102"))) == ()


@pytest.mark.fires("KV017")
@pytest.mark.parametrize("odd", ["a  b", "a\tb", "a\nb", "a\u00a0b", "a\u200b b"])
def test_kv017_names_odd_spaces_and_warns_where_the_tidy_text_stands_too(odd: str) -> None:
    (alone,) = findings(odd_spaces, evidence(("i", "What?", odd)))
    (beside, *_) = findings(odd_spaces, evidence(("i", "What?", odd), ("j", "What?", "a b")))
    assert (alone.suggestion, alone.severity, alone.evidence["column"]) == ("a b", Severity.INFO, "answer")
    assert (beside.severity, beside.row) == (Severity.WARNING, 0)


@pytest.mark.parametrize("text", ["<image>\nIs it red?", "Is it red?\n<image>", "Is it red?\n\nAnswer with a word."])
def test_kv017_takes_breaks_between_sentences_and_beside_marks_for_layout(text: str) -> None:
    assert findings(odd_spaces, evidence(("i", text, "yes"))) == ()
    (found,) = findings(odd_spaces, evidence(("i", f"{text} \tNow", "yes")))
    assert found.suggestion == f"{text} Now"


def test_kv017_takes_the_lines_of_a_long_text_for_its_layout() -> None:
    assert findings(odd_spaces, evidence(("i", "What?", "one line,\n  and another. " * 20))) == ()


@pytest.mark.fires("KV018")
@pytest.mark.parametrize(
    ("question", "answer", "severity"),
    [
        ("Where is the nodule?", "Yes", Severity.WARNING),
        ("How many nodules are seen?", "red", Severity.WARNING),
        ("Is there a nodule?", "left lung", Severity.INFO),
        ("Wo ist der Knoten?", "nein", Severity.WARNING),
        ("Combien de nodules ?", "rouge", Severity.WARNING),
        ("图中有几个结节？", "红色", Severity.WARNING),
        ("结节在哪里？", "是", Severity.WARNING),
    ],
)
def test_kv018_names_answers_to_another_question(question: str, answer: str, severity: Severity) -> None:
    (finding,) = findings(answer_of_another_kind, evidence(("i", question, answer)))
    assert (finding.row, finding.severity) == (0, severity)


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("Is it left or right?", "left"),
        ("Is there a nodule?", "No, none"),
        ("Is there a nodule? Where is it?", "left lung"),
        ("How many nodules are seen?", "two"),
        ("How many nodules are seen?", "None"),
        ("Where is the nodule?", "no man's land"),
        ("Describe the picture", "yes"),
        ("图中有几个结节？", "两个"),
        ("图片中包含肺吗？", "不包含"),
    ],
)
def test_kv018_leaves_answers_alone_that_may_be_right(question: str, answer: str) -> None:
    assert findings(answer_of_another_kind, evidence(("i", question, answer))) == ()


def test_kv018_tells_a_habit_once() -> None:
    rows = [(f"i{n}", f"Is there thing {n}?", f"Thing {n} is seen") for n in range(9)]
    (habit,) = findings(answer_of_another_kind, evidence(*rows))
    assert (habit.row, habit.severity) == (None, Severity.INFO)
    assert "9 of 9" in habit.message


@pytest.mark.fires("KV019")
def test_kv019_names_an_answer_that_says_the_question_again() -> None:
    given = evidence(
        ("i", "What is it?", "what is it"),
        ("i", "What is shown here?", "What is shown here? A cat."),
        ("i", "A?", "A cat"),
    )
    assert [finding.row for finding in findings(answer_repeats_question, given)] == [0, 1]


@pytest.mark.fires("KV412")
def test_kv412_names_a_question_asked_of_one_image_in_two_splits_however_it_is_spelt() -> None:
    rows = [("a", "Is it red?", "yes"), ("a", "is it red", "Yes"), ("a", "Is it big?", "no"), ("b", "Is it big?", "no")]
    (finding,) = findings(split_leak_by_question, evidence(*rows, splits=("train", "test", "train", "test")))
    assert (finding.img_id, finding.severity, finding.evidence["splits"]) == ("a", Severity.ERROR, ["test", "train"])
    assert "with the same answer" in finding.message


@pytest.mark.fires("KV413")
def test_kv413_tells_a_spelling_that_goes_with_one_answer() -> None:
    rows = [*asked("Is\tit red?", *["yes"] * 12), *asked("Is it red?", *["no"] * 12)]
    (finding,) = findings(answer_given_away_by_spelling, evidence(*rows))
    assert finding.related == ("a tab",)
    rows = [*asked("IS it red?", *["yes"] * 12), *asked("Is it red?", *["no"] * 12)]
    (finding,) = findings(answer_given_away_by_spelling, evidence(*rows))
    assert "'IS it red?': 'yes' 12 times" in finding.message
    mixed = [*asked("Is\tit red?", *["yes", "no"] * 6), *asked("Is it red?", *["no", "yes"] * 6)]
    assert findings(answer_given_away_by_spelling, evidence(*mixed)) == ()


@pytest.mark.fires("KV413")
def test_kv413_tells_a_trait_over_many_questions_that_are_each_asked_twice() -> None:
    rows = [row for n in range(12) for row in ((f"i{n}", f"Is it  {n}?", "yes"), (f"j{n}", f"Is it {n}?", "no"))]
    (finding,) = findings(answer_given_away_by_spelling, evidence(*rows))
    assert (finding.related, finding.evidence["questions"]) == (("a double space",), 12)


@pytest.mark.fires("KV414")
def test_kv414_names_an_answer_in_another_language() -> None:
    usual = [(f"i{n}", "肺在哪里？", "左边") for n in range(9)]
    (finding,) = findings(
        mixed_languages, evidence(*usual, ("j", "肺在哪里？", "left lung"), ("k", "用的什么？", "MRI"))
    )
    assert (finding.row, finding.evidence["answer_in"]) == (9, "Latin")
    both = [(f"i{n}", "肺在哪里？", "left lung") for n in range(9)]
    assert findings(mixed_languages, evidence(*both)) == (), "that is how the dataset is made"


@pytest.mark.fires("KV415")
def test_kv415_names_rare_values_of_unjudged_columns_that_are_near_a_frequent_one() -> None:
    given = evidence(("i", "What?", "x"))
    kinds = ("ATTRIB",) * 90 + ("PRES",) * 80 + ("ATRIB", "PRSE", "pres", "OTHER", "T1", "T2")
    table = replace(given.table, categories={"kind": kinds})
    found = findings(misspelt_category, replace(given, table=table))
    assert [(f.evidence["value"], f.suggestion, f.row) for f in found] == [
        ("ATRIB", "ATTRIB", 170), ("PRSE", "PRES", 171), ("pres", "PRES", 172)
    ]  # fmt: skip


@pytest.mark.fires("KV416")
def test_kv416_names_rows_whose_accepted_answers_have_no_majority() -> None:
    given = evidence(("i", "What?", "a"), ("j", "What?", "a"), ("k", "What?", "a"))
    accepted = ((("a", 4), ("b", 3), ("c", 3)), (("Yes", 3), ("yes", 3), ("no", 4)), (("a", 1), ("b", 1)))
    checked = replace(given, table=replace(given.table, accepted=accepted))
    outcome, found = run_check(accepted_answers_disagree, checked)
    assert ([finding.row for finding in found], outcome.evaluated) == ([0], 2)
    assert outcome.measured == pytest.approx(0.5)


@pytest.mark.fires("KV008")
@pytest.mark.parametrize(
    ("made_by", "severities"),
    [
        ("person", [Severity.ERROR, Severity.ERROR, Severity.ERROR]),
        ("init", [Severity.INFO, Severity.ERROR]),
        ("auto", [Severity.INFO, Severity.WARNING]),
    ],
)
def test_kv008_of_an_inferred_vocabulary_is_a_hint_but_for_a_near_miss(
    made_by: Literal["person", "init", "auto"], severities: list[Severity]
) -> None:
    spec = DatasetSpec(
        name="any",
        made_by=made_by,
        columns=Columns(source=None),
        rows=0,
        images=0,
        questions=[Question(text="Which plane?", name="plane", type="single choice", vocabulary="planes")],
        vocabularies={"planes": Vocabulary(answers=["axial", "coronal"])},
    )
    rows = asked("Which plane?", "axial", "coronal", "oblique", "axail", "Axial")
    assert [f.severity for f in findings(answer_outside_vocabulary, evidence(*rows, spec=spec))] == severities


@pytest.mark.fires("KV011", "KV012")
def test_repeats_and_contradictions_are_of_values() -> None:
    rows = [
        ("i", "Is it red?", "yes"),
        ("i", "is it  red", "Yes."),
        ("i", "Is it red ?", "no"),
        ("j", "Is it red?", "no"),
    ]
    (conflict,) = findings(conflicting_repeat, evidence(*rows))
    (repeat,) = findings(repeated_row, evidence(*rows))
    assert (conflict.img_id, conflict.row, conflict.answer, conflict.evidence["rows"]) == ("i", 2, "no", [1, 0, 2])
    assert (repeat.row, repeat.evidence["same_spelling"]) == (1, False)


def about(finding: Finding) -> tuple[Any, ...]:
    return (finding.check, finding.key, finding.severity, finding.suggestion)


def test_the_order_of_the_rows_changes_no_finding() -> None:
    rows = [
        *asked("Is it red?", "yes", "no", "Yes", "maybe", "yes."),
        *asked("is it  red", "no", "no", "yes", "Maybe", "yes"),
        *asked("How many are there?", "2", "two", "many", "3", "3 "),
        *asked("Where is it?", "yes", "left", "left", "Left", "right"),
        *asked("Where is it ?", "no", "left", "right", "Right", "right"),
    ]
    checks = (
        repeated_row, conflicting_repeat, spelling_variants, odd_spaces, answer_of_another_kind,
        answer_repeats_question, answer_given_away_by_spelling, mixed_languages, split_leak_by_question,
    )  # fmt: skip
    splits = tuple(("train", "test")[n % 2] for n in range(len(rows)))

    def said(order: list[int]) -> set[tuple[Any, ...]]:
        given = evidence(*(rows[n] for n in order), splits=tuple(splits[n] for n in order))
        return {about(finding) for check in checks for finding in findings(check, given)}

    order = list(range(len(rows)))
    assert len(said(order)) > 20
    assert said(order[::-1]) == said(order) == said(order[7:] + order[:7])
