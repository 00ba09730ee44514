"""Arrow files whose buffers are packed: read as any others, and refused before a few bytes unpack to hundreds of MB."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from kvqa_audit.errors import SourceError
from kvqa_audit.ingest.packed_arrow import unpacked_bytes
from kvqa_audit.ingest.saved import SavedFolder, mapped
from kvqa_audit.ingest.source_format import Wanted

LONG = "a" * 1_000_000
WRITERS: dict[str, Callable[..., Any]] = {"stream": pa.ipc.new_stream, "file": pa.ipc.new_file}


def written(path: Path, table: pa.Table, kind: str, **options: Any) -> Path:
    with WRITERS[kind](str(path), table.schema, options=pa.ipc.IpcWriteOptions(**options)) as writer:
        for start in range(0, table.num_rows, 150):
            writer.write_table(table.slice(start, 150))
    return path


def rows() -> pa.Table:
    texts = [f"Is there text in {number}?" for number in range(600)]
    picture = {"bytes": bytes(range(256)), "path": "a.jpg"}
    return pa.table(
        {
            "question": texts,
            "answer": pa.array(["yes", "no"] * 300).dictionary_encode(),
            "row": range(600),
            "seen": pa.array(["in a view that is longer than twelve letters"] * 600, pa.string_view()),
            "nothing": pa.nulls(600),
            "image": [picture] * 600,
        }
    )


@pytest.mark.parametrize("kind", WRITERS)
@pytest.mark.parametrize("compression", ["zstd", "lz4"])
def test_packed_files_are_read_as_others(tmp_path: Path, kind: str, compression: str) -> None:
    packed = written(tmp_path / "packed.arrow", rows(), kind, compression=compression)
    plain = written(tmp_path / "plain.arrow", rows(), kind)
    assert packed.stat().st_size < plain.stat().st_size / 4
    assert mapped(packed).to_pylist() == mapped(plain).to_pylist() == rows().to_pylist()
    is_stream = kind == "stream"
    with pa.memory_map(str(packed)) as source, pa.memory_map(str(plain)) as other:
        held = sum(batch.nbytes for batch in mapped(packed).to_batches())
        assert held <= unpacked_bytes(source, is_stream=is_stream) < 1.1 * held
        assert unpacked_bytes(other, is_stream=is_stream) == 0


BOMBS: dict[str, Callable[[], pa.Array]] = {
    "texts": lambda: pa.array([LONG] * 300),
    "texts of a dictionary": lambda: pa.array([f"{number:09}{LONG}" for number in range(300)]).dictionary_encode(),
    "pictures": lambda: pa.array([{"bytes": LONG.encode(), "path": "a.jpg"}] * 300),
}


@pytest.mark.parametrize("what", BOMBS)
@pytest.mark.parametrize(("kind", "compression"), [("stream", "zstd"), ("file", "lz4"), ("file", "zstd")])
def test_few_bytes_that_unpack_to_many_are_refused_before(
    tmp_path: Path, what: str, kind: str, compression: str
) -> None:
    path = written(tmp_path / "d.arrow", pa.table({"image": BOMBS[what]()}), kind, compression=compression)
    assert path.stat().st_size < 3_000_000
    (tmp_path / "state.json").write_text(json.dumps({"_data_files": [{"filename": path.name}]}))
    with pytest.raises(SourceError, match=r"d\.arrow: unpacks from [\d,]+ to [\d,]+ bytes at once.*Save it without"):
        SavedFolder().read(tmp_path, "", Wanted())


@pytest.mark.parametrize("kind", WRITERS)
def test_a_size_that_is_a_lie_takes_no_memory(tmp_path: Path, kind: str) -> None:
    table = pa.table({"question": ["what " * 40] * 100})
    path = written(tmp_path / "d.arrow", table, kind, compression="zstd")
    content, told = path.read_bytes(), struct.pack("<q", 200 * 100)
    assert content.count(told) == 1
    path.write_bytes(content.replace(told, struct.pack("<q", 2**60)))
    with pytest.raises(SourceError, match="unpacks from"):
        mapped(path)


@pytest.mark.parametrize("leads_to", [0, 2**40, -8, "the end of the stream"])
def test_an_end_that_leads_to_no_rows_is_told(tmp_path: Path, leads_to: int | str) -> None:
    path = written(tmp_path / "d.arrow", pa.table({"answer": ["yes"] * 100}), "file", compression="zstd")
    content = path.read_bytes()
    (length,) = struct.unpack("<i", content[-10:-6])
    end_of_stream = len(content) - 10 - length - 8
    assert content[end_of_stream:][:8] == b"\xff\xff\xff\xff\0\0\0\0"
    with pa.memory_map(str(path)) as source:
        source.seek(8)
        assert pa.ipc.read_message(source).type == "schema"
        place = source.tell()
    told = struct.pack("<q", place)
    assert content.count(told) == 1
    offset = end_of_stream if isinstance(leads_to, str) else leads_to
    path.write_bytes(content.replace(told, struct.pack("<q", offset)))
    (tmp_path / "state.json").write_text(json.dumps({"_data_files": [{"filename": path.name}]}))
    with pytest.raises(SourceError, match="saved nothing here that can be loaded"):
        SavedFolder().read(tmp_path, "", Wanted())


def test_how_earlier_versions_told_of_packing_is_known(tmp_path: Path) -> None:
    """No version writes it any more, and pyarrow reads it still: packed buffers, and a mark beside the rows."""
    size = 300_000_000
    packed = struct.pack("<q", size) + pa.compress(bytes(size), "zstd", asbytes=True)
    numbers = pa.Array.from_buffers(pa.uint8(), len(packed), [None, pa.py_buffer(packed)])
    batch = pa.record_batch({"answer": numbers})
    options = pa.ipc.IpcWriteOptions(metadata_version=pa.ipc.MetadataVersion.V4)
    with pa.ipc.new_stream(str(tmp_path / "d.arrow"), batch.schema, options=options) as writer:
        writer.write_batch(batch, custom_metadata={"ARROW:experimental_compression": "zstd"})
    with pytest.raises(SourceError, match="to 300,000,000 bytes at once"):
        mapped(tmp_path / "d.arrow")
