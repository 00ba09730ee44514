"""Pages are for who may see them, forms come from our pages, and nothing that stands in a dataset runs."""

from __future__ import annotations

import re
import urllib.parse

import httpx
import pytest

from kvqa_audit.access.logins import PER_NAME_AND_ADDRESS
from kvqa_audit.model import Finding, Severity
from kvqa_audit.store.access_tables import Role
from kvqa_audit.web.settings import Proxy, WebSettings
from tests.serve.site import PASSWORD, Person, Served, person_by, serving
from tests.unit.compare.samples import finished, image

SCRIPT = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>\u202e"
WRONG = Finding("KV008", Severity.ERROR, SCRIPT, SCRIPT, SCRIPT, SCRIPT)


def hostile_audit(served: Served, admin: Person, name: str) -> tuple[int, int]:
    """A dataset and an audit of it with script in every text; their ids."""
    answer = admin.send("/datasets/new", {"name": name, "source": served.folder("frames"), "max_attempts": "3"})
    assert answer.status_code == 303, answer.text
    dataset = int(answer.headers["location"].rsplit("/", 1)[1])
    for day in (1, 2):
        rows = [(SCRIPT, SCRIPT, SCRIPT, SCRIPT)]
        findings = [WRONG] if day == 1 else [WRONG, Finding("KV008", Severity.ERROR, SCRIPT, "other")]
        job = served.finished(dataset, finished(rows, [image("i")], findings, day=day, name=SCRIPT))
    return dataset, job.id


def test_hostile_texts_are_text_on_every_page(served: Served, admin: Person) -> None:
    dataset, audit = hostile_audit(served, admin, f"hostile {SCRIPT}")
    added = admin.send(f"/datasets/{dataset}/schedules", {"cron": "0 3 * * *", "time_zone": "Asia/Tokyo"})
    assert added.status_code == 303
    admin.send("/settings/tokens", {"name": SCRIPT.replace("\u202e", ""), "scope": "read", "days": "7"})
    for path in (
        "/", f"/datasets/{dataset}", f"/datasets/{dataset}/edit", f"/audits/{audit}", f"/audits/{audit}/findings",
        f"/audits/{audit}/gate", f"/compare?earlier={audit - 1}&later={audit}", "/settings", "/log",
        f"/datasets/{dataset}/review/agreement", f"/datasets/{dataset}/reviewers",
        f"/login?then={urllib.parse.quote(SCRIPT)}", f"/audits/{audit}/findings?check={urllib.parse.quote(SCRIPT)}",
    ):  # fmt: skip
        answer = admin.get(path, follow_redirects=True)
        assert answer.status_code == 200, path
        assert "<script>alert" not in answer.text, path
        assert "<img" not in answer.text, path
        assert "\u202e" not in answer.text, path
        policy = answer.headers["content-security-policy"]
        assert "script-src 'self'" in policy
        assert "unsafe" not in policy


def test_pages_have_their_headers(served: Served, admin: Person) -> None:
    answer = admin.get("/")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "no-store"
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
    login = httpx.get(f"{served.url}/login")
    assert "set-cookie" not in login.headers
    cookie = served.person("cookie", Role.VIEWER).http.cookies.jar
    (session,) = list(cookie)
    assert session.has_nonstandard_attr("HttpOnly")
    assert session.get_nonstandard_attr("SameSite") == "Lax"


def test_nobody_and_who_may_not_see_a_dataset_learn_nothing(served: Served, admin: Person) -> None:
    dataset, audit = hostile_audit(served, admin, "private")
    paths = (f"/datasets/{dataset}", f"/audits/{audit}", f"/audits/{audit}/findings", f"/audits/{audit}/gate",
             f"/audits/{audit}/events", f"/audits/{audit}/files/report.html",
             f"/datasets/{dataset}/reviewers")  # fmt: skip
    eve = served.person("eve")
    for path in paths:
        assert httpx.get(f"{served.url}{path}").headers["location"].startswith("/login?then=")
        seen, missing = eve.get(path), eve.get(path.replace(str(audit), "99999").replace(f"s/{dataset}", "s/99999"))
        assert (seen.status_code, missing.status_code) == (404, 404)
    assert "private" not in eve.get("/").text
    assert eve.get("/log").status_code == 403
    assert eve.send("/settings/users", {"name": "friend", "role": "admin"}).status_code == 403


