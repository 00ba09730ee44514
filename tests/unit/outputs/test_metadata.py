"""Metadata that travels with a dataset is valid by the formats' own libraries, offline, and makes nothing up."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import warnings
from pathlib import Path
from typing import Any

import pytest
from huggingface_hub import DatasetCard, DatasetCardData

from kvqa_audit.model import (
    AuditRun,
    CheckDoc,
    CheckOutcome,
    Finding,
    FindingStatus,
    OutcomeStatus,
    Severity,
    with_keys,
)
from kvqa_audit.outputs.croissant import HashedFile, croissant, data_files
from kvqa_audit.outputs.dataset_card import BEGIN, END, audit_block, dataset_card
from kvqa_audit.release.gate import judge
from kvqa_audit.spec.dataset_spec import DatasetSpec
from kvqa_audit.spec.load import load_spec
from kvqa_audit.spec.release import Release
from tests.report_samples import HOSTILE, sample_run

FINDINGS = {
    "KV015": "rai:dataCollectionMissingData",
    "KV102": "rai:dataCollectionMissingData",
    "KV203": "rai:dataAnnotationAnalysis",
    "KV30-L1": "rai:dataAnnotationAnalysis",
    "KV402": "rai:dataBiases",
    "KV601": "rai:personalSensitiveInformation",
    "KV116": "rai:dataLimitations",
}


def audited(location: Path | str = "/nowhere", **facts: Any) -> AuditRun:
    run = sample_run(images=3, findings_per_check=1)
    outcomes = [
        CheckOutcome(code, "odd", Severity.WARNING, OutcomeStatus.FAILED, evaluated=1_000, violations=12, waived=2)
        for code in FINDINGS
    ]
    outcomes.append(dataclasses.replace(outcomes[0], code="KV001", outcome=OutcomeStatus.PASSED, violations=0))
    outcomes.append(dataclasses.replace(outcomes[0], code="KV011", violations=2, waived=2))
    findings = with_keys(
        Finding(o.code, o.severity, "odd", row=n, status=FindingStatus.WAIVED if n < o.waived else FindingStatus.OPEN)
        for o in outcomes
        for n in range(o.violations)
    )
    docs = {o.code: CheckDoc(f"Title of {o.code}.", "Why.", "Fix.", "rows") for o in outcomes}
    known = {"licence": "CC-BY-4.0", "citation": "Someone et al.", "doi": "10.1/x", "revision": "abc123", **facts}
    dataset = dataclasses.replace(run.dataset, name="Sample-VQA", location=str(location), **known)
    return dataclasses.replace(run, outcomes=tuple(outcomes), findings=findings, docs=docs, dataset=dataset)


def issues_of(text: str, tmp_path: Path) -> Any:
    """What the format's own library says about the metadata."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import mlcroissant

        path = tmp_path / "croissant.json"
        path.write_text(text, encoding="utf-8")
        return mlcroissant.Dataset(jsonld=path).metadata


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    root = tmp_path / "dataset"
    (root / "images").mkdir(parents=True)
    (root / "metadata.csv").write_text("source,question,answer,img_id\nA,Is it odd?,yes,a\nB,Is it odd?,no,b\n")
    return root


def test_croissant_is_valid_and_its_records_can_be_read(folder: Path) -> None:
    run = audited(folder)
    files = data_files(run)
    assert files == (HashedFile("metadata.csv", hashlib.sha256((folder / "metadata.csv").read_bytes()).hexdigest()),)
    metadata = issues_of(croissant(run, load_spec(), files), folder)
    assert metadata.ctx.issues.errors == set()
    missing = {warning.split('"')[1].rsplit("/", 1)[1] for warning in metadata.ctx.issues.warnings}
    assert missing == {"datePublished", "version"}, "what nobody knows is left out, and nothing else"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import mlcroissant

        rows = list(mlcroissant.Dataset(jsonld=folder / "croissant.json").records("rows"))
    assert [row["rows/answer"] for row in rows] == [b"yes", b"no"]


def test_responsible_ai_fields_tell_the_open_findings_and_nothing_else(folder: Path) -> None:
    record = json.loads(croissant(audited(folder), load_spec(), data_files(audited(folder))))
    for code, field in FINDINGS.items():
        assert f"Title of {code}. 10 findings in 1,000 rows ({code})." in str(record[field])
    text = json.dumps(record)
    assert "KV001" not in text, "a passed check limits nothing"
    assert "KV011" not in text, "somebody decided about all of these findings"
    assert audited(folder).dataset.digest in record["rai:dataLimitations"][-1]
    assert not {"creator", "datePublished", "rai:dataCollection", "rai:dataUseCases"} & set(record)


