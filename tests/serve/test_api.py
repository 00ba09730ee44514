"""The API: pages by cursor, typed problems, writes that are done once, and edits that lose nobody's work."""

from __future__ import annotations

import socket
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from kvqa_audit.client.client import Client
from kvqa_audit.client.connection import ServiceError
from kvqa_audit.client.records import DatasetEdit, DecisionEdit, ScheduleEdit
from kvqa_audit.model import Finding, Severity
from kvqa_audit.store.access_tables import Role
from kvqa_audit.store.job_tables import DATASETS
from kvqa_audit.store.tables import PROJECTS
from tests.serve.site import Served
from tests.unit.compare.samples import finished, image

ROWS = [("source", "How many?", str(n % 3), f"i{n}") for n in range(6)]
IMAGES = [image(f"i{n}") for n in range(6)]
HOSTILE = '<script>alert("x")</script>\u202e'


def findings(*numbers: int, severity: Severity = Severity.ERROR) -> list[Finding]:
    return [Finding("KV008", severity, f"wrong {HOSTILE}", f"i{n}", "How many?", f"{n}", row=n) for n in numbers]


def made(served: Served, api: httpx.Client, name: str, **more: Any) -> dict[str, Any]:
    sent = {"name": name, "source": served.folder("frames"), **more}
    answer = api.post("datasets", json=sent)
    assert answer.status_code == 201, answer.text
    told: dict[str, Any] = answer.json()
    return told


def problem(answer: httpx.Response, status: int) -> str:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    told = answer.json()
    assert told["status"] == status
    return str(told["detail"])


def test_datasets_are_paged_by_name(served: Served, api: httpx.Client) -> None:
    names = [f"paged {n}" for n in range(7)]
    for name in names:
        made(served, api, name)
    seen, cursor = [], None
    while True:
        page = api.get("datasets", params={"limit": 3, **({"cursor": cursor} if cursor else {})}).json()
        seen += [one["name"] for one in page["items"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert [name for name in seen if name.startswith("paged")] == names
    assert "cursor" in problem(api.get("datasets", params={"cursor": "nonsense"}), 422)


def test_a_write_that_is_sent_again_is_done_once(served: Served, api: httpx.Client) -> None:
    sent = {"name": "once", "source": served.folder("frames")}
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: api.post("datasets", json=sent, headers={"Idempotency-Key": "k1"}), range(8)))
    assert {answer.status_code for answer in answers} <= {201, 409}
    first = next(answer for answer in answers if answer.status_code == 201)
    again = api.post("datasets", json=sent, headers={"Idempotency-Key": "k1"})
    assert again.json() == first.json()
    assert again.headers["idempotent-replayed"] == "true"
    assert again.headers["location"] == f"/api/v1/datasets/{first.json()['id']}"
    other = api.post("datasets", json={**sent, "name": "other"}, headers={"Idempotency-Key": "k1"})
    assert "another request" in problem(other, 422)
    runs = {
        api.post(f"datasets/{first.json()['id']}/runs", headers={"Idempotency-Key": "r"}).json()["id"] for _ in "ab"
    }
    assert len(runs) == 1


def test_two_who_edit_one_schedule_lose_nothing(served: Served, api: httpx.Client) -> None:
    dataset = made(served, api, "edited by two")
    answer = api.post(f"datasets/{dataset['id']}/schedules", json={"cron": "0 3 * * *", "time_zone": "Europe/Oslo"})
    schedule, tag = answer.json(), answer.headers["etag"]
    assert len(schedule["next_times"]) == 5
    place = f"schedules/{schedule['id']}"
    assert "If-Match" in problem(api.put(place, json={"cron": "0 4 * * *"}), 428)
    first = api.put(place, json={"cron": "0 4 * * *"}, headers={"If-Match": tag})
    assert first.status_code == 200
    assert "changed it since" in problem(api.put(place, json={"cron": "0 5 * * *"}, headers={"If-Match": tag}), 412)
    assert api.get(place).json()["cron"] == "0 4 * * *"
    assert "cron" in problem(
        api.put(place, json={"cron": "61 * * * *"}, headers={"If-Match": first.headers["etag"]}), 422
    )
    assert problem(api.delete(place, headers={"If-Match": tag}), 412)
    assert api.delete(place, headers={"If-Match": first.headers["etag"]}).status_code == 204
    assert problem(api.get(place), 404)


