"""JSON may escape half a character, which no other format can hold: it is read as written, told, and left as it is."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from tests.functional.conftest import Program

HALF = r"a\ud800 b\udc00\ud800 \\ud800 😀\ud83d\ude00"
READ = r"a\ud800 b\udc00\ud800 \ud800 😀😀"
RECORD = '{"question": "What is it?", "answer": "%s", "img_id": "%s"}'
DOCUMENTS = {
    "all.json": "[%s, %s]",
    "under.json": '{"rows": [%s, %s]}',
    "all.jsonl": "%s\n%s\n",
}


@pytest.fixture(params=DOCUMENTS)
def source(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    (tmp_path / "data").mkdir()
    records = (RECORD % (HALF, r"x\udfff"), RECORD % ("  yes ", "y"))
    (tmp_path / "data" / request.param).write_text(DOCUMENTS[request.param] % records, encoding="utf-8")
    return tmp_path / "data"


def rows(path: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = pq.read_table(path).to_pylist()
    return found


def test_half_a_character_is_read_as_written_and_told(program: Program, source: Path) -> None:
    out = source.parent / "out"
    done = program("run", source, "--subset", "--table-only", "--out", out, "-q")
    assert done.returncode in (0, 1)
    assert next((row["answer"], row["img_id"]) for row in rows(out / "answers.parquet")) == (READ, r"x\udfff")
    told = [row["message"] for row in rows(out / "findings.parquet") if row["check"] == "KV002"]
    assert told == ["4 escapes are half a character, such as \\ud83d without its other half; read as they are written"]
    assert json.loads((out / "audit.json").read_text())["dataset"]["rows"] == 2


def test_a_correction_leaves_half_a_character_in_the_file(program: Program, source: Path) -> None:
    corrections, out = source.parent / "corrections.csv", source.parent / "out"
    corrections.write_text("img_id,question,answer\ny,What is it?,no\n")
    done = program("fix", source, "--subset", "--table-only", "--out", out, "--corrections", corrections, "-q")
    assert done.returncode in (0, 1), done.stderr
    (path,) = (out / next(source.iterdir()).name,)
    assert path.read_text(encoding="utf-8") == next(source.iterdir()).read_text(encoding="utf-8").replace(
        "  yes ", "no"
    )
