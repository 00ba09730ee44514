"""Prints the seconds of each part of the annotation audit, promises and pictures left out, on one table.

Usage: python tests/benches/bench_answers.py TABLE.csv
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from kvqa_audit.answers.association import associations
from kvqa_audit.answers.baselines import majority_baselines
from kvqa_audit.answers.cells import answer_cells
from kvqa_audit.answers.discovery import discovered_rules
from kvqa_audit.answers.distributions import describe
from kvqa_audit.answers.order_of_ids import id_order_tests
from kvqa_audit.answers.rules import judge_rules
from kvqa_audit.answers.stability import label_stability
from kvqa_audit.answers.stereotypes import stereotypes
from kvqa_audit.answers.suspicion import rank_suspicious_answers
from kvqa_audit.contracts.row_schema import check_rows
from kvqa_audit.ingest.table import read_csv_table
from kvqa_audit.model import DuplicatePair, ImageFingerprint, Tier
from kvqa_audit.spec.load import load_spec

T = TypeVar("T")
COPIES = 300


def timed(name: str, work: Callable[[], T]) -> tuple[T, float]:
    """Runs once, imports included, and prints the seconds on the clock and those of all threads of this process."""
    started, worked = time.perf_counter(), time.process_time()
    result = work()
    seconds = time.perf_counter() - started
    print(f"{seconds:7.3f} s  {time.process_time() - worked:7.3f} s of processors  {name}")
    return result, seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("table", type=Path)
    spec = load_spec()
    table = read_csv_table(parser.parse_args().table, spec.columns)
    frame = table.frame
    ids = sorted(set(frame["img_id"]) - {""})
    images = [
        ImageFingerprint(img_id, img_id, 9_000 + n % 999, None, width=500 + n % 9, height=500, brightness=n % 97)
        for n, img_id in enumerate(ids)
    ]
    pairs = [
        DuplicatePair(left, right, Tier.NEAR, 6, 0.97, "identity", left)
        for left, right in zip(ids[0 : 2 * COPIES : 2], ids[1 : 2 * COPIES : 2], strict=True)
    ]
    print(f"{len(frame):,} rows, {len(ids):,} images, {len(pairs)} made-up pairs of copies")
    first = sum(
        timed(name, work)[1]
        for name, work in (
            ("row contract", lambda: check_rows(table, spec)),
            ("distributions", lambda: describe(frame, spec)),
            ("rules", lambda: judge_rules(frame, spec)),
        )
    )
    cells, seconds = timed("canonical cells", lambda: answer_cells(frame, spec))
    parts: tuple[tuple[str, Callable[[], object]], ...] = (
        ("row order", lambda: id_order_tests(cells)),
        ("stereotypes", lambda: stereotypes(cells)),
        ("discovered rules", lambda: discovered_rules(cells, spec)),
        ("baselines", lambda: majority_baselines(cells, {})),
        ("associations", lambda: associations(cells, images)),
        ("label stability", lambda: label_stability(cells, pairs, spec)),
    )
    total = seconds + sum(timed(name, work)[1] for name, work in parts)
    copies = [(pair.left, pair.right) for pair in pairs]
    ranking = timed("suspicious answers", lambda: rank_suspicious_answers(frame, spec, copies))[1]
    print(f"{first + total + ranking:7.3f} s  the annotation audit without its promises")


if __name__ == "__main__":
    main()