def test_findings_changes_and_the_gate_of_two_runs(served: Served, api: httpx.Client) -> None:
    dataset = made(served, api, "judged")
    one = served.finished(dataset["id"], finished(ROWS, IMAGES, findings(0, 1), day=1))
    two = served.finished(dataset["id"], finished(ROWS, IMAGES, findings(1, 2, 3), day=2))
    page = api.get(f"runs/{two.id}/findings", params={"limit": 2}).json()
    rest = api.get(f"runs/{two.id}/findings", params={"limit": 2, "cursor": page["next"]}).json()
    told = [*page["items"], *rest["items"]]
    assert [(item["img_id"], item["state"]) for item in told] == [("i1", "known"), ("i2", "new"), ("i3", "new")]
    assert rest["next"] is None
    changes = api.get(f"runs/{two.id}/changes", params={"since": one.id}).json()
    assert (changes["new"], changes["fixed"], changes["both"], changes["unjudged"]) == (2, 1, 1, [])
    third = served.finished(dataset["id"], finished(ROWS, IMAGES, findings(0, 1), day=3))
    states = {item["img_id"]: item["state"] for item in api.get(f"runs/{third.id}/findings").json()["items"]}
    assert states == {"i0": "regressed", "i1": "known"}
    off = served.finished(dataset["id"], finished(ROWS, IMAGES, [], day=4, skipped=["KV008"]))
    changes = api.get(f"runs/{off.id}/changes", params={"since": third.id}).json()
    assert (changes["fixed"], changes["unjudged"]) == (0, ["KV008"]), "a check that was off closes nothing"
    back = served.finished(dataset["id"], finished(ROWS, IMAGES, findings(0, 1), day=5))
    states = {item["state"] for item in api.get(f"runs/{back.id}/findings").json()["items"]}
    assert states == {"known"}, "what was not looked at has not come back"


def test_gate_names_what_could_still_flip_it(served: Served, api: httpx.Client) -> None:
    dataset = made(served, api, "gated", gate="fail_on: error\nlimits: {KV008: {count: 1}}\n")
    run = served.finished(dataset["id"], finished(ROWS, IMAGES, findings(0, 1, 2)))
    gate = api.get(f"runs/{run.id}/gate").json()
    assert (gate["ready"], gate["could_be_ready"]) == (False, True)
    (check,) = gate["checks"]
    assert (check["blocking"], check["tolerated"], check["undecided"]) == (3, 1, 3)
    assert "2 of 3 undecided findings" in gate["outlook"]
    keys = [item["key"] for item in api.get(f"runs/{run.id}/undecided").json()["items"]]
    assert len(keys) == 3

    def decide(key: str, verdict: str) -> httpx.Response:
        return api.post(f"runs/{run.id}/decisions", json={"key": key, "verdict": verdict, "reason": f"seen {HOSTILE}"})

    assert decide(keys[0], "confirmed").status_code == 201
    assert api.get(f"runs/{run.id}/gate").json()["could_be_ready"], "one is tolerated"
    assert decide(keys[1], "accepted").status_code == 201
    gate = api.get(f"runs/{run.id}/gate").json()
    assert (gate["checks"][0]["waived"], gate["checks"][0]["confirmed"], gate["checks"][0]["undecided"]) == (1, 1, 1)
    assert decide(keys[2], "confirmed").status_code == 201
    gate = api.get(f"runs/{run.id}/gate").json()
    assert (gate["could_be_ready"], gate["checks"][0]["can_flip"]) == (False, False)
    assert "confirmed defects of KV008 have to be corrected" in gate["outlook"]
    assert problem(decide("0" * 16, "accepted"), 404)
    kept = api.get(f"datasets/{dataset['id']}").json()["decisions"]
    assert kept.count("key:") == 3
    assert 'who: "robot"' in kept


