"""Folders of image files: what is listed, what is opened, and what is refused."""

from __future__ import annotations

import os
import pickle
from pathlib import Path

import pytest

from kvqa_audit.ingest import image_folder
from kvqa_audit.ingest.dataset import RawImage
from kvqa_audit.ingest.image_folder import FILES_PER_SHARD, FolderShard, list_files, list_images


@pytest.fixture
def images(tmp_path: Path) -> Path:
    folder = tmp_path / "data set ü" / "images"
    folder.mkdir(parents=True)
    return folder


def listed(images: Path, row_ids: set[str] | None = None) -> dict[str, RawImage]:
    shards = list_images(images.parent, [(img_id, "") for img_id in row_ids or ()]).shards
    return {raw.img_id: raw for shard in shards for raw in shard.read()}


def test_any_ending_any_case_and_sub_folders(images: Path) -> None:
    (images / "deeper").mkdir()
    names = ["a.jpg", "b.JPEG", "c.PNG", "d.webp", "e.TiF", "deeper/f f.bmp", "deeper/ü.gif", "x.y.jpg"]
    for name in names:
        (images / name).write_bytes(name.encode())
    for name in ("Thumbs.db", ".DS_Store", "notes.txt"):
        (images / name).write_bytes(b"no image")
    found = listed(images)
    assert sorted(found) == ["a", "b", "c", "d", "e", "f f", "x.y", "ü"]
    assert found["f f"] == RawImage("f f", "images/deeper/f f.bmp", b"deeper/f f.bmp")


def test_a_file_with_another_ending_is_listed_if_a_row_names_it(images: Path) -> None:
    for name in ("a.txt", "b.txt", "plain", "c.jpg"):
        (images / name).write_bytes(b"?")
    assert sorted(listed(images, {"a", "plain", "c.jpg"})) == ["a", "c.jpg", "plain"]


def test_names_that_are_no_utf_8(images: Path) -> None:
    (images / os.fsdecode(b"caf\xe9.jpg")).write_bytes(b"x")
    assert listed(images)["caf\udce9"].data == b"x"


def test_two_files_for_one_id_are_two_pictures_and_neither_is_taken_for_the_rows(images: Path) -> None:
    (images / "a.png").write_bytes(b"2")
    (images / "a.jpg").write_bytes(b"1")
    listed = list_images(images.parent, [("a", "")])
    (fault,) = listed.faults
    assert (fault.kind, fault.img_id, fault.paths) == ("two_files_for_one_id", "a", ("images/a.jpg", "images/a.png"))
    assert [raw.img_id for shard in listed.shards for raw in shard.read()] == ["a.jpg", "a.png"]
    assert list_images(images.parent).faults == ()
    named = list_images(images.parent, [("a.jpg", ""), ("a.png", "")])
    assert (named.faults, named.matched) == ((), 2)


