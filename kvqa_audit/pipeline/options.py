"""What a caller asks for comes in; one frozen record of it, which every stage shares, goes out."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kvqa_audit.ingest.opened_source import OpenedOnce
    from kvqa_audit.spec.dataset_spec import DatasetSpec


@dataclass(frozen=True, slots=True)
class AuditOptions:
    """How a dataset is audited.

    Attributes:
        spec: what the dataset is meant to be; None is found by `description_for`.
        revision: the revision of a Hub dataset.
        subset: the source is a true part of the dataset: promises about the whole are skipped, never passed.
        table_only: look at no image.
        jobs: worker processes for the images, where no executor is given.
        ocr: read the text burned into the pictures, where the extra `ocr` is installed; more than half a second each.
        embeddings: a Parquet file with a vector for each image (`img_id`, `vector`).
        embedder: an ONNX model that gives such a vector, with a YAML file of its name beside it.
        opened: the source, where it was opened already to find its description; the first audit takes it.
    """

    spec: DatasetSpec | None = None
    revision: str | None = None
    subset: bool = False
    table_only: bool = False
    jobs: int = 1
    ocr: bool = False
    embeddings: Path | None = None
    embedder: Path | None = None
    opened: OpenedOnce | None = None
