"""Tests of the report's HTML: complete, bounded, the same every time, and deaf to hostile texts."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from plotly.offline import get_plotlyjs_version

from kvqa_audit.model import GroupPlace, ImageGroups, OutcomeStatus
from kvqa_audit.release.changes import FindingChanges
from kvqa_audit.release.gate import judge
from kvqa_audit.report.pictures import budget_for
from kvqa_audit.spec.release import Release
from tests.report_samples import HOSTILE, JPEG, page_of, sample_run, with_cases


class Elements(HTMLParser):
    """Collects what a browser would see: elements with their attributes, and the text outside of scripts."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self._inside = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        self._inside = tag

    def handle_endtag(self, tag: str) -> None:
        self._inside = ""

    def handle_data(self, data: str) -> None:
        if self._inside not in ("script", "style"):
            self.text.append(data)


@pytest.fixture(scope="module")
def page() -> str:
    return page_of(sample_run())


@pytest.fixture(scope="module")
def elements(page: str) -> Elements:
    return Elements(page)


def test_the_plotly_bundle_has_the_version_of_the_installed_plotly(page: str) -> None:
    assert page.count(f"plotly.js (cartesian - minified) v{get_plotlyjs_version()}") == 1


@pytest.mark.parametrize(
    ("told_by", "known", "said"),
    [("patient", 72, "72 images of 20 groups ·"), ("", 36, "72 images of about 40 examinations (known for 36 images)")],
)
def test_the_first_screen_says_of_how_many_groups_the_images_are(told_by: str, known: int, said: str) -> None:
    run = sample_run(images=60)
    places = {f"i{n}": (GroupPlace(f"examination {n % 20}"),) for n in range(known)}
    groups = ImageGroups(told_by, places)
    page = page_of(replace(run, metrics={**run.metrics, "image_groups": groups.as_json()}))
    assert said in page


def test_it_is_the_same_every_time(page: str) -> None:
    assert page == page_of(sample_run())


def test_it_has_no_scripts_but_its_own(elements: Elements) -> None:
    scripts = [attributes for tag, attributes in elements.found if tag == "script"]
    data = [{"type": "application/json", "id": name} for name in ("figures", "deciding-data")]
    assert scripts == [*data, *[{}] * 8]


def test_no_attribute_runs_or_loads_anything(elements: Elements) -> None:
    for tag, attributes in elements.found:
        assert not [name for name in attributes if name.startswith("on")], (tag, attributes)
        assert (attributes.get("src") or "data:").startswith("data:image/") or "src" not in attributes
        link = attributes.get("href")
        assert link is None or link.startswith(("#", "data:,")) or re.fullmatch(r"[a-z]+\.[a-z]+", link), link


def test_hostile_texts_are_shown_as_text(elements: Elements) -> None:
    text = "".join(elements.text)
    for hostile in (HOSTILE[0], HOSTILE[1], HOSTILE[2], HOSTILE[3], HOSTILE[6], HOSTILE[10][:26]):
        assert hostile in text


def test_control_direction_and_surrogate_characters_are_spelt_out(page: str) -> None:
    before_the_scripts = page.split("<script", 1)[0]
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]", before_the_scripts)
    page.encode("utf-8")
    assert r"nul \u0000 bell \u0007 surrogate \ud800 end" in page
    assert r"\u202egnp.exe" in page


def test_long_texts_are_cut_and_say_so(page: str) -> None:
    assert "(10,000 characters)" in page
    assert "long " * 100 not in page


def test_the_figures_cannot_leave_their_script_element(page: str) -> None:
    text = page.split('id="figures">', 1)[1].split("</script>", 1)[0]
    assert not set("<>&") & set(text)
    labels = [f["label"] for f in json.loads(text)["answers"]]
    assert HOSTILE[1] in labels


def test_the_verdict_is_said_in_words_first(elements: Elements) -> None:
    text = " ".join("".join(elements.text).split())
    sentence = judge(sample_run().outcomes, sample_run().findings, Release()).sentence
    order = (sentence, "findings of", "Looked at", "Decided", "Changed", "Next", "What blocks a release",
             "What is worth a look", "Not checked", "What the data look like", "All 11 checks")  # fmt: skip
    assert [text.index(words) for words in order] == sorted(text.index(words) for words in order)


@pytest.mark.parametrize("outcome", sample_run().outcomes, ids=lambda outcome: outcome.code)
def test_every_outcome_has_a_card_and_a_reason_where_it_has_one(elements: Elements, outcome) -> None:  # type: ignore[no-untyped-def]
    assert sum(attributes.get("id") == outcome.code for _, attributes in elements.found) == 1
    if outcome.outcome is OutcomeStatus.SKIPPED:
        assert outcome.reason in "".join(elements.text)


def test_every_id_is_unique_and_every_inner_link_has_its_target(elements: Elements) -> None:
    ids = [attributes["id"] for _, attributes in elements.found if "id" in attributes]
    assert len(ids) == len(set(ids))
    links = {str(a["href"])[1:] for t, a in elements.found if t == "a" and str(a["href"]).startswith("#")}
    assert links <= set(ids)