def test_report_is_shown_without_rights_and_only_by_a_pass(served: Served, admin: Person) -> None:
    dataset, audit = hostile_audit(served, admin, "reported")
    found = re.search(r'src="(/reports/[^"]+report\.html)"', admin.get(f"/audits/{audit}").text)
    assert found
    bare = httpx.get(f"{served.url}{found[1]}")
    assert bare.status_code == 200, "a frame without rights brings no cookie"
    policy = bare.headers["content-security-policy"]
    assert policy.startswith("sandbox allow-scripts allow-downloads")
    assert "allow-same-origin" not in policy
    assert "frame-ancestors 'self'" in policy
    data = httpx.get(f"{served.url}{found[1].replace('report.html', 'audit.json')}")
    assert data.headers["content-disposition"].startswith("attachment")
    user, until, signature = found[1].split("/")[3].split(".")
    wrong = (f"{user}.{int(until) + 1}.{signature}", f"9.{until}.{signature}", f"{user}.{until}.{'0' * 64}",
             f"{user}.1.{signature}", "x", f"{user}.{until}.{signature}.x")  # fmt: skip
    for given in wrong:
        assert httpx.get(f"{served.url}/reports/{audit}/{given}/report.html").status_code == 404
    given = f"{user}.{until}.{signature}"
    assert httpx.get(f"{served.url}/reports/{audit - 1}/{given}/report.html").status_code == 404
    for name in (
        "../../report-key",
        "%2e%2e/%2e%2e/report-key",
        "..%2f..%2freport-key",
        ".hidden",
        "report-key",
        "a/b/c",
    ):
        assert httpx.get(f"{served.url}/reports/{audit}/{given}/{name}").status_code == 404
    viewer = served.person("viewer")
    admin.send(f"/datasets/{dataset}/roles", {"name": "viewer", "role": "viewer"}, page=f"/datasets/{dataset}")
    theirs = re.search(r'src="(/reports/[^"]+)"', viewer.get(f"/audits/{audit}").text)
    assert theirs
    assert httpx.get(f"{served.url}{theirs[1]}").status_code == 200
    admin.send(f"/datasets/{dataset}/roles", {"name": "viewer", "role": ""}, page=f"/datasets/{dataset}")
    assert httpx.get(f"{served.url}{theirs[1]}").status_code == 404, "a pass ends with the role"


