"""A proof accepts what a patch answers, and nothing that came, went or changed beside it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from kvqa_audit.fixes.proof import Proof, prove
from kvqa_audit.fixes.write_copy import decisions_for_the_copy
from kvqa_audit.model import (
    AuditRun,
    CheckOutcome,
    DatasetFacts,
    Finding,
    ImageFingerprint,
    OutcomeStatus,
    Severity,
    with_keys,
)
from tests.unit.fixes.tables import COLOUR, HEADER, SPEC, TEXT, Fixed, fixed, line

TABLE = HEADER + line(COLOUR, "red; pink") + line(TEXT, "yes", "b") + line(TEXT, "yes", "b")
RULE = Finding("KV30-L1.1", Severity.ERROR, "odd", img_id="a", row=0)
OTHER = Finding("KV012", Severity.ERROR, "odd", img_id="a", question=COLOUR, answer="red; pink", row=0)


@pytest.fixture
def done(tmp_path: Path) -> Fixed:
    return fixed(tmp_path, TABLE)


def run_of(findings: list[Finding], status: OutcomeStatus = OutcomeStatus.PASSED, sha256: str = "1") -> AuditRun:
    facts = DatasetFacts("d", "d", "0", 3, 1)
    outcome = CheckOutcome("KV001", "columns", Severity.ERROR, status)
    image = ImageFingerprint("a", "images/a.jpg", 1, sha256)
    keyed = with_keys(findings)
    return AuditRun("r", "", "", {}, facts, (outcome,), {}, keyed, (), (image,), (), {}, (), 0)


def proof_of(done: Fixed, after: list[Finding], before: list[Finding] | None = None, **ways: object) -> Proof:
    was = run_of([*done.findings, *(before or [])])
    return prove(was, run_of(after, **ways), done.patch, done.table, SPEC)  # type: ignore[arg-type]


def test_holds_where_only_what_was_fixed_is_gone(done: Fixed) -> None:
    proof = proof_of(done, [])
    assert proof.holds
    assert {finding.check for finding in proof.resolved} == {"KV010", "KV011"}
    assert (proof.lost, proof.new, proof.same_images) == ((), (), 1)


def test_other_findings_about_a_corrected_answer_are_the_same(done: Fixed) -> None:
    proof = proof_of(done, [replace(OTHER, answer="pink; red"), RULE], [OTHER, RULE])
    assert proof.holds
    assert proof.settled == ()
    old, new = with_keys([OTHER])[0], with_keys([replace(OTHER, answer="pink; red")])[0]
    assert proof.new_keys == {old.key: new.key}


def test_finding_that_was_not_fixed_and_is_gone_is_held_against_it(done: Fixed) -> None:
    proof = proof_of(done, [], [OTHER])
    assert (proof.holds, proof.lost) == (False, with_keys([OTHER]))


def test_fixed_finding_that_is_still_there_is_held_against_it(done: Fixed) -> None:
    still = [replace(f, key="", answer="pink; red") for f in done.findings if f.check == "KV010"]
    assert [f.check for f in proof_of(done, still).new] == ["KV010"]


def test_new_finding_is_held_against_it(done: Fixed) -> None:
    proof = proof_of(done, [RULE])
    assert (proof.holds, len(proof.new)) == (False, 1)
    twice = proof_of(done, [RULE, RULE], [RULE])
    assert (twice.holds, len(twice.new)) == (False, 1)


def test_what_goes_with_a_dropped_row_is_settled(done: Fixed) -> None:
    gone = Finding("KV350", Severity.WARNING, "odd", img_id="b", question=TEXT, answer="yes", row=2)
    elsewhere = replace(gone, row=0, img_id="a", question=COLOUR)
    assert [f.check for f in proof_of(done, [], [gone]).settled] == ["KV350"]
    assert proof_of(done, [], [elsewhere]).lost


def test_findings_about_the_whole_may_shift_once_rows_are_dropped(done: Fixed, tmp_path: Path) -> None:
    whole = Finding("KV02-rows", Severity.ERROR, "one row is missing")
    proof = proof_of(done, [whole])
    assert (proof.holds, proof.shifted_in, proof.shifted_out) == (True, with_keys([whole]), ())
    suspicion = Finding("KV350", Severity.INFO, "odd", img_id="z", question=TEXT, answer="yes", row=9, score=0.9)
    assert proof_of(done, [], [suspicion]).shifted_out == with_keys([suspicion])
    spelling = fixed(tmp_path, HEADER + line(COLOUR, "red; pink"))
    assert proof_of(spelling, [whole]).new == with_keys([whole])


def test_changed_image_is_held_against_it(done: Fixed) -> None:
    proof = proof_of(done, [], sha256="2")
    assert (proof.holds, proof.other_images, proof.same_images) == (False, ("a",), 0)


def test_check_that_crashed_on_the_copy_is_held_against_it(done: Fixed) -> None:
    proof = proof_of(done, [], status=OutcomeStatus.ERRORED)
    assert (proof.holds, proof.unjudged) == (False, ("KV001",))
    was_neither = run_of([*done.findings], OutcomeStatus.SKIPPED)
    assert prove(was_neither, run_of([], OutcomeStatus.SKIPPED), done.patch, done.table, SPEC).unjudged == ()


def test_what_goes_with_a_corrected_id_is_settled(tmp_path: Path) -> None:
    done = fixed(tmp_path, HEADER + line(TEXT, "yes", " a") + line(TEXT, "yes", "b"))
    without_image = Finding("KV101", Severity.ERROR, "there is no such image", img_id=" a", row=0)
    elsewhere = replace(without_image, img_id="b", row=1)
    proof = proof_of(done, [], [without_image, elsewhere])
    assert (proof.settled, proof.lost) == (with_keys([without_image]), with_keys([elsewhere]))


def test_decisions_of_the_copy_go_by_the_new_keys_and_nothing_else_is_touched() -> None:
    old, new = "0123456789abcdef", "fedcba9876543210"
    text = f"- key: {old}\n  reason: as in {old}{old}, x{old} and 1111222233334444\n"
    assert decisions_for_the_copy(text, {old: new}) == text.replace(f"key: {old}", f"key: {new}")
