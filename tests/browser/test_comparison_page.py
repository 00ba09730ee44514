"""The page of a comparison in a real browser: hostile text stays text, nothing is fetched, and it fits a telephone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from kvqa_audit.compare.as_html import as_html
from kvqa_audit.compare.comparison import compare_audits
from kvqa_audit.model import AnswerRows, AuditRun, ImageFingerprint
from tests.browser.chromium import EXECUTABLE, Tab, chromium
from tests.report_samples import HOSTILE, QUESTIONS, sample_run

pytestmark = pytest.mark.skipif(EXECUTABLE is None, reason="no Chromium is installed")


def hostile_pair() -> tuple[AuditRun, AuditRun]:
    """Two audits whose every kind of change is about hostile ids, questions and answers."""
    before, after = sample_run(seed=1), sample_run(seed=2, findings_per_check=60)
    ids = [*HOSTILE, "plain"]
    rows = AnswerRows(tuple(ids), tuple(QUESTIONS[0] for _ in ids), tuple(ids[::-1]), tuple(ids))
    moved = AnswerRows(rows.source, rows.question, tuple(ids[1:] + ids[:1]), (*ids[:-1], HOSTILE[0] + "2"))
    images = [ImageFingerprint(one, one, 9, f"{n:064x}") for n, one in enumerate(ids)]
    renamed = [*images[2:], replace(images[1], img_id=HOSTILE[0] + "3"), replace(images[0], sha256="f" * 64)]
    return (
        replace(before, rows=rows, fingerprints=(*before.fingerprints[:-12], *images)),
        replace(after, rows=moved, fingerprints=(*after.fingerprints[:-12], *renamed)),
    )


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("comparison") / "comparison ü.html"
    path.write_bytes(as_html(compare_audits(*hostile_pair()), 1).encode("utf-8", "backslashreplace"))
    return path.as_uri()


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tab]:
    with chromium(tmp_path_factory.mktemp("profile")) as tab:
        yield tab


def test_hostile_text_stays_text_and_nothing_is_fetched(browser: Tab, page: str) -> None:
    browser.open(page)
    titles = browser.value("[...document.querySelectorAll('.changes h2')].map(h => h.firstChild.textContent.trim())")
    assert titles[0] == "New findings"
    assert {"Answers changed", "Images renamed", "Images changed", "Rows added", "Rows removed"} <= set(titles)
    assert "Answers distributed otherwise" in titles
    assert browser.value("typeof window.__ran") == "undefined"
    assert browser.value("document.querySelectorAll('script, img, iframe, a[href]:not([href^=\"#\"])').length") == 0
    assert browser.value("document.body.textContent.includes('<script>window.__ran=1')")
    asked = [event["params"]["request"]["url"] for event in browser.events_named("Network.requestWillBeSent")]
    assert [address for address in asked if not address.startswith("data:")] == [page]
    assert browser.events_named("Log.entryAdded", "Runtime.consoleAPICalled", "Runtime.exceptionThrown") == []


def test_policy_stops_a_script_that_got_in(browser: Tab, page: str) -> None:
    browser.open(page)
    browser.value(
        "new Promise(done => { document.addEventListener('securitypolicyviolation', event => {"
        " window.__blocked = event.effectiveDirective; done(); });"
        " const script = document.createElement('script'); script.textContent = 'window.__ran = 1';"
        " document.body.append(script); })"
    )
    assert browser.value("window.__blocked") == "script-src-elem"
    assert browser.value("typeof window.__ran") == "undefined"


@pytest.mark.parametrize("width", [1440, 390])
def test_page_is_no_wider_than_the_window(browser: Tab, page: str, width: int) -> None:
    browser.open(page, width=width)
    assert browser.value("document.documentElement.scrollWidth") <= width
