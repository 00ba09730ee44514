"""As JSON a comparison is complete; as Markdown and on a terminal it is cut, says so, and obeys no text of the data."""

from __future__ import annotations

import json
import re

import pytest

from kvqa_audit.compare.as_html import as_html
from kvqa_audit.compare.as_json import as_json
from kvqa_audit.compare.as_markdown import as_markdown, escaped
from kvqa_audit.compare.comparison import compare_audits
from kvqa_audit.console.comparison import print_comparison
from kvqa_audit.model import Finding, Severity
from tests.report_samples import HOSTILE
from tests.unit.compare.samples import finished, image

BEFORE = [("Polyps", "Q", "yes" if n % 2 else "no", f"i{n}") for n in range(80)]
AFTER = [("Polyps", "Q", "yes" if n % 8 else HOSTILE[0], f"i{n}") for n in range(80)]
FINDINGS = [Finding("KV008", Severity.ERROR, f"{n}: {HOSTILE[n % 12]}", f"i{n}", "Q", "x") for n in range(45)]
TOLD = compare_audits(
    finished(BEFORE, [image(f"i{n}", brightness=float(n)) for n in range(80)], [FINDINGS[44]]),
    finished(AFTER, [image(f"i{n}", brightness=float(n + 60)) for n in range(79)], FINDINGS),
)


def test_json_holds_everything() -> None:
    record = json.loads(as_json(TOLD, 1))
    assert (len(record["rows"]["changed"]), record["rows"]["unchanged"]) == (40, 40)
    assert record["rows"]["changed"][0].keys() == {"img_id", "question", "before", "after", "spelling_only"}
    assert (len(record["findings"]["new"]), len(record["findings"]["still_open"])) == (44, 1)
    assert record["findings"]["new"][0].keys() >= {"key", "check", "severity", "message", "evidence"}
    assert record["images"]["removed"] == ["i79"]
    (cell,) = record["answers"]
    assert cell["notable"]
    assert cell["moved"]["answer"] == "no"
    assert {one["measure"]: one["notable"] for one in record["image_measures"] if one["source"] is None} == {
        "width": False, "height": False, "size_bytes": False, "brightness": True,
    }  # fmt: skip
    assert (record["exit_code"], record["same_data"], record["schema_version"]) == (1, False, 1)


def test_markdown_is_cut_says_so_and_shows_hostile_text_as_text() -> None:
    text = as_markdown(TOLD)
    assert "**44 new, 0 resolved and 1 still open findings.**" in text
    assert "20 of 44 shown" in text
    assert "## Answers changed (40)" in text
    assert "Answers distributed otherwise (1)" in text
    assert "Images look otherwise (2)" in text
    assert not re.search(r"<(script|img|a|br|b)\b", text)
    tables = [line for line in text.splitlines() if line.startswith("|")]
    assert len({line.replace("\\|", "").count("|") for line in tables if "KV008" in line}) == 2


@pytest.mark.parametrize(
    "text", ["a | b", "[x](http://y)", "**b** _c_ `d`", "<b>&amp;", "# head", "line\nbreak", "@all"]
)
def test_escaped_markdown_has_no_syntax_left(text: str) -> None:
    assert not re.search(r"(?<!\\)[|\[\]*_`#@<>]|\n", escaped(text))


def test_escaped_markdown_makes_no_links_and_stays_readable() -> None:
    assert escaped("see: http://x.y, www.x.y :tada: done") == "see: http\\://x.y, www\\.x.y \\:tada: done"


def test_terminal_obeys_nothing_and_says_what_is_cut(capsys: pytest.CaptureFixture[str]) -> None:
    print_comparison(TOLD, 1)
    told = capsys.readouterr().out
    assert "44 new, 0 resolved and 1 still open findings." in told
    assert "… 10 of 44 shown; --format json gives all" in told
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f\u202a-\u202e]", told)


def test_page_of_equal_audits_says_that_nothing_changed() -> None:
    run = finished(BEFORE, [image("i0")], [FINDINGS[0]])
    page = as_html(compare_audits(run, run), 0)
    assert "Nothing changed in the data: 0 new, 0 resolved and 1 still open findings." in page
    assert "<table" not in page
