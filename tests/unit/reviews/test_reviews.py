"""A thing is decided once, by as many people as it needs, can be taken back, and lasts into the next run."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kvqa_audit.errors import ConflictError, SpecError
from kvqa_audit.jobs.dataset_decisions import bring_up_to_date
from kvqa_audit.jobs.dataset_texts import decisions_of as decisions_in_settings
from kvqa_audit.jobs.datasets import dataset
from kvqa_audit.model import Finding, Severity
from kvqa_audit.release.decisions import DecisionVerdict
from kvqa_audit.reviews.assigning import assign, known_things, measure_by, shares
from kvqa_audit.reviews.deciding import Reviewer, decide, decide_many, skip, undo
from kvqa_audit.reviews.merging import follow
from kvqa_audit.reviews.prepared import sheet_of
from kvqa_audit.reviews.queue import (
    Filters,
    choices,
    matching,
    next_items,
    progress,
    set_up,
    similar,
)
from kvqa_audit.reviews.settling import settled
from kvqa_audit.store.review_records import Item, ReviewDecision, Words
from kvqa_audit.store.review_tables import ItemState, ReviewVerdict
from tests.unit.reviews.conftest import Desk, findings

CONFIRMED = Words(ReviewVerdict.CONFIRMED, "seen")
FALSE = Words(ReviewVerdict.FALSE_POSITIVE, "no defect")
UNSURE = Words(ReviewVerdict.UNSURE, "cannot tell")
ALL = Filters()


def queue(desk: Desk, who: Reviewer, filters: Filters = ALL, limit: int = 20) -> tuple[Item, ...]:
    return next_items(desk.store, who, desk.dataset, filters, limit=limit)


def decisions(desk: Desk) -> list[tuple[str, str, str]]:
    """What the dataset's decisions say: key, verdict and who."""
    bring_up_to_date(desk.store, desk.dataset)
    found = decisions_in_settings(dataset(desk.store, desk.dataset).settings)
    return sorted((one.key, one.verdict.value, one.who) for one in found)


def test_gravest_come_first_and_a_sheet_tells_all(desk: Desk) -> None:
    warnings = [Finding("KV003", Severity.WARNING, "blank", f"i{n}", "How many?", "", row=n) for n in range(2)]
    run = desk.audited([*warnings, *findings(3, 4)])
    anna = desk.reviewer("anna")
    found = queue(desk, anna)
    assert [one.check for one in found] == ["KV008", "KV008", "KV003", "KV003"]
    assert [one.check for one in queue(desk, anna, Filters(check="KV003"))] == ["KV003", "KV003"]
    sheet = sheet_of(desk.folder / run.run_id, found[0])
    assert sheet["pictures"] == [{"id": "i3", "source": "Polyps"}]
    assert [row["row"] for row in sheet["neighbours"] if row["here"]] == [4]
    assert sheet["targets"][0]["choices"] == ["0", "1", "2"]
    assert dict(choices(desk.store, desk.dataset)["check"]) == {"KV003": 2, "KV008": 2}


def test_decision_is_kept_once_however_often_it_is_sent(desk: Desk) -> None:
    desk.audited(findings(1, 2))
    anna = desk.reviewer("anna")
    one, other = queue(desk, anna)
    first = decide(desk.store, anna, one.id, one.version, CONFIRMED, "k")
    again = decide(desk.store, anna, one.id, one.version, CONFIRMED, "k")
    assert (first.again, again.again, again.decision.id) == (False, True, first.decision.id)
    with pytest.raises(ConflictError, match="used for another"):
        decide(desk.store, anna, other.id, other.version, CONFIRMED, "k")
    with pytest.raises(ConflictError, match="decided about this already"):
        decide(desk.store, anna, one.id, one.version, FALSE, "l")
    assert decisions(desk) == [(one.key, "confirmed", "anna")]
    assert decisions(desk) == [(one.key, "confirmed", "anna")], "it is written once"


def test_others_are_given_other_things_until_only_those_are_left(desk: Desk) -> None:
    desk.audited(findings(0, 1, 2))
    anna, ben = desk.reviewer("anna"), desk.reviewer("ben")
    first = queue(desk, anna, limit=2)
    assert not {one.id for one in first} & {one.id for one in queue(desk, ben, limit=1)}
    assert len(queue(desk, ben)) == 3, "a lock is soft"
    decide(desk.store, anna, first[0].id, first[0].version, CONFIRMED, "k")
    with pytest.raises(ConflictError, match="settled by anna"):
        decide(desk.store, ben, first[0].id, first[0].version, FALSE, "k")


