"""The same findings, some of them waived, are counted through every output: all tell the same numbers."""

from __future__ import annotations

import csv
import json
import re
import shutil
from collections import Counter
from pathlib import Path
from xml.etree import ElementTree

import pyarrow.parquet as pq
import pytest

from kvqa_audit.demo import DemoTruth
from tests.functional.conftest import Program

WAIVED = ("KV005", "KV007")


@pytest.fixture(scope="module")
def told(
    program: Program, audited: Path, drawn: tuple[Path, DemoTruth], tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, str, Path, Path]:
    """An audit with waived findings: its folder, what the terminal said, its store, and its dataset."""
    folder = tmp_path_factory.mktemp("numbers")
    dataset, decisions = folder / "dataset", folder / "dataset" / "decisions.yaml"
    shutil.copytree(drawn[0], dataset)
    checks = [part for code in WAIVED for part in ("--check", code)]
    arguments = ("--update", *checks, "--add", "accepted", "--reason", "it is known", "--who", "Ada")
    done = program("review", audited, "--decisions", decisions, *arguments, "--expires", "2999-12-31", "--yes")
    assert done.returncode == 0, done.stderr
    store = folder / "runs.sqlite"
    run = program("run", dataset, "--subset", "--out", folder / "out", "--store", store, "--also", "summary,junit")
    assert run.returncode == 1, run.stderr
    return folder / "out", run.stdout, store, dataset


def counted(out: Path) -> dict[str, int]:
    """Errors, warnings, notes and waived findings, one by one in findings.csv."""
    with (out / "findings.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    opened = Counter(row["severity"] for row in rows if row["status"] == "open")
    return {
        "errors": opened["error"],
        "warnings": opened["warning"],
        "notes": opened["info"],
        "waived": sum(row["status"] == "waived" for row in rows),
    }


def in_words(numbers: dict[str, int]) -> str:
    words = [
        f"{numbers[kind]:,} {kind if numbers[kind] != 1 else kind[:-1]}" for kind in ("errors", "warnings", "notes")
    ]
    return ", ".join([*words, f"{numbers['waived']:,} waived"])


def test_every_output_tells_the_same_numbers(program: Program, told: tuple[Path, str, Path, Path]) -> None:
    out, terminal, store, _ = told
    numbers = counted(out)
    assert min(numbers.values()) > 0
    record = json.loads((out / "audit.json").read_text())["verdict"]["findings"]
    assert {kind: record[kind] for kind in numbers} == numbers
    stored = pq.read_table(out / "findings.parquet", columns=["status"])["status"].to_pylist()
    assert stored.count("waived") == numbers["waived"]
    assert f"findings: {in_words(numbers)};" in " ".join(terminal.split())
    (run,) = json.loads(program("runs", "--store", store, "--json").stdout)
    assert [run[name] for name in ("errors", "warnings", "notices", "waived")] == list(numbers.values())
    program("index", out, "--out", out.parent / "index.html")
    assert f": {in_words(numbers)}." in (out.parent / "index.html").read_text()
    table = "| " + " | ".join(f"{number:,}" for number in record.values()) + " |"
    assert table in (out / "summary.md").read_text()
    junit = ElementTree.parse(out / "junit.xml")
    properties = {one.get("name"): one.get("value") for one in junit.iter("property")}
    assert {kind: int(properties[f"findings.{kind}"] or -1) for kind in record} == record
    report = (out / "report.html").read_text()
    assert f"{record['blocking']:,} findings of" in report
    assert f"{numbers['waived']:,} findings accepted or judged to be no defect" in report
    verdict = json.loads(program("gate", out, "--json").stdout)
    assert verdict["findings"] == record


def test_each_check_blocks_with_the_same_number_everywhere(
    program: Program, told: tuple[Path, str, Path, Path]
) -> None:
    out, terminal, _, _ = told
    record = json.loads((out / "audit.json").read_text())
    with (out / "findings.csv").open(newline="", encoding="utf-8") as file:
        opened = Counter(
            row["check"] for row in csv.DictReader(file) if row["status"] == "open" and row["severity"] == "error"
        )
    blocked = {code: opened[code] for code in record["verdict"]["blockers"]}
    assert len(blocked) > 5
    said = {
        reason.split()[0]: int(re.findall(r": ([\d,]+) of ", reason)[-1]) for reason in record["verdict"]["reasons"]
    }
    assert said == blocked
    lines = " ".join(terminal.split())
    for code, number in blocked.items():
        assert re.search(rf" {number} [^()]*\({re.escape(code)}, of ", lines), code
    gate = program("gate", out).stdout
    for reason in record["verdict"]["reasons"]:
        assert reason in gate


def test_who_waived_what_why_and_until_when_is_told(program: Program, told: tuple[Path, str, Path, Path]) -> None:
    out, _, store, _ = told
    with (out / "findings.csv").open(newline="", encoding="utf-8") as file:
        waived = [row for row in csv.DictReader(file) if row["status"] == "waived"]
    assert {row["check"] for row in waived} == set(WAIVED)
    assert {(row["decision"], row["decided_by"], row["reason"], row["until"]) for row in waived} == {
        ("accepted", "Ada", "it is known", "2999-12-31")
    }
    assert all(re.fullmatch(r"\d{4}-\d{2}-\d{2}", row["decided_at"]) for row in waived)
    summary = (out / "summary.md").read_text()
    assert re.search(r"\| 3 \| KV007 \| accepted \| Ada \| [\d-]+ \| 2999-12-31 \| it is known \|", summary)
    report = (out / "report.html").read_text()
    assert re.search(r"accepted</bdi> by <bdi>Ada</bdi> on [\d-]+, until 2999-12-31: <bdi>it is known</bdi>", report)
    (run,) = json.loads(program("runs", "--store", store, "--json").stdout)
    decisions = [
        (one["number"], one["check"], one["decision"]["decided_by"], one["decision"]["until"]) for one in run["waivers"]
    ]
    assert decisions == [(3, "KV007", "Ada", "2999-12-31"), (1, "KV005", "Ada", "2999-12-31")]
    sentence = r"3 of KV007: accepted by Ada on [\d-]+, until 2999-12-31: it is known"
    assert re.search(sentence, program("runs", "--store", store).stdout)
    program("index", out, "--out", out.parent / "waivers.html")
    page = re.sub(r"<[^>]*>", "", (out.parent / "waivers.html").read_text())
    assert "4 findings waived in the last audit" in page
    assert re.search(sentence, page)
