"""Parquet in the Hub's layout, and the same through `datasets`: the table, and every picture once."""

from __future__ import annotations

import hashlib
import json
import os
import pickle
import struct
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from kvqa_audit.errors import SourceError
from kvqa_audit.ingest import pictures
from kvqa_audit.ingest.dataset import REPEATED, Dataset, ImageShard, RawImage, settle_repeats
from kvqa_audit.ingest.hub import read_hub
from kvqa_audit.ingest.open import open_dataset
from kvqa_audit.ingest.table import whole_table
from kvqa_audit.model import ImageFingerprint
from kvqa_audit.spec.dataset_spec import Columns, DatasetSpec, Hub

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


def no_utf_8() -> pa.Array:
    return pa.Array.from_buffers(pa.string(), 1, [None, pa.py_buffer(b"\0\0\0\0\x02\0\0\0"), pa.py_buffer(b"\xfcb")])


def save(folder: Path, *tables: pa.Table, rows: Sequence[object] | pa.Array | None = None) -> None:
    """Writes Arrow files and what `save_to_disk` says of them, in the order of these rows, as they are given."""
    folder.mkdir(exist_ok=True)
    orders = [] if rows is None else [pa.table({"indices": rows})]
    for number, table in enumerate((*tables, *orders)):
        with pa.OSFile(str(folder / f"{number}.arrow"), "wb") as file, pa.ipc.new_stream(file, table.schema) as writer:
            writer.write_table(table)
    names = [{"filename": f"{number}.arrow"} for number in range(len(tables) + len(orders))]
    state = {"_data_files": names[: len(tables)], "_indices_data_files": names[len(tables) :] or None}
    (folder / "state.json").write_text(json.dumps(state))


def images_of(shards: Sequence[ImageShard]) -> list[RawImage]:
    return [raw for shard in shards for raw in shard.read() if raw.problem != REPEATED]


def opened(source: Path, columns: Columns | None = None, splits: Sequence[str] = (), **options: Any) -> Dataset:
    spec = DatasetSpec(
        name="any",
        rows=0,
        images=0,
        columns=columns or Columns(source=None, other=["source"]),
        hub=Hub(repo="owner/name", splits=list(splits)) if splits else None,
        other_questions="free text",
    )
    return open_dataset(str(source), spec, **options)


def through_parquet(folder: Path) -> tuple[Any, Sequence[ImageShard]]:
    write(folder / "parts" / "0.parquet", ROWS[:5])
    write(folder / "parts" / "1.parquet", ROWS[5:])
    found = opened(folder / "parts")
    return found.table, found.shards


def through_saved(folder: Path) -> tuple[Any, Sequence[ImageShard]]:
    import datasets

    features = datasets.Features(
        {"image": datasets.Image(), **{n: datasets.Value("string") for n in ("source", "question", "answer", "img_id")}}
    )
    data = datasets.Dataset(arrow_table(ROWS)).cast(features)
    datasets.DatasetDict({"raw": data, "rest": data}).save_to_disk(
        str(folder / "saved"), num_shards={"raw": 2, "rest": 1}
    )
    found = opened(folder / "saved", splits=["raw", "train"])
    return found.table, found.shards


def through_hub(folder: Path) -> tuple[Any, Sequence[ImageShard]]:
    write(folder / "look-alike" / "data" / "raw-00000-of-00002.parquet", ROWS[:5])
    write(folder / "look-alike" / "data" / "raw-00001-of-00002.parquet", ROWS[5:])
    (part,) = read_hub(str(folder / "look-alike"), None, ["raw", "train"], cache_dir=folder / "cache")
    table = whole_table([part], Columns(source=None, other=["source"]), "look-alike")
    return table, part.pictures["image"].shards(table.frame["img_id"].tolist(), set())


WAYS = pytest.mark.parametrize("way", [through_parquet, through_saved, through_hub])
Way = Callable[[Path], tuple[Any, Sequence[ImageShard]]]


