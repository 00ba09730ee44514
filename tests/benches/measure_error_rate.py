"""Prints how often the interval of a random sample covers the truth: simulated reviews of planted answers.

Run from the checkout: python tests/benches/measure_error_rate.py [reviews]
"""

from __future__ import annotations

import sys

from kvqa_audit.release.sample import draw, error_rate
from kvqa_audit.release.sample_unit import Unit
from tests.unit.release.test_sample import audit, looked_at, planted

STRATA = {
    "nine equal strata, 5 % wrong": {(source, question): (600, 0.05) for source in "abc" for question in "xyz"},
    "unequal strata, 1 % to 90 % wrong": {("a", "x"): (4_000, 0.01), ("b", "x"): (800, 0.3), ("b", "y"): (120, 0.9)},
    "3 wrong in 1,000": {("a", "x"): (4_500, 0.003), ("b", "y"): (500, 0.0)},
    "nothing wrong": {("a", "x"): (4_500, 0.0), ("b", "y"): (300, 0.0)},
    "a question for each row, 8 % wrong": {("a", f"question {number}"): (1, 0.08) for number in range(5_000)},
    "mostly wrong": {("a", "x"): (3_000, 0.97), ("b", "x"): (1_500, 0.5)},
}


def main(reviews: int) -> None:
    """One line a kind of data and a number of answers looked at."""
    print(f"{'data':36} {'looked at':>9} {'covered':>8} {'mean width':>10}")
    for name, strata in STRATA.items():
        for number in (50, 200, 500):
            covered, width = 0, 0.0
            for seed in range(reviews):
                rows = planted(strata, seed)
                run = audit(rows)
                found = error_rate(run, [looked_at(one) for one in draw(run, number, seed)], seed, Unit.ANSWERS)
                truth = sum(row[2] == "wrong" for row in rows) / len(rows)
                if found is not None:
                    covered += found.wrong.low <= truth <= found.wrong.high
                    width += found.wrong.high - found.wrong.low
            print(f"{name:36} {number:9,} {covered / reviews:8.1%} {width / reviews:10.3f}", flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 200)