def test_two_decide_unseen_and_a_third_where_they_differ(desk: Desk) -> None:
    desk.audited(findings(0, 1))
    assert set_up(desk.store, desk.dataset, 0, 2).needed == 2
    anna, ben, cleo = (desk.reviewer(name) for name in ("anna", "ben", "cleo"))
    one, other = queue(desk, anna)
    decide(desk.store, anna, one.id, one.version, CONFIRMED, "k1")
    decide(desk.store, anna, other.id, other.version, FALSE, "k2")
    assert queue(desk, anna) == ()
    assert decisions(desk) == []
    seen = {item.id: item.version for item in queue(desk, ben)}
    assert seen == {one.id: one.version, other.id: other.version}, "nobody sees that another decided"
    assert decide(desk.store, ben, one.id, one.version, CONFIRMED, "k1").item.state is ItemState.SETTLED
    assert decide(desk.store, ben, other.id, other.version, CONFIRMED, "k2").item.state is ItemState.DISPUTED
    assert queue(desk, ben) == ()
    (third,) = queue(desk, cleo)
    made = decide(desk.store, cleo, third.id, third.version, FALSE, "k")
    assert (made.item.state, made.decision.third) == (ItemState.SETTLED, True)
    assert decisions(desk) == sorted([(one.key, "confirmed", "ben"), (other.key, "false positive", "cleo")])
    undo(desk.store, cleo, desk.dataset)
    assert decisions(desk) == [(one.key, "confirmed", "ben")]
    with desk.store.reading() as connection:
        ((about, _),) = similar(connection, [third])[third.id]
    assert about.who == "ben"


def test_who_does_not_know_leaves_it_to_another(desk: Desk) -> None:
    desk.audited(findings(0))
    anna, ben = desk.reviewer("anna"), desk.reviewer("ben")
    (one,) = queue(desk, anna)
    assert decide(desk.store, anna, one.id, one.version, UNSURE, "k").item.state is ItemState.DISPUTED
    assert decisions(desk) == []
    (one,) = queue(desk, ben)
    decide(desk.store, ben, one.id, one.version, FALSE, "k")
    assert decisions(desk) == [(one.key, "false positive", "ben")]


def test_many_are_decided_and_taken_back_in_one_step(desk: Desk) -> None:
    desk.audited(findings(0, 1, 2, 3))
    anna, ben = desk.reviewer("anna"), desk.reviewer("ben")
    seen = [(one.id, one.version) for one in matching(desk.store, anna, desk.dataset, Filters(check="KV008"), 100)]
    decide(desk.store, ben, *seen[0], FALSE, "k")
    kept, refused = decide_many(desk.store, anna, desk.dataset, seen, CONFIRMED, "bulk")
    assert (len(kept), [one.item for one in refused]) == (3, [seen[0][0]])
    assert "settled by ben" in refused[0].reason
    assert len(decide_many(desk.store, anna, desk.dataset, seen, CONFIRMED, "bulk")[0]) == 3, (
        "sent again, it is the same"
    )
    assert len(decisions(desk)) == 4
    with desk.store.reading() as connection:
        told = progress(connection, anna, desk.dataset, ALL, desk.store.clock(connection))
    assert (told.settled, told.open, told.mine, told.for_me) == (4, 0, 3, 0)
    assert len(undo(desk.store, anna, desk.dataset)) == 3
    assert [who for *_, who in decisions(desk)] == ["ben"]
    with pytest.raises(ConflictError, match="nothing of yours"):
        undo(desk.store, anna, desk.dataset)


def test_what_is_skipped_comes_last(desk: Desk) -> None:
    desk.audited(findings(0, 1, 2))
    anna = desk.reviewer("anna")
    first, *rest = queue(desk, anna)
    skip(desk.store, anna, first.id)
    assert [one.id for one in queue(desk, anna)] == [*(one.id for one in rest), first.id]


def test_what_measures_reviewers_is_never_written_and_can_be_taken_out(desk: Desk) -> None:
    desk.audited(findings(0, 1))
    anna, ben = desk.reviewer("anna"), desk.reviewer("ben")
    one = queue(desk, anna)[0]
    measure_by(desk.store, one.id, ReviewVerdict.CONFIRMED)
    for who in (anna, ben):
        seen = next(item for item in queue(desk, who) if item.id == one.id)
        assert decide(desk.store, who, seen.id, seen.version, FALSE, "k").item.state is ItemState.KNOWN
    with pytest.raises(ConflictError):
        measure_by(desk.store, one.id, ReviewVerdict.FALSE_POSITIVE)
    desk.audited([*findings(1), *(replace(found, answer="9") for found in findings(0))], day=2)
    desk.audited(findings(0, 1), day=3)
    assert [(item.id, item.decided) for item in known_things(desk.store, desk.dataset)] == [(one.id, 2)]
    assert decisions(desk) == []
    measure_by(desk.store, one.id, None)
    assert known_things(desk.store, desk.dataset) == ()
    again = next(item for item in queue(desk, anna) if item.id == one.id)
    decide(desk.store, anna, again.id, again.version, FALSE, "l")
    assert decisions(desk) == [(one.key, "false positive", "anna")]
    with pytest.raises(ConflictError):
        measure_by(desk.store, one.id, None)