def test_a_cut_list_says_how_many_there_are_and_where(elements: Elements) -> None:
    text = " ".join("".join(elements.text).split())
    assert "11 more findings are not on this page: all are in findings.csv" in text


def test_no_more_than_two_thousand_findings_are_in_the_page() -> None:
    run = sample_run(images=5, findings_per_check=30)
    outcome, findings = run.outcomes[1], [f for f in run.findings if f.check == run.outcomes[1].code]
    many = replace(
        run,
        outcomes=tuple(replace(outcome, code=f"KV0{n}") for n in range(150)),
        findings=tuple(
            replace(f, check=f"KV0{n}", key=f"{n:08x}{m:08x}") for n in range(150) for m, f in enumerate(findings)
        ),
        pairs=(),
    )
    shown = [a for tag, a in Elements(page_of(many)).found if tag in ("tr", "article") and "data-severity" in a]
    assert len(shown) == 2_000


def test_a_missing_picture_is_a_placeholder_that_says_so() -> None:
    page = page_of(sample_run(), picture=b"<html>not a picture</html>")
    assert "picture not available" in page
    assert "<img" not in page


@pytest.mark.parametrize(("images", "most"), [(555, 6_000_000), (6_500, 12_000_000)])
def test_pictures_do_not_make_the_page_heavy(images: int, most: int) -> None:
    run = with_cases(sample_run(images=images, findings_per_check=images // 2))
    page = page_of(run, picture=JPEG + b"\x00" * 30_000)
    sources = [str(a["src"]) for tag, a in Elements(page).found if tag == "img" and "src" in a]
    assert sum(map(len, sources)) <= budget_for(len(run.fingerprints)).characters
    assert len(page.encode()) < most
    assert images > 555 or "picture left out to keep this page small" in page


def test_without_pictures_the_page_is_light() -> None:
    run = with_cases(sample_run(images=6_500, findings_per_check=60))
    page = page_of(run, picture=b"", missing="left out on request")
    assert len(page.encode()) < 3_000_000


def test_a_picture_stands_in_the_page_once(elements: Elements) -> None:
    images = [a for tag, a in elements.found if tag == "img"]
    held = {a["id"] for a in images if "src" in a and "id" in a}
    again = [a["data-same"] for a in images if "data-same" in a]
    assert again
    assert set(again) <= held


def test_an_audit_without_anything_still_gives_a_page() -> None:
    run = sample_run()
    bare = replace(run, outcomes=(), findings=(), pairs=(), fingerprints=(), profile=(), metrics={}, stages=(), docs={})
    page = page_of(bare)
    assert "No warnings." in page
    assert "plotly.js" not in page


def test_what_is_new_since_the_baseline_is_named_and_marked() -> None:
    run = sample_run()
    shown_one = next(f for f in run.findings if f.check == "KV203")
    since = FindingChanges(new=(shown_one,), resolved=run.findings[:3], still_open=run.findings[5:9])
    page = page_of(replace(run, metrics={**run.metrics, "baseline": since.record("r0", "2026-01-01T00:00:00+00:00")}))
    words = page[page.index("Since the audit of 1 January 2026") : page.index("<dt>Next</dt>")]
    assert "<b>1 new</b> (1 of them errors), <b>3 resolved</b>, 4 still open" in words
    assert f'href="#{shown_one.check}-{shown_one.key}"' in words
    assert page.count('<span class="pill new">new</span>') == 1
    assert "Since the audit" not in page_of(run)


STUDIED = ("baselines", "association", "row_order", "stereotypes", "stability", "discovered_rules", "answer_forms",
           "overlays", "split_proposal")  # fmt: skip
PLACES = ("chart-guessing", "chart-shortcuts", "chart-row-order", "listing-stereotypes", "listing-stability",
          "proposals", "listing-forms", "detectors", "listing-splits")  # fmt: skip


def test_every_metric_has_its_place_in_the_page(elements: Elements) -> None:
    ids = {attributes.get("id") for _, attributes in elements.found}
    assert set(PLACES) <= ids


@pytest.mark.parametrize(("metric", "place"), list(zip(STUDIED, PLACES, strict=True)))
def test_a_metric_that_an_older_audit_lacks_leaves_only_its_part_out(metric: str, place: str) -> None:
    run = sample_run(images=5, findings_per_check=2)
    page = page_of(replace(run, metrics={name: value for name, value in run.metrics.items() if name != metric}))
    ids = {attributes.get("id") for _, attributes in Elements(page).found}
    assert set(PLACES) - ids == {place}


def test_what_is_copied_of_a_proposed_rule_is_its_yaml(elements: Elements) -> None:
    copied = [a["data-copy"] for tag, a in elements.found if tag == "button" and "data-named" in a]
    wanted = [rule["yaml"] for rule in sample_run().metrics["discovered_rules"][:20]]
    assert copied
    assert len(copied) < len(wanted)
    assert set(copied) <= set(wanted)