def test_gate_is_a_door_of_the_review_and_counts_as_one_of_two(served: Served, api: httpx.Client) -> None:
    dataset = made(served, api, "gated by two")["id"]
    earlier = served.finished(dataset, finished(ROWS, IMAGES, findings(0, 1), day=1))
    run = served.finished(dataset, finished(ROWS, IMAGES, findings(0, 1), day=2))
    tag = api.get(f"datasets/{dataset}/review").headers["etag"]
    assert api.put(f"datasets/{dataset}/review", json={"needed": 2}, headers={"If-Match": tag}).status_code == 200
    key, other = (item["key"] for item in api.get(f"runs/{run.id}/undecided").json()["items"])
    anna, ben = (served.program(name, Role.REVIEWER) for name in ("anna", "ben"))

    def decide(who: httpx.Client, key: str, audit: int = run.id) -> httpx.Response:
        return who.post(f"runs/{audit}/decisions", json={"key": key, "verdict": "false positive", "reason": "seen"})

    assert problem(decide(anna, key, earlier.id), 409), "a later audit has ended"
    assert decide(anna, key).status_code == 201
    assert problem(decide(anna, key), 409), "nobody decides twice"
    assert api.get(f"datasets/{dataset}").json()["decisions"] is None
    assert api.get(f"runs/{run.id}/gate").json()["checks"][0]["undecided"] == 2
    assert decide(ben, key).status_code == 201
    assert api.get(f"runs/{run.id}/gate").json()["checks"][0]["waived"] == 1
    assert problem(decide(ben, key), 409), "it is settled"
    page, person = f"/audits/{run.id}/gate", served.person("anna")
    assert "2 people decide about each" in person.get(page).text
    told = person.send(page, {"key": other, "verdict": "confirmed", "reason": "a defect"})
    assert told.headers["location"] == f"{page}?kept=open#undecided"
    assert "Kept. It counts once enough people have decided" in person.get(told.headers["location"]).text
    assert 'name="verdict"' not in person.get(page).text, "anna decided about both, ben about one"
    assert served.person("ben").get(page).text.count('name="verdict"') == 1
    assert 'name="verdict"' not in person.get(f"/audits/{earlier.id}/gate").text
    undone = anna.post(f"datasets/{dataset}/review/undo").json()["items"]
    assert decide(anna, other).status_code == 201, "it was taken back in the review"
    assert len(undone) == 1


def test_gate_knows_limits_on_several_checks(served: Served, api: httpx.Client) -> None:
    dataset = made(served, api, "limited", gate="fail_on: never\nlimits: {error: {count: 2}, KV0: {share: 0.0}}\n")
    run = served.finished(dataset["id"], finished(ROWS, IMAGES, findings(0, 1, 2)))
    gate = api.get(f"runs/{run.id}/gate").json()
    told = {one["code"]: (one["blocking"], one["tolerated"], one["undecided"]) for one in gate["checks"]}
    assert told == {"error": (3, 2, 3), "KV0": (3, 0, 3)}
    assert "3 of 3 undecided findings" in gate["outlook"], "those that one limit needs are among the other's"
    keys = [item["key"] for item in api.get(f"runs/{run.id}/undecided").json()["items"]]
    for key in keys:
        sent = {"key": key, "verdict": "accepted", "reason": "agreed"}
        assert api.post(f"runs/{run.id}/decisions", json=sent).status_code == 201
    assert "would be ready" in api.get(f"runs/{run.id}/gate").json()["outlook"]


def test_two_datasets_of_one_description_have_histories_of_their_own(served: Served, api: httpx.Client) -> None:
    projects = set()
    for name in ("one of two", "two of two"):
        number = made(served, api, name)["id"]
        with served.site.store.reading() as connection:
            of = (
                select(PROJECTS.c.name)
                .join(DATASETS, DATASETS.c.project == PROJECTS.c.id)
                .where(DATASETS.c.id == number)
            )
            projects.add(connection.execute(of).scalar_one())
    assert projects == {"one of two", "two of two"}


