"""What other programs read is valid, complete or says what was cut, and obeys nothing that stands in the data."""

from __future__ import annotations

import dataclasses
import json
import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import jsonschema
import pytest

from kvqa_audit.model import (
    AuditRun,
    CheckDoc,
    CheckOutcome,
    Finding,
    FindingStatus,
    OutcomeStatus,
    Severity,
    with_keys,
)
from kvqa_audit.outputs.badge import badge_svg, badge_words
from kvqa_audit.outputs.file_positions import table_file
from kvqa_audit.outputs.github import github_annotations
from kvqa_audit.outputs.junit import junit_xml
from kvqa_audit.outputs.sarif import sarif_log
from kvqa_audit.outputs.summary_md import markdown_text, summary_markdown
from kvqa_audit.release.gate import judge
from kvqa_audit.spec.release import Release
from tests.report_samples import HOSTILE, sample_run

RUN = sample_run()
VERDICT = judge(RUN.outcomes, RUN.findings, Release(required=["KV020"]))
# What stands in the xUnit plugin's junit-10 schema about the elements that are used here.
JUNIT: dict[str, tuple[set[str], set[str], set[str]]] = {
    # element: (required attributes, other attributes, children)
    "testsuites": (set(), {"name", "time", "tests", "failures", "errors"}, {"testsuite"}),
    "testsuite": (
        {"name", "tests", "failures", "errors"},
        {"time", "skipped", "timestamp", "hostname", "id", "package"},
        {"properties", "testcase", "system-out", "system-err"},
    ),
    "properties": (set(), set(), {"property"}),
    "property": ({"name", "value"}, set(), set()),
    "testcase": ({"name"}, {"time", "classname"}, {"skipped", "error", "failure", "system-out", "system-err"}),
    "failure": (set(), {"type", "message"}, set()),
    "error": (set(), {"type", "message"}, set()),
    "skipped": (set(), {"type", "message"}, set()),
    "system-out": (set(), set(), set()),
}


def run_with(*findings: Finding, location: str = "/nowhere", rows: int = 100) -> AuditRun:
    numbers = {code: sum(f.check == code for f in findings) for code in dict.fromkeys(f.check for f in findings)}
    outcomes = tuple(
        CheckOutcome(code, "odd", Severity.ERROR, OutcomeStatus.FAILED, evaluated=rows, violations=number)
        for code, number in numbers.items()
    )
    return dataclasses.replace(
        RUN,
        outcomes=outcomes,
        findings=with_keys(findings),
        docs={code: CheckDoc("Odd.", "It is odd.", "Make it even.", "rows") for code in numbers},
        dataset=dataclasses.replace(RUN.dataset, location=location, rows=rows),
    )


def sarif_of(run: AuditRun, **options: Any) -> dict[str, Any]:
    log = json.loads(sarif_log(run, **options))
    jsonschema.validate(log, SARIF, cls=jsonschema.Draft202012Validator)
    (only,) = log["runs"]
    return dict(only)


def test_junit_has_one_testcase_a_check_and_follows_the_schema() -> None:
    root = ElementTree.fromstring(junit_xml(RUN, VERDICT))
    for element in root.iter():
        required, others, children = JUNIT[element.tag]
        assert required <= set(element.attrib) <= required | others, element.tag
        assert {child.tag for child in element} <= children, element.tag
    checks, release = root
    cases = checks.findall("testcase")
    assert [case.get("name", "").split()[0] for case in cases] == [o.code for o in RUN.outcomes]
    assert len(release.findall("testcase/failure")) == 1
    for suite in root:
        for attribute, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
            assert int(suite.get(attribute, "")) == len(suite.findall(f"testcase/{tag}"))
        assert re.fullmatch(r"\d+\.\d{3}", suite.get("time", ""))
    assert int(root.get("tests", "")) == len(RUN.outcomes) + 1