def test_what_cannot_be_read_says_why(images: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(image_folder, "MAX_FILE_BYTES", 10)
    (images / "empty.jpg").write_bytes(b"")
    (images / "large.jpg").write_bytes(b"x" * 11)
    (images / "gone.jpg").symlink_to("nowhere.jpg")
    (images / "loop.jpg").symlink_to("loop.jpg")
    os.mkfifo(images / "pipe.jpg")
    (images / "removed.jpg").write_bytes(b"x")
    shards = list_images(images.parent).shards
    (images / "removed.jpg").unlink()
    problems = {raw.img_id: raw.problem for shard in shards for raw in shard.read()}
    assert problems == {
        "empty": "empty",
        "large": "too_large",
        "gone": "missing",
        "loop": "not_readable",
        "pipe": "not_readable",
        "removed": "missing",
    }


def test_a_link_that_leaves_the_dataset_is_not_read(images: Path, tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(b"secret")
    (images / "out.jpg").symlink_to(tmp_path / "secret")
    (images.parent / "kept.jpg").write_bytes(b"kept")
    (images / "in.jpg").symlink_to(images.parent / "kept.jpg")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "e.jpg").write_bytes(b"e")
    (images / "linked").symlink_to(tmp_path / "elsewhere", target_is_directory=True)
    found = list_images(images.parent)
    read = {raw.img_id: (raw.data, raw.problem) for shard in found.shards for raw in shard.read()}
    assert read == {"kept": (b"kept", None), "in": (b"kept", None), "out": (b"", "outside_the_folder")}
    assert [(fault.kind, fault.img_id, fault.paths) for fault in found.faults] == [
        ("outside_the_folder", "", ("images/linked",)),
        ("outside_the_folder", "out", ("images/out.jpg",)),
    ]


def test_a_linked_folder_that_leaves_the_dataset_is_one_fault_and_is_not_entered(images: Path, tmp_path: Path) -> None:
    dataset = tmp_path / "linked"
    dataset.mkdir()
    (images / "secret.jpg").write_bytes(b"secret")
    (dataset / "images").symlink_to(images)
    found = list_images(dataset)
    assert found.shards == ()
    assert [(fault.kind, fault.paths) for fault in found.faults] == [("outside_the_folder", ("images",))]


def test_a_link_that_the_user_names_is_followed(images: Path, tmp_path: Path) -> None:
    (images / "a.jpg").write_bytes(b"a")
    (tmp_path / "linked").symlink_to(images.parent, target_is_directory=True)
    assert [raw.data for shard in list_images(tmp_path / "linked").shards for raw in shard.read()] == [b"a"]


def test_a_folder_that_changes_into_a_link_out_is_not_read(images: Path, tmp_path: Path) -> None:
    (images / "a.jpg").write_bytes(b"a")
    shards = list_images(images.parent).shards
    images.rename(tmp_path / "elsewhere")
    images.symlink_to(tmp_path / "elsewhere", target_is_directory=True)
    assert [(raw.problem, raw.data) for shard in shards for raw in shard.read()] == [("outside_the_folder", b"")]


def test_what_operating_systems_leave_is_counted_and_left_out(images: Path) -> None:
    (images / "__MACOSX" / "deeper").mkdir(parents=True)
    for name in ("a.jpg", "._a.jpg", "Thumbs.db", ".DS_Store", "desktop.ini", "__MACOSX/deeper/._a.jpg"):
        (images / name).write_bytes(b"x")
    files = list_files(images.parent)
    assert (files.images, files.others, files.side_files) == (("images/a.jpg",), (), 5)


def test_pointers_of_git_lfs_are_known(images: Path) -> None:
    (images / "a.jpg").write_text(f"version https://git-lfs.github.com/spec/v1\noid sha256:{'0' * 64}\nsize 9\n")
    assert listed(images)["a"].problem == "lfs_pointer"


def test_ids_that_nearly_name_their_files_are_told_alike_however_the_rows_are_sorted(images: Path) -> None:
    for n in range(5):
        (images / f"scan_{n}.jpg").write_bytes(b"")
    ids = [(f"Scan_{n}.JPG", "") for n in range(5)]
    told = [list_images(images.parent, row_ids).faults for row_ids in (ids, ids[::-1], ids[2:] + ids[:2])]
    assert told[0] == told[1] == told[2]
    assert [fault.kind for fault in told[0]] == ["near_miss"]


def test_shards_are_small_and_travel_between_processes(images: Path) -> None:
    for number in range(FILES_PER_SHARD + 1):
        (images / f"{number}.jpg").write_bytes(b"x")
    shards = list_images(images.parent).shards
    assert [len(shard.ids) for shard in shards] == [FILES_PER_SHARD, 1]
    copy: FolderShard = pickle.loads(pickle.dumps(shards[1]))
    assert [raw.img_id for raw in copy.read()] == list(shards[1].ids)
    assert [raw.img_id for raw in shards[0].pick({"3", "none"})] == ["3"]
