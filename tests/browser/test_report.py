"""The report in a real browser: charts are drawn, data run nothing, nothing is fetched, and the controls work."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from kvqa_audit.model import Severity
from kvqa_audit.report.environment import asset
from tests.browser.chromium import EXECUTABLE, Tab, chromium
from tests.report_samples import page_of, sample_run, with_cases, with_groups

pytestmark = pytest.mark.skipif(EXECUTABLE is None, reason="no Chromium is installed")

RUN = with_groups(with_cases(sample_run()))
ROWS = "[...document.querySelectorAll('article.card, table.findings tbody tr')]"
VISIBLE = f"{ROWS}.filter(row => !row.hidden)"
ALL_DRAWN = "[...document.querySelectorAll('[data-plot]')].every(place => place.querySelector('.main-svg'))"


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("report") / "report ü.html"
    path.write_text(page_of(RUN), encoding="utf-8")
    return path.as_uri()


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tab]:
    with chromium(tmp_path_factory.mktemp("profile")) as tab:
        yield tab


@pytest.fixture(scope="module")
def small_report(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A page with every kind of thing, each a few times."""
    path = tmp_path_factory.mktemp("small") / "report.html"
    path.write_text(
        page_of(with_groups(with_cases(sample_run(images=6, findings_per_check=2), most=3), frames=6)), encoding="utf-8"
    )
    return path.as_uri()


@pytest.fixture
def tab(browser: Tab, report: str) -> Tab:
    browser.open("about:blank")
    browser.open(report)
    return browser


def draw_all(tab: Tab) -> None:
    tab.value("window.dispatchEvent(new Event('afterprint'))")
    tab.wait_for(ALL_DRAWN)


def type_into_filter(tab: Tab, text: str) -> None:
    tab.value("document.getElementById('filter').select()")
    tab.call("Input.insertText", text=text)


def test_all_charts_are_drawn_from_the_page_alone_and_no_text_of_the_data_runs(tab: Tab, report: str) -> None:
    draw_all(tab)
    assert tab.value("document.querySelectorAll('.js-plotly-plot').length") == 10
    assert tab.events_named("Log.entryAdded", "Runtime.consoleAPICalled", "Runtime.exceptionThrown") == []
    tab.value("document.querySelectorAll('select[data-choose]').forEach(s => { s.selectedIndex = s.length - 1; "
              "s.dispatchEvent(new Event('change')); })")  # fmt: skip
    assert tab.value("typeof window.__ran") == "undefined"
    assert tab.value("document.title").startswith("Sample <script>")
    assert tab.value("document.querySelectorAll('svg a, svg script, td a[href^=\"javascript\"]').length") == 0
    asked = [event["params"]["request"]["url"] for event in tab.events_named("Network.requestWillBeSent")]
    assert [address for address in asked if not address.startswith("data:")] == [report]


def test_the_policy_stops_requests_and_a_script_that_got_in(tab: Tab) -> None:
    for address in ("https://example.org/", "file:///etc/hostname"):
        assert tab.value(f"fetch('{address}').then(() => 'answered', () => 'refused')") == "refused"
    tab.value(
        "new Promise(done => { document.addEventListener('securitypolicyviolation', event => {"
        " window.__blocked = event.effectiveDirective; done(); });"
        " const script = document.createElement('script'); script.textContent = 'window.__ran = 1';"
        " document.body.append(script); })"
    )
    assert tab.value("window.__blocked") == "script-src-elem"
    assert tab.value("typeof window.__ran") == "undefined"


@pytest.mark.parametrize("width", [390, 768, 1440])
def test_the_page_never_scrolls_sideways(browser: Tab, report: str, width: int) -> None:
    browser.open("about:blank")
    browser.open(report, width=width)
    draw_all(browser)
    browser.value("document.querySelectorAll('details').forEach(details => { details.open = true; })")
    assert browser.value("document.documentElement.scrollWidth") <= width