@WAYS
@pytest.mark.parametrize("ids_per_shard", [1, 2, 200])
@pytest.mark.filterwarnings("default")
def test_the_table_is_text_and_every_picture_is_given_once(
    tmp_path: Path, way: Way, ids_per_shard: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pictures, "IDS_PER_SHARD", ids_per_shard)
    table, shards = way(tmp_path)
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
    found = opened(write(tmp_path / "0.parquet", ROWS), table_only=True)
    assert (len(found.table.frame), found.shards, found.absent["images"]) == (8, (), "only the table was asked for")
    # A file that says of itself that every row has a picture is believed.
    assert [len(s.ids) for s in opened(write(tmp_path / "1.parquet", ROWS[:5])).shards] == [3]


def test_an_id_has_the_picture_of_the_first_row_that_carries_one(tmp_path: Path) -> None:
    rows = [("a", None), ("b", None), ("b", b"B"), ("c", None), ("a", b"A"), ("b", None)]
    folders = {"one group": 10, "a group a row": 1}
    for name, size in folders.items():
        found = opened(write(tmp_path / name / "0.parquet", rows, size))
        given = {raw.img_id: (raw.data, raw.path, raw.problem) for raw in images_of(found.shards)}
        assert given == {
            "b": (b"B", "0.parquet#2", None),
            "a": (b"A", "0.parquet#4", None),
            "c": (b"", "0.parquet#3", "missing"),
        }
        assert [i for shard in found.shards for i in shard.ids] == [raw.img_id for raw in images_of(found.shards)]
        assert sorted(raw.img_id for s in found.shards for raw in s.pick({"a", "b", "c"})) == ["a", "b"]


def test_numbers_are_text_and_fractions_are_told(tmp_path: Path) -> None:
    table = pa.table({"img_id": [1, None], "answer": ["a", "b"], "question": pa.array([1.0, 2.5])})
    pq.write_table(table, tmp_path / "n.parquet")
    found = opened(tmp_path / "n.parquet")
    assert list(found.table.frame["img_id"]) == ["1", ""]
    assert list(found.table.frame["question"]) == ["1.0", "2.5"]
    assert [(fault.kind, fault.column) for fault in found.table.faults] == [("not_text", "question")]
    assert found.absent["images"] == "there are no images beside the table"


@pytest.mark.parametrize(
    "kind",
    [pa.string(), pa.large_string(), pa.string_view(), pa.dictionary(pa.int32(), pa.string()), pa.null()],
    ids=str,
)
def test_texts_of_every_type_are_read(tmp_path: Path, kind: pa.DataType) -> None:
    answers = pa.array([None, None], kind) if kind == pa.null() else pa.array(["a", None]).cast(kind)
    pq.write_table(pa.table({"img_id": ["1", "2"], "question": ["q", "q"], "answer": answers}), tmp_path / "n.parquet")
    found = opened(tmp_path / "n.parquet")
    assert (list(found.table.frame["answer"]), found.table.faults) == (["" if kind == pa.null() else "a", ""], ())


@pytest.mark.parametrize("kind", [pa.binary(), pa.large_binary(), pa.binary_view()], ids=str)
def test_pictures_of_every_type_of_bytes_are_read(tmp_path: Path, kind: pa.DataType) -> None:
    data = pa.array([b"A", None]).cast(kind)
    pq.write_table(
        pa.table({"img_id": ["1", "2"], "question": ["q", "q"], "answer": ["a", "b"], "image": data}),
        tmp_path / "n.parquet",
    )
    assert {raw.img_id: raw.data for raw in images_of(opened(tmp_path / "n.parquet").shards)} == {"1": b"A", "2": b""}


@pytest.mark.parametrize(
    "values",
    [
        pa.array([2**62], pa.timestamp("ms")),
        pa.array([1], pa.timestamp("s", "Mars/Olympus")),
        pa.array([2**40], pa.duration("ms")),
        pa.array([1], pa.date32()),
        pa.array([b"abcd"], pa.binary(4)),
        pa.array([{"bytes": "text"}]),
        pa.array([{"bytes": 7}]),
        pa.array([["a", "b"]]),
        pa.ListArray.from_arrays([0, 1], no_utf_8()),
        pa.StructArray.from_arrays([no_utf_8()], names=["a"]),
        pa.MapArray.from_arrays([0, 1], pa.array(["a"]), no_utf_8()),
        pa.DictionaryArray.from_arrays(pa.array([0]), no_utf_8()),
        pa.array([[2**62]], pa.list_(pa.timestamp("ms"))),
        pa.StructArray.from_arrays([pa.array([b"A"]), pa.array([b"B"])], names=["bytes", "bytes"]),
    ],
    ids=lambda values: str(values.type),
)
@pytest.mark.parametrize("role", ["answer", "img_id", "image"])
def test_values_of_any_type_are_read_or_refused_with_file_and_column(
    tmp_path: Path, values: pa.Array, role: str
) -> None:
    cells = {"img_id": pa.array(["1"]), "question": pa.array(["q"]), "answer": pa.array(["a"]), role: values}
    pq.write_table(pa.table(cells), tmp_path / "n.parquet")
    try:
        found = opened(tmp_path / "n.parquet")
    except SourceError as error:
        assert f"n.parquet: the column {role!r} " in str(error)  # noqa: PT017 - either way is right
    else:
        assert len(found.table.frame) == 1


