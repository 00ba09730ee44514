"""What came of several audits comes in; one table of them goes out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kvqa_audit.console.terminal import STYLES, console, plain, print_rows

if TYPE_CHECKING:
    from kvqa_audit.pipeline.publish import Published

_WORDS = {0: "ready", 1: "not ready", 3: "incomplete"}
_COLOURS = {0: STYLES["passed"], 1: STYLES["failed"]}


@dataclass(frozen=True, slots=True)
class Result:
    """What came of an audit: it was published, or there was an error.

    `out` is the folder with its files, while they are told of; `url` is where they went to, "" where they stay there.
    """

    dataset: str
    exit_code: int
    published: Published | None = None
    out: Path | None = None
    report_url: str = ""
    error: str = ""
    url: str = ""

    @property
    def word(self) -> str:
        return _WORDS.get(self.exit_code, "failed") if self.published else "failed"

    @property
    def place(self) -> str:
        """The folder or the URL of its files."""
        return self.url or str(self.out)

    def record(self) -> dict[str, Any]:
        """The result as JSON values."""
        verdict = self.published.verdict if self.published else None
        return {
            "dataset": self.dataset,
            "exit_code": self.exit_code,
            "verdict": self.word,
            "sentence": verdict.sentence if verdict else None,
            "blocking": verdict.tally.total.blocking if verdict else None,
            "new": self._new(),
            "report": f"{self.place}/report.html" if self.out and verdict else None,
            "error": self.error or None,
        }

    def _new(self) -> int | None:
        """How many findings are new since the baseline, or, without one, since the run before it in the store."""
        if self.published is None:
            return None
        baseline, stored = self.published.run.metrics.get("baseline"), self.published.stored
        new = baseline["new"] if baseline else stored.new if stored else None
        return None if new is None else int(new)


def print_results(results: Sequence[Result]) -> None:
    """A line a dataset: its verdict, how many findings block and are new, and its report or, in short, what went wrong.

    What went wrong was said in full as it happened.
    """
    rows, styles = [], []
    for result in results:
        told = result.record()
        numbers = ("-" if told[name] is None else f"{told[name]:,}" for name in ("blocking", "new"))
        rows.append(
            (plain(result.dataset), result.word, *numbers, plain(result.error.partition(". ")[0] or told["report"]))
        )
        styles.append(_COLOURS.get(result.exit_code, STYLES["errored"]))
    console().print()
    print_rows(
        ("dataset", "verdict", "block", "new", "report"),
        rows,
        numbers=("block", "new"),
        whole=("verdict",),
        styles=styles,
    )
