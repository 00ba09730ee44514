"""The folders of two audits come in; every finding, pair, row, fingerprint and metric in which they differ goes out.

`python tests/benches/compare_audits.py BEFORE AFTER`: exit code 0 where they are equal, 1 where they are not.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

FILES = ("findings", "duplicates", "fingerprints", "profile", "answers")
# What hangs on the run and not on the data.
OF_THE_RUN = ("run_id", "started_at", "finished_at", "stages", "tool")
MAX_SHOWN = 20


def differences(before: Path, after: Path) -> Iterator[str]:
    """One line for each difference, most telling file first."""
    for name in FILES:
        left, right = (pq.read_table(folder / f"{name}.parquet").to_pylist() for folder in (before, after))
        if left == right:
            continue
        gone = [row for row in left if row not in right]
        come = [row for row in right if row not in left]
        yield f"{name}: {len(left)} rows before, {len(right)} after; {len(gone)} gone, {len(come)} new"
        yield from (f"  - {row}"[:300] for row in gone[:MAX_SHOWN])
        yield from (f"  + {row}"[:300] for row in come[:MAX_SHOWN])
    records = [json.loads((folder / "audit.json").read_text(encoding="utf-8")) for folder in (before, after)]
    for record in records:
        for outcome in record["checks"]:
            outcome.pop("seconds")
    yield from _of_values("", *({k: v for k, v in record.items() if k not in OF_THE_RUN} for record in records))


def _of_values(where: str, before: Any, after: Any) -> Iterator[str]:
    if isinstance(before, dict) and isinstance(after, dict):
        for key in sorted({*before, *after}):
            yield from _of_values(f"{where}.{key}", before.get(key), after.get(key))
    elif before != after:
        yield f"audit.json{where}: {str(before)[:120]} before, {str(after)[:120]} after"


if __name__ == "__main__":
    found = list(differences(Path(sys.argv[1]), Path(sys.argv[2])))
    sys.stdout.write("\n".join(found or ["equal findings, pairs, fingerprints, profiles, rows and metrics"]) + "\n")
    sys.exit(bool(found))