PATHS = {
    "views": pa.array(["a", "b"], pa.string_view()),
    "a dictionary": pa.array(["a", "b"]).dictionary_encode(),
    "numbers": pa.array([1, 2]),
    "lists": pa.array([["a"], []]),
    "records": pa.array([{"a": 1}, None]),
    "bytes": pa.array([b"a", b"\xff"]),
    "no UTF-8": pa.concat_arrays([no_utf_8(), pa.array(["b"])]),
    "nothing": pa.nulls(2),
}


@pytest.mark.parametrize("saved", [False, True])
@pytest.mark.parametrize("what", PATHS)
def test_paths_of_any_type_beside_pictures_are_told_and_give_ids(tmp_path: Path, what: str, saved: bool) -> None:
    image = pa.StructArray.from_arrays([pa.array([b"A", b"B"]), PATHS[what]], names=["bytes", "path"])
    table = pa.table({"question": ["q", "r"], "answer": ["a", "b"], "image": image})
    if saved:
        save(tmp_path / "saved", table)
    else:
        pq.write_table(table, tmp_path / "n.parquet")
    for img_id in ("image.id", "image.path"):
        found = opened(tmp_path / ("saved" if saved else "n.parquet"), Columns(img_id=img_id, source=None))
        assert len(found.table.frame["img_id"]) == 2
        if img_id == "image.id":
            assert sorted(raw.data for raw in images_of(found.shards)) == [b"A", b"B"]


def two_of(kind: pa.DataType, end: int, **children: Any) -> pa.Array:
    """Two values, of which the first ends there and the second at 1."""
    held = [None, pa.py_buffer(struct.pack("<3i", 0, end, 1)), *([] if children else [pa.py_buffer(b"a")])]
    return pa.Array.from_buffers(kind, 2, held, **children)


OUT_OF_THE_FILE = {
    "text": two_of(pa.string(), 2**30),
    "text before its start": two_of(pa.string(), -5),
    "a list": two_of(pa.list_(pa.string()), 2**30, children=[pa.array(["a"])]),
    "a dictionary": pa.DictionaryArray.from_arrays(pa.array([7, 0]), pa.array(["a"]), safe=False),
    "a dictionary before its start": pa.DictionaryArray.from_arrays(pa.array([-1, 0]), pa.array(["a"]), safe=False),
}


@pytest.mark.parametrize("what", OUT_OF_THE_FILE)
def test_values_that_lead_out_of_a_saved_file_are_told(tmp_path: Path, what: str) -> None:
    """Arrow files are mapped into memory: what they say of themselves would be read from wherever it leads."""
    save(tmp_path, pa.table({"img_id": ["1", "2"], "question": ["q"] * 2, "answer": OUT_OF_THE_FILE[what]}))
    with pytest.raises(SourceError, match="the column 'answer' holds"):
        opened(tmp_path)


def test_pictures_that_lead_out_of_a_saved_file_are_told(tmp_path: Path) -> None:
    image = pa.StructArray.from_arrays([two_of(pa.binary(), 2**30), pa.array(["p", "p"])], names=["bytes", "path"])
    save(tmp_path, pa.table({"question": ["q", "r"], "answer": ["a", "a"], "img_id": ["1", "2"], "image": image}))
    assert [raw.problem for raw in images_of(opened(tmp_path).shards)] == ["not_readable"] * 2
    with pytest.raises(SourceError, match="nothing here that can be loaded"):
        opened(tmp_path, Columns(img_id="image.id", source=None))


