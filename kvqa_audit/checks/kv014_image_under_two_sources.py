"""Rows come in; a defect for every image whose rows name more than one source goes out."""

from __future__ import annotations

from collections import Counter, defaultdict

from kvqa_audit.checks.base import Checked, Defect, Evidence, check
from kvqa_audit.checks.rows import RowCells, cells_of
from kvqa_audit.model import Severity


@check("KV014", Severity.ERROR, needs=("table", "column source", "column img_id"), unit="images", by_description=True)
def image_under_two_sources(evidence: Evidence) -> Checked:
    """One image stands under two sources.

    Why: the image is counted in both categories, and one of them is wrong.
    Fix: look up where the image comes from and give all its rows that source.
    """
    rows_of_image: dict[str, list[RowCells]] = defaultdict(list)
    for cells in cells_of(evidence, evidence.contract.rows("image_under_two_sources")):
        rows_of_image[cells.img_id.strip()].append(cells)
    images = evidence.table.frame["img_id"].nunique()
    return Checked(images, [_defect(img_id, rows) for img_id, rows in rows_of_image.items()])


def _defect(img_id: str, rows: list[RowCells]) -> Defect:
    given = Counter(cells.source.strip() for cells in rows)
    counts = {source: given[source] for source in sorted(given, key=lambda source: (-given[source], source))}
    most = next(iter(counts))
    odd = next(cells.row for cells in rows if cells.source.strip() != most)
    listed = ", ".join(f"{source[:60]!r} in {count} rows" for source, count in counts.items())
    return Defect(
        f"The image stands under {len(counts)} sources: {listed}",
        img_id=img_id,
        row=odd,
        related=tuple(sorted(counts)),
        evidence={"rows_per_source": dict(counts), "rows": [cells.row for cells in rows]},
        suggestion=most,
    )
