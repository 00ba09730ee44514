"""A dataset and a size come in; a part of it of that size, drawn evenly, goes out."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from kvqa_audit.ingest.dataset import Dataset, ImageShard, RawImage, Table
from kvqa_audit.ingest.image_place import ImagePlace

ItemT = TypeVar("ItemT")


@dataclass(frozen=True, slots=True)
class PartOfShard:
    """Some images of a shard, in its order."""

    shard: ImageShard
    ids: tuple[str, ...]

    @property
    def local_paths(self) -> tuple[str, ...]:
        return self.shard.local_paths

    def read(self) -> Iterator[RawImage]:
        """Opens these images alone."""
        return self.shard.pick(self.ids)

    def pick(self, ids: Collection[str]) -> Iterator[RawImage]:
        """Opens some of them."""
        return self.shard.pick([one for one in self.ids if one in ids])

    def places(self) -> dict[str, ImagePlace]:
        """None: what a part tells is not kept."""
        return {}


def sampled(dataset: Dataset, images: int, rows: int) -> Dataset:
    """So many images, evenly over all, with their rows; where there are no images, so many rows."""
    ids = frozenset(_evenly([img_id for shard in dataset.shards for img_id in shard.ids], images))
    shards = [
        PartOfShard(shard, held)
        for shard in dataset.shards
        if (held := tuple(img_id for img_id in shard.ids if img_id in ids))
    ]
    cells = dataset.table.frame["img_id"].tolist()
    kept = [row for row, img_id in enumerate(cells) if img_id in ids] if ids else _evenly(range(len(cells)), rows)
    return replace(dataset, table=_rows(dataset.table, kept), shards=tuple(shards))


def _evenly(items: Sequence[ItemT], count: int) -> list[ItemT]:
    count = min(count, len(items))
    return [items[number * len(items) // count] for number in range(count)]


def _rows(table: Table, kept: Sequence[int]) -> Table:
    return replace(
        table,
        frame=table.frame.iloc[list(kept)].reset_index(drop=True),
        faults=(),
        splits=tuple(table.splits[row] for row in kept) if table.splits else (),
        groups=tuple(table.groups[row] for row in kept) if table.groups else (),
        accepted=tuple(table.accepted[row] for row in kept) if table.accepted else (),
        categories={name: tuple(values[row] for row in kept) for name, values in table.categories.items()},
    )