def test_junit_tells_every_kind_of_outcome_by_its_own_element() -> None:
    root = ElementTree.fromstring(junit_xml(RUN, VERDICT))
    blocking = {outcome.code for outcome in VERDICT.blockers}
    seen = set()
    for outcome, case in zip(RUN.outcomes, root.iter("testcase"), strict=False):
        tags = [child.tag for child in case]
        if outcome.code == "KV020":
            assert tags == ["failure"], "a required check that was skipped fails"
        elif outcome.outcome is OutcomeStatus.PASSED:
            assert tags == []
        elif outcome.outcome is OutcomeStatus.FAILED:
            assert tags == (["failure"] if outcome.code in blocking else ["system-out"])
        else:
            assert tags == ["error" if outcome.outcome is OutcomeStatus.ERRORED else "skipped"]
        seen.update(tags)
    assert seen == {"failure", "system-out", "error", "skipped"}


def test_junit_holds_no_character_that_xml_forbids() -> None:
    text = junit_xml(RUN, VERDICT).decode("utf-8")
    assert not re.search(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff\u202a-\u202e]", text)


def test_junit_says_how_many_findings_it_shows() -> None:
    run = run_with(*(Finding("KV008", Severity.ERROR, f"m{n}", img_id=f"i{n}") for n in range(50)))
    root = ElementTree.fromstring(junit_xml(run, judge(run.outcomes, run.findings, Release())))
    text = root.findtext("testsuite/testcase/failure") or ""
    assert "20 of 50 shown; findings.csv holds all" in text
    assert sum(line.split()[-1].startswith("m") for line in text.splitlines()) == 20


@pytest.mark.parametrize(("number", "cut"), [(20, False), (21, True)])
def test_junit_says_nothing_of_a_cut_where_it_shows_all(number: int, cut: bool) -> None:
    run = run_with(*(Finding("KV008", Severity.ERROR, f"m{n}", img_id=f"i{n}") for n in range(number)))
    text = junit_xml(run, judge(run.outcomes, run.findings, Release())).decode()
    assert ("findings.csv holds all" in text) == cut


def text_of(limit: int = 20_000) -> dict[str, Any]:
    return {"type": "string", "minLength": 1, "maxLength": limit}


MESSAGE = {"type": "object", "required": ["text"], "additionalProperties": False, "properties": {"text": text_of()}}
LOCATION = {
    "type": "object",
    "required": ["physicalLocation"],
    "additionalProperties": False,
    "properties": {
        "id": {"type": "integer", "minimum": 0},
        "message": MESSAGE,
        "physicalLocation": {
            "type": "object",
            "required": ["artifactLocation"],
            "additionalProperties": False,
            "properties": {
                "artifactLocation": {
                    "type": "object",
                    "properties": {"uri": {"type": "string", "pattern": r"^[A-Za-z0-9._~%/-]+$"}},
                    "additionalProperties": False,
                },
                "region": {
                    "type": "object",
                    "properties": {"startLine": {"type": "integer", "minimum": 1}},
                    "additionalProperties": False,
                },
            },
        },
        "logicalLocations": {"type": "array", "uniqueItems": True},
    },
}
# What the standard says about the parts that are used here; nothing else may be written.
SARIF = {
    "type": "object",
    "required": ["$schema", "version", "runs"],
    "additionalProperties": False,
    "properties": {
        "$schema": {"type": "string"},
        "version": {"const": "2.1.0"},
        "runs": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["tool", "results"],
                "additionalProperties": False,
                "properties": {
                    "tool": {"type": "object", "required": ["driver"]},
                    "automationDetails": {"type": "object"},
                    "columnKind": {"enum": ["utf16CodeUnits", "unicodeCodePoints"]},
                    "properties": {"type": "object"},
                    "invocations": {
                        "type": "array",
                        "items": {
                            "type": "object",
                            "required": ["executionSuccessful"],
                            "properties": {
                                "startTimeUtc": {"pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$"},
                                "toolExecutionNotifications": {"items": {"required": ["message"]}},
                            },
                        },
                    },
                    "results": {
                        "type": "array",
                        "maxItems": 5_000,
                        "items": {
                            "type": "object",
                            "required": ["ruleId", "message", "locations", "partialFingerprints"],
                            "additionalProperties": False,
                            "properties": {
                                "ruleId": text_of(),
                                "ruleIndex": {"type": "integer", "minimum": 0},
                                "level": {"enum": ["error", "warning", "note"]},
                                "message": MESSAGE,
                                "locations": {"type": "array", "minItems": 1, "items": LOCATION},
                                "relatedLocations": {"type": "array", "uniqueItems": True, "items": LOCATION},
                                "occurrenceCount": {"type": "integer", "minimum": 1},
                                "partialFingerprints": {"additionalProperties": {"type": "string"}},
                                "suppressions": {"type": "array"},
                                "properties": {"type": "object"},
                            },
                        },
                    },
                },
            },
        },
    },
}


