"""The paths of images without a table come in; the split and the source of each, as its folders tell them, go out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from statistics import median

from kvqa_audit.ingest.image_ids import IMAGES_NAME
from kvqa_audit.ingest.splits import split_in

MAX_SOURCES = 50
# A folder for each image, or for each patient, is no category.
MIN_IMAGES_OF_A_SOURCE = 3


@dataclass(frozen=True, slots=True)
class ToldByFolders:
    """Image id → its split, and → its source; empty where the folders do not tell them."""

    splits: Mapping[str, str] = field(default_factory=dict)
    sources: Mapping[str, str] = field(default_factory=dict)

    @property
    def said(self) -> tuple[str, ...]:
        """What the folders were taken for, in words."""
        named = (("splits", self.splits), ("sources", self.sources))
        return tuple(f"folders are {kind}: {_counted(found)}" for kind, found in named if found)


def told_by_folders(paths: Iterable[tuple[str, str]]) -> ToldByFolders:
    """Reads `train/cats/1.jpg`: a folder called like a split is one, where there are two; the first other is a source.

    Args:
        paths: image id and path below the dataset's folder.
    """
    splits: dict[str, str] = {}
    sources: dict[str, str] = {}
    for img_id, path in paths:
        folders = path.split("/")[:-1]
        splits[img_id] = next((split for name in folders if (split := split_in(name))), "")
        sources[img_id] = next((name for name in folders if not split_in(name) and name != IMAGES_NAME), "")
    known = Counter(sources.values())
    is_told = 2 <= len(known) <= MAX_SOURCES and "" not in known and median(known.values()) >= MIN_IMAGES_OF_A_SOURCE
    several = len(set(splits.values())) > 1 and "" not in splits.values()
    return ToldByFolders(splits if several else {}, sources if is_told else {})


def _counted(found: Mapping[str, str]) -> str:
    counts = sorted(Counter(found.values()).items(), key=lambda one: (-one[1], one[0]))
    told = ", ".join(f"{name} {number:,}" for name, number in counts[:6])
    return told + (f" and {len(counts) - 6:,} more" if len(counts) > 6 else "")