def test_the_filter_keeps_what_fits_and_counts_it(tab: Tab) -> None:
    total = tab.value(f"{ROWS}.length")
    type_into_filter(tab, "ulcerative")
    shown = tab.value(f"{VISIBLE}.length")
    assert 0 < shown < total
    assert tab.value(f"{VISIBLE}.every(row => row.textContent.includes('Ulcerative'))")
    assert tab.value("document.querySelector('.filter output').textContent") == (
        f"{shown} of {total} findings on this page"
    )
    type_into_filter(tab, "")
    tab.value("document.getElementById('filter').value = ''")
    tab.value("document.getElementById('filter').dispatchEvent(new Event('input'))")
    assert tab.value(f"{VISIBLE}.length") == total


def test_the_severity_filter_leaves_only_that_severity(tab: Tab) -> None:
    tab.value("(s => { s.value = 'error'; s.dispatchEvent(new Event('change')); })"
              "(document.getElementById('filter-severity'))")  # fmt: skip
    assert tab.value(f"[...new Set({VISIBLE}.map(row => row.dataset.severity))]") == [Severity.ERROR.value]


def test_a_choice_leaves_only_findings_of_that_kind(tab: Tab) -> None:
    for field in ("source", "question", "check"):
        choose = f"document.getElementById('filter-{field}')"
        wanted = tab.value(
            f"(s => {{ s.selectedIndex = 1; s.dispatchEvent(new Event('change')); return s.value; }})({choose})"
        )
        assert wanted
        assert tab.value(f"[...new Set({VISIBLE}.map(row => row.dataset.{field}))]") == [wanted]
        tab.value("document.querySelector('.filter').reset()")
        tab.wait_for(f"{VISIBLE}.length === {ROWS}.length")


def test_a_click_on_a_heading_sorts_and_a_second_click_turns_the_order(tab: Tab) -> None:
    tab.value("document.querySelectorAll('details').forEach(details => { details.open = true; })")
    table = "document.getElementById('listing-forms').querySelector('table')"
    cells = f"[...{table}.tBodies[0].rows].map(row => row.cells[0].textContent)"
    head = f"{table}.querySelectorAll('thead th')[0]"
    tab.click(f"{head}.querySelector('button')")
    ascending = tab.value(cells)
    assert len(set(ascending)) > 2
    assert tab.value(f"{head}.getAttribute('aria-sort')") == "ascending"
    tab.click(f"{head}.querySelector('button')")
    assert tab.value(cells) == ascending[::-1]


def test_an_id_is_copied(tab: Tab) -> None:
    button = "document.querySelector('details[open] article.card button.copy')"
    wanted = tab.value(f"{button}.dataset.copy")
    tab.value("document.addEventListener('copy', event => { window.__copied = document.activeElement.value; })")
    tab.click(button)
    assert tab.value("window.__copied") == wanted
    assert tab.value("document.getElementById('copied').textContent") == f"copied: {wanted}"


def test_a_proposed_rule_is_copied_line_by_line_and_named(tab: Tab) -> None:
    rule = RUN.metrics["discovered_rules"][0]
    tab.value("document.addEventListener('copy', event => { window.__copied = document.activeElement.value; })")
    tab.click("document.querySelector('.proposal[open] button[data-named]')")
    assert tab.value("window.__copied") == rule["yaml"]
    assert tab.value("document.getElementById('copied').textContent") == f"copied: rule {rule['id']}"


def test_a_link_to_a_finding_that_is_not_in_the_page_says_so(browser: Tab, report: str) -> None:
    browser.open("about:blank")
    browser.open(f"{report}#KV203-0123456789abcdef")
    assert browser.value("document.getElementById('missing-finding').hidden") is False
    assert "KV203-0123456789abcdef" in browser.value("document.getElementById('missing-finding').textContent")
    browser.open("about:blank")
    browser.open(report)
    assert browser.value("document.getElementById('missing-finding').hidden") is True


