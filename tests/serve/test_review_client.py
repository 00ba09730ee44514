"""The typed client does all of a review that the pages do, against a real server."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator
from contextlib import ExitStack

import httpx
import pytest

from kvqa_audit.client.client import Client
from kvqa_audit.client.connection import ServiceError
from kvqa_audit.client.records import DatasetEdit
from kvqa_audit.client.review_records import ReviewFilters, ReviewWords
from kvqa_audit.client.reviews import DatasetReview
from kvqa_audit.jobs.dataset_texts import decisions_in
from kvqa_audit.store.access_tables import Role
from tests.serve.site import Served
from tests.unit.compare.samples import finished, image
from tests.unit.reviews.conftest import ROWS, findings

KV008 = ReviewFilters(check="KV008")
CONFIRMED = ReviewWords(verdict="confirmed", reason="seen")


@pytest.fixture
def desks(served: Served, api: httpx.Client, request: pytest.FixtureRequest) -> Iterator[dict[str, DatasetReview]]:
    """The review of an audited dataset of the test's own, as an administrator and two reviewers see it."""
    run = finished(ROWS, [image(f"i{n}") for n in range(6)], findings(0, 1, 2, 3, 4, 5), run_id=uuid.uuid4().hex)
    with ExitStack() as opened:
        clients = {
            name: opened.enter_context(Client(served.url, str(program.headers["authorization"]).partition(" ")[2]))
            for name, program in (
                ("robot", api),
                *((name, served.program(name, Role.REVIEWER)) for name in ("anna", "ben")),
            )
        }
        about = DatasetEdit(name=request.node.name, source=served.folder(uuid.uuid4().hex), spec="auto")
        dataset = clients["robot"].register(about)
        served.finished(dataset.id, run)
        made = {name: client.review(dataset) for name, client in clients.items()}
        while made["robot"].state().state == "preparing":
            time.sleep(0.1)
        yield made


def test_typed_client_reviews_as_the_pages_do(desks: dict[str, DatasetReview]) -> None:
    boss, anna, ben = (desks[name] for name in ("robot", "anna", "ben"))
    state = boss.state()
    assert (state.state, state.needed, state.progress.open) == ("ready", 1, 6)
    with pytest.raises(ServiceError, match="needs the role maintainer") as refused:
        anna.set_needed(state, 2)
    assert refused.value.status == 403
    assert boss.set_needed(state, 2).needed == 2
    with pytest.raises(ServiceError) as refused:
        boss.set_needed(state, 1)
    assert refused.value.status == 412
    put_off = ben.next(limit=20).items[0].id
    ben.skip(boss.item(put_off))
    assert ben.next(limit=20).items[-1].id == put_off
    assert boss.assign("ben", KV008, most=2) == 2
    with pytest.raises(ServiceError, match="no reviewer of this dataset"):
        boss.assign("nobody")
    assert {one.user: one.waiting for one in boss.shares()} == {"ben": {"KV008": 2}, None: {"KV008": 4}}
    first, second, third, *_ = anna.next(limit=20).items
    assert {one.id for one in ben.next(ReviewFilters(mine=True)).items} == {first.id, second.id}
    assert {one.id for one in boss.next(ReviewFilters(assignee="ben")).items} == {first.id, second.id}
    assert boss.next(ReviewFilters(assignee="anna")).items == []
    with pytest.raises(ServiceError, match="there is no user nobody"):
        boss.next(ReviewFilters(assignee="nobody"))
    with pytest.raises(ServiceError, match="needs the role maintainer") as refused:
        anna.next(ReviewFilters(assignee="ben"))
    assert refused.value.status == 403
    boss.measure_by(third, "false positive")
    assert [(one.id, one.known) for one in boss.known()] == [(third.id, "false positive")]
    with pytest.raises(ServiceError):
        anna.known()
    assert anna.decide(first, CONFIRMED).state == "open"
    assert ben.decide(first, CONFIRMED).state == "settled"
    anna.decide(second, CONFIRMED)
    assert ben.decide(second, ReviewWords(verdict="false positive")).state == "disputed"
    assert [one.who for one in boss.item(second.id).said] == ["anna", "ben"]
    assert anna.decide(anna.item(third.id), CONFIRMED).state == "open"
    told = boss.measures()
    assert told.overall.share is not None
    assert (told.overall.items, told.overall.share.value) == (2, 0.5)
    assert (told.known["anna"].right.value, told.known["anna"].false_alarms) == (0, 1)
    assert [(one.verdict.value, one.who) for one in decisions_in(boss.decisions())] == [("confirmed", "ben")]
    boss.measure_by(third, None)
    assert boss.known() == []


def test_queue_follows_what_is_typed_into_the_settings(desks: dict[str, DatasetReview], api: httpx.Client) -> None:
    boss, anna, ben = (desks[name] for name in ("robot", "anna", "ben"))
    address = f"datasets/{boss.state().dataset}"

    def put(decisions: str | None) -> None:
        known = api.get(address)
        body = {name: known.json()[name] for name in DatasetEdit.model_fields} | {"decisions": decisions}
        assert api.put(address, json=body, headers={"If-Match": known.headers["etag"]}).status_code == 200

    (one, *_) = anna.next(limit=20).items
    anna.decide(one, CONFIRMED)
    text = boss.decisions()
    assert one.id not in {item.id for item in ben.next(limit=20).items}
    put(None)
    (again,) = (item for item in ben.next(limit=20).items if item.id == one.id)
    assert (again.state, again.round) == ("open", 2)
    put(text)
    assert one.id not in {item.id for item in ben.next(limit=20).items}
    with pytest.raises(ServiceError, match="was settled elsewhere"):
        ben.decide(again, CONFIRMED)


def test_many_at_once_undo_and_merge_through_the_client(desks: dict[str, DatasetReview]) -> None:
    boss, anna, ben = (desks[name] for name in ("robot", "anna", "ben"))
    boss.set_needed(boss.state(), 1)
    before = boss.decisions()
    (one, *_) = ben.next(limit=20).items
    seen = anna.preview(KV008)
    assert one.id in {item.id for item in seen.seen}
    assert seen.findings == len(seen.seen)
    ben.decide(one, ReviewWords(verdict="false positive", reason="looked at it"))
    done = anna.decide_many(seen, CONFIRMED)
    assert done.kept == len(seen.seen) - 1
    assert [(refused.id, "settled by ben" in refused.reason) for refused in done.refused] == [(one.id, True)]
    assert len(anna.undo().items) == done.kept
    other = next(item.id for item in seen.seen if item.id != one.id)
    assert anna.decide(anna.item(other), CONFIRMED).state == "settled"
    assert anna.undo().items == [other]
    theirs = boss.decisions().replace("looked at it", "looked twice").replace("false positive", "accepted")
    assert len(boss.merge(theirs, before).conflicts) == 1
    same = boss.merge(boss.decisions(), before)
    assert (same.added, same.removed, same.conflicts) == (0, 0, [])
    drawn = boss.draw_sample(3, planted=1)
    sample = ben.next(ReviewFilters(check=drawn.check), limit=20).items
    assert len(sample) == drawn.things == 3 + len(boss.known())
    assert ben.decide(sample[0], ReviewWords(verdict="false positive")).state in ("settled", "open")
    with pytest.raises(ServiceError, match="needs the role maintainer"):
        ben.draw_sample(3)
    learnt = boss.learnt()
    assert (learnt.run, learnt.precision, learnt.error_rates) == (boss.state().run, {}, [])
