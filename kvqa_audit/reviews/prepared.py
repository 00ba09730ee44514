"""An item of a prepared run comes in; its sheet goes out, without the audit that it was made of."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from kvqa_audit.regular_file import open_regular_file
from kvqa_audit.store.review_records import Item

SHEETS = "review.jsonl"


def sheet_of(folder: Path, one: Item) -> dict[str, Any]:
    """What a person is shown of an item, as `sheets_of` made it.

    Raises:
        OSError, ValueError: the files of its run are gone, or damaged.
    """
    with open_regular_file(folder / SHEETS) as file:
        file.seek(one.place)
        told: dict[str, Any] = json.loads(file.read(one.size))
    return told
