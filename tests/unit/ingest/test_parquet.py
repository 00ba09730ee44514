"""Parquet in the Hub's layout, and the same through `datasets`: the table, and every picture once."""

from __future__ import annotations

import hashlib
import os
import pickle
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from kvqa_audit.errors import SourceError
from kvqa_audit.ingest import hub, parquet
from kvqa_audit.ingest.dataset import REPEATED, ImageShard, RawImage, settle_repeats
from kvqa_audit.ingest.hub import read_hub, read_saved
from kvqa_audit.ingest.parquet import read_parquet
from kvqa_audit.model import ImageFingerprint
from kvqa_audit.spec.dataset_spec import Columns

# img_id, picture: b comes back far from its first row, c carries two pictures, d none.
ROWS = [("a", b"A"), ("a", b"A"), ("b", b"B"), ("c", b"C"), ("c", b"other"), ("d", None), ("b", b"B"), ("a", b"last")]


def arrow_table(rows: Sequence[tuple[str, bytes | None]]) -> pa.Table:
    image = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    return pa.table(
        {
            "image": pa.array([data and {"bytes": data, "path": f"{i}.jpg"} for i, data in rows], image),
            "source": pa.array(["Normal"] * len(rows)),
            "question": pa.array(["Is there text?"] * len(rows)),
            "answer": pa.array(["None" if data else None for _, data in rows]),
            "img_id": pa.array([i for i, _ in rows]),
        }
    )


def write(path: Path, rows: Sequence[tuple[str, bytes | None]], row_group_size: int = 2) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(arrow_table(rows), path, row_group_size=row_group_size)
    return path


def fingerprints(shards: Sequence[ImageShard]) -> list[ImageFingerprint]:
    """What the image stage makes of the shards, as far as it matters here."""
    raws = [raw for shard in shards for raw in shard.read()]
    return [
        ImageFingerprint(
            raw.img_id, raw.path, len(raw.data), hashlib.sha256(raw.data).hexdigest() if raw.data else None,
            raw.problem, raw.detail,
        )
        for raw in raws
    ]  # fmt: skip


def images_of(shards: Sequence[ImageShard]) -> list[RawImage]:
    return [raw for shard in shards for raw in shard.read() if raw.problem != REPEATED]


def through_parquet(folder: Path) -> tuple[Any, Sequence[ImageShard], str | None]:
    paths = [write(folder / "0.parquet", ROWS[:5]), write(folder / "1.parquet", ROWS[5:])]
    found = read_parquet(paths, Columns())
    return found.table, found.shards, found.images_absent


def through_saved(folder: Path) -> tuple[Any, Sequence[ImageShard], str | None]:
    import datasets

    features = datasets.Features(
        {"image": datasets.Image(), **{n: datasets.Value("string") for n in ("source", "question", "answer", "img_id")}}
    )
    data = datasets.Dataset(arrow_table(ROWS)).cast(features)
    datasets.DatasetDict({"raw": data}).save_to_disk(str(folder / "saved"), num_shards={"raw": 2})
    found = read_saved(folder / "saved", Columns(), ["raw", "train"])
    assert found.splits == ("raw",)
    return found.table, found.shards, found.images_absent


def through_hub(folder: Path) -> tuple[Any, Sequence[ImageShard], str | None]:
    write(folder / "look-alike" / "data" / "raw-00000-of-00002.parquet", ROWS[:5])
    write(folder / "look-alike" / "data" / "raw-00001-of-00002.parquet", ROWS[5:])
    found = read_hub(str(folder / "look-alike"), None, Columns(), ["raw", "train"], cache_dir=folder / "cache")
    return found.table, found.shards, found.images_absent


WAYS = pytest.mark.parametrize("way", [through_parquet, through_saved, through_hub])
Way = Callable[[Path], tuple[Any, Sequence[ImageShard], str | None]]


@WAYS
@pytest.mark.parametrize("ids_per_shard", [1, 2, 200])
@pytest.mark.filterwarnings("default")
def test_the_table_is_text_and_every_picture_is_given_once(
    tmp_path: Path, way: Way, ids_per_shard: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (parquet, hub):
        monkeypatch.setattr(module, "IDS_PER_SHARD", ids_per_shard)
    table, shards, absent = way(tmp_path)
    assert absent is None
    assert table.faults == ()
    assert list(table.frame["answer"]) == [*["None"] * 5, "", "None", "None"]
    assert list(table.frame["img_id"]) == [img_id for img_id, _ in ROWS]
    assert [(raw.img_id, raw.data, raw.problem) for raw in images_of(shards)] == [
        ("a", b"A", None),
        ("b", b"B", None),
        ("c", b"C", None),
        ("d", b"", "missing"),
    ]
    assert [img_id for shard in shards for img_id in shard.ids] == ["a", "b", "c", "d"]
    kept, faults = settle_repeats(fingerprints(shards))
    assert [image.img_id for image in kept] == ["a", "b", "c", "d"]
    assert [(fault.kind, fault.img_id, len(fault.paths)) for fault in faults] == [
        ("two_pictures_for_one_id", "a", 2),
        ("two_pictures_for_one_id", "c", 2),
    ]
    again = [pickle.loads(pickle.dumps(shard)) for shard in shards]
    picked = [raw.data for shard in again for raw in shard.pick({"c", "b", "none"})]
    assert picked == [b"B", b"C"]


def test_no_picture_is_read_for_the_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pq.ParquetFile, "iter_batches", lambda *a, **k: pytest.fail("pictures were read"))
    found = read_parquet([write(tmp_path / "0.parquet", ROWS)], Columns(), table_only=True)
    assert (len(found.table.frame), found.shards, found.images_absent) == (8, (), "only the table was asked for")