@pytest.mark.parametrize("rows", [[-1], [2], ["a"], [None], [1.0], [True], [[0]]], ids=str)
def test_an_order_of_rows_that_are_not_there_is_told(tmp_path: Path, rows: list[object]) -> None:
    save(tmp_path, pa.table({"img_id": ["1", "2"], "question": ["q"] * 2, "answer": ["a"] * 2}), rows=rows)
    with pytest.raises(SourceError, match="is asked for, of 2"):
        opened(tmp_path)


@pytest.mark.parametrize("what", OUT_OF_THE_FILE)
def test_an_order_of_rows_that_leads_out_of_its_file_is_told(tmp_path: Path, what: str) -> None:
    table = pa.table({"img_id": ["1", "2"], "question": ["q"] * 2, "answer": ["a"] * 2})
    save(tmp_path, table, rows=OUT_OF_THE_FILE[what])
    with pytest.raises(SourceError, match="the column 'indices' holds"):
        opened(tmp_path)


def test_files_of_one_saved_dataset_with_other_columns_are_told(tmp_path: Path) -> None:
    table = pa.table({"img_id": ["1"], "question": ["q"], "answer": ["a"]})
    for other in (
        table.drop_columns(["answer"]),
        table.select([2, 1, 0]),
        table.set_column(2, "answer", pa.array([1])),
    ):
        save(tmp_path, table, other)
        with pytest.raises(SourceError, match=r"1\.arrow: has other columns than 0\.arrow"):
            opened(tmp_path)


def test_text_that_is_no_utf_8_is_kept(tmp_path: Path) -> None:
    pq.write_table(pa.table({"img_id": ["1"], "question": ["q"], "answer": no_utf_8()}), tmp_path / "n.parquet")
    assert list(opened(tmp_path / "n.parquet").table.frame["answer"]) == ["üb"]


def test_a_column_that_stands_twice_is_told_and_the_first_is_read(tmp_path: Path) -> None:
    arrays = [pa.array([text]) for text in ("1", "q", "first", "second")]
    pq.write_table(pa.table(arrays, names=["img_id", "question", "answer", "answer"]), tmp_path / "n.parquet")
    found = opened(tmp_path / "n.parquet")
    assert list(found.table.frame["answer"]) == ["first"]
    assert [fault.kind for fault in found.table.faults] == ["repeated_column"]


@pytest.mark.parametrize("saved", [False, True])
@pytest.mark.parametrize("first", ["pictures", "numbers"])
def test_a_name_that_pictures_share_with_another_column_is_told_and_the_first_counts(
    tmp_path: Path, first: str, saved: bool
) -> None:
    pictures = pa.array([{"bytes": text, "path": f"{text!r}.png"} for text in (b"A", b"B")])
    two = [pictures, pa.array([1, 2])] if first == "pictures" else [pa.array([1, 2]), pictures]
    columns = [*two, pa.array(["q", "r"]), pa.array(["yes", "no"]), pa.array(["a", "b"])]
    table = pa.table(columns, names=["image", "image", "question", "answer", "img_id"])
    place = tmp_path / "n.parquet"
    if saved:
        place = tmp_path / "saved"
        place.mkdir()
        (place / "state.json").write_text(json.dumps({"_data_files": [{"filename": "d.arrow"}]}))
        with pa.ipc.new_stream(str(place / "d.arrow"), table.schema) as writer:
            writer.write_table(table)
    else:
        pq.write_table(table, place)
    found = opened(place)
    assert "repeated_column" in [fault.kind for fault in found.table.faults]
    read = [image for shard in found.shards for image in shard.read()]
    assert len(read) == (2 if first == "pictures" else 0)
    assert list(found.table.frame["question"]) == ["q", "r"]


def test_a_file_cut_short_is_an_error_that_names_it(tmp_path: Path) -> None:
    path = write(tmp_path / "0.parquet", ROWS)
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(SourceError, match=r"0\.parquet: cannot be read as Parquet"):
        opened(path)


def test_a_file_broken_inside_costs_its_own_pictures(tmp_path: Path) -> None:
    path = write(tmp_path / "0.parquet", [(str(n), bytes([n]) * 5000) for n in range(4)], row_group_size=4)
    found = opened(path)
    path.write_bytes(b"PAR1" + b"\xff" * 20000 + path.read_bytes()[20004:])
    problems = {raw.img_id: raw.problem for raw in images_of(found.shards)}
    assert set(problems) == {"0", "1", "2", "3"}
    assert "not_readable" in problems.values()


