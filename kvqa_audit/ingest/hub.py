"""An id of the Hub comes in; the tables of its splits, as `datasets` keeps them on disk, go out.

The only door to the library `datasets`.
"""

from __future__ import annotations

import contextlib
import logging
import os
import re
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kvqa_audit.errors import SourceError
from kvqa_audit.ingest.saved import arrow_table
from kvqa_audit.ingest.source_format import RawTable

_HUB_ID = re.compile(r"(?:hf://(?:datasets/)?|hub:)([A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*)(?:@([\w./-]+))?", re.ASCII)
_ONE_CALL = threading.Lock()
_BARE_ID = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*", re.ASCII)


@dataclass(frozen=True, slots=True)
class HubId:
    """A dataset of the Hub, and the revision that was named with it."""

    repo: str
    revision: str | None = None


def hub_id(source: str) -> HubId | None:
    """The dataset that `hf://owner/name` or `hub:owner/name` (with `@revision`) names; a path is never one."""
    match = _HUB_ID.fullmatch(source)
    return HubId(match[1], match[2]) if match else None


def looks_like_hub_id(source: str) -> bool:
    """Whether somebody may have meant an id of the Hub by this: owner/name, without saying so."""
    return _BARE_ID.fullmatch(source) is not None


def read_hub(
    repo: str,
    revision: str | None,
    splits: Sequence[str],
    *,
    offline: bool = False,
    cache_dir: Path | None = None,
) -> tuple[RawTable, ...]:
    """Loads a dataset from the Hub, or from a local folder with the same files, at one revision; one table a split.

    Args:
        repo: `owner/name`, or a local folder.
        revision: a commit, a tag or a branch; None is the default branch.
        splits: names of the split to take, the first that exists; otherwise all are taken.
        offline: take only what was downloaded before.
        cache_dir: where `datasets` keeps its files; None is its own place.

    Raises:
        SourceError: it cannot be loaded.
    """
    try:
        with _library(offline=offline or Path(repo).is_dir()) as datasets:
            loaded = datasets.load_dataset(repo, revision=revision, cache_dir=str(cache_dir) if cache_dir else None)
    except Exception as error:
        at = f" at revision {revision}" if revision else ""
        raise SourceError(
            f"{repo}{at}: cannot be loaded from the Hub ({_said(error)}). "
            "Check the id, the revision and the connection, or name a local copy."
        ) from error
    parts = loaded if isinstance(loaded, dict) else {str(loaded.split or ""): loaded}
    named = [name for name in splits if name in parts][:1] or list(parts)
    return tuple(
        arrow_table([Path(file["filename"]) for file in parts[name].cache_files], name, name, "loaded by `datasets`")
        for name in named
    )


def hub_revision(repo: str, revision: str | None) -> str:
    """The commit that a revision of a Hub dataset stands for now.

    Raises:
        SourceError: it cannot be asked for.
    """
    from huggingface_hub import HfApi

    try:
        return str(HfApi().dataset_info(repo, revision=revision, timeout=30).sha)
    except Exception as error:
        at = f" at revision {revision}" if revision else ""
        raise SourceError(
            f"{repo}{at}: the Hub does not tell its commit ({_said(error)}). Check the id and the connection."
        ) from error


@contextlib.contextmanager
def _library(*, offline: bool) -> Iterator[Any]:
    """The library `datasets`; where it may not go online, it tries no connection, not even for local files.

    Whether it may is one switch for the whole process, read from the environment by whatever imports it first; so it is
    set for one call at a time.
    """
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    import datasets
    from huggingface_hub import constants

    datasets.disable_progress_bars()
    # Each attempt to connect would be told twice; what failed in the end is told once.
    of_the_hub = logging.getLogger("huggingface_hub")
    switches: tuple[Any, ...] = (datasets.config, constants)
    with _ONE_CALL:
        before, level = [place.HF_HUB_OFFLINE for place in switches], of_the_hub.level
        of_the_hub.setLevel(logging.ERROR)
        try:
            for place in switches:
                place.HF_HUB_OFFLINE = offline or place.HF_HUB_OFFLINE
            yield datasets
        finally:
            for place, was in zip(switches, before, strict=True):
                place.HF_HUB_OFFLINE = was
            of_the_hub.setLevel(level)


def _said(error: Exception) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())[:300]}"
