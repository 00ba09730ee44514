"""What a person is shown to decide about: what was wanted, the gravest first, and nothing that is settled."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from kvqa_audit.errors import SpecError
from kvqa_audit.model import AuditRun, Finding, Severity, with_keys
from kvqa_audit.release.decisions import DecisionVerdict, decide
from kvqa_audit.release.review import Wanted, decisions_in, file_for, pictures_of, store, to_decide
from tests.unit.compare.samples import finished, image

TODAY = date(2026, 11, 25)
NOTE = Finding("KV402", Severity.INFO, "lopsided", question="How many?")
BLANK = Finding("KV003", Severity.WARNING, "blank", "a", "How many?", "")
WRONG = Finding("KV008", Severity.ERROR, "wrong", "b", "How many?", "x")
PAIR = Finding("KV201", Severity.ERROR, "same", related=("a", "c"))


def run_with(*findings: Finding) -> AuditRun:
    return finished((), [image("a"), image("b"), image("c")], findings)


def asked(wanted: Wanted) -> list[str]:
    return [finding.check for finding in to_decide(run_with(NOTE, BLANK, WRONG, PAIR), (), wanted, TODAY)]


@pytest.mark.parametrize(
    ("wanted", "checks"),
    [
        (Wanted(), ["KV008", "KV201", "KV003", "KV402"]),
        (Wanted(severity=Severity.WARNING), ["KV008", "KV201", "KV003"]),
        (Wanted(severity=Severity.ERROR), ["KV008", "KV201"]),
        (Wanted(img_id="a"), ["KV201", "KV003"]),
        (Wanted(img_id="c"), ["KV201"]),
        (Wanted(checks=frozenset({"KV008", "KV003"})), ["KV008", "KV003"]),
        (Wanted(checks=frozenset({"KV201", "KV402"}), severity=Severity.WARNING), ["KV201"]),
    ],
)
def test_only_what_is_wanted_is_asked_the_gravest_first(wanted: Wanted, checks: list[str]) -> None:
    assert asked(wanted) == checks


def test_pictures_are_told_below_the_folder_where_it_is_at_hand(tmp_path: Path) -> None:
    run = run_with(PAIR)
    (pair,) = run.findings
    assert pictures_of(pair, run) == ("images/a.jpg", "images/c.jpg")
    here = replace(run, dataset=replace(run.dataset, location=str(tmp_path)))
    assert pictures_of(pair, here) == (str(tmp_path / "images/a.jpg"), str(tmp_path / "images/c.jpg"))
    (table := tmp_path / "metadata.csv").touch()
    of_a_table = replace(run, dataset=replace(run.dataset, location=str(table)))
    assert pictures_of(pair, of_a_table) == pictures_of(pair, here)


def test_decisions_lie_beside_the_dataset_unless_a_file_is_named(tmp_path: Path) -> None:
    run = run_with()
    with pytest.raises(SpecError, match="name the decisions file with --decisions"):
        file_for(run, None)
    assert file_for(run, tmp_path / "mine.yaml") == tmp_path / "mine.yaml"
    here = replace(run, dataset=replace(run.dataset, location=str(tmp_path)))
    assert file_for(here, None) == tmp_path / "decisions.yaml"
    (tmp_path / "decisions.csv").write_text("key,check,verdict,reason,who,when\n")
    assert file_for(here, None) == tmp_path / "decisions.csv"


def test_what_is_put_into_the_file_can_be_taken_out_again(tmp_path: Path) -> None:
    path = tmp_path / "decisions.yaml"
    first, second = (
        decide(finding, DecisionVerdict.ACCEPTED, "so it is", "me", TODAY) for finding in with_keys([WRONG, PAIR])
    )
    store(path, [first, second])
    assert decisions_in(path) == (first, second)
    store(path, removed=[decisions_in(path)[0]])
    assert decisions_in(path) == (second,)


def test_file_that_is_laid_out_otherwise_is_left_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "decisions.yaml"
    (wrong,) = with_keys([WRONG])
    entry = f"{{key: '{wrong.key}', check: KV008, verdict: accepted, reason: so, who: me, when: 2026-01-01}}"
    path.write_text(text := f"decisions: [{entry}]\n")
    (pair,) = with_keys([PAIR])
    with pytest.raises(SpecError, match="cannot be added or taken out as it is laid out"):
        store(path, [decide(pair, DecisionVerdict.ACCEPTED, "so it is", "me", TODAY)])
    assert path.read_text() == text