def test_many_who_decide_at_once_are_all_kept(served: Served, api: httpx.Client) -> None:
    dataset = made(served, api, "decided by many")
    run = served.finished(dataset["id"], finished(ROWS, IMAGES, findings(0, 1, 2, 3, 4, 5)))
    keys = [item["key"] for item in api.get(f"runs/{run.id}/undecided").json()["items"]]

    def decide(key: str) -> int:
        for _ in range(20):
            sent = {"key": key, "verdict": "false positive", "reason": "seen"}
            answer = api.post(f"runs/{run.id}/decisions", json=sent)
            if answer.status_code != 409:
                return answer.status_code
        return 409

    with ThreadPoolExecutor(6) as pool:
        assert set(pool.map(decide, keys)) == {201}
    assert api.get(f"datasets/{dataset['id']}").json()["decisions"].count("key:") == 6
    assert "would be ready" in api.get(f"runs/{run.id}/gate").json()["outlook"]


def test_decisions_beside_a_dataset_are_taken_along_but_no_link_out_of_it(served: Served, api: httpx.Client) -> None:
    decided = "key: 00000000000000aa, check: KV008, verdict: accepted, reason: x, who: me, when: 2026-01-01"
    for name, is_link in (("beside", False), ("linked", True)):
        folder = Path(served.folder(name))
        target = served.roots.parent / "elsewhere.yaml" if is_link else folder / "decisions.yaml"
        target.write_text(f"decisions:\n  # by hand\n  - {{{decided}}}\n")
        if is_link:
            (folder / "decisions.yaml").symlink_to(target)
        dataset = api.post("datasets", json={"name": name, "source": str(folder)}).json()["id"]
        run = served.finished(dataset, finished(ROWS, IMAGES, findings(0)))
        key = api.get(f"runs/{run.id}/undecided").json()["items"][0]["key"]
        sent = {"key": key, "verdict": "accepted", "reason": "fine"}
        assert api.post(f"runs/{run.id}/decisions", json=sent).status_code == 201
        kept = api.get(f"datasets/{dataset}").json()["decisions"]
        assert ("# by hand" in kept) is not is_link
        assert f'key: "{key}"' in kept


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("source", "/etc", "no dataset in the folders"),
        ("source", "relative", "absolute path"),
        ("source", "hf://other/name", "none of the Hub datasets"),
        ("gate", "fail_on: maybe", "fail_on"),
        ("gate", "fail_on: [", "gate.yaml"),
        ("decisions", "decisions: [{key: x}]", "decisions.yaml"),
        ("description", {"dataset.yaml": "name: [", "../x": ""}, "description"),
        ("options", {"unknown": True}, "options"),
        ("spec", "../../etc", "no name of a shipped description"),
        ("name", "two\nlines", "one line"),
    ],
)
def test_what_cannot_be_registered_is_told(
    served: Served, api: httpx.Client, field: str, value: object, said: str
) -> None:
    sent = {"name": "wrong", "source": served.folder("frames"), field: value}
    assert said in problem(api.post("datasets", json=sent), 422)


def test_one_sees_and_does_what_one_may(served: Served, api: httpx.Client) -> None:
    dataset = made(served, api, "seen by few")
    run = served.finished(dataset["id"], finished(ROWS, IMAGES, findings(0)))
    eve = served.program("eve")
    for path in (
        f"datasets/{dataset['id']}", f"datasets/{dataset['id']}/runs", f"runs/{run.id}", f"runs/{run.id}/findings",
        f"runs/{run.id}/events", f"runs/{run.id}/files/report.html", "datasets/99999", "runs/99999",
    ):  # fmt: skip
        problem(eve.get(path), 404)
    assert problem(eve.get("datasets", params={"name": "seen by few"}), 404)
    assert eve.get("datasets").json()["items"] == []
    place = f"datasets/{dataset['id']}/roles/eve"
    assert api.put(place, json={"role": "viewer"}).status_code == 204
    assert eve.get(f"runs/{run.id}/files/report.html").status_code == 200
    assert [one["role"] for one in eve.get("datasets").json()["items"]] == ["viewer"]
    key = eve.get(f"runs/{run.id}/findings").json()["items"][0]["key"]
    words = {"key": key, "verdict": "accepted", "reason": "fine"}
    assert "reviewer" in problem(eve.post(f"runs/{run.id}/decisions", json=words), 403)
    assert "maintainer" in problem(eve.post(f"datasets/{dataset['id']}/runs"), 403)
    assert problem(eve.get(f"datasets/{dataset['id']}/roles"), 403)
    assert problem(eve.get("users"), 403)
    assert problem(eve.get("log"), 403)
    assert problem(eve.post("datasets", json={"name": "mine", "source": served.folder("frames")}), 403)
    assert api.put(place, json={"role": "reviewer"}).status_code == 204
    assert eve.post(f"runs/{run.id}/decisions", json=words).status_code == 201
    assert api.put(place, json={"role": "maintainer"}).status_code == 204
    assert eve.post(f"datasets/{dataset['id']}/runs").status_code == 202
    assert "run or write" in problem(served.program("eve", scope="read").post(f"datasets/{dataset['id']}/runs"), 403)
    tag = eve.get(f"datasets/{dataset['id']}").headers["etag"]
    runner = served.program("eve", scope="run")
    refused = runner.put(f"datasets/{dataset['id']}", json={"name": "x", "source": "y"}, headers={"If-Match": tag})
    assert problem(refused, 403)
    assert api.put(place, json={"role": None}).status_code == 204
    problem(eve.get(f"datasets/{dataset['id']}"), 404)


