"""Descriptions and decisions from strangers: faults are told with their place and exit code 2, and nothing is run."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.functional.conftest import Program

ROWS = "answer,img_id,question\n2,i1,How many?\n" + "word word word word word word word word end,i2,What?\n"
PROMISE = "promises:\n  - {id: P, why: w, whole_dataset: false, type: "
RULE = "rules:\n  - {id: R, level: hard, why: w, when: 'n >= 0', must: '"
OF_ROWS = "expect_table_row_count_to_be_between, kwargs: {min_value: 0"
REGEX = "expect_column_values_to_match_regex, kwargs: {column: answer, regex: "


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a table in `data` and its description in `spec`."""
    for name in ("data", "spec"):
        (tmp_path / name).mkdir()
    (tmp_path / "data" / "metadata.csv").write_text(ROWS)
    (tmp_path / "spec" / "dataset.yaml").write_text(
        "name: x\nrows: 2\nimages: 2\ncolumns: {source: null}\nother_questions: free text\n"
        "questions: [{name: n, text: 'How many?', type: numerical count}]\n"
    )
    return tmp_path


def judged(program: Program, folder: Path, *more: str) -> tuple[int, str]:
    ran = program("run", "data", "--spec", "spec", "--table-only", "--out", "out", "-q", *more, cwd=folder)
    assert "Traceback" not in ran.stderr
    return ran.returncode, ran.stderr


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        (
            "promises",
            f"{PROMISE}{OF_ROWS}, row_condition: \"@pd.io.common.os.system('touch CANARY')==0\"}}}}",
            "line 2, .*'@'",
        ),
        ("promises", f"{PROMISE}{OF_ROWS}, row_condition: \"__import__('os').mkdir('CANARY')\"}}}}", "line 2, .*'[.]'"),
        (
            "promises",
            f"{PROMISE}{OF_ROWS}, max_value: {{$PARAMETER: up}}}}}}",
            "line 2, key promises.0.kwargs.max_value",
        ),
        ("promises", f"{PROMISE}expect_column_kl_divergence_to_be_less_than}}", "line 2, key promises.0.type"),
        ("promises", f"{PROMISE}{REGEX}'(?=(w+))*x'}}}}", "line 2, key promises.0.kwargs.regex: .*linear"),
        ("rules", f"{RULE}n in ({','.join(map(str, range(60_000)))})'}}", "line 2, key rules.0.must: .*at most 100000"),
        ("rules", f"{RULE}{'abs(' * 400}n{')' * 400} >= 0'}}", "line 2, rule R, must: is nested too deeply"),
        ("rules", f"{RULE}{'case when n > 0 then ' * 400}true{' end' * 400}'}}", "line 2, rule R, must: is nested"),
        ("rules", f"{RULE}{'n + ' * 60_000}n >= 0'}}", "line 2, key rules.0.must: .*at most 100000"),
        ("rules", f"{RULE}read_text(''/etc/hostname'') is null'}}", "line 2, rule R, must: the function read_text"),
        ("release", "fail_on: !!bool foo", "line 1: the tag !!bool"),
        (
            "release",
            "fail_on: error\nlimits: {KV001: {share: .nan}}",
            "line 2, key limits.KV001.share: .nan is no finite",
        ),
        ("release", "fail_on: error\nlimits: {KV001: {count: 0x" + "f" * 50 + "}}", "line 2, .* is beyond 64 bits"),
    ],
)
def test_a_hostile_description_ends_with_2(program: Program, folder: Path, name: str, text: str, message: str) -> None:
    canary = folder / "canary"
    (folder / "spec" / f"{name}.yaml").write_text(text.replace("CANARY", str(canary)))
    code, said = judged(program, folder)
    assert code == 2
    assert re.search(rf"spec/{name}\.yaml, {message}", said), said
    assert not canary.exists()


@pytest.mark.parametrize("value", ["!!timestamp foo", "2026-13-01", "[" * 40 + "]" * 40, "&a [*a]", ".nan", "1e400"])
def test_a_hostile_decisions_file_ends_with_2(program: Program, folder: Path, value: str) -> None:
    (folder / "data" / "decisions.yaml").write_text(f"decisions:\n  - when: {value}\n")
    code, said = judged(program, folder)
    assert code == 2
    assert re.search(r"decisions\.yaml, line 2", said), said


def test_a_pattern_that_backtracks_is_judged(program: Program, folder: Path) -> None:
    (folder / "spec" / "promises.yaml").write_text(f"{PROMISE}{REGEX}'(\\w+\\s?)+\\$X$'}}}}")
    code, said = judged(program, folder)
    assert (code, said.count("\n")) == (1, 1)
    assert "Not ready: 1 check found defects that block" in said
