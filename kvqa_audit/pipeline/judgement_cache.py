"""What the engines judged of a table comes in and goes out as a text of a cache, by all that it hangs on."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import version
from importlib.resources import files
from typing import Any

from pydantic import TypeAdapter, ValidationError

from kvqa_audit.cache.texts import Cache
from kvqa_audit.engine.executor import Future
from kvqa_audit.ingest.dataset import Table
from kvqa_audit.model import Stage
from kvqa_audit.spec.dataset_spec import DatasetSpec

_CODE = ("answers", "contracts", "spec", "ingest")
_LIBRARIES = ("great_expectations", "pandas", "numpy", "scipy", "scikit-learn", "cleanlab", "pydantic")
MAX_CHARACTERS_KEPT = 50_000_000


@dataclass(frozen=True, slots=True)
class Known:
    """A judgement of an earlier run, as the future of a call that has ended; it took no time."""

    judgement: Any
    stage: str

    def result(self) -> tuple[Any, tuple[Stage, ...]]:
        """As `Future.result` gives it."""
        return self.judgement, (Stage(self.stage, 0.0, 0),)


@dataclass(frozen=True, slots=True)
class _Kept:
    """The future of a judgement that is kept once it is there."""

    begun: Future
    keep: Callable[[Any], None]

    def result(self) -> Any:
        judgement, stages = self.begun.result()
        self.keep(judgement)
        return judgement, stages


@dataclass(frozen=True, slots=True)
class JudgementCache:
    """Judgements of one table under one description.

    Attributes:
        cache: holds the texts.
        subject: digest of the table and the description.
    """

    cache: Cache
    subject: str

    @classmethod
    def of(cls, cache: Cache, table: Table, spec: DatasetSpec) -> JudgementCache:
        """Opens it for a table, whose every cell counts, in its order, and for a description as it was read."""
        digest = hashlib.sha256(spec.model_dump_json().encode())
        digest.update(repr((table.missing, table.splits, table.accepted, table.groups, table.categories)).encode())
        table.add_cells_to(digest)
        return cls(cache, digest.hexdigest())

    def known_or(self, stage: str, kind: Any, hangs_on: object, begin: Callable[[], Future]) -> Future:
        """The judgement of this kind that an earlier run kept; else that of what begins now, which is kept.

        Args:
            stage: what the judgement is called in the record of the run.
            kind: its type, of which pydantic can make a text and which it can read.
            hangs_on: what it hangs on besides the table and the description; its `repr` tells all of it.
            begin: begins to judge.
        """
        adapter: TypeAdapter[Any] = TypeAdapter(kind)
        key = hashlib.sha256(f"{stage}\n{self.subject}\n{hangs_on!r}".encode("utf-8", "surrogatepass")).hexdigest()
        code = _version()
        text = self.cache.find([key], code).get(key)
        if text is not None:
            try:
                return Known(adapter.validate_json(text), stage)
            except ValidationError:
                pass  # not what was written: judged again

        def keep(judgement: Any) -> None:
            with suppress(ValueError):  # half a character is no text
                said = adapter.dump_json(judgement).decode()
                if len(said) <= MAX_CHARACTERS_KEPT:
                    self.cache.keep([(key, said)], code)

        return _Kept(begin(), keep)


def _version() -> str:
    """A digest of the code that judges and of its libraries' versions: where either changed, nothing kept holds."""
    digest = hashlib.sha256(" ".join(f"{name} {version(name)}" for name in _LIBRARIES).encode())
    for package in _CODE:
        for file in sorted(files(f"kvqa_audit.{package}").iterdir(), key=lambda file: file.name):
            if file.name.endswith(".py"):
                digest.update(file.read_bytes())
    return digest.hexdigest()
