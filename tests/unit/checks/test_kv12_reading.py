"""The checks of what the reader found beside rows and pictures, each on files as they lie in a folder."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from kvqa_audit.checks.base import Check
from kvqa_audit.checks.kv101_row_without_image import row_without_image
from kvqa_audit.checks.kv102_image_without_rows import image_without_rows
from kvqa_audit.checks.kv103_unreadable_image import unreadable_image
from kvqa_audit.checks.kv118_two_files_for_one_id import two_files_for_one_id
from kvqa_audit.checks.kv120_ids_unlike_their_files import ids_unlike_their_files
from kvqa_audit.checks.kv121_unread_files import unread_files
from kvqa_audit.checks.kv122_lfs_pointers import lfs_pointers
from kvqa_audit.checks.runner import run_check
from kvqa_audit.images.fingerprint import fingerprint
from kvqa_audit.ingest.open import open_dataset
from kvqa_audit.model import CheckOutcome, Finding, OutcomeStatus, Severity
from kvqa_audit.spec.dataset_spec import Columns, DatasetSpec
from tests.lookalikes import jpeg

SPEC = DatasetSpec(name="any", rows=0, images=0, columns=Columns(source=None), other_questions="free text")
POINTER = f"version https://git-lfs.github.com/spec/v1\noid sha256:{'ab' * 32}\nsize 123456\n"


def folder_of(root: Path, ids: list[str], files: list[str]) -> Path:
    """A folder with one row an id, and a picture of its own in each file."""
    root.mkdir(exist_ok=True)
    lines = [f"{img_id},Is it red?,{'no' if n % 2 else 'yes'}" for n, img_id in enumerate(ids)]
    (root / "metadata.csv").write_text("\n".join(["img_id,question,answer", *lines]) + "\n", encoding="utf-8")
    for number, name in enumerate(files):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(jpeg(number))
    return root


def judged(check: Check, root: Path) -> tuple[CheckOutcome, tuple[Finding, ...]]:
    dataset = open_dataset(str(root), SPEC)
    evidence: Any = SimpleNamespace(
        absent=dataset.absent,
        spec=SPEC,
        table=dataset.table,
        image_faults=dataset.image_faults,
        fingerprints=[fingerprint(raw) for shard in dataset.shards for raw in shard.read()],
    )
    return run_check(check, evidence)


@pytest.mark.fires("KV120")
@pytest.mark.parametrize(
    ("ids", "files", "cause"),
    [
        (["Desk1", "DESK2", "desk3"], ["images/desk1.jpg", "images/desk2.jpg", "images/desk3.jpg"], "case"),
        (["café1", "café2"], ["images/cafe\u03011.jpg", "images/cafe\u03012.jpg"], "normal form"),
        (["1", "2", "3"], ["images/001.jpg", "images/002.jpg", "images/003.jpg"], "leading zeros"),
        (["1.0", "2.0"], ["images/1.jpg", "images/2.jpg"], ".0"),
        (["a.png", "b.png"], ["images/a.jpg", "images/b.jpg"], "ending"),
        (["old/a.jpg", "old/b.jpg"], ["new/a.jpg", "new/b.jpg"], "folder"),
    ],
)
def test_ids_that_all_miss_their_files_in_one_way_are_one_finding(
    tmp_path: Path, ids: list[str], files: list[str], cause: str
) -> None:
    outcome, (finding,) = judged(ids_unlike_their_files, folder_of(tmp_path / "d", ids, files))
    near = sum(img_id != Path(file).stem for img_id, file in zip(ids, files, strict=True))
    assert (outcome.outcome, finding.severity) == (OutcomeStatus.FAILED, Severity.ERROR)
    assert cause in finding.message
    assert f"{near} of {len(ids)} ids" in finding.message
    for check in (row_without_image, image_without_rows):
        assert judged(check, tmp_path / "d")[0].outcome is OutcomeStatus.PASSED


def test_ids_that_name_their_files_are_no_finding(tmp_path: Path) -> None:
    ids = ["a", "b.jpg", "deep/c.jpg", "images\\deep\\d.jpg", "/home/x/images/e.jpg", "https://x.org/f.jpg?size=9"]
    files = [f"images/{name}.jpg" for name in ("a", "b", "deep/c", "deep/d", "e", "f")]
    root = folder_of(tmp_path / "d", ids, files)
    for check in (ids_unlike_their_files, row_without_image, image_without_rows, two_files_for_one_id):
        assert judged(check, root)[0].outcome is OutcomeStatus.PASSED, check.code


def test_one_name_in_several_folders_is_never_one_picture_and_nothing_is_to_be_deleted(tmp_path: Path) -> None:
    files = [f"images/case{n}/source.jpg" for n in range(3)]
    root = folder_of(tmp_path / "paths", [f"case{n}/source.jpg" for n in range(3)], files)
    for check in (two_files_for_one_id, row_without_image, image_without_rows):
        assert judged(check, root)[0].outcome is OutcomeStatus.PASSED
    assert judged(row_without_image, root)[0].evaluated == 3
    root = folder_of(tmp_path / "names", ["source.jpg"], files)
    outcome, (finding,) = judged(two_files_for_one_id, root)
    assert (outcome.evaluated, finding.suggestion) == (3, "Write the path of the file into the table")
    for check in (row_without_image, image_without_rows):
        assert judged(check, root)[1] == ()


def test_an_id_of_another_folder_is_not_given_the_one_file_of_its_name(tmp_path: Path) -> None:
    root = folder_of(tmp_path / "d", ["case0/source.jpg", "case9/source.jpg"], ["images/case0/source.jpg"])
    assert [finding.img_id for finding in judged(row_without_image, root)[1]] == ["case9/source.jpg"]


@pytest.mark.fires("KV121")
def test_tables_beside_the_one_that_was_read_are_told(tmp_path: Path) -> None:
    root = folder_of(tmp_path / "d", ["a"], ["images/a.jpg"])
    (root / "more.csv").write_text("img_id,question,answer\na,Is it blue?,no\n")
    outcome, (finding,) = judged(unread_files, root)
    assert (finding.severity, finding.related) == (Severity.INFO, ("more.csv",))
    assert outcome.outcome is OutcomeStatus.FAILED


@pytest.mark.parametrize("beside", ["images.zip", "images/b.exr"])
def test_pictures_that_are_there_and_cannot_be_seen_are_an_error(tmp_path: Path, beside: str) -> None:
    root = folder_of(tmp_path / "d", ["a"], [])
    (root / beside).parent.mkdir(exist_ok=True)
    (root / beside).write_bytes(b"?" * 100)
    (finding,) = judged(unread_files, root)[1]
    assert finding.severity is Severity.ERROR
    assert beside in finding.message


def test_a_link_to_a_folder_outside_is_one_error_and_not_one_for_each_image(tmp_path: Path) -> None:
    root = folder_of(tmp_path / "d", ["a", "b"], [])
    folder_of(tmp_path / "elsewhere", [], ["images/a.jpg", "images/b.jpg"])
    (root / "images").symlink_to(tmp_path / "elsewhere" / "images", target_is_directory=True)
    (finding,) = judged(unread_files, root)[1]
    assert finding.severity is Severity.ERROR
    assert judged(row_without_image, root)[0].outcome is OutcomeStatus.SKIPPED


@pytest.mark.fires("KV122")
def test_pointers_of_git_lfs_are_one_finding(tmp_path: Path) -> None:
    root = folder_of(tmp_path / "d", ["a", "b", "c"], [f"images/{name}.jpg" for name in "abc"])
    for name in "bc":
        (root / "images" / f"{name}.jpg").write_text(POINTER)
    _, (finding,) = judged(lfs_pointers, root)
    assert "2 of 3 images" in finding.message
    assert (finding.suggestion, finding.related) == ("git lfs pull", ("b", "c"))
    assert judged(unreadable_image, root)[0].outcome is OutcomeStatus.PASSED
