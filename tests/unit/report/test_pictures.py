"""Tests of the pictures: which are wanted, how large, and what happens when they weigh too much."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from kvqa_audit.model import AuditRun
from kvqa_audit.previews.records import Preview
from kvqa_audit.release.gate import judge
from kvqa_audit.report import pictures
from kvqa_audit.report.as_html import Report
from kvqa_audit.report.contact_sheets import MAX_PICTURES_PER_SOURCE, MAX_SOURCES, contact_sheets
from kvqa_audit.spec.release import Release
from tests.report_samples import JPEG, page_of, sample_run, with_cases


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


def test_what_has_to_be_decided_is_large_and_pictures_of_the_sheets_alone_are_small(run: AuditRun) -> None:
    report = Report(with_cases(run), judge(run.outcomes, run.findings, Release()))
    wanted = report.wanted()
    on_cards = {card.picture.img_id for card in report.page.cards if card.picture}
    on_sheets = {picture.img_id for picture in pictures.pictures_on_sheets(report.page)}
    in_groups = {img_id for card in report.page.cards if card.group for img_id in card.image_ids}
    sides = {img_id: wanted.sides_px[img_id] for img_id in on_cards if img_id in wanted.sides_px}
    first = next(card.picture.img_id for card in report.page.cards if card.picture)
    assert sides[first] == pictures.LARGE_SIDE_PX
    assert set(sides.values()) <= {pictures.LARGE_SIDE_PX, pictures.MIDDLE_SIDE_PX, pictures.SMALL_SIDE_PX}
    assert {wanted.sides_px[one] for one in on_sheets - on_cards - in_groups} == {pictures.SHEET_SIDE_PX}
    assert set(wanted.pairs) == {pair for card in report.page.cards if card.group for pair in card.group.laid}


def test_the_pictures_that_are_wanted_fit_the_budget_whatever_the_number_of_cards(run: AuditRun) -> None:
    budget = pictures.Budget(400_000)
    page = Report(with_cases(run), judge(run.outcomes, run.findings, Release())).page
    wanted = pictures.wanted_by(page.cards, budget)
    large = sum(side == pictures.LARGE_SIDE_PX for side in wanted.sides_px.values())
    assert large + 2 * len(wanted.pairs) <= budget.large
    assert sum(side == pictures.MIDDLE_SIDE_PX for side in wanted.sides_px.values()) <= budget.large + budget.middle


def test_an_album_gives_each_picture_once_and_stops_where_its_room_ends() -> None:
    album = pictures.Album(
        {name: Preview(name, JPEG) for name in "abc"}, {}, 2 * len(pictures.data_uri(JPEG) or "") + 9
    )
    places = [album.place(name) for name in "abacd"]
    assert [bool(place.uri) for place in places] == [True, True, False, False, False]
    assert [place.same_as for place in places] == [None, None, places[0].number, None, None]
    assert [place.missing for place in places[3:]] == ["picture left out to keep this page small"] * 2


def test_a_page_without_pictures_has_no_sheets_and_outlines_nothing() -> None:
    run = with_cases(sample_run())
    bare, full = page_of(run, picture=b"", missing="left out on request"), page_of(run)
    for part in ('id="sheets"', "<img", 'class="pair"'):
        assert part not in bare.split("<script", 1)[0]
        assert part in full
    assert "left out on request" in bare


def test_corners_that_differ_in_the_last_bits_alone_are_written_alike() -> None:
    assert pictures.polygon([(-1e-12, 1.0), (1e-12, 0.25)]) == "polygon(0.00% 100.00%, 0.00% 25.00%)"
