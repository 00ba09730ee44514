"""An estimate comes in; it goes out as text for a terminal of 80 columns, with its assumptions."""

from __future__ import annotations

import os

from kvqa_audit.console.terminal import console, plain, print_rows, say
from kvqa_audit.pipeline.estimate import ALL_PAIRS_MAX, LISTED, MAX_PAIRS_AN_IMAGE, Estimate

FEW_IMAGES, FEW_ROWS = 200, 1_000
_WORDS = {
    "start": ("start", "nothing"),
    "images": ("look at the images", "images"),
    "search": ("seek duplicates", "images^2, above 20,000 images^1.5"),
    "pairs": ("verify pairs", "candidate pairs"),
    "rows": ("judge the table", "rows"),
}


def print_plan(estimate: Estimate, source: str) -> None:
    """What is done and how long it takes, what is read and kept, and what all of this rests on."""
    one, screen = estimate.measured, console()
    screen.print(f"{estimate.images:,} images and {estimate.rows:,} rows", style="bold")
    say(f"of {source}; tried here: {one.images:,} images and {one.rows:,} rows")
    screen.print()
    rows = [(_WORDS[name][0], _time(seconds), _WORDS[name][1]) for name, seconds in estimate.parts.items()]
    rows.append(("all", _time(estimate.processor_seconds), ""))
    print_rows(("what", "processor", "grows with"), rows)
    cores = os.cpu_count() or 1
    screen.print()
    for words in (
        f"processor hours:      about {estimate.processor_seconds / 3_600:,.2f}, on this machine ({cores} cores) "
        f"{_time(estimate.processor_seconds / cores)}",
        f"bytes read:           {_size(estimate.bytes_read)}",
        f"memory:               about {estimate.memory_mb:,.0f} MB",
        f"candidate pairs:      about {estimate.pairs:,}",
    ):
        screen.print(plain(words))
    screen.print()
    screen.print("Assumptions", style="bold")
    few = one.images < FEW_IMAGES or one.rows < FEW_ROWS
    for words in (
        *(["Little was tried: what an image or a row takes is hardly told from chance."] if few else []),
        "The images and rows that were not tried are like those that were, and any two images are as likely to be a "
        f"candidate pair as two of these; there are never more than {MAX_PAIRS_AN_IMAGE} an image.",
        f"The search takes what it took at 10,000 made-up pictures (up to {ALL_PAIRS_MAX:,} images) and at {LISTED:,} "
        "look-alikes (beyond), on the machine of the benchmarks.",
        "No image is known from an earlier run, no text in pictures is read (--ocr), and the report is not counted.",
        "All fingerprints and rows fit into the memory of one machine.",
    ):
        screen.print(plain(f"- {words}"))


def _time(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.1f} s"
    return f"{seconds / 60:.1f} min" if seconds < 5_400 else f"{seconds / 3_600:,.1f} h"


def _size(count: float) -> str:
    for unit in ("bytes", "kB", "MB", "GB"):
        if count < 1_000:
            return f"{count:,.0f} {unit}"
        count /= 1_000
    return f"{count:,.1f} TB"
