"""Groups of images become strips: in order of time, bounded, the gravest first, with the answers that differ marked."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from kvqa_audit.model import (
    AnswerRows,
    AuditRun,
    DuplicatePair,
    Finding,
    FindingStatus,
    GroupPlace,
    ImageGroups,
    Severity,
    Tier,
)
from kvqa_audit.report import film_strips as strips
from kvqa_audit.report.film_strips import FilmStrips, film_strips, in_time
from tests.report_samples import HOSTILE, page_of, sample_run

BLEEDS, PLACE = "Does it bleed?", "Where is it?"
ABOUT_A = Finding("KV417", Severity.ERROR, "in several splits", related=("a1", "a2"), evidence={"group": "A"})


def grouped(
    groups: dict[str, dict[str, int | None]],
    findings: tuple[Finding, ...],
    rows: list[tuple[str, str, str]] | None = None,
    **changed: Any,
) -> AuditRun:
    """An audit of these groups (image to seconds) and rows (image, question, answer)."""
    places: dict[str, tuple[GroupPlace, ...]] = {}
    for group, images in groups.items():
        for img_id, seconds in images.items():
            places[img_id] = (*places.get(img_id, ()), GroupPlace(group, seconds))
    columns = list(zip(*[("", question, answer, img_id) for img_id, question, answer in rows or []], strict=True))
    run = sample_run(images=1, findings_per_check=1)
    return replace(
        run,
        findings=findings,
        metrics={**run.metrics, "image_groups": ImageGroups("exam", places).as_json()},
        rows=AnswerRows(*columns) if columns else AnswerRows((), (), (), ()),
        **changed,
    )


def strips_of(run: AuditRun) -> FilmStrips:
    return film_strips(run, {})


def test_frames_stand_in_the_order_of_time_and_then_of_the_rows() -> None:
    run = grouped({"A": {"a4": None, "a3": 71, "a1": 0, "a2": 16, "a0": None}}, (ABOUT_A,))
    (strip,) = strips_of(run).shown
    assert [(frame.img_id, frame.after) for frame in strip.frames] == [
        ("a1", "0 s"), ("a2", "16 s"), ("a3", "1 min 11 s"), ("a4", ""), ("a0", ""),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("seconds", "words"), [(0, "0 s"), (59.6, "1 min 0 s"), (3_599, "59 min 59 s"), (7_380, "2 h 3 min")]
)
def test_times_are_told_in_words(seconds: float, words: str) -> None:
    assert in_time(seconds) == words


def test_an_answer_that_most_frames_do_not_share_is_marked_however_it_is_spelt() -> None:
    answers = {"a1": "no", "a2": " No", "a3": "yes", "a4": "NO."}
    run = grouped({"A": dict.fromkeys(answers)}, (ABOUT_A,), [(one, BLEEDS, told) for one, told in answers.items()])
    (strip,) = strips_of(run).shown
    (asked,) = strip.differing
    assert (asked.question, asked.differs, asked.ways) == (BLEEDS, (False, False, True, False), 2)
    assert strip.equal == ()


def test_where_no_answer_is_that_of_most_none_is_marked_and_it_stands_last() -> None:
    rows = [("a1", PLACE, "left"), ("a2", PLACE, "right"), ("a1", BLEEDS, "no"), ("a2", BLEEDS, "no")]
    rows += [("a3", BLEEDS, "yes"), ("a1", "Which organ?", "colon"), ("a3", "Which organ?", "Colon"), ("a2", "?", " ")]
    (strip,) = strips_of(grouped({"A": dict.fromkeys(("a1", "a2", "a3"))}, (ABOUT_A,), rows)).shown
    assert [(asked.question, asked.prevails, asked.differs) for asked in strip.differing] == [
        (BLEEDS, True, (False, False, True)), (PLACE, False, (False, False, False)),
    ]  # fmt: skip
    assert strip.equal == (("Which organ?", "colon", 2),)


def test_only_groups_with_an_open_finding_have_a_strip_and_those_about_several_images_come_first() -> None:
    groups = {name: dict.fromkeys((f"{name.lower()}1", f"{name.lower()}2")) for name in "ABCDE"} | {"F": {"f1": None}}
    decided = Finding("KV417", Severity.ERROR, "decided", evidence={"group": "E"}, status=FindingStatus.WAIVED)
    findings = (
        Finding("KV350", Severity.ERROR, "about one image", "d1"),
        Finding("KV419", Severity.INFO, "a note", evidence={"group": "C"}),
        Finding("KV420", Severity.WARNING, "about two", related=("b1", "b2")),
        Finding("KV204", Severity.ERROR, "across groups", related=("a1", "b1")),
        Finding("KV350", Severity.ERROR, "alone in its group", "f1"),
        decided,
    )
    made = strips_of(grouped(groups, findings))
    assert [strip.group for strip in made.shown] == ["B", "C", "D"]
    assert (made.holding, made.groups) == (3, 5)
    assert made.address_of(findings[1], "../report.html") == "../report.html#strip-2"
    assert made.address_of(decided) == made.address_of(findings[0]) == ""


def test_a_frame_tells_that_it_shows_what_the_one_before_does() -> None:
    pair = DuplicatePair("a1", "a2", Tier.NEAR_FRAME, 30, 0.93, "identity", "a1")
    run = grouped({"A": {"a2": 0, "a1": 5, "a3": 9}}, (ABOUT_A,), pairs=(pair,))
    assert [frame.beside for frame in strips_of(run).shown[0].frames] == ["", "pictures of one scene", ""]


def test_what_is_not_shown_is_counted() -> None:
    images = [f"i{number:03d}" for number in range(strips.MAX_FRAMES_PER_STRIP + 5)]
    asked = [f"q{number}" for number in range(strips.MAX_DIFFERING_QUESTIONS + 3)]
    rows = [(one, question, "no" if one == images[-1] else "yes") for one in images for question in asked]
    many = {f"g{number:02d}": dict.fromkeys((f"{number} a", f"{number} b")) for number in range(strips.MAX_STRIPS + 4)}
    findings = tuple(Finding("KV417", Severity.ERROR, "leaks", evidence={"group": name}) for name in ("A", *many))
    made = strips_of(grouped({"A": dict.fromkeys(images), **many}, findings, rows))
    first = made.shown[0]
    assert (len(made.shown), made.holding) == (strips.MAX_STRIPS, len(findings))
    assert (len(first.frames), first.total) == (strips.MAX_FRAMES_PER_STRIP, len(images))
    assert (len(first.differing), first.more_differing) == (strips.MAX_DIFFERING_QUESTIONS, 3)
    assert first.differing[0].differs[-1], "what is compared are all frames, shown or not"
    page = page_of(grouped({"A": dict.fromkeys(images), **many}, findings, rows))
    assert f"The first {strips.MAX_FRAMES_PER_STRIP} of {len(images)} frames are shown" in page
    assert (
        f"{len(findings)} of {len(findings)} groups of several images hold a finding; the {strips.MAX_STRIPS}" in page
    )


def test_hostile_names_and_answers_are_text_and_a_run_without_groups_has_no_strip() -> None:
    run = grouped(
        {name: dict.fromkeys((HOSTILE[0], HOSTILE[1])) for name in HOSTILE},
        (Finding("KV420", Severity.ERROR, "two ways", related=(HOSTILE[0], HOSTILE[1])),),
        [(HOSTILE[0], HOSTILE[2], HOSTILE[3]), (HOSTILE[1], HOSTILE[2], HOSTILE[4])],
    )
    page = page_of(run)
    assert 'id="strip-1"' in page
    assert "<script>window.__ran" not in page
    assert "<img src=x" not in page
    assert 'id="groups"' not in page_of(replace(run, metrics={**run.metrics, "image_groups": None}))
