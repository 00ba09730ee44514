"""A change of a dataset is seen, whatever it is; what is the same stays the same."""

from __future__ import annotations

import json
import os
import shutil
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from kvqa_audit.errors import SourceError
from kvqa_audit.jobs.watch import is_unchanged, seen_of


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    folder = tmp_path / "dataset"
    (folder / "images").mkdir(parents=True)
    (folder / "metadata.csv").write_text("img_id,question,answer\n")
    for name in ("a.jpg", "b.jpg"):
        (folder / "images" / name).write_bytes(name.encode() * 100)
    return folder


def touch(folder: Path) -> None:
    os.utime(folder / "images" / "a.jpg", (1, 1))


def copy(folder: Path) -> None:
    shutil.copytree(folder, folder.parent / "copy")
    shutil.rmtree(folder)
    (folder.parent / "copy").rename(folder)


def change(folder: Path) -> None:
    (folder / "images" / "a.jpg").write_bytes(b"other" * 100)


def change_in_place(folder: Path) -> None:
    place = folder / "images" / "a.jpg"
    place.write_bytes(place.read_bytes()[:-1] + b"!")


def swap(folder: Path) -> None:
    images = folder / "images"
    for old, new in (("a.jpg", "c"), ("b.jpg", "a.jpg"), ("c", "b.jpg")):
        (images / old).rename(images / new)


def add(folder: Path) -> None:
    (folder / "images" / "more").mkdir()
    (folder / "images" / "more" / "c.jpg").write_bytes(b"")


def remove(folder: Path) -> None:
    (folder / "images" / "b.jpg").unlink()


def pipe(folder: Path) -> None:
    os.mkfifo(folder / "images" / "pipe.jpg")
    (folder / "images" / "zero.jpg").symlink_to("/dev/zero")
    (folder / "images" / "nowhere.jpg").symlink_to("nowhere")


@pytest.mark.parametrize("same", [lambda _: None, touch, copy, pipe])
def test_a_dataset_that_is_the_same_is_seen_as_the_same(dataset: Path, same: Callable[[Path], None]) -> None:
    before = seen_of(str(dataset))
    same(dataset)
    assert is_unchanged(seen_of(str(dataset), before=before), before)


@pytest.mark.parametrize("act", [change, change_in_place, swap, add, remove])
@pytest.mark.parametrize("named", ["", "metadata.csv"])
def test_a_change_is_seen_in_a_folder_and_beside_a_table(
    dataset: Path, act: Callable[[Path], None], named: str
) -> None:
    before = seen_of(str(dataset / named))
    act(dataset)
    assert not is_unchanged(seen_of(str(dataset / named), before=before), before)


def test_the_table_itself_is_looked_at_and_its_neighbours_are_not(dataset: Path) -> None:
    table = str(dataset / "metadata.csv")
    before = seen_of(table)
    (dataset / "notes.txt").write_text("nothing of the dataset")
    assert is_unchanged(seen_of(table, before=before), before)
    (dataset / "metadata.csv").write_text("img_id,question,answer\na,b,c\n")
    assert not is_unchanged(seen_of(table, before=before), before)


def test_nothing_was_seen_before_the_first_time(dataset: Path) -> None:
    assert not is_unchanged(seen_of(str(dataset)), None)


@pytest.mark.parametrize("name", ["nowhere", "nowhere/metadata.csv"])
def test_what_is_not_there_is_told(dataset: Path, name: str) -> None:
    with pytest.raises(SourceError, match=r"nowhere.*cannot be read: No such file or directory"):
        seen_of(str(dataset / name))


class Hub(BaseHTTPRequestHandler):
    """Tells of one dataset, as the Hub does."""

    commit = "1" * 40

    def do_GET(self) -> None:
        place = self.path.partition("?")[0]
        there = place in ("/api/datasets/owner/name", "/api/datasets/owner/name/revision/v2")
        body = json.dumps({"id": "owner/name", "sha": self.commit} if there else {"error": "no"}).encode()
        self.send_response(200 if there else 404)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[type[Hub]]:
    from huggingface_hub import constants

    server = HTTPServer(("127.0.0.1", 0), Hub)
    monkeypatch.setattr(constants, "ENDPOINT", f"http://127.0.0.1:{server.server_port}")
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(Hub, "commit", "1" * 40)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield Hub
    server.shutdown()
    server.server_close()


def test_a_new_commit_on_the_hub_is_seen(hub: type[Hub]) -> None:
    before = seen_of("hf://owner/name")
    assert before == f"commit {'1' * 40}"
    assert is_unchanged(seen_of("hf://owner/name", "v2", before), before)
    hub.commit = "2" * 40
    assert not is_unchanged(seen_of("hf://owner/name", None, before), before)


def test_a_dataset_that_the_hub_does_not_have_is_told(hub: type[Hub]) -> None:
    with pytest.raises(SourceError, match="owner/nothing: the Hub does not tell its commit"):
        seen_of("hf://owner/nothing")
