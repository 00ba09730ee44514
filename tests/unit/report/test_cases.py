"""Tests of the cases: which pictures come first, what is said about them, and that odd evidence harms nothing."""

from __future__ import annotations

from typing import Any

import pytest

from kvqa_audit.model import Finding, FindingStatus, Severity
from kvqa_audit.report.cases import MAX_PER_CELL, MAX_SUSPICIOUS, case_groups


def suspect(img_id: str, score: float, answer: str = "yes", **evidence: Any) -> Finding:
    return Finding("KV350", Severity.WARNING, "odd", img_id, "q?", answer, score=score, evidence=evidence, key=answer)


def against(img_id: str, seen: bool, confidence: float, *regions: Any, waived: bool = False) -> Finding:
    evidence = {"detector": "box", "seen": seen, "confidence": confidence, "regions": list(regions)}
    score = abs(2 * confidence - 1)
    status = FindingStatus.WAIVED if waived else FindingStatus.OPEN
    return Finding("KV360", Severity.WARNING, "no", img_id, "Box?", "no", score=score, evidence=evidence, status=status)


def test_findings_about_one_picture_are_one_case_the_worst_first() -> None:
    findings = [
        suspect("a", 0.2),
        suspect("b", 0.5),
        suspect("a", 0.9, "no"),
        *(suspect("a", 0.1, f"x{n}") for n in "12"),
    ]
    [group] = case_groups("KV350", findings, {"a": "Polyps"})
    assert [case.picture.img_id for case in group.cases] == ["a", "b"]
    first = group.cases[0]
    assert [claim.answer for claim in first.claims] == ["no", "yes", "x1"]
    assert (first.more, first.picture.caption, group.question) == (1, "Polyps", "q?")


def test_what_was_expected_and_why_is_kept() -> None:
    evidence: dict[str, Any] = {
        "probability": 0.01,
        "expected": "no",
        "expected_probability": 0.98,
        "reasons": ["its source is 'x'"],
    }
    [group] = case_groups("KV350", [suspect("a", 0.6, **evidence)], {})
    [claim] = group.cases[0].claims
    assert (claim.probability, claim.expected, claim.expected_probability) == (0.01, "no", 0.98)
    assert claim.reasons == ("its source is 'x'",)


def test_the_two_ways_to_disagree_stand_apart_the_surest_first() -> None:
    region = {"x": 0.0, "y": 0.8, "width": 0.2, "height": 0.2}
    findings = [against("a", False, 0.3), against("b", True, 0.8, region), against("c", False, 0.0)]
    shown, lacking = case_groups("KV360", findings, {})
    assert [case.picture.img_id for case in shown.cases] == ["b"]
    assert [case.picture.img_id for case in lacking.cases] == ["c", "a"]
    assert [claim.seen for case in (*shown.cases, *lacking.cases) for claim in case.claims] == [
        "a box, 80% sure",
        "no box, 100% sure",
        "no box, 70% sure",
    ]
    assert lacking.cases[0].outlines == ()


def test_an_outline_goes_around_its_region_and_stays_in_the_picture() -> None:
    [group] = case_groups("KV360", [against("a", True, 1.0, {"x": 0.5, "y": 0.8, "width": 0.2, "height": 0.9})], {})
    [outline] = group.cases[0].outlines
    assert 0 < outline.x < 0.5
    assert outline.x + outline.width > 0.7
    assert outline.y + outline.height < 1


def test_the_lines_of_one_text_have_one_outline_and_what_lies_apart_its_own() -> None:
    lines = [{"x": 0.05, "y": y, "width": width, "height": 0.03} for y, width in ((0.2, 0.1), (0.3, 0.1), (0.24, 0.2))]
    lines += [{"x": 0.05, "y": 0.28, "width": 0.1, "height": 0.02}, {"x": 0.8, "y": 0.9, "width": 0.1, "height": 0.05}]
    [group] = case_groups("KV361", [against("a", True, 1.0, *lines)], {})
    block, apart = sorted(group.cases[0].outlines, key=lambda one: one.x)
    assert (block.y < 0.2, block.y + block.height > 0.33, 0.2 < block.width < 0.23) == (True, True, True)
    assert apart.x == pytest.approx(0.8, abs=0.01)


@pytest.mark.parametrize(
    "region",
    [None, "x", [], {}, {"x": 0.1}, {"x": "0", "y": 0, "width": 1, "height": 1},
     {"x": 2, "y": 0, "width": 1, "height": 1},
     {"x": float("nan"), "y": 0, "width": 1, "height": 1}, {"x": 0, "y": 0, "width": float("inf"), "height": 1}],
)  # fmt: skip
def test_a_region_that_is_none_draws_nothing(region: Any) -> None:
    [group] = case_groups("KV360", [against("a", True, 1.0, region)], {})
    assert group.cases[0].outlines == ()


@pytest.mark.parametrize("odd", [None, "0.5", True, [], float("nan"), -1, 1e300])
def test_a_probability_that_is_none_is_not_shown(odd: Any) -> None:
    [group] = case_groups("KV350", [suspect("a", 0.6, probability=odd, expected=7, reasons="no list")], {})
    [claim] = group.cases[0].claims
    assert (claim.probability, claim.expected, claim.reasons) == (None, None, ())


def test_what_is_decided_and_other_checks_are_left_out() -> None:
    assert case_groups("KV360", [against("a", True, 1.0, waived=True)], {}) == ()
    assert case_groups("KV011", [suspect("a", 0.4)], {}) == ()


@pytest.mark.parametrize(("code", "most"), [("KV350", MAX_SUSPICIOUS), ("KV360", MAX_PER_CELL)])
def test_a_cut_group_says_how_many_there_are(code: str, most: int) -> None:
    ids = [f"i{n}" for n in range(40)]
    [group] = case_groups(code, [suspect(i, 0.5) if code == "KV350" else against(i, False, 0.1) for i in ids], {})
    assert (len(group.cases), group.total) == (most, 40)