def test_sarif_has_one_result_a_check_and_question_with_all_findings_counted() -> None:
    log = sarif_of(RUN)
    groups = {(f.check, f.question, f.status) for f in RUN.findings}
    assert len(log["results"]) == len(groups)
    assert sum(result["occurrenceCount"] for result in log["results"]) == len(RUN.findings)
    ids = [rule["id"] for rule in log["tool"]["driver"]["rules"]]
    assert all(ids[result["ruleIndex"]] == result["ruleId"] for result in log["results"])
    levels = [result["level"] for result in log["results"] if "suppressions" not in result]
    assert levels == sorted(levels, key=["error", "warning", "note"].index)
    assert log["invocations"][0]["executionSuccessful"] is False, "one check crashed"


def test_sarif_cuts_the_least_severe_and_says_so() -> None:
    findings = [Finding("KV404", Severity.INFO, "rare", question=f"q{n}") for n in range(5_100)]
    findings += [Finding("KV008", Severity.ERROR, "bad", question=f"q{n}") for n in range(20)]
    log = sarif_of(run_with(*findings))
    assert len(log["results"]) == 5_000
    assert sum(result["ruleId"] == "KV008" for result in log["results"]) == 20
    told = [n["message"]["text"] for n in log["invocations"][0]["toolExecutionNotifications"]]
    assert told == [
        "5,000 of 5,120 results are told, errors first; 120 results with 120 findings were cut. findings.csv holds all."
    ]
    assert log["properties"]["groups_cut"] == 120


def test_sarif_alert_stays_the_same_when_one_finding_goes() -> None:
    findings = [Finding("KV008", Severity.ERROR, "bad", img_id=f"i{n}", question="q") for n in range(3)]
    (before,) = sarif_of(run_with(*findings))["results"]
    (after,) = sarif_of(run_with(*findings[1:]))["results"]
    first, second = before["partialFingerprints"], after["partialFingerprints"]
    assert first["primaryLocationLineHash"] == second["primaryLocationLineHash"]
    assert first["findingKeys/v1"] != second["findingKeys/v1"]
    (shuffled,) = sarif_of(run_with(*reversed(findings)))["results"]
    assert shuffled["partialFingerprints"] == first


@pytest.mark.parametrize(("number", "words"), [(1, "m0"), (3, "m0; m1; m2"), (4, "m0; m1; m2; 1 more")])
def test_sarif_message_tells_three_and_how_many_more(number: int, words: str) -> None:
    findings = [Finding("KV008", Severity.ERROR, f"m{n}", img_id=f"i{n}", question="q") for n in range(number)]
    (result,) = sarif_of(run_with(*findings))["results"]
    assert result["message"]["text"].endswith(f" about the question q: {words}")
    assert result["occurrenceCount"] == number


def test_sarif_suppresses_what_somebody_decided_about() -> None:
    opened = Finding("KV008", Severity.ERROR, "bad", img_id="a", question="q")
    waived = dataclasses.replace(opened, img_id="b", status=FindingStatus.WAIVED)
    first, second = sarif_of(run_with(opened, waived))["results"]
    assert "suppressions" not in first
    assert second["suppressions"] == [{"kind": "external", "status": "accepted"}]


def test_lines_are_those_of_the_file_even_where_cells_hold_line_breaks(tmp_path: Path) -> None:
    path = tmp_path / "metadata.csv"
    path.write_text('source,question,answer,img_id\nA,q,"two\nlines",a\n\nA,q,no,b\nA,q,yes,c\n', encoding="utf-8")
    finding = Finding("KV008", Severity.ERROR, "bad", row=1)
    table = table_file(run_with(finding, location=str(tmp_path), rows=3))
    assert list(table.lines or ()) == [2, 5, 6]
    assert (table.path, table.line_of(finding)) == ("metadata.csv", 5)
    changed = table_file(run_with(finding, location=str(path), rows=4))
    assert changed.line_of(finding) == 3, "another file than the audited one tells no lines"