def test_forms_of_other_sites_are_refused(served: Served, admin: Person) -> None:
    fields = {"name": "forged", "source": served.folder("frames")}
    assert admin.http.post("/datasets/new", data=fields).status_code == 403
    assert admin.http.post("/datasets/new", data={**fields, "csrf": "0" * 64}).status_code == 403
    token = re.search(r'name="csrf" value="([^"]+)"', admin.get("/settings").text)
    assert token
    for headers in ({"Origin": "https://evil.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}):
        sent = admin.http.post("/datasets/new", data={**fields, "csrf": token[1]}, headers=headers)
        assert sent.status_code == 403, headers
    assert admin.http.post("/api/v1/datasets", json=fields).status_code == 403, "the API wants it, too"
    by_script = admin.http.post("/api/v1/datasets", json=fields, headers={"X-CSRF-Token": token[1]})
    assert by_script.status_code == 201


def test_foreign_names_and_large_requests_are_refused(served: Served, admin: Person) -> None:
    assert httpx.get(f"{served.url}/login", headers={"Host": "evil.example"}).status_code == 421
    assert httpx.get(f"{served.url}/healthz", headers={"Host": "10.0.0.7"}).status_code == 200
    large = {"name": "x" * 3_000_000}
    assert admin.http.post("/datasets/new", data=large).status_code == 413

    def chunks() -> object:
        for _ in range(40):
            yield b"a" * 100_000

    for path, kind in (("/datasets/new", "x-www-form-urlencoded"), ("/api/v1/datasets", "json")):
        headers = {"Content-Type": f"application/{kind}"}
        assert admin.http.post(path, content=chunks(), headers=headers).status_code in (400, 413)  # type: ignore[arg-type]
    assert served.program("large", Role.ADMIN).post("datasets", content=chunks()).status_code == 413  # type: ignore[arg-type]


def test_two_hundred_failed_logins_by_the_page(served: Served) -> None:
    served.person("mallory", Role.VIEWER)
    with httpx.Client(base_url=served.url) as client:
        told = [
            client.post("/login", data={"name": "mallory", "password": f"guess number {n}"}).status_code
            for n in range(200)
        ]
        assert told.count(401) == PER_NAME_AND_ADDRESS
        assert told.count(429) == 200 - PER_NAME_AND_ADDRESS
        right = client.post("/login", data={"name": "mallory", "password": PASSWORD})
        assert right.status_code == 429
        assert int(right.headers["retry-after"]) > 0
    assert served.person("oscar", Role.VIEWER).get("/").status_code == 200, "others are not locked out"


def test_login_begins_a_new_session_and_goes_nowhere_else(served: Served) -> None:
    served.person("wendy", Role.VIEWER)
    with httpx.Client(base_url=served.url) as client:
        client.cookies.set("kvqa", "chosen by somebody else", domain="127.0.0.1")
        fields = {"name": "wendy", "password": PASSWORD}
        for then, place in (
            ("/settings", "/settings"),
            ("//evil.example", "/"),
            ("https://evil.example", "/"),
            ("/\\evil", "/"),
        ):
            done = client.post("/login", data={**fields, "then": then})
            assert (done.status_code, done.headers["location"]) == (303, place)
            assert "chosen" not in done.headers["set-cookie"]
        first = client.cookies["kvqa"]
        person = Person(client)
        person.send(
            "/settings/password",
            {"old": PASSWORD, "password": PASSWORD + "!", "again": PASSWORD + "!"},
            page="/settings",
        )
        assert client.cookies["kvqa"] != first
        assert httpx.get(f"{served.url}/", cookies={"kvqa": first}).status_code == 303, "the old session is over"
        assert person.get("/").status_code == 200
        assert person.send("/logout", page="/settings").status_code == 303
        assert person.get("/").headers["location"].startswith("/login")


def test_one_time_link_works_once(served: Served) -> None:
    link = served.link_for("once", Role.VIEWER)
    assert httpx.get(link).status_code == 200
    assert httpx.get(link).status_code == 200, "looking uses nothing up"
    assert httpx.post(link, data={"password": "short", "again": "short"}).status_code == 422
    person = person_by(link)
    person.http.close()
    assert httpx.get(link).status_code == 404
    assert httpx.post(link, data={"password": PASSWORD, "again": PASSWORD}).status_code == 404


def test_two_who_edit_one_schedule_on_pages_keep_what_they_typed(served: Served, admin: Person) -> None:
    dataset, _ = hostile_audit(served, admin, "two editors")
    admin.send(f"/datasets/{dataset}/schedules", {"cron": "0 3 * * *"}, page=f"/datasets/{dataset}")
    number = re.search(r'href="/schedules/(\d+)"', admin.get(f"/datasets/{dataset}").text)
    assert number
    place = f"/schedules/{number[1]}"
    other = served.person("editor", Role.MAINTAINER)
    assert admin.send(place, {"version": "1", "cron": "0 4 * * *", "time_zone": "UTC"}).status_code == 303
    late = other.send(place, {"version": "1", "cron": "0 5 * * *", "time_zone": "UTC"})
    assert late.status_code == 409
    assert 'value="0 5 * * *"' in late.text, "what was typed is still there"
    assert "<code>0 4 * * *</code>" in late.text, "and what is kept is shown"
    assert other.send(place, {"version": "2", "cron": "0 5 * * *", "time_zone": "UTC"}).status_code == 303
    wrong = other.send(place, {"version": "3", "cron": "often", "time_zone": "Mars/Base"})
    assert wrong.status_code == 422
    assert 'value="often"' in wrong.text


def test_wrong_dataset_forms_keep_what_was_typed(served: Served, admin: Person) -> None:
    fields = {"name": "typed", "source": "/etc/passwd", "gate": "fail_on: error\n# mine\n", "keep": "many"}
    answer = admin.send("/datasets/new", fields)
    assert answer.status_code == 422
    assert "is no whole number" in answer.text
    answer = admin.send("/datasets/new", {**fields, "keep": ""})
    assert "no dataset in the folders" in answer.text
    assert "fail_on: error\n# mine" in answer.text


@pytest.mark.parametrize("store_place", ["sqlite"], indirect=True)
def test_user_header_is_believed_from_the_named_proxy_only(
    store_place: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    from ipaddress import ip_network

    header = {"X-Remote-User": "ada", "X-Forwarded-For": "198.51.100.7"}
    for network, status in (("127.0.0.1/32", 200), ("10.0.0.0/8", 303)):
        proxy = Proxy((ip_network(network),), "x-remote-user")
        with serving(store_place, tmp_path_factory.mktemp("proxied"), proxy=proxy) as proxied:
            proxied.link_for("ada", Role.ADMIN)
            with httpx.Client(base_url=proxied.url, headers=header) as client:
                assert client.get("/").status_code == status
                if status == 200:
                    sent = Person(client).send(
                        "/settings/tokens", {"name": "t", "scope": "read", "days": "7"}, page="/settings"
                    )
                    assert sent.status_code == 200, sent.text
                    assert "198.51.100.7" in client.get("/log").text
                    assert client.get("/", headers={"X-Remote-User": "nobody"}).status_code == 403


def test_cookie_is_for_https_alone_where_there_is_https() -> None:
    from pathlib import Path

    assert WebSettings("s", Path("d"), https=True).cookie == "__Host-kvqa"