def test_columns_of_other_types_are_faults_and_print(tmp_path: Path) -> None:
    pq.write_table(pa.table({"img_id": [1, None], "answer": ["a", "b"]}), tmp_path / "n.parquet")
    found = read_parquet([tmp_path / "n.parquet"], Columns())
    assert list(found.table.frame["img_id"]) == ["1", ""]
    assert [fault.kind for fault in found.table.faults] == ["missing_column", "missing_column", "not_text"]
    assert found.images_absent is not None


def test_a_file_cut_short_is_an_error_that_names_it(tmp_path: Path) -> None:
    path = write(tmp_path / "0.parquet", ROWS)
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(SourceError, match=r"0\.parquet: cannot be read as Parquet"):
        read_parquet([path], Columns())


def test_a_file_broken_inside_costs_its_own_pictures(tmp_path: Path) -> None:
    path = write(tmp_path / "0.parquet", [(str(n), bytes([n]) * 5000) for n in range(4)], row_group_size=4)
    found = read_parquet([path], Columns())
    path.write_bytes(b"PAR1" + b"\xff" * 20000 + path.read_bytes()[20004:])
    problems = {raw.img_id: raw.problem for raw in images_of(found.shards)}
    assert set(problems) == {"0", "1", "2", "3"}
    assert "not_readable" in problems.values()


@pytest.mark.parametrize("what", ["saved", "hub"])
@pytest.mark.filterwarnings("default")
def test_a_place_that_cannot_be_loaded_is_an_error(tmp_path: Path, what: str) -> None:
    (tmp_path / "state.json").write_text("{}")
    load = {
        "saved": lambda: read_saved(tmp_path, Columns(), []),
        "hub": lambda: read_hub(str(tmp_path), None, Columns(), [], cache_dir=tmp_path / "cache"),
    }
    with pytest.raises(SourceError, match="cannot"):
        load[what]()


def test_local_folders_are_loaded_without_any_connection(tmp_path: Path) -> None:
    write(tmp_path / "look-alike" / "raw.parquet", ROWS)
    program = (
        "import socket, sys\n"
        "def refuse(*a, **k): print('CONNECTION', a); raise OSError('no network')\n"
        "socket.socket.connect = socket.getaddrinfo = socket.create_connection = refuse\n"
        "from pathlib import Path\n"
        "from kvqa_audit.ingest.hub import read_hub\n"
        "from kvqa_audit.spec.dataset_spec import Columns\n"
        "found = read_hub(sys.argv[1], None, Columns(), [], cache_dir=Path(sys.argv[2]))\n"
        "print(len(found.table.frame), 'rows')\n"
    )
    environment = {k: v for k, v in os.environ.items() if not k.startswith("HF_")}
    ran = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path / "look-alike"), str(tmp_path / "cache")],
        capture_output=True,
        text=True,
        env=environment,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout == "8 rows\n"


def test_files_named_by_split_tell_every_rows_split(tmp_path: Path) -> None:
    train = write(tmp_path / "train-00000-of-00001.parquet", ROWS[:3])
    test = write(tmp_path / "test-00000-of-00001.parquet", ROWS[3:5])
    assert read_parquet([train, test], Columns()).table.splits == ("train",) * 3 + ("test",) * 2
    assert read_parquet([train], Columns()).table.splits == ()


def test_a_column_of_splits_counts_more_than_the_files_names(tmp_path: Path) -> None:
    paths = []
    for name in ("train", "test"):
        paths.append(tmp_path / f"{name}-00000-of-00001.parquet")
        pq.write_table(arrow_table(ROWS[:2]).append_column("split", pa.array(["a", None])), paths[-1])
    assert read_parquet(paths, Columns()).table.splits == ("a", "", "a", "")


def test_splits_that_are_put_together_are_told_by_row(tmp_path: Path) -> None:
    datasets = pytest.importorskip("datasets")
    parts = {name: datasets.Dataset(arrow_table(ROWS[:count])) for name, count in (("train", 3), ("test", 1))}
    datasets.DatasetDict(parts).save_to_disk(str(tmp_path / "saved"))
    assert read_saved(tmp_path / "saved", Columns(), []).table.splits == ("train",) * 3 + ("test",)
    assert read_saved(tmp_path / "saved", Columns(), ["test"]).table.splits == ()