def test_things_are_shared_out_among_people(desk: Desk) -> None:
    warnings = [Finding("KV003", Severity.WARNING, "blank", "i0", "How many?", "", row=0)]
    desk.audited([*findings(1, 2, 3), *warnings])
    anna, ben = desk.reviewer("anna"), desk.reviewer("ben")
    first = queue(desk, anna)[0]
    decide(desk.store, anna, first.id, first.version, CONFIRMED, "k")
    assert assign(desk.store, desk.dataset, ALL, ben.id, most=2) == 2
    assert assign(desk.store, desk.dataset, ALL, anna.id, most=5) == 1, "what nobody has yet"
    told = {one.user: (one.waiting, one.settled) for one in shares(desk.store, desk.dataset)}
    assert told == {"anna": ({"KV003": 1}, 0), "ben": ({"KV008": 2}, 0), None: ({}, 1)}
    assert len(queue(desk, ben, Filters(assignee=ben.id))) == 2
    assert assign(desk.store, desk.dataset, Filters(check="KV008"), None) == 2, "what is settled is nobody's any more"
    assert queue(desk, ben, Filters(assignee=ben.id)) == ()


def test_next_run_knows_what_was_decided_and_keeps_what_is_half_decided(desk: Desk) -> None:
    desk.audited(findings(0, 1, 2))
    set_up(desk.store, desk.dataset, 0, 2)
    anna, ben = desk.reviewer("anna"), desk.reviewer("ben")
    a, b, c = queue(desk, anna)
    for who in (anna, ben):
        decide(desk.store, who, a.id, a.version, CONFIRMED, "a")
    decide(desk.store, anna, b.id, b.version, FALSE, "b")
    desk.audited(findings(0, 1, 2, 3), day=2)
    assert [one.key for one in queue(desk, ben)][:2] == [b.key, c.key]
    assert b.id not in {one.id for one in queue(desk, anna)}, "what anna said of it still counts"
    assert len(queue(desk, ben)) == 3


def test_queue_follows_decisions_that_were_typed(desk: Desk) -> None:
    desk.audited(findings(0, 1, 2))
    anna, ben = desk.reviewer("anna"), desk.reviewer("ben")
    a, b, c = queue(desk, anna)
    for one in (a, b):
        decide(desk.store, anna, one.id, one.version, CONFIRMED, f"k{one.id}")
    decisions(desk)
    said = decisions_in_settings(dataset(desk.store, desk.dataset).settings)
    of_c = [replace(said[0], key=c.key, verdict=verdict) for verdict in (DecisionVerdict.UNSURE, said[0].verdict)]
    follow(desk.store, desk.dataset, said, [said[0], of_c[0]])
    open_again, still = queue(desk, ben)
    assert {open_again.key, still.key} == {c.key, said[1].key}, "who is unsure settles nothing"
    again = open_again if open_again.key == said[1].key else still
    assert (again.round, again.decided, again.settled_by, again.written) == (2, 0, None, None)
    follow(desk.store, desk.dataset, said, [replace(said[0], key=c.key, expires=date(2026, 1, 1)), *said])
    assert [one.key for one in queue(desk, ben)] == [c.key], "its time is over"
    follow(desk.store, desk.dataset, said, [*said, of_c[1]])
    assert queue(desk, ben) == ()


def test_settled_thing_whose_time_is_over_is_open_in_a_new_round(desk: Desk) -> None:
    desk.audited(findings(0))
    anna = desk.reviewer("anna")
    (one,) = queue(desk, anna)
    today = date.today()
    with pytest.raises(SpecError, match="is over"):
        decide(desk.store, anna, one.id, one.version, Words(ReviewVerdict.ACCEPTED, "x", until=date(2026, 1, 1)), "l")
    words = Words(ReviewVerdict.ACCEPTED, "for now", until=today)
    decide(desk.store, anna, one.id, one.version, words, "k")
    text = dataset(desk.store, desk.dataset).settings.decisions
    assert text is None, "it is written when somebody reads it"
    desk.audited(findings(0), day=2, today=today + timedelta(days=2))
    (again,) = queue(desk, anna)
    assert (again.id, again.round, again.decided) == (one.id, 2, 0)


def said(number: int, verdict: ReviewVerdict) -> ReviewDecision:
    at = datetime(2026, 1, 1, tzinfo=UTC)
    return ReviewDecision(
        number, 1, 1, 1, "r", number, "x", at, verdict, "r", None, {}, [], False, "b", "k", None, None
    )


@given(st.lists(st.sampled_from(list(ReviewVerdict)), max_size=6), st.integers(1, 3))
def test_a_thing_is_settled_by_agreement_or_by_who_comes_after(verdicts: list[ReviewVerdict], needed: int) -> None:
    state, last = settled([said(n, verdict) for n, verdict in enumerate(verdicts)], needed)
    assert (last is not None) == (state is ItemState.SETTLED)
    assert (state is ItemState.OPEN) == (len(verdicts) < needed)
    if last is not None:
        assert last.verdict is not ReviewVerdict.UNSURE
        agreed = len(set(verdicts[:needed])) == 1
        assert last.id >= needed or agreed
