"""The service as a person meets it: real processes, a real browser, both stores, and processes that are killed."""

from __future__ import annotations

import os
import re
import shutil
import signal
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import httpx
import pytest

from kvqa_audit.client.client import Client
from kvqa_audit.client.records import DatasetEdit, Run, ScheduleEdit
from kvqa_audit.demo import DemoTruth
from tests.browser.chromium import EXECUTABLE, Tab, chromium
from tests.postgres_server import new_database
from tests.processes import GIVE_UP_SECONDS, descendants, free_port, is_alive, wait_until
from tests.serve.site import PASSWORD, is_ready, person_by

# So long that a worker which a busy machine holds up does not lose what it is at work on.
LEASE_S = 8.0


@dataclass
class Running:
    """A service as its one command starts it."""

    url: str
    link: str
    process: subprocess.Popen[str]
    data: Path
    sample: Path
    options: list[str]
    token: str = ""

    def pid_of(self, module: str) -> int:
        """The process of the service that runs this module."""

        def found() -> list[int]:
            return [pid for pid in descendants(self.process.pid) if module in _command(pid)]

        wait_until(found)
        return found()[0]

    def client(self) -> Client:
        return Client(self.url, self.token)


def _command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text()
    except OSError:
        return ""


@contextmanager
def started(options: list[str], folder: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The command, and what it says at its start; it is ended as a terminal or a scheduler ends it."""
    environment = {**os.environ, "KVQA_SERVE_LEASE_SECONDS": str(LEASE_S), "XDG_CACHE_HOME": str(folder / "cache")}
    command = [sys.executable, "-m", "kvqa_audit", "serve", *options]
    with (folder / "errors").open("a") as errors:
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=errors, text=True, env=environment, cwd=folder
        )
        assert process.stdout is not None
        said = ""
        with process.stdout:
            for line in process.stdout:
                said += line
                if "Ctrl-C ends it" in line:
                    break
            try:
                yield process, said
            finally:
                process.terminate()
                code = process.wait(GIVE_UP_SECONDS)
    assert code == 0, (folder / "errors").read_text()


@pytest.fixture(scope="module")
def running(
    store_place: str, drawn: tuple[Path, DemoTruth], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("story")
    sample = shutil.copytree(drawn[0], folder / "datasets" / "sample")
    port = free_port()
    options = ["--data", str(folder / "data"), "--port", str(port), "--root", str(folder / "datasets"), "--log", "json"]
    options += ["--store", store_place]
    with started(options, folder) as (process, said):
        link = re.search(r"http://\S+/welcome/\S+", said)
        assert link, said
        url = f"http://127.0.0.1:{port}"
        wait_until(lambda: is_ready(url))
        yield Running(url, link[0], process, folder / "data", sample, options)


@pytest.fixture(scope="module")
def tab(running: Running, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tab]:
    """A browser in which the administrator has used the link of the first start."""
    if EXECUTABLE is None:
        pytest.skip("no Chromium is installed")
    with chromium(tmp_path_factory.mktemp("profile")) as browser:
        browser.open(running.link)
        fill(browser, password=PASSWORD, again=PASSWORD)
        press(browser, ".main-button", "location.pathname === '/'")
        yield browser


def fill(tab: Tab, **fields: str) -> None:
    for name, text in fields.items():
        tab.value(f"document.querySelector('[name={name}]').value = {text!r}")


def press(tab: Tab, selector: str, until: str) -> None:
    """Clicks, and waits for the page that follows."""
    tab.click(f"document.querySelector({selector!r})")
    tab.wait_for(f"({until}) && document.readyState === 'complete'")


def go(tab: Tab, address: str, *, width: int = 1440, dark: bool = False) -> None:
    """Opens a page; another test may just have killed the process that answers, which is then begun anew."""

    def is_open() -> bool:
        tab.open(address, width=width, dark=dark)
        return bool(tab.value("location.protocol !== 'chrome-error:'"))

    wait_until(is_open)


def words(tab: Tab, selector: str = "main") -> str:
    text: str = tab.value(f"document.querySelector({selector!r}).innerText")
    return text


@pytest.fixture(scope="module")
def audited(running: Running, tab: Tab) -> str:
    """The page of the first audit, whose dataset was registered, scheduled, started and watched in the browser."""
    go(tab, f"{running.url}/datasets/new")
    fill(tab, name="The sample", source=str(running.sample))
    tab.value("document.querySelector('[name=subset]').checked = true")
    press(tab, "form.panel .main-button", "/^.datasets.[0-9]+$/.test(location.pathname)")
    tab.value("document.querySelector('details.panel').open = true")
    fill(tab, cron="30 2 * * 1-5", time_zone="Europe/Oslo")
    press(tab, "details.panel .main-button", "document.querySelectorAll('#schedules ~ .panel time').length === 5")
    press(tab, "header .main-button", "location.pathname.startsWith('/audits/')")
    tab.wait_for("document.querySelectorAll('#stages li').length >= 2")
    tab.wait_for("document.querySelector('.verdict') !== null && document.readyState === 'complete'")
    page: str = tab.value("location.pathname")
    return page


def test_verdict_and_report_follow_the_audit_that_was_watched(running: Running, tab: Tab, audited: str) -> None:
    go(tab, running.url + audited)
    assert "Not ready" in words(tab, ".verdict")
    assert "This is the first run" in words(tab)
    tab.value("document.querySelector('iframe').scrollIntoView()")
    report = tab.value("document.querySelector('iframe').src")
    assert httpx.get(report).status_code == 200
    problems = [event["params"]["entry"]["text"] for event in tab.events_named("Log.entryAdded")]
    assert problems == []


def test_a_finding_is_decided_at_the_gate(running: Running, tab: Tab, audited: str) -> None:
    go(tab, f"{running.url}/datasets/1")
    gate = tab.value("document.querySelector('.tiles a[href$=\"/gate\"]').href")
    go(tab, gate)
    assert "It could still become ready" in words(tab, ".verdict")
    undecided = tab.value("document.querySelectorAll('#undecided ~ article').length")
    first = "document.querySelector('#undecided ~ article form')"
    tab.value(f"{first}.elements.verdict.value = 'false positive'")
    tab.value(f"{first}.elements.reason.value = 'looked at <b>twice</b>'")
    left = f"document.querySelectorAll('#undecided ~ article').length === {undecided - 1}"
    press(tab, "#undecided ~ article button", left)
    go(tab, f"{running.url}/datasets/1")
    assert "not ready" in words(tab, ".tiles")
    assert "kept here" in words(tab)


@pytest.mark.parametrize("dark", [False, True])
def test_pages_can_be_used_by_everybody_at_every_width(running: Running, tab: Tab, audited: str, dark: bool) -> None:
    if "://" in running.options[-1]:
        pytest.skip("pages look alike whatever the store is")
    pages = ("/", "/datasets/1", "/datasets/1/edit", "/schedules/1", audited, f"{audited}/gate",
             f"{audited}/findings", "/settings", "/log")  # fmt: skip
    # Dark pages differ in their colours alone.
    rules = "runOnly: ['color-contrast'], " if dark else ""
    judged = f"axe.run(document, {{{rules}resultTypes: ['violations'], iframes: false}})"
    for width in (390,) if dark else (1440, 768, 390):
        for path in pages:
            go(tab, running.url + path, width=width, dark=dark)
            tab.wait_for("document.readyState === 'complete'")
            assert tab.value("document.documentElement.scrollWidth <= innerWidth"), (path, width)
            assert tab.events_named("Log.entryAdded") == [], (path, width)
            if width == 768:
                continue  # laid out as on one of the two other sides
            tab.value(files("axe_core_python").joinpath("axe.min.js").read_text(encoding="utf-8") + "; 0")
            wrong = tab.value(
                f"{judged}.then(done => done.violations.map("
                "one => one.id + ': ' + one.nodes.map(node => node.html).join(' ')))",
            )
            assert wrong == [], (path, width)


def test_a_running_audit_is_cancelled_in_a_browser(running: Running, tab: Tab, audited: str) -> None:
    go(tab, f"{running.url}/datasets/1")
    press(tab, "header .main-button", "location.pathname.startsWith('/audits/')")
    tab.wait_for("document.querySelector('#state')?.innerText === 'running'")
    press(tab, "header .grave", "document.querySelector('#log') !== null")
    # The page of a running audit tells the state, and then becomes that of a finished one.
    tab.wait_for("document.querySelector('#state')?.innerText === 'cancelled'")
    tab.wait_for("document.body?.innerText.includes('cancelled by admin')")


@pytest.fixture(scope="module")
def client(running: Running, tab: Tab, audited: str) -> Iterator[Client]:
    """A program with a token that the administrator made on the page."""
    go(tab, f"{running.url}/settings")
    fill(tab, name="robot")
    tab.value("document.querySelector('[name=scope]').value = 'write'")
    press(tab, "form.panel button", "document.querySelector('.secret') !== null")
    running.token = words(tab, ".secret")
    with running.client() as opened:
        yield opened


def at_work(client: Client, number: int) -> Run:
    wait_until(lambda: client.run(number).state == "running")
    return client.run(number)


def test_killed_worker_loses_no_audit(running: Running, client: Client) -> None:
    number = client.start(client.dataset("The sample")).id
    at_work(client, number)
    worker = running.pid_of("worker_process")
    below = descendants(worker)
    os.kill(worker, signal.SIGKILL)
    wait_until(lambda: not any(map(is_alive, below)))
    found = client.wait(number)
    assert (found.state, found.verdict, found.attempts) == ("done", "not ready", 2)


def test_killed_web_process_comes_back_and_whoever_watches_sees_the_end(running: Running, client: Client) -> None:
    number = client.start(client.dataset("The sample")).id
    at_work(client, number)
    seen: list[object] = []
    ended: list[Run] = []
    watching = threading.Thread(target=lambda: ended.append(client.wait(number, seen.append)))
    watching.start()
    wait_until(lambda: seen)
    os.kill(running.pid_of("web_process"), signal.SIGKILL)
    watching.join()
    assert (ended[0].state, ended[0].attempts) == ("done", 1), "the audit went on meanwhile"
    stages = [body["stage"] for body in seen if isinstance(body, dict) and body.get("begins")]
    assert len(stages) == len(set(stages)), "every event came once"
    assert seen[-1]["state"] == "done"  # type: ignore[index]


def test_backup_while_running_and_restore_elsewhere(running: Running, client: Client, tmp_path: Path) -> None:
    number = client.start(client.dataset("The sample")).id
    at_work(client, number)
    archive = tmp_path / "service.tar.gz"
    store = running.options[-1]
    where = ["--store", store]
    done = call("backup", str(archive), "--data", str(running.data), *where)
    assert done.returncode == 0, done.stderr
    assert client.wait(number).state == "done"
    assert call("backup", str(archive), "--data", str(running.data), *where).returncode == 2, "nothing is overwritten"
    place = new_database(store) if "://" in store else str(tmp_path / "copy.sqlite")
    restored = call("restore", str(archive), "--data", str(tmp_path / "data"), "--store", place)
    assert restored.returncode == 0, restored.stderr
    port = free_port()
    root = str(running.sample.parent)
    options = ["--data", str(tmp_path / "data"), "--store", place, "--port", str(port), "--root", root]
    with started(options, tmp_path) as (_, said):
        assert "welcome" not in said, "the administrator has a password"
        url = f"http://127.0.0.1:{port}"
        wait_until(lambda: is_ready(url))
        with Client(url, running.token) as copied:
            before = {one.id: one.verdict for one in client.runs(client.dataset("The sample")) if one.id < number}
            after = {one.id: one.verdict for one in copied.runs(copied.dataset("The sample")) if one.id < number}
            assert after == before
            judged = next(one for one, verdict in after.items() if verdict)
            copied.save(judged, "report.html", tmp_path / "report.html")
            assert (tmp_path / "report.html").stat().st_size > 100_000
            assert copied.wait(number).state == "done", "the audit that was at work is taken up again"


def call(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "kvqa_audit", "serve", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_audit_of_a_dataset_that_is_gone_says_so(running: Running, client: Client) -> None:
    folder = running.sample.parent / "gone"
    folder.mkdir()
    (folder / "metadata.csv").write_text("source,question,answer,img_id\nA,q,a,i\n")
    dataset = client.register(DatasetEdit(name="Gone", source=str(folder), options={"table_only": True}))
    (folder / "metadata.csv").unlink()
    folder.rmdir()
    command = [sys.executable, "-m", "kvqa_audit", "--server", running.url, "start", "Gone", "--wait"]
    environment = {**os.environ, "KVQA_AUDIT_TOKEN": running.token}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 2
    assert "there is no dataset in the folders" in done.stderr
    client.remove(dataset)


def test_dataset_that_became_a_link_out_of_the_roots_is_not_read(running: Running, client: Client) -> None:
    inside, outside = running.sample.parent / "swapped", running.data.parent / "outside"
    for folder in (inside, outside):
        folder.mkdir()
        (folder / "metadata.csv").write_text("source,question,answer,img_id\nA,q,a,i\n")
    edit = DatasetEdit(
        name="Swapped", source=str(inside), options={"table_only": True}, notify=("mailto:team@example.org",)
    )
    dataset = client.register(edit)
    assert client.dataset("Swapped").notify == ("mailto:team@example.org",)
    client.add_schedule(dataset, ScheduleEdit(cron="* * * * * *"))
    (inside / "metadata.csv").unlink()
    inside.rmdir()
    inside.symlink_to(outside)
    wait_until(lambda: [one for one in client.runs(dataset) if one.is_over])
    for one in client.schedules(dataset):
        client.edit_schedule(one, ScheduleEdit(cron="* * * * * *", paused=True))
    *_, first = client.runs(dataset)
    assert first.state == "failed"
    assert "no dataset in the folders" in (first.reason or "")


def test_command_line_starts_waits_and_judges(running: Running, client: Client) -> None:
    environment = {**os.environ, "KVQA_AUDIT_TOKEN": running.token}

    def run(*given: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "kvqa_audit", "--server", running.url, *given]
        return subprocess.run(command, capture_output=True, text=True, check=False, env=environment)

    done = run("start", "The sample", "--wait")
    assert done.returncode == 1, done.stderr
    assert "Not ready" in done.stdout
    assert "read the table" in done.stderr
    listed = run("runs", "The sample")
    assert "not ready" in listed.stdout
    judged = run("gate", "The sample", "--json")
    assert judged.returncode == 1
    assert '"could_be_ready":true' in judged.stdout
    missing = run("gate", "Nothing")
    assert missing.returncode == 2
    assert "no dataset" in missing.stderr


def test_web_process_stays_small(running: Running, client: Client) -> None:
    for _ in range(20):
        httpx.post(f"{running.url}/login", data={"name": "x", "password": "y" * 20})
    status = Path(f"/proc/{running.pid_of('web_process')}/status").read_text()
    peak = re.search(r"VmHWM:\s+(\d+) kB", status)
    assert peak
    assert int(peak[1]) < 200 * 1024


def test_other_machines_are_not_let_in_before_it_is_safe(tmp_path: Path) -> None:
    for more, said in (([], "--tls-cert"), (["--behind-proxy", "10.0.0.1"], "nobody has a password yet")):
        options = ["--data", str(tmp_path / "data"), "--host", "0.0.0.0", *more]
        done = call(*options)
        assert done.returncode == 2
        assert said in done.stderr


def test_a_team_begins_with_a_link_and_several_web_processes(tmp_path: Path) -> None:
    about = {"DATA": str(tmp_path / "data"), "HOST": "0.0.0.0", "BEHIND_PROXY": "10.0.0.1"}
    about |= {"URL": "https://audits.example.org"}
    environment = {**os.environ, **{f"KVQA_SERVE_{name}": value for name, value in about.items()}}
    command = [sys.executable, "-m", "kvqa_audit", "serve"]
    said = subprocess.run([*command, "admin"], env=environment, check=True, capture_output=True, text=True).stdout
    ports = [free_port(), free_port()]
    there = [
        subprocess.Popen([*command, "web"], env={**environment, "KVQA_SERVE_PORT": str(port)}, cwd=tmp_path)
        for port in ports
    ]
    try:
        first, second = (f"http://127.0.0.1:{port}" for port in ports)
        for url in (first, second):
            wait_until(lambda url=url: is_ready(url))
        name, path = {"Host": "audits.example.org"}, said.strip().removeprefix("https://audits.example.org")
        done = httpx.post(f"{first}{path}", data={"password": PASSWORD, "again": PASSWORD}, headers=name)
        cookie = done.headers["set-cookie"].partition(";")[0]
        assert httpx.get(second, headers={**name, "Cookie": cookie}).status_code == 200
    finally:
        for process in there:
            process.terminate()
        assert [process.wait(GIVE_UP_SECONDS) for process in there] == [128 + signal.SIGTERM] * 2


@pytest.mark.skipif(shutil.which("openssl") is None, reason="there is no openssl that makes a certificate")
def test_certificate_makes_cookies_secure(tmp_path: Path) -> None:
    key, certificate = tmp_path / "key.pem", tmp_path / "cert.pem"
    made = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"]
    subprocess.run([*made, "-keyout", str(key), "-out", str(certificate)], check=True, capture_output=True)
    options = ["--data", str(tmp_path / "data"), "--port", str(free_port())]
    options += ["--tls-cert", str(certificate), "--tls-key", str(key)]
    trust = ssl.create_default_context()
    trust.check_hostname, trust.verify_mode = False, ssl.CERT_NONE
    with started(options, tmp_path) as (_, said), httpx.Client(verify=trust) as client:
        link = re.search(r"https://\S+/welcome/\S+", said)
        assert link
        wait_until(lambda: answers(client, link[0]))
        done = client.post(link[0], data={"password": PASSWORD, "again": PASSWORD})
        cookie = done.headers["set-cookie"]
        assert cookie.startswith("__Host-kvqa=")
        assert "Secure" in cookie
        assert done.headers["strict-transport-security"] == "max-age=31536000"


def answers(client: httpx.Client, address: str) -> bool:
    try:
        return client.get(address).status_code == 200
    except httpx.HTTPError:
        return False


def test_first_start_prints_a_link_and_the_end_leaves_no_process(tmp_path: Path) -> None:
    options = ["--data", str(tmp_path / "data"), "--port", str(free_port())]
    with started(options, tmp_path) as (process, said):
        link = re.search(r"http://\S+/welcome/\S+", said)
        assert link
        wait_until(lambda: is_ready(link[0].partition("/welcome/")[0]))
        person = person_by(link[0])
        assert "No dataset is registered yet" in person.get("/").text
        person.http.close()
        there = descendants(process.pid)
        assert len(there) >= 2
    assert not any(map(is_alive, there))