def test_path_is_the_one_seen_from_the_current_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "data set").mkdir()
    (tmp_path / "data set" / "metadata.csv").write_text("source,question,answer,img_id\nA,q,a,i\n")
    monkeypatch.chdir(tmp_path)
    run = run_with(Finding("KV008", Severity.ERROR, "bad", row=0), location="data set", rows=1)
    assert table_file(run).path == "data set/metadata.csv"
    (result,) = sarif_of(run)["results"]
    assert result["locations"][0]["physicalLocation"] == {
        "artifactLocation": {"uri": "data%20set/metadata.csv"},
        "region": {"startLine": 2},
    }


def test_row_of_a_parquet_file_has_no_line(tmp_path: Path) -> None:
    (tmp_path / "rows.parquet").write_bytes(b"PAR1")
    finding = Finding("KV008", Severity.ERROR, "bad", row=0)
    for location in (tmp_path, tmp_path / "rows.parquet"):
        (result,) = sarif_of(run_with(finding, location=str(location)))["results"]
        assert "region" not in result["locations"][0]["physicalLocation"]


def test_annotations_are_ten_a_kind_and_say_what_was_cut() -> None:
    findings = [Finding("KV008", Severity.ERROR, "bad", question=f"q{n}", row=n) for n in range(13)]
    findings += [Finding("KV010", Severity.WARNING, "meh", question="q")]
    findings += [Finding("KV404", Severity.INFO, "fyi", question=f"q{n}") for n in range(12)]
    run = run_with(*findings)
    lines = github_annotations(run, judge(run.outcomes, run.findings, Release())).splitlines()
    kinds = [line.split(" ", 1)[0] for line in lines]
    assert (kinds.count("::error"), kinds.count("::warning"), kinds.count("::notice")) == (10, 1, 10)
    assert lines[0] == "::error file=metadata.csv,line=2,title=KV008 q0::bad"
    assert lines[-1].endswith("Not shown here: 3 of 13 errors, 3 of 12 notices; findings.csv holds all.")


@pytest.mark.parametrize("text", [*HOSTILE, "a\n::error::b", "100%,x:y%0A::stop-commands::z"])
def test_no_text_of_the_data_becomes_a_command(text: str) -> None:
    run = run_with(Finding("KV008", Severity.ERROR, text, question=text))
    told = github_annotations(run, judge(run.outcomes, run.findings, Release()))
    assert len(told.splitlines()) == 2
    first = told.splitlines()[0]
    properties, message = re.fullmatch(r"::error (file=[^,:]+,line=\d+,title=[^,:]*)::(.*)", first).groups()  # type: ignore[union-attr]
    for part in (properties, message):
        assert not re.search(r"%(?!25|0D|0A|3A|2C)", part)
        assert not re.search(r"[\x00-\x1f\x7f\u202a-\u202e\u2028]", part)


def test_waived_findings_are_not_annotated() -> None:
    run = run_with(Finding("KV008", Severity.ERROR, "bad", status=FindingStatus.WAIVED))
    told = github_annotations(run, judge(run.outcomes, run.findings, Release()))
    assert "::error" not in told


def test_summary_tells_verdict_reasons_counts_and_changes() -> None:
    baseline = {"new": 3, "resolved": 2, "still_open": 1, "reopened": 0, "date": "2026-01-02T03:04:05"}
    run = dataclasses.replace(RUN, metrics={**RUN.metrics, "baseline": baseline})
    text = summary_markdown(run, VERDICT)
    assert text.startswith("**kvqa-audit: incomplete**\n")
    assert VERDICT.sentence in text
    for outcome in VERDICT.blockers:
        assert outcome.code in text
    assert "**What changed since 2026-01-02**: 3 new, 2 resolved, 1 still open, 0 reopened." in text
    assert "http" not in summary_markdown(run_with(Finding("KV008", Severity.ERROR, "bad")), VERDICT)


