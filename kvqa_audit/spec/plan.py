"""A plan such as `kvqa-audit.yaml` comes in; the datasets to audit, each with all that was said about it, go out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import Field

from kvqa_audit.spec.load import load_record
from kvqa_audit.spec.record import Record, Text

SUFFIXES = (".yaml", ".yml")
# What stands before the name of a file with the URLs of pictures, which are then fetched.
MANIFEST = "manifest:"
_PATHS = ("source", "spec", "gate", "decisions", "store", "out", "baseline", "embeddings", "embedder")
# What is a path only where there is such a file or folder, and a name where there is none.
_PERHAPS_NAMES = ("spec", "gate", "baseline")


class Settings(Record):
    """What may be said once for all datasets of a plan, and otherwise for one of them; each as the option of `run`."""

    spec: Text | None = None
    gate: Text | None = None
    decisions: Text | None = None
    store: Text | None = None
    project: Text | None = None
    baseline: Text | None = None
    out: Text | None = None
    report_url: str = ""
    also: list[Text] = []
    notify: list[Text] = []
    pages: bool = False
    no_images: bool = False
    blur_text: bool = False
    ocr: bool = False
    embeddings: Text | None = None
    embedder: Text | None = None


class PlannedDataset(Settings):
    """One dataset; `name` stands for `{dataset}` in `out`, and is the source's own where it is not given."""

    source: Text
    name: Text | None = None
    revision: Text | None = None
    subset: bool = False
    table_only: bool = False


class _Plan(Settings):
    datasets: list[PlannedDataset] = Field(min_length=1)


def load_plan(path: Path) -> tuple[PlannedDataset, ...]:
    """Reads a plan. Paths in it are seen from its own folder.

    Raises:
        SpecError: the file is missing, is not YAML, or holds a key or value that is not allowed.
    """
    plan = load_record(path, _Plan)
    for_all = plan.model_dump(exclude_unset=True, exclude={"datasets"})
    return tuple(
        PlannedDataset.model_validate(_from_here({**for_all, **one.model_dump(exclude_unset=True)}, path.parent))
        for one in plan.datasets
    )


def _from_here(values: dict[str, Any], folder: Path) -> dict[str, Any]:
    def placed(name: str, value: str) -> str:
        if name == "source" and value.startswith(MANIFEST):
            return MANIFEST + placed(name, value.removeprefix(MANIFEST))
        path = folder / value
        is_one = name not in _PERHAPS_NAMES or path.exists()
        return str(path) if is_one and "://" not in value else value

    return {name: placed(name, value) if name in _PATHS and value else value for name, value in values.items()}
