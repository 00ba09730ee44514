"""Makes a large Parquet table and has the command line judge it in parts; prints seconds, processor time and memory.

    python tests/benches/bench_table_in_parts.py [ROWS …] [--kind usual|wrong|different] [--memory-mb 1000]

In the usual table one image in a thousand breaks a rule, and some cells are blank. With `wrong` every row breaks
several rules; with `different` every row has an answer of its own. The memory is that of all processes at once; making
the table is not counted.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from peak_memory import PeakMemory

ROWS_AT_ONCE = 500_000
NAMES = ("wet", "many", "colour", "shape", "place", "size", "light", "kind", "note")
SOURCES = ("near", "far", "above", "below")
ANSWERS = {"wet": ["yes", "no"], "many": [str(number) for number in range(6)]}
OTHERS = ["red", "green", "blue", "round", "flat", "left", "right", "small", "large", "none"]


def description() -> dict[str, dict[str, object]]:
    """The files of a description, by name."""

    def question(name: str) -> dict[str, object]:
        kind = {"wet": "yes/no", "many": "numerical count"}.get(name, "single choice")
        words = {"yes/no": "polar", "single choice": "words"}.get(kind)
        return {"text": f"What about the {name}?", "name": name, "type": kind} | (
            {"vocabulary": words} if words else {}
        )

    dataset = {
        "name": "large",
        "rows": 1,
        "images": 1,
        "sources": {name: {"images": 1} for name in SOURCES},
        "vocabularies": {"polar": {"answers": ANSWERS["wet"]}, "words": {"answers": OTHERS}},
        "questions": [question(name) for name in NAMES],
    }
    promises = [
        {
            "id": "answered",
            "why": "Most are.",
            "whole_dataset": False,
            "type": "expect_column_values_to_not_be_in_set",
            "kwargs": {"column": "answer", "value_set": [""], "mostly": 0.99},
        },
        {
            "id": "images",
            "why": "Each source has some.",
            "whole_dataset": False,
            "table": "images_per_source",
            "type": "expect_column_min_to_be_between",
            "kwargs": {"column": "images", "min_value": 1},
        },
    ]
    rules = [{"id": "dry", "level": "hard", "why": "What is dry is none.", "when": "wet = 'no'", "must": "many < 5"}]
    return {"dataset": dataset, "promises": {"promises": promises}, "rules": {"rules": rules}}


def write_table(path: Path, rows: int, kind: str) -> None:
    rng = np.random.default_rng(1)
    names = ("source", "question", "answer", "img_id", "split")
    with pq.ParquetWriter(path, pa.schema([(name, pa.string()) for name in names]), compression="zstd") as writer:
        for start in range(0, rows, ROWS_AT_ONCE):
            number = np.arange(start, min(start + ROWS_AT_ONCE, rows))
            image, asked = number // len(NAMES), number % len(NAMES)
            padding = " " if kind == "wrong" else ""
            given = rng.integers(0, 1 << 30, len(number))
            answers = [
                _answer(NAMES[q], i, n) for q, i, n in zip(asked.tolist(), image.tolist(), given.tolist(), strict=True)
            ]
            if kind == "different":
                answers = [f"{answer} {n}" for answer, n in zip(answers, number.tolist(), strict=True)]
            columns = (
                [SOURCES[one % 4] for one in image.tolist()],
                [f"What about the {NAMES[q]}?{padding}" for q in asked.tolist()],
                [padding + answer for answer in answers],
                [f"image-{one:09d}{padding}" for one in image.tolist()],
                ["test" if one % 10 == 0 else "train" for one in image.tolist()],
            )
            writer.write_table(pa.table(dict(zip(names, columns, strict=True))))


def _answer(name: str, image: int, drawn: int) -> str:
    if drawn % 5_000 == 0:
        return ""
    if name == "wet":
        return "no" if image % 1_000 == 0 else "yes"
    return str(5 if image % 1_000 == 0 else drawn % 5) if name == "many" else OTHERS[drawn % len(OTHERS)]


def judge(rows: int, kind: str, memory_mb: int, jobs: int) -> str:
    with tempfile.TemporaryDirectory(prefix="kvqa-bench-") as name:
        folder = Path(name)
        write_table(folder / "table.parquet", rows, kind)
        for part, described in description().items():
            (folder / f"{part}.yaml").write_text(json.dumps(described))
        command = [sys.executable, "-m", "kvqa_audit", "check", str(folder / "table.parquet"), "--json"]
        command += ["--spec", str(folder), "--in-parts", str(folder / "out")]
        command += ["--memory-mb", str(memory_mb), "--jobs", str(jobs)]
        started, before = time.perf_counter(), _processor_seconds()
        with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
            memory = PeakMemory(process.pid, 0.5)
            memory.start()
            told = process.communicate()[0]
            memory.running = False
        seconds, processor = time.perf_counter() - started, _processor_seconds() - before
        if process.returncode not in (0, 1):
            raise SystemExit(f"the command ended with exit code {process.returncode}")
        record = json.loads(told)
        on_disk = sum(pq.read_metadata(path).num_rows for path in (folder / "out" / "findings").iterdir())
        told_of = sum(one["violations"] for one in record["checks"])
        megabytes = (folder / "table.parquet").stat().st_size / 1e6
    return (
        f"{rows:,} rows ({kind}, {megabytes:,.0f} MB) in {record['parts']:,} parts: {seconds:,.0f} s, "
        f"{processor:,.0f} s of processor time, {memory.peak_mb:,.0f} MB in all processes; {told_of:,} findings "
        f"told, {on_disk:,} on disk; load {os.getloadavg()[0]:.1f}"
    )


def _processor_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rows", nargs="*", type=int, default=[50_000_000])
    parser.add_argument("--kind", choices=["usual", "wrong", "different"], default="usual")
    parser.add_argument("--memory-mb", type=int, default=1_000)
    parser.add_argument("--jobs", type=int, default=2)
    given = parser.parse_args()
    for rows in given.rows:
        print(judge(rows, given.kind, given.memory_mb, given.jobs), flush=True)


if __name__ == "__main__":
    main()
