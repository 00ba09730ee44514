"""A corrected copy has the format that came in: delimiter, encoding, quoting, nesting, and everything not corrected."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.functional.conftest import Program
from tests.lookalikes import jpeg

Row = tuple[str, str, str]
# With a space at an end, a spelling of its own, two spaces, and a row that stands here twice.
RAW: list[Row] = [
    *((f"p{n}.jpg", "Ist die Tür grün?", ("ja", "nein")[n % 3 == 0]) for n in range(9)),
    *((f"p{n}.jpg", "Wie viele sind es?", str(n)) for n in range(9)),
]
RAW[1] = ("p1.jpg", "Ist die Tür grün?", "ja ")
RAW[2] = ("p2.jpg", "Ist die Tür grün?", "Ja.")
RAW[4] = ("p4.jpg", "Ist  die Tür grün?", "ja")
RAW.append(RAW[5])
DONE = [(i, " ".join(q.split()), "ja" if a in ("ja ", "Ja.") else a) for i, q, a in RAW[:-1]]
KEYS = ("image", "question", "answer")


def text(delimiter: str, encoding: str, head: bool = True, **style: Any) -> Callable[[list[Row]], bytes]:
    def written(rows: list[Row]) -> bytes:
        file = io.StringIO(newline="")
        csv.writer(file, delimiter=delimiter, **style).writerows([KEYS, *rows] if head else rows)
        return file.getvalue().encode(encoding)

    return written


def numbered(rows: list[Row]) -> list[dict[str, Any]]:
    return [{"qid": n, **dict(zip(KEYS, row, strict=True)), "box": [n, 1.50]} for n, row in enumerate(rows)]


def as_json(rows: list[Row], indent: int | None = None, under: str = "", escape: bool = False) -> bytes:
    found: Any = numbered(rows)
    return json.dumps({"v": 1e-7, under: found} if under else found, indent=indent, ensure_ascii=escape).encode()


def turns(rows: list[Row]) -> bytes:
    said = [
        {"id": n, "image": i, "conversations": [{"from": "human", "value": q}, {"from": "gpt", "value": a}]}
        for n, (i, q, a) in enumerate(rows)
    ]
    return json.dumps(said, ensure_ascii=False).encode()


def lines(rows: list[Row]) -> bytes:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in numbered(rows)).encode()


SHAPES: dict[str, Callable[[list[Row]], bytes]] = {
    "qa.csv": text(",", "utf-8"),
    "quoted.csv": text(",", "utf-8-sig", quoting=csv.QUOTE_ALL),
    "qa.tsv": text("\t", "utf-8"),
    "fragen.csv": text(";", "latin-1", lineterminator="\n"),
    "windows.csv": lambda rows: text(";", "cp1252")([(i, q.replace("Tür", "„Tür“"), a) for i, q, a in rows]),
    "wide.csv": text(",", "utf-16"),
    "no_mark.csv": text(";", "utf-16-be"),
    "pairs.txt": text("|", "utf-8", head=False),
    "qa.psv": text("|", "utf-8"),
    "qa.json": as_json,
    "indented.json": lambda rows: as_json(rows, indent=2),
    "under.json": lambda rows: as_json(rows, indent=1, under="data", escape=True),
    "turns.json": turns,
    "qa.jsonl": lines,
}


def draw(folder: Path, images: str = "images") -> Path:
    (folder / images).mkdir(parents=True)
    for n in range(9):
        (folder / images / f"p{n}.jpg").write_bytes(jpeg(n))
    return folder


@pytest.mark.parametrize("name", SHAPES)
def test_a_file_is_written_as_it_was(program: Program, tmp_path: Path, name: str) -> None:
    source, out = draw(tmp_path / "data", "fotos"), tmp_path / "fixed"
    (source / name).write_bytes(SHAPES[name](RAW))
    done = program("fix", source, "--table-only", "--out", out)
    assert done.returncode == 0, done.stdout + done.stderr
    assert (out / name).read_bytes() == SHAPES[name](DONE)
    assert (out / "fotos" / "p3.jpg").read_bytes() == jpeg(3)
    assert json.loads((out / "proof.json").read_text(encoding="utf-8"))["holds"] is True


@pytest.mark.parametrize("compression", ["snappy", "zstd", "none"])
def test_parquet_keeps_its_schema_pictures_and_compression(program: Program, tmp_path: Path, compression: str) -> None:
    def written(rows: list[Row], path: Path) -> pa.Table:
        path.parent.mkdir(parents=True, exist_ok=True)
        pictures = [{"bytes": jpeg(int(i[1])), "path": i} for i, _, _ in rows]
        table = pa.table(
            {
                "qid": pa.array(range(len(rows)), pa.int32()),
                "image": pa.array(pictures, pa.struct([("bytes", pa.binary()), ("path", pa.string())])),
                "img_id": pa.array([i for i, _, _ in rows]).dictionary_encode(),
                "question": pa.array([q for _, q, _ in rows], pa.large_string()),
                "answer": [a for _, _, a in rows],
            }
        ).replace_schema_metadata({"made by": "a test"})
        pq.write_table(table, path, row_group_size=5, compression=compression)
        return table

    source, out = tmp_path / "data", tmp_path / "fixed"
    written(RAW, source / "train-00000-of-00001.parquet")
    done = program("fix", source, "--out", out)
    assert done.returncode == 0, done.stdout + done.stderr
    path = out / "train-00000-of-00001.parquet"
    assert pq.read_table(path) == written(DONE, tmp_path / "expected.parquet")
    assert pq.ParquetFile(path).schema_arrow.metadata[b"made by"] == b"a test"
    used = pq.ParquetFile(path).metadata.row_group(0).column(0).compression.lower()
    assert used == {"none": "uncompressed"}.get(compression, compression)


def test_files_of_splits_are_corrected_each_in_its_place(program: Program, tmp_path: Path) -> None:
    source, out = draw(tmp_path / "data"), tmp_path / "fixed"
    for split, rows in (("train", RAW[:9]), ("test", RAW[9:])):
        (source / split).mkdir()
        (source / split / "qa.jsonl").write_bytes(lines(rows))
    done = program("fix", source, "--table-only", "--out", out)
    assert done.returncode == 0, done.stdout + done.stderr
    assert (out / "train" / "qa.jsonl").read_bytes() == lines(DONE[:9])
    # The row that stands in both is a leak for a person to settle, and the numbers of the rows are not the same.
    assert (out / "test" / "qa.jsonl").read_bytes() in (lines(DONE[9:]), lines([*DONE[9:], RAW[-1]]))


def test_a_file_that_was_named_is_copied_under_its_name_with_its_pictures(program: Program, tmp_path: Path) -> None:
    source, out = draw(tmp_path / "data", "fotos"), tmp_path / "fixed"
    (source / "qa.tsv").write_bytes(SHAPES["qa.tsv"](RAW))
    (source / "other.txt").write_text("not of this dataset")
    removals = tmp_path / "removals.csv"
    removals.write_text("img_id\np8.jpg\n")
    done = program("fix", source / "qa.tsv", "--out", out, "--removals", removals)
    assert done.returncode == 0, done.stdout + done.stderr
    assert (out / "qa.tsv").read_bytes() == SHAPES["qa.tsv"]([row for row in DONE if row[0] != "p8.jpg"])
    assert sorted(path.name for path in (out / "fotos").iterdir()) == [f"p{n}.jpg" for n in range(8)]
    assert not (out / "other.txt").exists()


@pytest.mark.parametrize(
    "document",
    [
        {f"q{n}": row for n, row in enumerate(numbered(RAW))},
        {key: [row[key] for row in numbered(RAW)] for key in KEYS},
        [{"image": "p1.jpg", "qas": [{"question": q, "answer": a} for _, q, a in RAW[:2]]}],
    ],
    ids=["by key", "by column", "by image"],
)
def test_json_of_another_shape_is_refused_and_said_so(program: Program, tmp_path: Path, document: Any) -> None:
    source = draw(tmp_path / "data")
    (source / "qa.json").write_text(json.dumps(document), encoding="utf-8")
    done = program("fix", source, "--table-only", "--out", tmp_path / "fixed")
    assert done.returncode == 2
    assert "only such JSON is written back" in " ".join(done.stderr.split())
    assert not (tmp_path / "fixed").exists()