def test_summary_counts_open_findings_and_waived_ones_apart() -> None:
    bad = Finding("KV008", Severity.ERROR, "bad", img_id="a")
    waived = dataclasses.replace(bad, img_id="b", status=FindingStatus.WAIVED)
    note = Finding("KV402", Severity.INFO, "lopsided", question="q")
    run = run_with(bad, waived, note)
    text = summary_markdown(run, judge(run.outcomes, run.findings, Release()))
    assert (
        "| errors | warnings | notes | waived | blocking |\n|---:|---:|---:|---:|---:|\n| 1 | 0 | 1 | 1 | 1 |" in text
    )


@pytest.mark.parametrize(("reasons", "more"), [(8, None), (9, "- … 1 more; the report lists all")])
def test_summary_cuts_a_long_list_and_says_so(reasons: int, more: str | None) -> None:
    verdict = dataclasses.replace(VERDICT, blockers=(), reasons=tuple(f"reason {n}" for n in range(reasons)))
    told = [line for line in summary_markdown(RUN, verdict).splitlines() if line.startswith(("- reason", "- …"))]
    assert (len(told), told[-1]) == (8 + (more is not None), more or "- reason 7")


def test_revision_cannot_end_the_code_marks_around_it() -> None:
    run = dataclasses.replace(RUN, dataset=dataclasses.replace(RUN.dataset, revision="v1` <b>x</b> `"))
    (line,) = [line for line in summary_markdown(run, VERDICT).splitlines() if "revision" in line]
    assert "revision `v1' <b>x</b> '`" in line


@pytest.mark.parametrize("text", [*HOSTILE, "1. a", "- a", "# a", "@someone #12", "www.x.org https://x.org", "a|b"])
def test_text_of_the_data_stays_text_in_markdown(text: str) -> None:
    safe = markdown_text(text)
    assert "\n" not in safe
    bare = safe.replace("<!-- -->", "")
    assert not re.search(r"[<>]", bare)
    assert not re.search(r"(?<!\\)[`*_\[\]|~$]", bare)
    assert not re.search(r"@(?!<!-- -->)|#(?=\d)(?!<!-- -->)", safe)
    assert not re.match(r"[-+=#]|\d+[.)]", safe)
    assert not re.search(r"(?<!\\)://", bare)
    assert "www." not in bare


@pytest.mark.parametrize(
    ("outcome", "severity", "words"),
    [
        (OutcomeStatus.PASSED, None, "ready"),
        (OutcomeStatus.FAILED, Severity.WARNING, "ready, 1 to look at"),
        (OutcomeStatus.FAILED, Severity.ERROR, "not ready: 1 reason"),
        (OutcomeStatus.ERRORED, None, "incomplete"),
    ],
)
def test_badge_says_the_verdict_and_loads_nothing(
    outcome: OutcomeStatus, severity: Severity | None, words: str
) -> None:
    outcomes = [CheckOutcome("KV008", "odd", Severity.ERROR, outcome, "why", evaluated=9, violations=1)]
    verdict = judge(outcomes, [Finding("KV008", severity, "bad")] if severity else [], Release())
    assert badge_words(verdict) == words
    svg = badge_svg(RUN, verdict)
    root = ElementTree.fromstring(svg)
    assert words in "".join(root.itertext())
    assert "href" not in svg
    assert svg.count("http") == 1, "the name of the SVG vocabulary alone"


def test_rows_have_lines_in_one_text_file_and_in_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "qa.tsv").write_text("question\tanswer\timg_id\nq\ta\ti\n")
    (tmp_path / "qa.json").write_text("[]")
    run = run_with(Finding("KV008", Severity.ERROR, "bad", row=0), location=str(tmp_path), rows=1)
    found = {}
    for tables in (("qa.tsv",), ("qa.json",), ("qa.tsv", "qa.json")):
        table = table_file(dataclasses.replace(run, dataset=dataclasses.replace(run.dataset, tables=tables)))
        found[tables] = (table.path, None if table.lines is None else list(table.lines))
    assert found == {
        ("qa.tsv",): ("qa.tsv", [2]),
        ("qa.json",): ("qa.json", None),
        ("qa.tsv", "qa.json"): (tmp_path.name, None),
    }