@pytest.mark.parametrize("mode", ["slider", "difference", "blink"])
def test_two_pictures_are_laid_over_each_other_on_demand(tab: Tab, mode: str) -> None:
    press = f"document.querySelector('.pair button[data-mode={mode}]')"
    stage = "document.querySelector('.pair .stage')"
    assert tab.value(f"{stage}.hidden") is True
    tab.click(press)
    assert tab.value(f"{stage}.querySelectorAll('img').length") == 2
    assert tab.value(f"{press}.getAttribute('aria-pressed')") == "true"
    if mode == "blink":
        tab.wait_for(f"{stage}.querySelector('img.away') !== null")
    elif mode == "difference":
        assert tab.value(f"getComputedStyle({stage}.lastElementChild).mixBlendMode") == "difference"
    else:
        slider = "document.querySelector('.pair input[type=range]')"
        tab.value(f"{slider}.focus()")
        tab.press("ArrowRight")
        assert tab.value(f"{stage}.lastElementChild.style.clipPath") == "inset(0px 49% 0px 0px)"
    tab.click("document.querySelector('.pair button[data-mode=beside]')")
    assert tab.value(f"{stage}.hidden") is True


def test_a_pair_lies_side_by_side_and_one_below_the_other_on_a_telephone(browser: Tab, report: str) -> None:
    boxes = (
        "[...document.querySelector('.pair').querySelectorAll('figure')].map(one => one.getBoundingClientRect())"
        ".map(box => [Math.round(box.x), Math.round(box.y), box.width / innerWidth])"
    )
    browser.open("about:blank")
    browser.open(report, width=1440)
    (left_x, left_y, share), (right_x, right_y, _) = browser.value(boxes)
    assert (left_y == right_y, right_x > left_x, 0.3 < share < 0.5) == (True, True, True)
    browser.open("about:blank")
    browser.open(report, width=390)
    (left_x, left_y, share), (right_x, right_y, _) = browser.value(boxes)
    assert (left_x == right_x, right_y > left_y, share > 0.7) == (True, True, True)


@pytest.mark.parametrize("check", ["KV401", "KV350", "KV203"])
def test_a_link_to_a_finding_opens_it_and_brings_it_into_view_below_the_bar(
    browser: Tab, report: str, check: str
) -> None:
    finding = max((f for f in RUN.findings if f.check == check), key=lambda f: f.score or 0)
    browser.open("about:blank")
    browser.open(f"{report}#{finding.check}-{finding.key}")
    place = f"document.getElementById('{finding.check}-{finding.key}')"
    card = f"({place}.closest('article.card') || {place})"
    below = "document.querySelector('.bar').getBoundingClientRect().bottom"
    browser.wait_for(
        f"{card}.getBoundingClientRect().top >= {below} && {card}.getBoundingClientRect().top < innerHeight"
    )
    assert browser.value(f"{place}.closest('details').open") is True


def test_dark_pages_have_dark_paper_and_light_ink_in_charts_too(browser: Tab, report: str) -> None:
    def lightness(what: str) -> float:
        red, green, blue = (int(part) for part in browser.value(f"{what}.match(/\\d+/g).slice(0, 3)"))
        return 0.3 * red + 0.6 * green + 0.1 * blue

    browser.open("about:blank")
    browser.open(report, dark=True)
    draw_all(browser)
    assert lightness("getComputedStyle(document.body).backgroundColor") < 60
    assert lightness("getComputedStyle(document.querySelector('[data-plot] text')).fill") > 180


def test_a_dark_page_prints_dark_on_light(browser: Tab, small_report: str) -> None:
    browser.open("about:blank")
    browser.open(small_report, dark=True)
    assert len(browser.call("Page.printToPDF", 240)["data"]) > 50_000
    browser.value("window.dispatchEvent(new Event('beforeprint'))")
    browser.wait_for(ALL_DRAWN)
    assert browser.value("getComputedStyle(document.querySelector('[data-plot] text')).fill") == "rgb(0, 0, 0)"


