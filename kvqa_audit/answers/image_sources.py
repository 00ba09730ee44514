"""Rows come in; the one source of each image goes out, whatever the order of the rows."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd


def source_of_images(frame: pd.DataFrame) -> dict[str, str]:
    """Image → the source that most of its rows name, blank ones last, then the first by name.

    Args:
        frame: columns img_id and source; rows without an id are left out.
    """
    counts = Counter(zip(frame["img_id"].tolist(), frame["source"].tolist(), strict=True))
    best: dict[str, tuple[bool, int, str]] = {}
    for (img_id, source), rows in counts.items():
        this = (source.strip() == "", -rows, source)
        best[img_id] = min(best.get(img_id, this), this)
    return {img_id: source for img_id, (_, _, source) in best.items()}
