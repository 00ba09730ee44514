"""Every kind of source is recognised, and what is none is refused with what is accepted."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from kvqa_audit.errors import SourceError
from kvqa_audit.ingest.dataset import Dataset
from kvqa_audit.ingest.open import open_dataset, open_images
from kvqa_audit.ingest.parquet import Parquet
from kvqa_audit.ingest.source_format import Wanted
from kvqa_audit.spec.load import load_spec

SPEC = load_spec()
CSV = "source,question,answer,img_id\nNormal,Is there text?,no,a\nNormal,Is there text?,yes,b\n"


def ids(dataset: Dataset) -> list[str]:
    return [img_id for shard in dataset.shards for img_id in shard.ids]


@pytest.fixture
def exported(tmp_path: Path) -> Path:
    (tmp_path / "images").mkdir()
    (tmp_path / "metadata.csv").write_text(CSV)
    (tmp_path / "images" / "a.jpg").write_bytes(b"A")
    (tmp_path / "images" / "orphan.PNG").write_bytes(b"O")
    return tmp_path


def write_parquet(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = [{"bytes": b"A", "path": None}, {"bytes": b"A", "path": None}]
    texts = {name: ["x", "y"] for name in ("source", "question", "answer")}
    pq.write_table(pa.table({"image": rows, **texts, "img_id": ["a", "a"]}), path)


def test_the_exported_layout_as_a_folder_and_as_a_file(exported: Path) -> None:
    for source in (exported, exported / "metadata.csv"):
        dataset = open_dataset(str(source), SPEC)
        assert (dataset.kind, len(dataset.table.frame), ids(dataset)) == ("text", 2, ["a", "orphan"])
        assert (dict(dataset.absent), dataset.location) == ({}, str(source))
    assert [raw.data for raw in dataset.read_images(["orphan", "b", "orphan"])] == [b"O"]


def test_images_alone_are_listed_as_with_the_table_and_without_reading_it(exported: Path) -> None:
    (exported / "images" / "b").write_bytes(b"named by a row alone")
    with (exported / "metadata.csv").open("a") as table:
        table.write("s,q,x,b\n")
    for source in (exported, exported / "metadata.csv"):
        whole = open_dataset(str(source), SPEC)
        with_unread_table = open_images(str(source), SPEC, frozenset(whole.table.frame["img_id"]))
        assert with_unread_table.shards == whole.shards
        assert (ids(with_unread_table), len(with_unread_table.table.frame)) == (["a", "b", "orphan"], 0)


def test_images_that_lie_in_the_table_are_listed_with_it(tmp_path: Path) -> None:
    write_parquet(tmp_path / "x.parquet")
    assert ids(open_images(str(tmp_path), SPEC, {"a"})) == ["a"]
    with pytest.raises(SourceError, match="does not exist"):
        open_images(str(tmp_path / "nowhere"), SPEC, {"a"})


def test_without_an_images_folder_images_are_absent_and_that_is_said(tmp_path: Path) -> None:
    (tmp_path / "metadata.csv").write_text(CSV)
    dataset = open_dataset(str(tmp_path), SPEC)
    assert dict(dataset.absent) == {"images": "there are no images beside the table"}


def test_table_only_looks_at_no_image(exported: Path) -> None:
    dataset = open_dataset(str(exported), SPEC, table_only=True)
    assert (ids(dataset), dict(dataset.absent)) == ([], {"images": "only the table was asked for"})


def test_images_without_a_table(exported: Path) -> None:
    (exported / "metadata.csv").unlink()
    dataset = open_dataset(str(exported), SPEC)
    assert (ids(dataset), list(dataset.absent), len(dataset.table.frame)) == (["a", "orphan"], ["table"], 0)


@pytest.mark.parametrize("name", ["x.parquet", "data/raw-00000-of-00001.parquet"])
def test_parquet_as_a_file_and_as_a_folder(tmp_path: Path, name: str) -> None:
    write_parquet(tmp_path / name)
    for source in (tmp_path, tmp_path / name):
        dataset = open_dataset(str(source), SPEC)
        assert (dataset.kind, len(dataset.table.frame), ids(dataset)) == ("parquet", 2, ["a"])
        assert [raw.data for raw in dataset.read_images({"a"})] == [b"A"]


@pytest.mark.filterwarnings("default")
def test_a_folder_written_by_save_to_disk(tmp_path: Path) -> None:
    import datasets

    data = datasets.Dataset.from_dict({"source": ["s"], "question": ["q"], "answer": ["None"], "img_id": ["a"]})
    data.save_to_disk(str(tmp_path / "saved"))
    dataset = open_dataset(str(tmp_path / "saved"), SPEC)
    assert (dataset.kind, dataset.table.frame.iloc[0].tolist()) == ("saved", ["s", "q", "None", "a"])
    assert list(dataset.absent) == ["images"]


@pytest.mark.parametrize("source", ["hf://owner/name", "hf://datasets/owner/name", "hub:owner/name"])
def test_a_hub_id_goes_to_the_loader_with_its_revision(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, source: str
) -> None:
    from kvqa_audit.ingest import hub

    asked = []

    def read_hub(repo: str, revision: str | None, splits: object, *, offline: bool) -> object:
        asked.append((repo, revision, offline))
        write_parquet(tmp_path / "x.parquet")
        return Parquet().read(tmp_path / "x.parquet", "raw", Wanted())

    monkeypatch.setattr(hub, "read_hub", read_hub)
    for dataset in (open_dataset(source, SPEC, revision="v1"), open_dataset(f"{source}@v1", SPEC)):
        assert (dataset.kind, dataset.revision, ids(dataset)) == ("hub", "v1", ["a"])
    assert ids(open_images(source, SPEC, {"a"}, revision="v1")) == ["a"]
    assert asked == [("owner/name", "v1", False)] * 2 + [("owner/name", "v1", True)]


@pytest.mark.parametrize("source", ["data/images", "owner/name", "owner/name@main", "hf:owner/name"])
def test_what_looks_like_a_path_never_goes_to_the_network(monkeypatch: pytest.MonkeyPatch, source: str) -> None:
    from kvqa_audit.ingest import hub

    monkeypatch.setattr(hub, "read_hub", lambda *_, **__: pytest.fail("went to the Hub"))
    with pytest.raises(SourceError, match="does not exist"):
        open_dataset(source, SPEC)


@pytest.mark.parametrize("source", ["", "nowhere", "no/where/at/all", "no/where.csv", "a\x00b", "notes.txt", "stuff"])
def test_what_is_no_dataset_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, source: str) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "notes.txt").write_text("x")
    (tmp_path / "stuff").mkdir()
    (tmp_path / "stuff" / "other.xlsx").write_text("?")
    with pytest.raises(SourceError, match=r"(?i)accepted are|cannot be opened|holds no table") as caught:
        open_dataset(source, SPEC)
    if source == "stuff":
        assert "other.xlsx" in str(caught.value)


def test_the_real_subset(shared: Path) -> None:
    dataset = open_dataset(str(shared / "data" / "kvasir-vqa" / "joined"), SPEC)
    assert (len(dataset.table.frame), len(ids(dataset)), dataset.image_faults) == (5489, 555, ())
