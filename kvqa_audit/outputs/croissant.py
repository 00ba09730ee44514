"""A finished audit and its description come in; Croissant metadata, with what the audit can say for RAI, goes out."""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kvqa_audit.ingest.image_ids import IMAGES_NAME
from kvqa_audit.model import AuditRun, CheckOutcome, OutcomeStatus
from kvqa_audit.model.counts import count_findings
from kvqa_audit.outputs.file_positions import TABLE_NAME
from kvqa_audit.report.text import shown
from kvqa_audit.spec.dataset_spec import DatasetSpec

PERSONAL = ("KV601", "KV602", "KV603")
# What each responsible-AI field is told from: families and codes of checks, the first that fits.
RAI_FIELDS = {
    "rai:personalSensitiveInformation": PERSONAL,
    "rai:dataCollectionMissingData": ("KV015", "KV101", "KV102", "KV403"),
    "rai:dataBiases": ("KV4",),
    "rai:dataAnnotationAnalysis": ("KV012", "KV014", "KV203", "KV3"),
    "rai:dataLimitations": ("KV",),
}
# The format takes one text here, and a list of texts elsewhere.
_ONE_TEXT = ("rai:dataCollectionMissingData",)
_KINDS = {
    ".csv": "text/csv",
    ".tsv": "text/tab-separated-values",
    ".txt": "text/plain",
    ".json": "application/json",
    ".jsonl": "application/jsonlines",
    ".parquet": "application/x-parquet",
}
_ROLES = {
    "source": "The category of the image.",
    "question": "The question about the image.",
    "answer": "The answer to the question.",
    "img_id": "The id of the image.",
}
_CONTEXT: dict[str, Any] = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "citeAs": "cr:citeAs",
    "column": "cr:column",
    "conformsTo": "dct:conformsTo",
    "cr": "http://mlcommons.org/croissant/",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "equivalentProperty": "cr:equivalentProperty",
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "extract": "cr:extract",
    "field": "cr:field",
    "fileProperty": "cr:fileProperty",
    "fileObject": "cr:fileObject",
    "fileSet": "cr:fileSet",
    "format": "cr:format",
    "includes": "cr:includes",
    "isLiveDataset": "cr:isLiveDataset",
    "jsonPath": "cr:jsonPath",
    "key": "cr:key",
    "md5": "cr:md5",
    "parentField": "cr:parentField",
    "path": "cr:path",
    "recordSet": "cr:recordSet",
    "references": "cr:references",
    "regex": "cr:regex",
    "repeated": "cr:repeated",
    "replace": "cr:replace",
    "samplingRate": "cr:samplingRate",
    "sc": "https://schema.org/",
    "separator": "cr:separator",
    "source": "cr:source",
    "subField": "cr:subField",
    "transform": "cr:transform",
}


@dataclass(frozen=True, slots=True)
class HashedFile:
    """A file of the dataset, named as seen from its folder, with the SHA-256 of its bytes."""

    path: str
    sha256: str


def data_files(run: AuditRun) -> tuple[HashedFile, ...]:
    """The audited table or Parquet files, where they are still at the audited place; none for a Hub id."""
    location = Path(run.dataset.location)
    root = location.parent if location.is_file() else location
    tables = [root / place for place in run.dataset.tables]
    tables = tables or ([location] if location.is_file() else [root / TABLE_NAME])
    found = [
        path
        for path in tables
        if path.is_file() and Path(os.path.realpath(path)).is_relative_to(os.path.realpath(root))
    ]
    found = found or sorted(root.glob("*.parquet")) or sorted(root.glob("data/*.parquet"))
    return tuple(HashedFile(path.relative_to(root).as_posix(), _sha256(path)) for path in found)


def croissant(run: AuditRun, spec: DatasetSpec, files: Iterable[HashedFile]) -> str:
    """Croissant 1.0 with the RAI extension 1.0, as JSON-LD text.

    Nothing is made up: what neither the audit nor the description knows (creators, dates, how it was collected) is
    left out, for a person to add.
    """
    facts = run.dataset
    files = tuple(files)
    metadata: dict[str, Any] = {
        "@context": _CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": ["http://mlcommons.org/croissant/1.0", "http://mlcommons.org/croissant/RAI/1.0"],
        "name": facts.name,
        "description": shown(spec.about, 2_000) or f"Questions and answers about images: {facts.name}.",
        "license": facts.licence,
        "citeAs": facts.citation,
        "url": _url(run, spec),
        "version": _version(facts.revision or ""),
        "keywords": ["visual question answering"],
        "distribution": _distribution(run, spec, files),
        "recordSet": _record_set(run, spec, files),
        **_rai(run),
    }
    kept = {name: value for name, value in metadata.items() if value}
    return json.dumps(kept, ensure_ascii=False, indent=2, allow_nan=False) + "\n"


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _version(revision: str) -> str:
    """The revision where it is a version; a commit is none, and stands in the limitations."""
    found = re.fullmatch(r"v?(\d+\.\d+\.\d+)", revision, re.ASCII)
    return found[1] if found else ""