@pytest.mark.parametrize("what", ["saved", "hub"])
@pytest.mark.filterwarnings("default")
def test_a_place_that_cannot_be_loaded_is_an_error(tmp_path: Path, what: str) -> None:
    (tmp_path / "state.json").write_text("{}")
    load = {
        "saved": lambda: opened(tmp_path),
        "hub": lambda: read_hub(str(tmp_path), None, [], cache_dir=tmp_path / "cache"),
    }
    with pytest.raises(SourceError, match="can"):
        load[what]()


@pytest.mark.parametrize("name", ["../outside.arrow", "/etc/passwd", "..", ""])
def test_a_saved_folder_names_no_file_elsewhere(tmp_path: Path, name: str) -> None:
    (tmp_path / "state.json").write_text(json.dumps({"_data_files": [{"filename": name}]}))
    with pytest.raises(SourceError, match="Save the dataset again"):
        opened(tmp_path)


@pytest.mark.parametrize("saved", [False, True])
def test_few_bytes_that_unpack_to_long_cells_without_end_are_refused(tmp_path: Path, saved: bool) -> None:
    names = ["question", "answer", "img_id"]
    table = pa.table(dict.fromkeys(names, pa.array(["a" * 1_000_000] * 300).dictionary_encode()))
    if saved:
        (tmp_path / "state.json").write_text(json.dumps({"_data_files": [{"filename": "d.arrow"}]}))
        with pa.ipc.new_stream(str(tmp_path / "d.arrow"), table.schema) as writer:
            writer.write_table(table)
    else:
        pq.write_table(table.cast(pa.schema(dict.fromkeys(names, pa.string()))), tmp_path / "0.parquet")
    with pytest.raises(SourceError, match=r"'\w+' unpacks to at least [\d,]+ bytes in 300 rows"):
        opened(tmp_path)


def test_few_bytes_below_a_column_of_pictures_that_unpack_without_end_are_refused(tmp_path: Path) -> None:
    path = pa.array(["a" * 1_000_000] * 300)
    image = pa.StructArray.from_arrays([pa.array([b"x"] * 300), path], ["bytes", "path"])
    answers = pa.array(["yes"] * 300)
    pq.write_table(pa.table({"question": answers, "answer": answers, "image": image}), tmp_path / "0.parquet")
    assert (tmp_path / "0.parquet").stat().st_size < 1_000_000
    with pytest.raises(SourceError, match=r"'image.path' unpacks to at least [\d,]+ bytes in 300 rows"):
        opened(tmp_path, Columns(source=None, img_id="image.path"))


