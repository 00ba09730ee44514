"""A source and the name of a description come in; the description it is audited by goes out, inferred if need be."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pydantic import ValidationError

from kvqa_audit.errors import SourceError, SpecError
from kvqa_audit.model import AuditRun
from kvqa_audit.spec.dataset_spec import Columns, DatasetSpec
from kvqa_audit.spec.load import load_spec

if TYPE_CHECKING:
    from kvqa_audit.ingest.opened_source import OpenedOnce, OpenedSource
    from kvqa_audit.ingest.source_format import RawTable

AUTO: Literal["auto"] = "auto"
# So many of the questions that are looked at have to be in the catalogue of the description that ships.
MIN_SHARE_KNOWN = 0.2
_LOOKED_AT = 2_000


@dataclass(frozen=True)
class FoundDescription:
    """The description, and the source as it was opened to find it; None where it was not opened."""

    spec: DatasetSpec
    opened: OpenedOnce | None = None


def description_for(source: str | Path, named: str | None, *, revision: str | None = None) -> FoundDescription:
    """The description of a source.

    Args:
        source: as for `run_audit`.
        named: a folder or a shipped name; "auto" infers one from the data; None takes the one that ships as the
            default where the source has its columns and questions, and infers one else.
        revision: the revision of a Hub dataset.

    Raises:
        SpecError: the named description is wrong.
        SourceError: the source cannot be read, or nobody can tell which column holds the questions.
    """
    from kvqa_audit.ingest.open import open_source
    from kvqa_audit.ingest.opened_source import OpenedOnce
    from kvqa_audit.ingest.source_format import Wanted

    if named not in (None, AUTO):
        return FoundDescription(load_spec(named))
    default = load_spec()
    splits = default.hub.splits if default.hub is not None and named is None else ()
    wanted = Wanted(default.columns) if named is None else Wanted()
    opened = open_source(str(source), wanted, revision=revision, splits=splits)
    if named is None and opened.tables and all(_is_described(table, default) for table in opened.tables):
        return FoundDescription(default, OpenedOnce(opened))
    return FoundDescription(inferred(opened, str(source)), OpenedOnce(opened))


def description_of(run: AuditRun, named: str | None) -> DatasetSpec:
    """The description that a finished audit goes by: the named one, or the one that it was made with.

    An audit of an earlier version did not keep it: the one that ships is taken for it.

    Raises:
        SpecError: the named description is wrong, or the one in the audit is none.
    """
    if named not in (None, AUTO):
        return load_spec(named)
    if run.description is None:
        return load_spec()
    try:
        return DatasetSpec.model_validate(run.description)
    except ValidationError as error:
        told = str(error.errors()[0]["msg"])[:200]
        raise SpecError(f"the audit's record holds no description ({told}); name one with --spec") from None


def description_named(named: str | None) -> DatasetSpec:
    """A description by its folder or shipped name, or the one that the audit in a folder was made with.

    Raises:
        ArtifactError: the folder holds an audit, but a damaged one.
        SpecError: as for `load_spec`.
    """
    from kvqa_audit.artifacts.folder import read_artifacts
    from kvqa_audit.artifacts.out_folder import RECORD

    if named is not None and (Path(named) / RECORD).is_file():
        return description_of(read_artifacts(Path(named)), None)
    return load_spec(named)


def _is_described(table: RawTable, spec: DatasetSpec) -> bool:
    """Whether a table is one of the description's: its columns are there, and its questions are asked."""
    there = {role: name for name, role in spec.columns.text_columns.items() if name in table.columns}
    if "question" not in there:
        return len(there) == len(spec.columns.text_columns) - 1
    questions = table.columns[there["question"]]
    asked = [str(text) for text in questions[:: max(1, len(questions) // _LOOKED_AT)] if str(text or "").strip()]
    if not asked:
        return len(there) == len(spec.columns.text_columns)
    return sum(spec.question_of(text) is not None for text in asked) >= MIN_SHARE_KNOWN * len(asked)


def inferred(opened: OpenedSource, source: str) -> DatasetSpec:
    """What `init` would write of a source, as a description that nobody has seen.

    Raises:
        SourceError: no column holds questions, answers or ids of images.
    """
    from kvqa_audit.describe.description import describe_opened
    from kvqa_audit.describe.flat_table import name_of

    if not opened.tables:
        columns = Columns(source=None)
        name = name_of(source)
        return DatasetSpec(name=name, made_by=AUTO, columns=columns, rows=0, images=0, other_questions="free text")
    try:
        described = describe_opened(opened, source)
    except SourceError as error:
        raise SourceError(f"{source}: is not the dataset that is described, and cannot be described: {error}") from None
    with tempfile.TemporaryDirectory(prefix="kvqa-audit-") as folder:
        for name, text in described.files.items():
            (Path(folder) / name).write_text(text, encoding="utf-8")
        spec = load_spec(folder)
    # That the table has the rows it has is no promise.
    return spec.model_copy(update={"made_by": AUTO, "promises": []})