def _url(run: AuditRun, spec: DatasetSpec) -> str:
    if spec.hub:
        return f"https://huggingface.co/datasets/{spec.hub.repo}"
    return f"https://doi.org/{run.dataset.doi}" if run.dataset.doi else ""


def _distribution(run: AuditRun, spec: DatasetSpec, files: tuple[HashedFile, ...]) -> list[dict[str, Any]]:
    parts: list[dict[str, Any]] = [
        {
            "@type": "cr:FileObject",
            "@id": file.path,
            "name": file.path,
            "contentUrl": file.path,
            "encodingFormat": _KINDS.get(Path(file.path).suffix.lower(), "application/octet-stream"),
            "sha256": file.sha256,
        }
        for file in files
    ]
    if not files and spec.hub:
        parts.append(_repository(run, spec))
    return parts


def _repository(run: AuditRun, spec: DatasetSpec) -> dict[str, Any]:
    assert spec.hub is not None
    at = f"/tree/{run.dataset.revision}" if run.dataset.revision else ""
    return {
        "@type": "cr:FileObject",
        "@id": "repo",
        "name": "repo",
        "description": f"The repository of the dataset, with its table and its folder {IMAGES_NAME}.",
        "contentUrl": f"https://huggingface.co/datasets/{spec.hub.repo}{at}",
        "encodingFormat": "git+https",
        # What the format asks of a repository, which has no digest of its own.
        "sha256": "https://github.com/mlcommons/croissant/issues/80",
    }


def _record_set(run: AuditRun, spec: DatasetSpec, files: tuple[HashedFile, ...]) -> list[dict[str, Any]]:
    """The rows with their columns, where one file holds them all."""
    if len(files) != 1 or Path(files[0].path).suffix.lower() not in _KINDS:
        return []
    names = {role: name for name, role in spec.columns.text_columns.items()}
    fields = [
        {
            "@type": "cr:Field",
            "@id": f"rows/{role}",
            "name": role,
            "description": about,
            "dataType": "sc:Text",
            "source": {"fileObject": {"@id": files[0].path}, "extract": {"column": names[role]}},
        }
        for role, about in _ROLES.items()
        if role in names
    ]
    about = f"{run.dataset.rows:,} questions and answers about {run.dataset.images:,} images."
    return [{"@type": "cr:RecordSet", "@id": "rows", "name": "rows", "description": about, "field": fields}]


def _rai(run: AuditRun) -> Mapping[str, str | list[str]]:
    """Field → one sentence a check that found something still open; of personal data, also what was not found."""
    told: dict[str, list[str]] = {name: [] for name in RAI_FIELDS}
    tally = count_findings(run.findings)
    for outcome in run.outcomes:
        number = tally.of(outcome.code).open
        if number:
            field = next(name for name, codes in RAI_FIELDS.items() if outcome.code.startswith(codes))
            told[field].append(_sentence(run, outcome, number))
        elif outcome.outcome is OutcomeStatus.PASSED and outcome.code in PERSONAL:
            told["rai:personalSensitiveInformation"].append(f"Looked for, not found: {_sentence(run, outcome, 0)}")
    audited = f"Audited on {run.finished_at[:10]} with kvqa-audit {run.tool.get('version', '')}"
    told["rai:dataLimitations"].append(f"{audited}; {_what(run)}.")
    return {name: " ".join(texts) if name in _ONE_TEXT else texts for name, texts in told.items()}


def _what(run: AuditRun) -> str:
    revision = f"revision {shown(run.dataset.revision)}; " if run.dataset.revision else ""
    return f"{revision}digest of the audited data: {run.dataset.digest}"


def _sentence(run: AuditRun, outcome: CheckOutcome, number: int) -> str:
    doc = run.docs.get(outcome.code)
    title, unit = (shown(doc.title), doc.unit) if doc else (outcome.name, "things")
    findings = "finding" if number == 1 else "findings"
    return f"{title} {number:,} {findings} in {outcome.evaluated:,} {unit} ({outcome.code})."
