"""Answers drawn at random wait in the queue with planted ones among them: they estimate, and measure."""

from __future__ import annotations

from datetime import date

import pytest

from kvqa_audit.artifacts.folder import packed
from kvqa_audit.errors import KvqaAuditError
from kvqa_audit.jobs.dataset_decisions import bring_up_to_date
from kvqa_audit.jobs.dataset_texts import decisions_of
from kvqa_audit.model import AuditRun
from kvqa_audit.release.sample import error_rates
from kvqa_audit.reviews.assigning import known_things, measure_by
from kvqa_audit.reviews.deciding import Reviewer, decide
from kvqa_audit.reviews.measures import measures_of
from kvqa_audit.reviews.prepare import prepare
from kvqa_audit.reviews.prepared import sheet_of
from kvqa_audit.reviews.queue import Filters, next_items
from kvqa_audit.reviews.sampling import lay_out_sample
from kvqa_audit.store.review_records import Item, Words
from kvqa_audit.store.review_tables import ReviewVerdict
from tests.unit.compare.samples import finished, image
from tests.unit.reviews.conftest import Desk

ROWS = [("Polyps", "How many?", str(n % 3), f"i{n}") for n in range(60)]
STORED = {row[3]: row[2] for row in ROWS}
WRONG, RIGHT = Words(ReviewVerdict.CONFIRMED, "wrong"), Words(ReviewVerdict.FALSE_POSITIVE, "right")
TODAY = date(2026, 3, 1)


@pytest.fixture
def run(desk: Desk) -> AuditRun:
    """A run that found nothing, laid out for review."""
    made = finished(ROWS, [image(f"i{n}") for n in range(60)], [], run_id="d" * 32)
    folder = desk.folder / made.run_id
    folder.mkdir()
    for name, content in packed(made):
        (folder / name).write_bytes(content)
    prepare(desk.store, desk.dataset, made, folder, TODAY)
    return made


def drawn(desk: Desk, run: AuditRun, size: int, planted: int, who: Reviewer) -> tuple[Item, ...]:
    lay_out_sample(desk.store, desk.dataset, run, desk.folder / run.run_id, size, planted, TODAY)
    return next_items(desk.store, who, desk.dataset, Filters(check="KV500-answers.1"), limit=100)


def test_what_is_said_of_a_sample_estimates_and_of_planted_ones_measures(desk: Desk, run: AuditRun) -> None:
    anna = desk.reviewer("anna")
    waiting = drawn(desk, run, 10, 4, anna)
    planted = {one.id: one for one in known_things(desk.store, desk.dataset)}
    assert (len(waiting), len(planted)) == (14, 4)
    sheets = {one.id: sheet_of(desk.folder / run.run_id, one) for one in waiting}
    for one in waiting:
        (row,) = [row for row in sheets[one.id]["neighbours"] if row["here"]]
        assert row["answer"] == sheets[one.id]["answer"] == one.answer, "nothing beside it tells what is planted"
        assert (one.answer == STORED[row["img_id"]]) is (one.id not in planted)
    assert len({sheet["pictures"][0]["id"] for sheet in sheets.values()}) == 14
    real = [one for one in waiting if one.id not in planted]
    for one in waiting:
        words = WRONG if one.id in planted or one in real[:3] else RIGHT
        decide(desk.store, anna, one.id, one.version, words, f"k{one.id}")
    text = bring_up_to_date(desk.store, desk.dataset).settings
    assert {one.key for one in decisions_of(text)} == {one.key for one in real}, "nothing planted is ever written"
    (rate,) = error_rates(run, decisions_of(text))
    assert (rate.drawn, rate.missing, rate.wrong.value) == (10, 0, 0.3)
    with desk.store.reading() as connection:
        score = measures_of(connection, desk.dataset).known["anna"]
    assert (score.right.n, score.right.value) == (4, 1)
    assert len(drawn(desk, run, 15, 4, anna)) == 5, "a larger one goes on where the smaller one ended"
    assert {one.id: one.decided for one in known_things(desk.store, desk.dataset)}.keys() >= planted.keys()


def test_a_planted_one_that_is_taken_out_is_gone_and_never_decided(desk: Desk, run: AuditRun) -> None:
    anna = desk.reviewer("anna")
    drawn(desk, run, 5, 2, anna)
    first, second = known_things(desk.store, desk.dataset)
    measure_by(desk.store, first.id, None)
    left = next_items(desk.store, anna, desk.dataset, Filters(), limit=20)
    assert (len(left), first.id in {one.id for one in left}) == (6, False)
    assert [one.id for one in known_things(desk.store, desk.dataset)] == [second.id]
    again = drawn(desk, run, 5, 2, anna)
    assert {one.id for one in known_things(desk.store, desk.dataset)} == {first.id, second.id}, "planted anew"
    for one in again:
        decide(desk.store, anna, one.id, one.version, WRONG, f"k{one.id}")
    text = bring_up_to_date(desk.store, desk.dataset).settings
    assert not {first.key, second.key} & {one.key for one in decisions_of(text)}


def test_only_what_is_reviewed_and_has_rows_can_be_drawn_of(desk: Desk, run: AuditRun) -> None:
    desk.audited([], day=3)
    with pytest.raises(KvqaAuditError, match="another audit is reviewed"):
        drawn(desk, run, 10, 0, desk.reviewer("anna"))
    with pytest.raises(KvqaAuditError, match="holds no rows"):
        lay_out_sample(desk.store, desk.dataset, finished([], [], [], run_id="e" * 32), desk.folder, 10, 0, TODAY)