def test_nobody_gets_in_without_a_valid_token(served: Served) -> None:
    with httpx.Client(base_url=f"{served.url}/api/v1/") as nobody:
        answer = nobody.get("datasets")
        assert problem(answer, 401)
        assert answer.headers["www-authenticate"] == "Bearer"
        assert problem(nobody.get("me", headers={"Authorization": "Bearer kvqa_wrong"}), 401)


def test_users_and_tokens(served: Served, api: httpx.Client) -> None:
    added = api.post("users", json={"name": "new.one", "role": "viewer"})
    assert added.status_code == 201
    assert added.json()["path"].startswith("/welcome/")
    assert problem(api.post("users", json={"name": "new.one"}), 409)
    place = f"users/{added.json()['user']['id']}"
    tag = api.get(place).headers["etag"]
    assert api.put(place, json={"role": None, "disabled": True}, headers={"If-Match": tag}).json()["disabled"] is True
    assert problem(api.put(place, json={"role": "admin"}, headers={"If-Match": tag}), 412)
    token = api.post("tokens", json={"name": "ci", "scope": "read", "days": 1}).json()
    with httpx.Client(base_url=api.base_url, headers={"Authorization": f"Bearer {token['secret']}"}) as reader:
        assert reader.get("me").json() == {"name": "robot", "role": "admin", "scope": "read"}
        assert problem(reader.post("tokens", json={"name": "more", "scope": "write"}), 403)
    assert "secret" not in str(api.get("tokens").json())
    assert api.delete(f"tokens/{token['id']}").status_code == 204
    actions = [line["action"] for line in api.get("log", params={"limit": 5}).json()["items"]]
    assert actions[:2] == ["ended a token", "made a token"]


def test_typed_client_does_what_the_pages_do(served: Served, api: httpx.Client) -> None:
    token = api.post("tokens", json={"name": "client", "scope": "write"}).json()["secret"]
    with Client(served.url, token) as client:
        assert client.me().name == "robot"
        dataset = client.register(DatasetEdit(name=f"typed {HOSTILE[:8]}", source=served.folder("frames")))
        client.add_schedule(dataset, ScheduleEdit(cron="0 3 * * *"))
        assert [one.cron for one in client.schedules(dataset)] == ["0 3 * * *"]
        edit = DatasetEdit(name="typed", source=dataset.source, keep=3)
        edited = client.edit(dataset, edit)
        with pytest.raises(ServiceError, match="changed it since") as refused:
            client.edit(dataset, edit)
        assert refused.value.status == 412
        run = served.finished(dataset.id, finished(ROWS, IMAGES, findings(0, 1)))
        assert client.wait(run.id).verdict == "not ready"
        assert [one.img_id for one in client.findings(run.id, check="KV008")] == ["i0", "i1"]
        for one in client.undecided(run.id):
            client.decide(run.id, DecisionEdit(key=one.key, verdict="false positive", reason="seen"))
        assert "would be ready" in client.gate(run.id).outlook
        waiting = client.start(client.dataset("typed"))
        assert client.cancel(waiting.id).state == "cancelled"
        assert [one.id for one in client.runs(edited)] == [waiting.id, run.id]
        client.remove(client.dataset("typed"))
        with pytest.raises(ServiceError, match="no dataset"):
            client.dataset("typed")


