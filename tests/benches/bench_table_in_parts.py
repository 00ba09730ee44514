"""Makes a table of free questions and judges it in parts; prints seconds, processor time and the largest memory.

    python tests/benches/bench_table_in_parts.py [ROWS] [--wrong] [--memory-mb 1000]

With --wrong every row breaks several rules. Counted is the resident memory of the largest process, and how many may
work at once.
"""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from kvqa_audit.engine.local import LocalPool
from kvqa_audit.pipeline.judge_in_parts import judge_in_parts
from kvqa_audit.spec.dataset_spec import Columns, DatasetSpec

ROWS_AT_ONCE, ROWS_AN_IMAGE, PROCESSES = 500_000, 9, 2
SPEC = DatasetSpec(name="any", rows=0, images=0, columns=Columns(source=None), other_questions="free text")


def write_table(path: Path, rows: int, *, wrong: bool) -> None:
    names = ("question", "answer", "img_id", "split")
    with pq.ParquetWriter(path, pa.schema([(name, pa.string()) for name in names]), compression="zstd") as writer:
        for start in range(0, rows, ROWS_AT_ONCE):
            number = np.arange(start, min(start + ROWS_AT_ONCE, rows))
            image, asked = number // ROWS_AN_IMAGE, number % ROWS_AN_IMAGE
            padding = " " if wrong else ""
            columns = (
                [f"What is at place {place} of the picture?{padding}" for place in asked],
                [f"{padding}thing {thing}" for thing in (number * 7919) % 1000],
                [f"image-{one:09d}{padding}" for one in image],
                ["test" if one % 10 == 0 else "train" for one in image],
            )
            writer.write_table(pa.table(dict(zip(names, columns, strict=True))))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rows", nargs="?", type=int, default=50_000_000)
    parser.add_argument("--wrong", action="store_true")
    parser.add_argument("--memory-mb", type=int, default=1_000)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        table, out = Path(name) / "table.parquet", Path(name) / "out"
        write_table(table, given.rows, wrong=given.wrong)
        started = time.perf_counter()
        with LocalPool(PROCESSES) as pool:
            judged = judge_in_parts(table, SPEC, out, pool=pool, memory_mb=given.memory_mb)
        seconds = time.perf_counter() - started
        on_disk = sum(pq.read_metadata(path).num_rows for path in judged.folder.iterdir())
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    processor = sum(one.ru_utime + one.ru_stime for one in used)
    largest = max(one.ru_maxrss for one in used) / 1024
    print(
        f"{judged.table.rows:,} rows in {judged.table.parts:,} parts: {seconds:,.0f} s, {processor:,.0f} s of "
        f"processor time with making the table, largest process {largest:,.0f} MB of {PROCESSES + 2}; "
        f"{sum(judged.counts.values()):,} findings told, {on_disk:,} on disk"
    )


if __name__ == "__main__":
    main()