@pytest.mark.parametrize(
    ("dark", "rules"), [(False, ""), (True, ", runOnly: ['color-contrast']")], ids=["light", "dark"]
)
def test_nothing_bars_a_reader_who_cannot_see_or_use_a_mouse(
    browser: Tab, small_report: str, dark: bool, rules: str
) -> None:
    """Dark pages differ in their colours alone."""
    browser.open("about:blank")
    browser.open(small_report, dark=dark)
    draw_all(browser)
    browser.value("document.querySelectorAll('details').forEach(details => { details.open = true; })")
    browser.value(files("axe_core_python").joinpath("axe.min.js").read_text(encoding="utf-8") + "; 0")
    found = browser.value(
        f"axe.run(document, {{resultTypes: ['violations']{rules}}}).then(done => done.violations.map("
        "found => `${found.impact} ${found.id}: ${found.nodes[0].html}`))",
    )
    assert found == []


def test_keys_lead_from_a_finding_to_its_film_strip_and_along_it(tab: Tab) -> None:
    finding = "document.querySelector('#KV417 article.card a[href=\"#strip-2\"]')"
    strip = "document.getElementById('strip-2')"
    assert tab.value(f"{strip}.open") is False
    tab.value(f"{finding}.focus()")
    tab.press("Enter")
    tab.wait_for(f"{strip}.open")
    tab.value(f"{strip}.querySelector('.scroll').focus()")
    tab.press("ArrowRight")
    tab.wait_for(f"{strip}.querySelector('.scroll').scrollLeft > 0")
    pictures = f"[...{strip}.querySelectorAll('thead th img')].map(one => one.getBoundingClientRect().top)"
    assert len(set(tab.value(pictures))) == 1, "all frames stand in one line"
    tab.value("(s => { s.value = 'KV417'; s.dispatchEvent(new Event('change')); })"
              "(document.getElementById('filter-check'))")  # fmt: skip
    assert tab.value("document.getElementById('groups').hidden") is True


def test_an_outline_lies_on_its_place_in_the_picture(tab: Tab) -> None:
    tab.value("document.querySelectorAll('details').forEach(details => { details.open = true; })")
    frame = "document.querySelector('#KV360 .frame:has(rect.line)')"
    tab.value(f"{frame}.scrollIntoView()")
    tab.wait_for(f"{frame}.querySelector('img').complete")
    picture, line = (
        tab.value(
            f"(box => [box.x, box.y, box.width, box.height])({frame}.querySelector({what}).getBoundingClientRect())"
        )
        for what in ("'img'", "'rect.line'")
    )
    assert picture[2] == pytest.approx(picture[3], abs=1), "the sample picture is a square, whatever its place is"
    left, top = ((line[n] - picture[n]) / picture[n + 2] for n in (0, 1))
    assert (left, top) == (pytest.approx(0.1, abs=0.02), pytest.approx(0.75, abs=0.02))
    assert line[2] / picture[2] == pytest.approx(0.2, abs=0.03)
    assert line[1] + line[3] <= picture[1] + picture[3] + 1


def test_the_filter_hides_charts_and_other_checks_and_lives_in_the_address(tab: Tab, report: str) -> None:
    choose = (
        "(s => { s.value = 'KV360'; s.dispatchEvent(new Event('change')); })(document.getElementById('filter-check'))"
    )
    tab.value(choose)
    shown = f"[...new Set({VISIBLE}.map(one => one.dataset.check))]"
    assert tab.value(shown) == ["KV360"]
    assert tab.value("document.getElementById('data').hidden") is True
    assert tab.value("[...document.querySelectorAll('ul.outcomes > li')].filter(one => !one.hidden).length") == 1
    assert tab.value("location.hash") == "#show:check=KV360"
    tab.open("about:blank")
    tab.open(f"{report}#show:check=KV360&severity=warning")
    assert tab.value(shown) == ["KV360"]
    assert tab.value("document.getElementById('filter-severity').value") == "warning"
    tab.value("document.querySelector('.filter').reset()")
    tab.wait_for(f"{VISIBLE}.length === {ROWS}.length")
    assert tab.value("document.getElementById('data').hidden") is False


