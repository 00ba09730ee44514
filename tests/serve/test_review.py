"""The review as clinicians meet it: real browsers, a real server, real pictures, and a connection that breaks."""

from __future__ import annotations

import csv
import shutil
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

import httpx
import pytest
from PIL import Image

from kvqa_audit.access.users import give_role, user_named
from kvqa_audit.jobs.dataset_texts import decisions_in
from kvqa_audit.model import AuditRun
from kvqa_audit.pipeline.audit import run_audit
from kvqa_audit.pipeline.options import AuditOptions
from kvqa_audit.release.decisions_file import DecisionsFile
from kvqa_audit.release.decisions_text import with_added
from kvqa_audit.reviews.studios import Studios
from kvqa_audit.spec.load import load_spec
from kvqa_audit.store.access_tables import Role
from tests.browser.chromium import EXECUTABLE, Tab, chromium
from tests.serve.lossy_proxy import lossy_proxy
from tests.serve.site import PASSWORD, Served, serving

PICTURES, WRONG = 9, "zebra"


@dataclass
class Sample:
    """A small dataset with planted defects, and the audit of it."""

    folder: Path
    run: AuditRun

    def audited(self, decisions: str = "") -> AuditRun:
        found = DecisionsFile("decisions.yaml", decisions_in(decisions))
        spec = load_spec().model_copy(update={"promises": [], "rules": []})
        return run_audit(self.folder, AuditOptions(spec=spec, subset=True), decisions=found)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("review")
    with serving(str(folder / "service.sqlite"), folder) as running:
        yield running