def test_events_go_on_where_an_onlooker_left_off(served: Served, api: httpx.Client) -> None:
    dataset = made(served, api, "watched")
    run = api.post(f"datasets/{dataset['id']}/runs").json()["id"]
    with api.stream("GET", f"runs/{run}/events") as first:
        lines = first.iter_lines()
        seen = [next(lines) for _ in range(5)]
    position = next(int(line.removeprefix("id: ")) for line in seen if line.startswith("id: "))
    api.post(f"runs/{run}/cancel")
    told = api.get(f"runs/{run}/events", headers={"Last-Event-ID": str(position)}).text
    assert '"state": "cancelled"' in told
    assert '"state": "queued"' not in told
    assert told.count("event: over") == 1


def test_onlookers_who_do_not_read_hold_nobody_up(served: Served, api: httpx.Client) -> None:
    dataset = made(served, api, "stalled")
    run = api.post(f"datasets/{dataset['id']}/runs").json()["id"]
    host, _, port = served.url.removeprefix("http://").partition(":")
    token = api.headers["authorization"]
    stalled = []
    for _ in range(60):
        one = socket.create_connection((host, int(port)))
        one.sendall(
            f"GET /api/v1/runs/{run}/events HTTP/1.1\r\nHost: {host}\r\nAuthorization: {token}\r\n\r\n".encode()
        )
        stalled.append(one)
    until = time.monotonic() + 60
    while "kvqa_event_streams 60.0" not in httpx.get(f"{served.url}/metrics").text:
        assert time.monotonic() < until
    assert api.get("datasets").status_code == 200
    for one in stalled:
        one.close()
    while "kvqa_event_streams 0.0" not in httpx.get(f"{served.url}/metrics").text:
        assert time.monotonic() < until, "who is gone is forgotten"
    api.post(f"runs/{run}/cancel")


def test_store_that_is_away_is_said_to_be_and_comes_back(served: Served, api: httpx.Client, store_place: str) -> None:
    if "://" not in store_place:
        pytest.skip("a file does not go away for a while")
    import psycopg

    server, _, name = store_place.rpartition("/")
    dataset = made(served, api, "kept while the store is away")
    with psycopg.connect(f"{server}/postgres", autocommit=True) as connection:
        connection.execute(f"ALTER DATABASE {name} WITH ALLOW_CONNECTIONS false")
        connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name])
        answer = api.get("datasets")
        assert "the store cannot be used" in problem(answer, 503)
        assert int(answer.headers["retry-after"]) > 0
        assert httpx.get(f"{served.url}/readyz").status_code == 503
        assert httpx.get(f"{served.url}/healthz").status_code == 200
        assert "the store cannot be used" in httpx.get(f"{served.url}/welcome/x").text
        connection.execute(f"ALTER DATABASE {name} WITH ALLOW_CONNECTIONS true")
    assert api.get(f"datasets/{dataset['id']}").json()["name"] == "kept while the store is away"
    assert httpx.get(f"{served.url}/readyz").status_code == 200


def test_only_what_the_description_says_is_taken(served: Served, api: httpx.Client) -> None:
    sent = {"name": "more", "source": served.folder("frames"), "is_admin": True}
    answer = api.post("datasets", json=sent)
    assert "is_admin" in problem(answer, 422)
    assert answer.json()["errors"][0]["field"] == "body.is_admin"
    assert problem(api.post("datasets", content=b"{", headers={"Content-Type": "application/json"}), 422)
    assert problem(api.get("nothing/here"), 404)
    described = api.get("openapi.json").json()
    assert described["paths"]["/api/v1/datasets"]["post"]["responses"]["409"]


def test_role_words_are_those_of_the_store() -> None:
    from typing import get_args

    from kvqa_audit.client.records import RoleName, State
    from kvqa_audit.store.job_records import JobState

    assert get_args(RoleName) == tuple(Role)
    assert set(get_args(State)) == set(JobState)