@pytest.mark.parametrize("name", ["state.json", "dataset_dict.json"])
def test_what_a_saved_folder_says_of_itself_is_nested_too_deeply(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text('{"splits":' + "[" * 9_000)
    with pytest.raises(SourceError, match=r"nested too deeply.*Save the dataset again"):
        opened(tmp_path)


def test_local_folders_are_loaded_without_any_connection(tmp_path: Path) -> None:
    write(tmp_path / "look-alike" / "raw.parquet", ROWS)
    program = (
        "import socket, sys\n"
        "def refuse(*a, **k): print('CONNECTION', a); raise OSError('no network')\n"
        "socket.socket.connect = socket.getaddrinfo = socket.create_connection = refuse\n"
        "from pathlib import Path\n"
        "from kvqa_audit.ingest.hub import read_hub\n"
        "(found,) = read_hub(sys.argv[1], None, [], cache_dir=Path(sys.argv[2]))\n"
        "print(found.rows, 'rows')\n"
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
    assert opened(tmp_path).table.splits == ()
    write(tmp_path / "test-00000-of-00001.parquet", ROWS[3:5])
    assert opened(tmp_path).table.splits == ("test",) * 2 + ("train",) * 3
    assert opened(train).table.splits == ()


def test_a_column_of_splits_counts_more_than_the_files_names(tmp_path: Path) -> None:
    for name in ("train", "test"):
        path = tmp_path / f"{name}-00000-of-00001.parquet"
        pq.write_table(arrow_table(ROWS[:2]).append_column("split", pa.array(["a", None])), path)
    assert opened(tmp_path).table.splits == ("a", "", "a", "")


@pytest.mark.filterwarnings("default")
def test_splits_that_are_put_together_are_told_by_row(tmp_path: Path) -> None:
    datasets = pytest.importorskip("datasets")
    parts = {name: datasets.Dataset(arrow_table(ROWS[:count])) for name, count in (("train", 3), ("test", 1))}
    datasets.DatasetDict(parts).save_to_disk(str(tmp_path / "saved"))
    assert opened(tmp_path / "saved").table.splits == ("train",) * 3 + ("test",)
    assert opened(tmp_path / "saved", splits=["test"]).table.splits == ()


@pytest.mark.parametrize("change", ["map", "shuffle", "select and save"])
@pytest.mark.filterwarnings("default")
def test_a_saved_folder_is_what_it_says_of_itself_whatever_else_lies_there(tmp_path: Path, change: str) -> None:
    datasets = pytest.importorskip("datasets")
    datasets.Dataset(arrow_table(ROWS)).save_to_disk(str(tmp_path / "saved"))
    loaded = datasets.load_from_disk(str(tmp_path / "saved"))
    if change == "map":
        loaded.map(lambda row: {"answer": "other"})
    elif change == "shuffle":
        loaded.shuffle(seed=1)
    else:
        loaded.select([7, 2, 3]).save_to_disk(str(tmp_path / "part"))
    before = sorted(path.name for path in (tmp_path / "saved").iterdir())
    found = opened(tmp_path / ("part" if change == "select and save" else "saved"))
    expected = [ROWS[n] for n in (7, 2, 3)] if change == "select and save" else ROWS
    assert list(found.table.frame["img_id"]) == [img_id for img_id, _ in expected]
    assert next(raw.data for raw in images_of(found.shards)) == expected[0][1]
    assert sorted(path.name for path in (tmp_path / "saved").iterdir()) == before


@pytest.mark.filterwarnings("default")
def test_rows_that_a_saved_folder_keeps_in_an_order_of_its_own(tmp_path: Path) -> None:
    datasets = pytest.importorskip("datasets")
    datasets.Dataset(arrow_table(ROWS)).save_to_disk(str(tmp_path))
    table = pa.table({"indices": pa.array([6, 4, 0], pa.uint64())})
    with pa.OSFile(str(tmp_path / "indices.arrow"), "wb") as file, pa.ipc.new_stream(file, table.schema) as writer:
        writer.write_table(table)
    state = json.loads((tmp_path / "state.json").read_text())
    (tmp_path / "state.json").write_text(json.dumps({**state, "_indices_data_files": [{"filename": "indices.arrow"}]}))
    found = opened(tmp_path)
    assert list(found.table.frame["img_id"]) == ["b", "c", "a"]
    assert {raw.img_id: raw.data for raw in images_of(found.shards)} == {"a": b"A", "b": b"B", "c": b"other"}


OTHERWISE = {
    "lists of pictures": pa.array([[b"A"]]),
    "lists of records": pa.array([[{"bytes": b"A"}]]),
    "a dictionary of pictures": pa.array([b"A"]).dictionary_encode(),
}


@pytest.mark.parametrize("what", OTHERWISE)
def test_pictures_that_are_held_otherwise_are_told(tmp_path: Path, what: str) -> None:
    cells = {"img_id": ["1"], "question": ["q"], "answer": ["a"], "image": OTHERWISE[what]}
    pq.write_table(pa.table(cells), tmp_path / "n.parquet")
    assert "unread_images" in [fault.kind for fault in opened(tmp_path / "n.parquet").table.faults]


@pytest.mark.parametrize("data", ["text", 7, [1], {"a": b"x"}], ids=str)
def test_pictures_that_are_no_bytes_are_told_before_anything_is_judged(tmp_path: Path, data: object) -> None:
    rows = [{"img_id": "1", "question": "q", "answer": "a", "image": {"bytes": data, "path": None}}]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "n.parquet")
    (fault,) = [fault for fault in opened(tmp_path / "n.parquet").table.faults if fault.kind == "unread_images"]
    assert "'image': holds pictures as" in fault.message