@pytest.fixture(scope="module")
def sample(served: Served, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Sample:
    """Pictures of the joined sample, or drawn ones: in each an answer that is none is planted, and one has a copy."""
    try:
        source: Path = request.getfixturevalue("shared") / "data" / "kvasir-vqa" / "joined"
    except pytest.skip.Exception:
        source = request.getfixturevalue("drawn")[0]
    made = Sample(served.roots / "sample", None)  # type: ignore[arg-type]
    (made.folder / "images").mkdir(parents=True)
    with (source / "metadata.csv").open(newline="", encoding="utf-8") as file:
        rows = [
            {name: row[name] for name in ("source", "question", "answer", "img_id")} for row in csv.DictReader(file)
        ]
    sound = [one for one in dict.fromkeys(row["img_id"] for row in rows) if _is_sound(source / "images" / f"{one}.jpg")]
    kept = sound[:PICTURES]
    for one in kept:
        shutil.copy(source / "images" / f"{one}.jpg", made.folder / "images")
    shutil.copy(source / "images" / f"{kept[0]}.jpg", made.folder / "images" / "copy.jpg")
    rows = [row for row in rows if row["img_id"] in kept]
    rows += [{**row, "img_id": "copy"} for row in rows if row["img_id"] == kept[0]]
    for one in kept[1:]:
        next(row for row in rows if row["img_id"] == one and row["answer"] in ("yes", "no"))["answer"] = WRONG
    with (made.folder / "metadata.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    made.run = made.audited()
    return made


def _is_sound(path: Path) -> bool:
    try:
        with Image.open(path) as picture:
            picture.load()
            return picture.mode == "RGB"
    except OSError:
        return False


@dataclass
class Desk:
    """One dataset whose last audit is to be reviewed."""

    served: Served
    api: httpx.Client
    number: int

    @property
    def page(self) -> str:
        return f"/datasets/{self.number}/review"

    def decisions(self) -> list[tuple[str, str, str]]:
        """What is decided: verdict, who, and the right answer or the reason."""
        text = self.api.get(f"datasets/{self.number}/review/decisions.yaml").text
        told = [
            (one.verdict.value, one.who, one.correction.answer if one.correction else one.reason)
            for one in decisions_in(text)
        ]
        return sorted(told)

    def progress(self) -> dict[str, Any]:
        told: dict[str, Any] = self.api.get(f"datasets/{self.number}/review").json()["progress"]
        return told

    def next(self, client: httpx.Client, **filters: Any) -> list[dict[str, Any]]:
        while client.get(f"datasets/{self.number}/review").json()["state"] == "preparing":
            time.sleep(0.1)
        answer = client.post(f"datasets/{self.number}/review/next", json={"filters": filters, "limit": 20})
        assert answer.status_code == 200, answer.text
        found: list[dict[str, Any]] = answer.json()["items"]
        return found


@pytest.fixture
def desk(served: Served, sample: Sample, request: pytest.FixtureRequest) -> Desk:
    api = served.program("robot", Role.ADMIN)
    about = {"name": request.node.name, "source": str(sample.folder), "options": {"subset": True}}
    made = Desk(served, api, api.post("datasets", json=about).json()["id"])
    served.finished(made.number, sample.run)
    return made


@pytest.fixture(scope="module")
def tabs(served: Served, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Tab]]:
    """Two reviewers, each with a browser of their own, logged in."""
    if EXECUTABLE is None:
        pytest.skip("no Chromium is installed")
    with ExitStack() as opened:
        found = {}
        for name in ("anna", "ben"):
            tab = opened.enter_context(chromium(tmp_path_factory.mktemp("profile")))
            log_in(tab, served.link_for(name, Role.REVIEWER))
            found[name] = tab
        yield found


# The next findings come when the page's `release` is called.
HOLD_NEXT = """
(() => {
  const send = window.fetch;
  window.fetch = async (address, ...more) => {
    if (address.endsWith("/review/next")) await new Promise((go) => { window.release = go; });
    return send(address, ...more);
  };
})()
"""


def until(tab: Tab, expression: str) -> None:
    """Waits until this is so; how long that takes says only how busy the machine is."""
    tab.wait_for(expression)


def log_in(tab: Tab, link: str) -> None:
    tab.open(link)
    for name in ("password", "again"):
        tab.value(f"document.querySelector('[name={name}]').value = {PASSWORD!r}")
    tab.click("document.querySelector('.main-button')")
    until(tab, "location.pathname === '/' && document.readyState === 'complete'")


def review(tab: Tab, address: str, **about: Any) -> None:
    """Opens a review, and waits until its first finding is there; laying one out takes a moment."""
    tab.open(address, **about)
    until(tab, "document.querySelector('#finding')?.dataset.item")


def shown(tab: Tab) -> str:
    item: str = tab.value("document.querySelector('#finding').dataset.item")
    return item


def words(tab: Tab, selector: str) -> str:
    text: str = tab.value(f"document.querySelector({selector!r})?.innerText ?? ''")
    return text


def press(tab: Tab, key: str) -> None:
    """Presses a key that decides, and waits until another finding is shown and what was said is kept."""
    before = shown(tab)
    tab.press(key)
    until(tab, f"document.querySelector('#finding').dataset.item !== {before!r}")
    saved(tab)


def saved(tab: Tab) -> None:
    until(tab, "document.querySelector('#saved').dataset.state === 'saved'")


def test_keyboard_alone_decides_corrects_notes_skips_and_takes_back(desk: Desk, tabs: dict[str, Tab]) -> None:
    tab = tabs["anna"]
    review(tab, f"{desk.served.url}{desk.page}?check=KV008")
    until(tab, "document.querySelector('#pictures img')?.naturalWidth > 200")
    assert "left for you" in words(tab, "#progress")
    press(tab, "c")
    tab.press("x")
    tab.type("a unicorn")
    tab.press("Enter")
    assert "not in the vocabulary" in words(tab, ".wrong")
    tab.value("document.querySelector('[name=answer]').value = ''")
    tab.type("YES")
    before = shown(tab)
    tab.press("Enter")
    until(tab, f"document.querySelector('#finding').dataset.item !== {before!r}")
    tab.press("n")
    tab.type("looked <b>twice</b>")
    tab.press("Enter")
    press(tab, "f")
    tab.press("a")
    tab.type("it may stay")
    before = shown(tab)
    tab.press("Enter")
    until(tab, f"document.querySelector('#finding').dataset.item !== {before!r}")
    saved(tab)
    expected = [("accepted", "anna", "it may stay"), ("confirmed", "anna", "decided in review"),
                ("confirmed", "anna", "yes"), ("false positive", "anna", "looked <b>twice</b>")]  # fmt: skip
    assert desk.decisions() == expected
    tab.press("u")
    until(tab, f"document.querySelector('#finding').dataset.item === {before!r}")
    assert desk.decisions() == expected[1:]
    tab.press("s")
    until(tab, f"document.querySelector('#finding').dataset.item !== {before!r}")
    second = shown(tab)
    tab.press("j")
    until(tab, f"document.querySelector('#finding').dataset.item !== {second!r}")
    until(tab, "document.querySelector('.block ul')?.innerText.includes('anna')")
    assert tab.events_named("Log.entryAdded", "Runtime.exceptionThrown") == []


def test_pair_is_decided_unseen_and_a_third_settles_what_differs(desk: Desk, tabs: dict[str, Tab]) -> None:
    tag = desk.api.get(f"datasets/{desk.number}/review").headers["etag"]
    assert desk.api.put(f"datasets/{desk.number}/review", json={"needed": 2}).status_code == 428
    changed = desk.api.put(f"datasets/{desk.number}/review", json={"needed": 2}, headers={"If-Match": tag})
    assert changed.status_code == 200
    gone = desk.api.put(f"datasets/{desk.number}/review", json={"needed": 1}, headers={"If-Match": tag})
    assert gone.status_code == 412
    items = []
    for name, keys in (("anna", "cc"), ("ben", "cf")):
        tab = tabs[name]
        review(tab, f"{desk.served.url}{desk.page}?check=KV008")
        for key in keys:
            items.append(shown(tab))
            assert name == "anna" or "anna" not in words(tab, "#words")
            press(tab, key)
    assert items[:2] == items[2:], "both decide about the same two"
    assert desk.decisions() == [("confirmed", "ben", "decided in review")]
    assert (desk.progress()["settled"], desk.progress()["disputed"]) == (1, 1)
    cleo = desk.served.program("cleo", Role.REVIEWER)
    (disputed,) = desk.next(cleo, state="disputed")
    assert [(one["who"], one["verdict"]) for one in disputed["said"]] == [
        ("anna", "confirmed"),
        ("ben", "false positive"),
    ]
    headers = {"If-Match": f'"{disputed["version"]}"', "Idempotency-Key": "third"}
    sent = {"verdict": "false positive", "reason": "it is one"}
    assert (
        cleo.post(f"review/items/{disputed['id']}/decisions", json=sent, headers=headers).json()["state"] == "settled"
    )
    assert ("false positive", "cleo", "it is one") in desk.decisions()
    assert desk.next(cleo, state="disputed") == []
    told = desk.api.get(f"datasets/{desk.number}/review/agreement").json()
    assert (told["overall"]["items"], told["overall"]["share"]["value"]) == (2, 0.5)
    assert list(told["pairs"]) == ["anna, ben"], "the third knew what they said"
    assert cleo.get(f"datasets/{desk.number}/review/agreement").status_code == 403


def test_file_kept_elsewhere_is_merged_unless_both_disagree(desk: Desk) -> None:
    ben, boss = desk.served.program("ben", Role.REVIEWER), desk.served.person("boss", Role.ADMIN)
    one, other = desk.next(ben, check="KV008")[:2]
    headers = {"If-Match": f'"{one["version"]}"', "Idempotency-Key": "here"}
    ben.post(f"review/items/{one['id']}/decisions", json={"verdict": "confirmed"}, headers=headers)
    told = [(one, "accepted"), (other, "false positive")]
    entries = "".join(
        f"  - {{key: {about['sheet']['findings'][0]['key']!r}, check: KV008, verdict: {verdict}, reason: seen, "
        "who: eve, when: 2026-01-01}\n"
        for about, verdict in told
    )
    page = f"/datasets/{desk.number}/review/agreement"
    refused = boss.send(page, {"theirs": f"decisions:\n{entries}"})
    assert refused.status_code == 409
    assert "confirmed by ben here, accepted by eve in the file" in refused.text
    assert len(desk.decisions()) == 1, "nothing was changed"
    assert boss.send(page, {"theirs": "decisions: ["}).status_code == 422
    merged = boss.send(page, {"theirs": "decisions:\n" + entries.partition("\n")[2]})
    assert "1 decision added, 0 taken out" in merged.text
    assert ("false positive", "eve", "seen") in desk.decisions()
    assert other["id"] not in {item["id"] for item in desk.next(ben, check="KV008")}, "it is in the queue no more"
    exported = desk.api.get(f"datasets/{desk.number}/review/decisions.yaml").text
    kept = with_added(Path("decisions.yaml"), "", [one for one in decisions_in(exported) if one.who != "eve"])
    assert "0 decisions added, 1 taken out" in boss.send(page, {"theirs": kept, "base": exported}).text
    assert [who for _, who, _ in desk.decisions()] == ["ben"]


def test_many_are_decided_in_one_step_and_taken_back_in_one(desk: Desk, tabs: dict[str, Tab]) -> None:
    tab = tabs["anna"]
    review(tab, f"{desk.served.url}{desk.page}?check=KV008")
    seen = desk.next(desk.served.program("ben", Role.REVIEWER), check="KV008")
    tab.click("document.querySelector('#many-open')")
    until(tab, "document.querySelector('#many-told') !== null")
    assert words(tab, "#many-told").startswith(f"{len(seen)} things with {len(seen)} findings wait")
    ben = desk.served.program("ben", Role.REVIEWER)
    headers = {"If-Match": f'"{seen[0]["version"]}"', "Idempotency-Key": "meanwhile"}
    ben.post(f"review/items/{seen[0]['id']}/decisions", json={"verdict": "confirmed"}, headers=headers)
    tab.type("all of them are wrong")
    tab.value(HOLD_NEXT)
    tab.press("Enter")
    until(tab, "document.querySelector('#many-done') !== null && window.release !== undefined")
    assert tab.value("document.querySelectorAll('#words [data-key]').length") == 0, "what is settled is shown no more"
    tab.value("document.activeElement.blur()")
    tab.press("c")
    tab.value("window.release()")
    told = words(tab, "#many")
    assert f"{len(seen) - 1} things decided" in told
    assert "settled by ben meanwhile" in told
    assert len(desk.decisions()) == len(seen)
    tab.click("document.querySelector('#many button')")
    until(tab, "document.querySelector('[data-key=u]') !== null")
    tab.click("document.querySelector('[data-key=u]')")
    until(tab, "document.querySelector('#saved').innerText.includes('taken back')")
    assert [who for _, who, _ in desk.decisions()] == ["ben"]
    assert tab.events_named("Log.entryAdded", "Runtime.exceptionThrown") == []


def test_nothing_is_lost_or_sent_twice_when_the_connection_breaks(desk: Desk, tabs: dict[str, Tab]) -> None:
    tab = tabs["anna"]
    with lossy_proxy(desk.served.url) as proxy:
        log_in(tab, desk.served.link_for("anna", Role.REVIEWER).replace(desk.served.url, proxy.url))
        review(tab, f"{proxy.url}{desk.page}?check=KV008")
        until(tab, "document.querySelector('#pictures img')?.naturalWidth > 200")
        proxy.lose_answer_to = b"POST /api/v1/review/items/"
        tab.press("c")
        until(tab, "document.querySelector('#saved').dataset.state === 'away'")
        assert proxy.lost == 1
        assert len(desk.decisions()) == 1, "it was kept, and nobody was told"
        before = shown(tab)
        tab.press("f")
        until(tab, f"document.querySelector('#finding').dataset.item !== {before!r}")
        assert "2 decisions are kept in this browser" in words(tab, "#saved")
        tab.value("location.reload()")
        proxy.lose_answer_to, proxy.lost, proxy.is_away = b"", 0, False
        review(tab, f"{proxy.url}{desk.page}?check=KV008")
        saved(tab)
        assert [(verdict, who) for verdict, who, _ in desk.decisions()] == [
            ("confirmed", "anna"),
            ("false positive", "anna"),
        ]
        assert tab.value("localStorage.length") == 0
        assert shown(tab) not in (before,)


def test_a_replaced_picture_opens_what_was_decided(desk: Desk, sample: Sample, tabs: dict[str, Tab]) -> None:
    ben = desk.served.program("ben", Role.REVIEWER)
    copies = next(one for one in desk.next(ben) if {"copy"} < {picture["id"] for picture in one["sheet"]["pictures"]})
    headers = {"If-Match": f'"{copies["version"]}"', "Idempotency-Key": "copies"}
    sent = {"verdict": "false positive", "reason": "not the same"}
    assert ben.post(f"review/items/{copies['id']}/decisions", json=sent, headers=headers).status_code == 201
    text = desk.api.get(f"datasets/{desk.number}/review/decisions.yaml").text
    place = sample.folder / "images" / "copy.jpg"
    kept = place.read_bytes()
    try:
        with Image.open(place) as picture:
            picture.save(place, quality=60)
        desk.served.finished(desk.number, sample.audited(text))
        tab = tabs["ben"]
        review(tab, f"{desk.served.url}{desk.page}")
        found = [one for one in desk.next(ben) if one["sheet"]["changes"]]
        assert found[0]["sheet"]["changes"][0].startswith("false positive by ben on ")
        tab.open(f"{desk.served.url}{desk.page}?check={found[0]['sheet']['check']}")
        until(tab, "document.querySelector('#words').innerText.includes('Decided on other evidence')")
        assert "when it was decided, now" in words(tab, "#words")
    finally:
        place.write_bytes(kept)


def test_pages_come_while_many_wait_for_pictures(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    one = desk.next(desk.api)[0]
    waiting, drawn = threading.Semaphore(0), threading.Event()

    def picture(*_: object) -> bytes:
        waiting.release()
        drawn.wait()
        return b"RIFF drawn"

    monkeypatch.setattr(Studios, "picture", picture)
    address = desk.served.url + one["pictures"][0]
    with ThreadPoolExecutor(20) as several:
        asked = [several.submit(desk.api.get, address) for _ in range(20)]
        try:
            for _ in asked:
                assert waiting.acquire(timeout=300)
            assert desk.api.get(f"datasets/{desk.number}").status_code == 200
        finally:
            drawn.set()
        assert [answer.result().content for answer in asked] == [b"RIFF drawn"] * 20


def test_pictures_and_decisions_are_for_who_may_see_and_make_them(desk: Desk, sample: Sample) -> None:
    viewer, eve = desk.served.program("val", Role.VIEWER), desk.served.program("eve")
    one = next(item for item in desk.next(viewer) if len(item["sheet"]["pairs"]) == 1)
    for path in (*one["pictures"], *(f"{pair}/{side}" for pair in one["pairs"] for side in ("left", "right"))):
        answer = viewer.get(desk.served.url + path)
        assert answer.status_code == 200, answer.text
        assert answer.headers["content-type"] == "image/webp"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert eve.get(desk.served.url + path).status_code == 404
        assert httpx.get(f"{desk.served.url}{path}").status_code == 401
    assert viewer.get(desk.served.url + one["pairs"][0]).json()["is_aligned"] is True
    assert viewer.get(f"review/items/{one['id']}/pictures/9").status_code == 404
    headers = {"If-Match": f'"{one["version"]}"', "Idempotency-Key": "x"}
    place = f"review/items/{one['id']}/decisions"
    assert viewer.post(place, json={"verdict": "confirmed"}, headers=headers).status_code == 403
    assert eve.post(place, json={"verdict": "confirmed"}, headers=headers).status_code == 404
    ben = desk.served.program("ben", Role.REVIEWER)
    assert ben.post(place, json={"verdict": "confirmed"}).status_code == 428
    wrong = {"verdict": "confirmed", "answer": "x" * 50}
    other = next(item for item in desk.next(ben, check="KV008"))
    refused = ben.post(f"review/items/{other['id']}/decisions", json=wrong, headers=headers)
    assert refused.status_code == 422
    assert "not in the vocabulary" in refused.json()["detail"]
    person = desk.served.person("dora", Role.REVIEWER)
    assert person.http.post(f"/api/v1/{place}", json={"verdict": "confirmed"}, headers=headers).status_code == 403
    away = sample.folder.with_name("away")
    sample.folder.rename(away)
    try:
        shutil.rmtree(
            next((desk.served.site.settings.data / "runs").glob(f"{one['pictures'][0].partition('run=')[2]}/pictures"))
        )
        told = viewer.get(desk.served.url + one["pictures"][0])
        assert told.status_code in (404, 422), told.text
    finally:
        away.rename(sample.folder)


def test_who_maintains_gives_things_away_and_measures_reviewers(desk: Desk, tabs: dict[str, Tab]) -> None:
    anna, ben = desk.served.program("anna", Role.REVIEWER), tabs["ben"]
    with desk.served.site.store.writing() as connection:
        user = user_named(connection, "ben")
        assert user is not None
        give_role(connection, user.id, desk.number, Role.MAINTAINER)
    page = f"/datasets/{desk.number}/reviewers"
    assert anna.get(desk.served.url + page).status_code == 403
    (first, *_) = desk.next(anna, check="KV008")
    ben.open(desk.served.url + page)
    until(ben, "document.querySelector('.give') !== null")
    ben.value("document.querySelector('.give').elements.most.value = '10'")
    ben.value("document.querySelector('.give').elements.check.value = 'KV008'")
    ben.value("document.querySelector('.give').elements.user.value = 'anna'")
    ben.click("document.querySelector('.give button')")
    until(ben, "document.querySelector('.said')?.innerText.endsWith('were given.')")
    given = len(desk.next(anna, mine=True))
    assert f"{given} things were given." in words(ben, ".said")
    row = "[...document.querySelectorAll('tbody tr')].find((one) => one.innerText.startsWith('anna'))"
    assert ben.value(f"{row}.innerText").split() == ["anna", str(given), "KV008", str(given), "0"]
    ben.click("document.querySelector('[aria-label^=\"A defect: \"]')")
    until(ben, "document.querySelector('[aria-label^=\"Take out: \"]') !== null")
    (known,) = desk.api.get(f"datasets/{desk.number}/review/known").json()["things"]
    assert (known["known"], known["decided"]) == ("confirmed", 0)
    headers = {"If-Match": f'"{first["version"]}"', "Idempotency-Key": "known"}
    anna.post(f"review/items/{known['id']}/decisions", json={"verdict": "false positive"}, headers=headers)
    assert desk.decisions() == [], "what measures reviewers is not written"
    for width, dark in ((1440, False), (768, False), (390, False), (390, True)):
        ben.open(desk.served.url + page, width=width, dark=dark)
        until(ben, "document.querySelector('#rates') !== null && document.readyState === 'complete'")
        assert "1 defect missed, 0 false alarms" in words(ben, "main")
        make_sure_it_can_be_used(ben, width)
    ben.click("document.querySelector('[aria-label^=\"Take out: \"]')")
    until(ben, "document.querySelector('[aria-label^=\"Take out: \"]') === null")
    assert known["id"] in {one["id"] for one in desk.next(anna)}
    ben.value("document.querySelector('[name=size]').value = '50'")
    ben.click("document.querySelector('[action$=sample] button')")
    until(ben, "document.querySelector('.said a') !== null")
    waiting = desk.api.get(f"datasets/{desk.number}/review/shares").json()["shares"][-1]["waiting"]
    assert words(ben, ".said").startswith(f"{waiting['KV500-answers.1']} answers wait now.")
    ben.click("document.querySelector('.said a')")
    until(ben, "document.querySelector('[data-key=f]')?.innerText.startsWith('Right')")
    assert words(ben, "[data-key=c]").startswith("Wrong")


def make_sure_it_can_be_used(tab: Tab, width: int) -> None:
    assert tab.value("document.documentElement.scrollWidth <= innerWidth"), width
    tab.value(files("axe_core_python").joinpath("axe.min.js").read_text(encoding="utf-8") + "; 0")
    wrong = tab.value(
        "axe.run(document, {resultTypes: ['violations']}).then(done => done.violations.map("
        "one => one.id + ': ' + one.nodes.map(node => node.html).join(' ')))",
    )
    assert wrong == [], width


@pytest.mark.parametrize("dark", [False, True])
def test_review_can_be_used_by_everybody_at_every_width(desk: Desk, tabs: dict[str, Tab], dark: bool) -> None:
    tab = tabs["anna"]
    for width in (390,) if dark else (1440, 768, 390):
        review(tab, f"{desk.served.url}{desk.page}", width=width, dark=dark)
        until(tab, "document.querySelector('#pictures img')?.naturalWidth > 200")
        if width == 390:
            tab.value("document.querySelector('#filter-box').open = true")
        make_sure_it_can_be_used(tab, width)