def test_personal_data_that_were_looked_for_and_not_found_are_told() -> None:
    run = audited()
    passed = dataclasses.replace(run.outcomes[0], code="KV602", outcome=OutcomeStatus.PASSED, violations=0, waived=0)
    docs = {**run.docs, "KV602": CheckDoc("A person is named.", "Why.", "Fix.", "images")}
    told = json.loads(croissant(dataclasses.replace(run, outcomes=(passed,), docs=docs), load_spec(), ()))
    assert told["rai:personalSensitiveInformation"] == [
        "Looked for, not found: A person is named. 0 findings in 1,000 images (KV602)."
    ]
    skipped = dataclasses.replace(passed, outcome=OutcomeStatus.SKIPPED, reason="no images")
    silent = json.loads(croissant(dataclasses.replace(run, outcomes=(skipped,), docs=docs), load_spec(), ()))
    assert "rai:personalSensitiveInformation" not in silent


def test_version_is_told_where_the_revision_is_one() -> None:
    told = {r: json.loads(croissant(audited(revision=r), load_spec(), ())) for r in ("v1.2.3", "0.1.0", "abc123")}
    assert [record.get("version") for record in told.values()] == ["1.2.3", "0.1.0", None]
    assert "revision abc123;" in told["abc123"]["rai:dataLimitations"][-1]


def test_field_without_findings_is_left_out() -> None:
    run = dataclasses.replace(audited(), outcomes=())
    record = json.loads(croissant(run, load_spec(), ()))
    assert [name for name in record if name.startswith("rai:")] == ["rai:dataLimitations"]


def test_hub_dataset_points_to_its_revision(tmp_path: Path) -> None:
    run = audited("owner/name")
    record = json.loads(croissant(run, load_spec(), data_files(run)))
    (repository,) = record["distribution"]
    assert repository["contentUrl"].endswith("/tree/abc123")
    assert issues_of(json.dumps(record), tmp_path).ctx.issues.errors == set()


def test_columns_of_another_name_are_told_by_their_name(folder: Path, tmp_path: Path) -> None:
    (folder / "metadata.csv").write_text("category,question,reply,pic\nA,q,yes,a\n")
    shipped = load_spec()
    columns = shipped.columns.model_copy(update={"source": "category", "answer": "reply", "img_id": "pic"})
    spec: DatasetSpec = shipped.model_copy(update={"columns": columns})
    metadata = issues_of(croissant(audited(folder), spec, data_files(audited(folder))), folder)
    assert metadata.ctx.issues.errors == set()
    (rows,) = metadata.record_sets
    assert {field.source.extract.column for field in rows.fields} == {"category", "question", "reply", "pic"}


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_name_stays_a_name(text: str, tmp_path: Path) -> None:
    run = dataclasses.replace(audited(), dataset=dataclasses.replace(audited().dataset, name=text))
    card = dataset_card(run, judge(run.outcomes, (), Release()))
    data = DatasetCard(card).data
    assert isinstance(data, DatasetCardData)
    assert data.license == "cc-by-4.0"
    assert set(data.to_dict()) == {"pretty_name", "license", "task_categories", "size_categories", "tags"}
    json.loads(croissant(run, load_spec(), ()).encode("utf-8", "backslashreplace"))


def test_card_has_the_metadata_the_hub_reads_and_the_audited_revision() -> None:
    run = audited()
    run = dataclasses.replace(run, dataset=dataclasses.replace(run.dataset, rows=58_000))
    card = DatasetCard(dataset_card(run, judge(run.outcomes, (), Release())))
    assert card.data.to_dict() == {
        "pretty_name": "Sample-VQA",
        "license": "cc-by-4.0",
        "task_categories": ["visual-question-answering"],
        "size_categories": ["10K<n<100K"],
        "tags": ["kvqa-audit"],
    }
    assert "Audited revision: `abc123`" in card.text
    assert run.dataset.digest in card.text


def test_block_takes_the_place_of_the_last_one_and_all_else_stays() -> None:
    run = audited()
    verdict = judge(run.outcomes, (), Release())
    mine = "---\nlicense: mit\n---\n# My dataset\n\nWords of mine, \\1 and \\g<0>.\n"
    first = dataset_card(run, verdict, mine)
    assert first.startswith(mine.rstrip())
    later = dataclasses.replace(run, dataset=dataclasses.replace(run.dataset, revision="def456"))
    again = dataset_card(later, verdict, first + "\nMore words.\n")
    assert (again.count(BEGIN), again.count(END)) == (1, 1)
    assert "def456" in again
    assert "abc123" not in again
    assert again.startswith(mine.rstrip())
    assert again.endswith("\nMore words.\n")
    assert audit_block(later, verdict) in again


def test_the_files_of_the_table_are_those_that_were_read_and_none_outside(folder: Path) -> None:
    run = audited(folder)
    (folder.parent / "secret.csv").write_text("x")
    (folder / "more.json").write_text("[]")
    named = ("more.json", "../secret.csv", str(folder.parent / "secret.csv"))
    files = data_files(dataclasses.replace(run, dataset=dataclasses.replace(run.dataset, tables=named)))
    assert [file.path for file in files] == ["more.json"]