def test_a_choice_says_how_many_findings_it_leaves(tab: Tab) -> None:
    option = "[...document.getElementById('filter-check').options].find(one => one.value === 'KV360')"
    number = tab.value(f"{ROWS}.filter(row => row.dataset.check === 'KV360').length")
    assert tab.value(f"{option}.textContent") == f"KV360 ({number})"


def test_a_picture_opens_in_full_size_and_the_arrows_lead_to_the_next(tab: Tab) -> None:
    tab.value("document.querySelector('#blockers article.card button.open:has(img)').focus()")
    tab.press("Enter")
    dialog = "document.querySelector('dialog.lightbox')"
    tab.wait_for(f"{dialog}.open")
    first = tab.value(f"{dialog}.querySelector('[role=status]').textContent")
    tab.press("ArrowRight")
    assert tab.value(f"{dialog}.querySelector('[role=status]').textContent") != first
    tab.press("ArrowLeft")
    assert tab.value(f"{dialog}.querySelector('[role=status]').textContent") == first
    tab.press("Escape")
    tab.wait_for(f"!{dialog}.open")
    assert tab.value("document.activeElement.className").startswith("open")


def test_all_checks_stand_in_lines_that_fit_the_window(tab: Tab, report: str) -> None:
    for width in (390, 1440):
        tab.open("about:blank")
        tab.open(report, width=width)
        tab.value("document.querySelector('#outcomes > details').open = true")
        assert tab.value(
            "[...document.querySelectorAll('ul.outcomes .line')].every(one => one.scrollWidth <= innerWidth)"
        )
        assert tab.value("document.querySelectorAll('ul.outcomes > li').length") == len(RUN.outcomes)


def test_every_blocking_finding_is_printed(tab: Tab) -> None:
    tab.value("document.querySelectorAll('#blockers details').forEach(one => { one.open = false; })")
    tab.value("window.dispatchEvent(new Event('beforeprint'))")
    assert tab.value("[...document.querySelectorAll('#blockers details.check')].every(one => one.open)")


def test_without_the_drawing_library_a_chart_is_its_numbers(tab: Tab, report: str, tmp_path: Path) -> None:
    page = Path(unquote(urlsplit(report).path)).read_text(encoding="utf-8")
    bundle = f"<script>{asset('vendor/plotly-cartesian.min.js')}</script>"
    assert page.count(bundle) == 1
    (tmp_path / "light.html").write_text(page.replace(bundle, ""), encoding="utf-8")
    tab.open((tmp_path / "light.html").as_uri())
    charts = "[...document.querySelectorAll('section.chart:has([data-plot])')]"
    assert tab.value(f"{charts}.length") > 3
    assert tab.value(f"{charts}.every(chart => chart.querySelector('details.numbers').open)")
    assert tab.value("[...document.querySelectorAll('[data-plot]')].every(plot => plot.offsetParent === null)")
    assert tab.events_named("Log.entryAdded", "Runtime.exceptionThrown") == []


def test_without_scripts_the_findings_can_still_be_read(tab: Tab, report: str) -> None:
    tab.call("Emulation.setScriptExecutionDisabled", value=True)
    try:
        tab.open(report)
        root = tab.call("DOM.getDocument", depth=0)["root"]["nodeId"]
        rows = tab.call("DOM.querySelectorAll", nodeId=root, selector="article.card")["nodeIds"]
        assert len(rows) > 50
    finally:
        tab.call("Emulation.setScriptExecutionDisabled", value=False)
