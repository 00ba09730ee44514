"""Images of one patient, examination or video: a leak between splits is found, and whatever is drawn keeps them so."""

from __future__ import annotations

import csv
import random
from collections import Counter
from pathlib import Path

import pytest

from kvqa_audit.describe.description import describe_source
from kvqa_audit.model import AuditRun, OutcomeStatus, Severity
from kvqa_audit.pipeline.audit import run_audit
from kvqa_audit.pipeline.options import AuditOptions
from kvqa_audit.spec.dataset_spec import DatasetSpec
from kvqa_audit.spec.load import load_spec

Row = dict[str, str]


def rows_of(patients: int = 20, images: int = 4) -> list[Row]:
    """Each patient with some images in one split, and one procedure."""
    chance = random.Random(3)
    rows = []
    for patient in range(patients):
        procedure = chance.choice(["gastroscopy", "colonoscopy"])
        for image in range(images):
            about = {"patient": f"P{patient:03}", "split": "test" if patient % 5 == 0 else "train"}
            about["img_id"] = f"p{patient:03}_{image}.png"
            rows.append({**about, "question": "Which procedure was done?", "answer": procedure})
            size = chance.choice(["small", "large"])
            rows.append({**about, "question": "Is the finding small or large?", "answer": size})
    return rows


def written(place: Path, rows: list[Row]) -> Path:
    folder = place / "data"
    folder.mkdir(exist_ok=True)
    with (folder / "qa.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return folder


@pytest.fixture(scope="module")
def spec(tmp_path_factory: pytest.TempPathFactory) -> DatasetSpec:
    """The description that `init` writes, taken over by a person who adds that the procedure is one a patient."""
    folder = tmp_path_factory.mktemp("sound")
    files = describe_source(str(written(folder, rows_of()))).files
    text = files["dataset.yaml"].replace("made_by: init\n", "")
    assert 'group: "patient" # by its name: 80 images of 20' in text
    asked = 'text: "Which procedure was done?"\n'
    for name, content in {**files, "dataset.yaml": text.replace(asked, f"{asked}    one_per_group: true\n")}.items():
        (folder / name).write_text(content, encoding="utf-8")
    return load_spec(folder)


def audited(folder: Path, spec: DatasetSpec) -> AuditRun:
    return run_audit(folder, AuditOptions(spec=spec, table_only=True))


def found(run: AuditRun, *codes: str) -> list[str]:
    return [finding.check for finding in run.findings if finding.check in codes]


CODES = ("KV417", "KV418", "KV419", "KV420")


def test_sound_groups_have_no_findings_and_are_counted(tmp_path: Path, spec: DatasetSpec) -> None:
    run = audited(written(tmp_path, rows_of()), spec)
    states = {outcome.code: (outcome.outcome, outcome.evaluated) for outcome in run.outcomes if outcome.code in CODES}
    assert states == {
        "KV417": (OutcomeStatus.PASSED, 20),
        "KV418": (OutcomeStatus.PASSED, 80),
        "KV419": (OutcomeStatus.PASSED, 1),
        "KV420": (OutcomeStatus.PASSED, 20),
    }
    assert any("80 images come from 20 groups (patient), which tell as much as 20" in n for n in run.metrics["notes"])


@pytest.mark.fires("KV417")
def test_a_patient_in_two_splits_is_a_leak_with_its_numbers(tmp_path: Path, spec: DatasetSpec) -> None:
    rows = rows_of()
    for row in rows:
        if row["img_id"] == "p007_2.png":
            row["split"] = "test"
    run = audited(written(tmp_path, rows), spec)
    (finding,) = [one for one in run.findings if one.check == "KV417"]
    assert finding.severity is Severity.ERROR
    assert finding.evidence["images"] == {"test": 1, "train": 3}
    assert finding.related == tuple(f"p007_{image}.png" for image in range(4))
    assert found(run, *CODES) == ["KV417"]


@pytest.mark.fires("KV418")
def test_an_image_of_two_patients_is_told(tmp_path: Path, spec: DatasetSpec) -> None:
    rows = rows_of()
    rows[0]["patient"] = "P001"
    run = audited(written(tmp_path, rows), spec)
    assert [one.img_id for one in run.findings if one.check == "KV418"] == ["p000_0.png"]


@pytest.mark.fires("KV419")
def test_a_patient_with_many_images_is_told_with_what_the_groups_are_worth(tmp_path: Path, spec: DatasetSpec) -> None:
    rows = rows_of()
    many = [
        {**row, "img_id": f"more{n}_{row['img_id']}"} for n in range(20) for row in rows if row["patient"] == "P003"
    ]
    run = audited(written(tmp_path, rows + many), spec)
    (finding,) = [one for one in run.findings if one.check == "KV419"]
    sizes = Counter(row["patient"] for row in {row["img_id"]: row for row in rows + many}.values())
    assert finding.evidence["effective"] == pytest.approx(sizes.total() ** 2 / sum(n * n for n in sizes.values()))
    assert (finding.severity, sizes.most_common(1)) == (Severity.INFO, [(finding.evidence["group"], 84)])


@pytest.mark.fires("KV420")
def test_one_patient_does_not_have_two_procedures(tmp_path: Path, spec: DatasetSpec) -> None:
    rows = rows_of()
    first = rows[2 * 4 * 6]
    first["answer"] = {"gastroscopy": "colonoscopy", "colonoscopy": "gastroscopy"}[first["answer"]]
    run = audited(written(tmp_path, rows), spec)
    (finding,) = [one for one in run.findings if one.check == "KV420"]
    assert finding.evidence["answers"][first["answer"]] == [first["img_id"]]
    assert str(finding.suggestion).endswith(first["img_id"])


def test_what_was_only_inferred_warns_and_nothing_is_said_without_such_a_column(tmp_path: Path) -> None:
    rows = rows_of()
    rows[0]["split"] = rows[1]["split"] = "train"
    written(tmp_path, rows)
    run = run_audit(tmp_path / "data", AuditOptions(table_only=True))
    assert [one.severity for one in run.findings if one.check == "KV417"] == [Severity.WARNING]
    written(tmp_path, [{name: row[name] for name in row if name != "patient"} for row in rows])
    run = run_audit(tmp_path / "data", AuditOptions(table_only=True))
    told = {outcome.code: (outcome.outcome, outcome.reason) for outcome in run.outcomes if outcome.code in CODES}
    assert {state for state, _ in told.values()} == {OutcomeStatus.SKIPPED}
    assert all("patient, examination or video" in str(reason) for _, reason in told.values())


def test_proposed_splits_keep_patients_together(tmp_path: Path, spec: DatasetSpec) -> None:
    run = audited(written(tmp_path, rows_of()), spec)
    proposed = run.metrics["split_proposal"]["split_of"]
    by_patient = {img_id[:4]: set() for img_id in proposed}
    for img_id, split in proposed.items():
        by_patient[img_id[:4]].add(split)
    assert len(proposed) == 80
    assert {len(splits) for splits in by_patient.values()} == {1}
