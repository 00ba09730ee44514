"""A case and what was written about it come in; every row, image and file that is lost without a word goes out."""

from __future__ import annotations

import csv
import io
import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow.parquet as pq

if TYPE_CHECKING:
    from tests.fuzz.case import Case
    from tests.fuzz.process import Outcome

HEADER = "source,question,answer,img_id"


def rows_are_accounted_for(case: Case, _: Outcome) -> list[str]:
    """Each record of the CSV is a row, or a finding tells that a quote swallowed it."""
    expected = _records(case.table.read_bytes())
    rows = json.loads((case.out / "audit.json").read_text())["dataset"]["rows"]
    if expected is None or rows == expected:
        return []
    if rows == expected - 1 and "never closed" in _told(case):
        return []
    return [f"{rows} rows of {expected} records"]


def _records(data: bytes) -> int | None:
    """How many records the library `csv` sees below the header; None where the text is not surely one of commas."""
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return None
    if text.partition("\n")[0].rstrip("\r") != HEADER:
        return None
    csv.field_size_limit(sys.maxsize)
    return sum(bool(record) for record in csv.reader(io.StringIO(text, newline=""))) - 1


def images_are_accounted_for(case: Case, _: Outcome) -> list[str]:
    """Each file in the folder of pictures has a fingerprint, or is told of in a finding; and each row is there."""
    known = {Path(row["path"]).name for row in _rows(case, "fingerprints.parquet")}
    told = _told(case)
    names = [path.name for path in case.images.iterdir() if not path.is_dir()]
    lost = [os.fsencode(name).decode("utf-8", "backslashreplace") for name in names]
    lost = [name for name, raw in zip(lost, names, strict=True) if raw not in known and name not in told]
    return ([f"not accounted for: {lost}"] if lost else []) + rows_are_accounted_for(case, _)


def _told(case: Case) -> str:
    return "\n".join(json.dumps(row, default=str, ensure_ascii=False) for row in _rows(case, "findings.parquet"))


def _rows(case: Case, name: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = pq.read_table(case.out / name, use_threads=False).to_pylist()
    return rows


def copy_is_complete(case: Case, outcome: Outcome) -> list[str]:
    """Each file of the source is in the corrected copy, or its name was said."""
    told = outcome.said + "".join(path.read_text() for path in case.out.glob("changes.*"))
    there = {path.relative_to(case.source) for path in case.source.rglob("*") if not path.is_dir() or path.is_symlink()}
    lost = [
        str(name) for name in there if not os.path.lexists(case.out / name) and " ".join(name.stem.split()) not in told
    ]
    return [f"neither copied nor named: {lost}"] if lost else []
