"""Tests of the pictures: which are wanted, how large, and what happens when they weigh too much."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from kvqa_audit.model import AuditRun
from kvqa_audit.release.gate import judge
from kvqa_audit.report import pictures
from kvqa_audit.report.as_html import render
from kvqa_audit.report.contact_sheets import MAX_PICTURES_PER_SOURCE, MAX_SOURCES, contact_sheets
from kvqa_audit.report.view import view
from kvqa_audit.spec.dataset_spec import Release
from tests.report_samples import JPEG, sample_run, with_cases


@pytest.fixture(scope="module")
def run() -> AuditRun:
    return sample_run(images=400)


def drawn(run: AuditRun) -> Iterator[tuple[str, str]]:
    return ((sheet.source, shot.img_id) for sheet in contact_sheets(run).shown for shot in sheet.pictures)


def test_every_source_has_a_sheet_of_its_own_pictures_the_largest_first(run: AuditRun) -> None:
    sources = run.metrics["sources"]
    sheets = contact_sheets(run)
    assert {sheet.source for sheet in sheets.shown} == set(sources.values())
    assert all(sources[img_id] == source for source, img_id in drawn(run))
    totals = [sheet.total for sheet in sheets.shown]
    assert totals == sorted(totals, reverse=True)
    assert sum(totals) == len(run.fingerprints)
    assert max(len(sheet.pictures) for sheet in sheets.shown) == MAX_PICTURES_PER_SOURCE


def test_a_sheet_does_not_hang_on_the_order_and_hardly_on_one_more_image(run: AuditRun) -> None:
    assert list(drawn(replace(run, fingerprints=run.fingerprints[::-1]))) == list(drawn(run))
    less = set(drawn(replace(run, fingerprints=run.fingerprints[1:])))
    assert len(less - set(drawn(run))) <= 1


def test_what_cannot_be_decoded_is_not_drawn_from(run: AuditRun) -> None:
    broken = replace(run, fingerprints=tuple(replace(image, problem="empty") for image in run.fingerprints))
    assert contact_sheets(broken).shown == ()


def test_many_sources_are_cut_and_counted(run: AuditRun) -> None:
    sources = {image.img_id: f"s{n}" for n, image in enumerate(run.fingerprints)}
    sheets = contact_sheets(replace(run, metrics={**run.metrics, "sources": sources}))
    assert (len(sheets.shown), sheets.more) == (MAX_SOURCES, len(run.fingerprints) - MAX_SOURCES)


def test_pictures_of_the_sheets_alone_are_wanted_smaller(run: AuditRun) -> None:
    page = view(run)
    wanted = pictures.pictures_wanted(run)
    in_places = {picture.img_id for picture in pictures.pictures_in(page)}
    on_sheets = {picture.img_id for picture in pictures.pictures_on_sheets(page)}
    assert set(wanted) >= on_sheets - in_places
    assert {wanted[img_id] for img_id in on_sheets - in_places} == {pictures.SHEET_SIDE_PX}
    assert {side for img_id, side in wanted.items() if img_id in in_places} == {pictures.SIDE_PX}


def test_heavy_sheets_are_cut_at_the_end_of_every_source_alike(run: AuditRun, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pictures, "MAX_SHEET_CHARACTERS", 4_000)
    page = view(run)
    made = pictures.embedded(page, dict.fromkeys(pictures.pictures_wanted(run), JPEG), "none")
    in_places = {picture.img_id for picture in pictures.pictures_in(page)}
    only_there = [p.img_id for p in pictures.pictures_on_sheets(page) if p.img_id not in in_places]
    kept = [made[img_id][0] is not None for img_id in only_there]
    assert kept == sorted(kept, reverse=True)
    assert {True, False} == set(kept)
    assert sum(len(made[img_id][0] or "") for img_id in only_there) <= 4_000


def test_a_page_without_pictures_has_no_sheets_and_outlines_nothing() -> None:
    run = with_cases(sample_run())
    verdict = judge(run.outcomes, run.findings, Release())
    bare = render(run, verdict, pictures={}, missing="left out on request")
    full = render(run, verdict, pictures=dict.fromkeys(pictures.pictures_wanted(run), JPEG))
    for part in ('id="sheets"', "What was seen is outlined.", "<rect", "<img"):
        assert part not in bare.split("<script", 1)[0]
        assert part in full
    assert "left out on request" in bare
