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


@pytest.mark.parametrize(
    ("compression", "held"),
    [
        ("snappy", (pa.binary(), pa.string())),
        ("zstd", (pa.binary(), pa.large_string())),
        ("none", (pa.large_binary(), pa.binary())),
    ],
)
def test_parquet_keeps_its_schema_pictures_and_compression(
    program: Program, tmp_path: Path, compression: str, held: tuple[pa.DataType, pa.DataType]
) -> None:
    def written(rows: list[Row], path: Path) -> pa.Table:
        path.parent.mkdir(parents=True, exist_ok=True)
        data, paths = (
            pa.array([jpeg(int(i[1])) for i, _, _ in rows], held[0]),
            pa.array([i for i, _, _ in rows], held[1]),
        )
        table = pa.table(
            {
                "qid": pa.array(range(len(rows)), pa.int32()),
                "image": pa.StructArray.from_arrays([data, paths], names=["bytes", "path"]),
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


@pytest.mark.parametrize(
    "kind", [pa.string_view(), pa.list_(pa.string_view()), pa.struct([("a", pa.binary_view())])], ids=str
)
def test_a_column_that_cannot_be_written_back_is_told_first(
    program: Program, tmp_path: Path, kind: pa.DataType
) -> None:
    rows = {"img_id": ["1"], "question": ["q"], "answer": [" a"], "more": pa.nulls(1, kind)}
    pq.write_table(pa.table(rows), tmp_path / "a.parquet")
    done = program("fix", tmp_path / "a.parquet", "--table-only", "--out", tmp_path / "fixed")
    assert done.returncode == 2
    assert "a.parquet: the column 'more' holds" in done.stderr


def test_cells_on_lines_are_not_written_back_and_this_is_told_first(program: Program, tmp_path: Path) -> None:
    source = draw(tmp_path / "data")
    (source / "qa.train.txt").write_text("".join(f"is it green in the image{n} ?\nyes \n" for n in range(9)))
    done = program("fix", source, "--table-only", "--out", tmp_path / "fixed")
    assert done.returncode == 2
    assert "qa.train.txt: has its cells on lines, which is not written back" in done.stderr
    assert not (tmp_path / "fixed").exists()


def test_a_table_without_rows_is_copied(program: Program, tmp_path: Path) -> None:
    pq.write_table(pa.table({"img_id": ["1"], "question": ["q"], "answer": ["a"]}).slice(0, 0), tmp_path / "a.parquet")
    done = program("fix", tmp_path / "a.parquet", "--table-only", "--out", tmp_path / "fixed")
    assert "cannot be written" not in done.stderr
    assert done.returncode in (0, 1)


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


def test_the_proof_holds_where_one_of_two_answers_is_said_twice(program: Program, tmp_path: Path) -> None:
    source, out = draw(tmp_path / "data"), tmp_path / "fixed"
    rows = [*DONE, ("p3.jpg", "Ist die Tür grün?", "ja"), DONE[3]]
    (source / "qa.tsv").write_bytes(SHAPES["qa.tsv"](rows))
    done = program("fix", source, "--table-only", "--out", out)
    assert done.returncode == 0, done.stdout + done.stderr
    assert (out / "qa.tsv").read_bytes() == SHAPES["qa.tsv"](rows[:-1])
    proof = json.loads((out / "proof.json").read_text(encoding="utf-8"))
    assert proof["left"]["KV012"] == 1
    assert proof["new"] == proof["lost"] == proof["settled"] == []


def written(path: Path, document: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document, ensure_ascii=False, indent=1), encoding="utf-8")


def pair(rows: list[Row]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Questions and annotations in two documents, joined by an id, in another order, with ten answers each."""
    asked = [{"image_id": i, "question": q, "question_id": 70 + n} for n, (i, q, _) in enumerate(rows)]
    said = [
        {"question_id": 70 + n, "multiple_choice_answer": a, "answers": [{"answer": a, "answer_id": 1}] * 3}
        for n, (_, _, a) in enumerate(rows)
    ]
    return {"info": {"v": 1.0}, "questions": asked}, {"license": None, "annotations": said[::-1]}


def test_each_file_of_a_joined_pair_is_written_back(program: Program, tmp_path: Path) -> None:
    source, out = draw(tmp_path / "data"), tmp_path / "fixed"
    rows = [(i, q, a) for i, q, a in RAW[:-1]]
    for name, document in zip(("questions.json", "annotations.json"), pair(rows), strict=True):
        written(source / name, document)
    nothing = program("fix", source, "--table-only", "--dry-run")
    assert nothing.returncode == 0, nothing.stdout + nothing.stderr
    done = program("fix", source, "--table-only", "--out", out)
    assert done.returncode == 0, done.stdout + done.stderr
    for name, document in zip(("questions.json", "annotations.json"), pair(DONE), strict=True):
        now = json.loads((out / name).read_text(encoding="utf-8"))
        for one, other in zip(now.get("annotations", ()), document.get("annotations", ()), strict=True):
            one.pop("answers"), other.pop("answers")
        assert now == document


def by_column(rows: list[Row]) -> Any:
    return {key: [row[key] for row in numbered(rows)] for key in (*KEYS, "box")}


@pytest.mark.parametrize(
    "shape",
    [
        lambda rows: {f"q{n}": row for n, row in enumerate(numbered(rows))},
        lambda rows: {"split": {"a.b": {str(n): row for n, row in enumerate(numbered(rows))}, "of": None}},
        by_column,
        lambda rows: {key: {str(n): row[key] for n, row in enumerate(numbered(rows))} for key in KEYS},
        lambda rows: [
            {"image": f"p{n}.jpg", "qas": [{"question": q, "answer": a} for i, q, a in rows if i == f"p{n}.jpg"]}
            for n in range(9)
        ],
        lambda rows: {
            "images": [{"id": n, "file_name": f"p{n}.jpg"} for n in range(9)],
            "annotations": [{"id": n, "image_id": int(i[1]), "question": q, "answer": a}
                            for n, (i, q, a) in enumerate(rows)],
        },
    ],
    ids=["by key", "by key, nested", "by column", "by column and row", "by image", "images apart"],
)  # fmt: skip
def test_a_document_of_any_shape_is_written_back(
    program: Program, tmp_path: Path, shape: Callable[[list[Row]], Any]
) -> None:
    source, out = draw(tmp_path / "data"), tmp_path / "fixed"
    written(source / "qa.json", shape(RAW[:-1]))
    done = program("fix", source, "--table-only", "--out", out)
    assert done.returncode == 0, done.stdout + done.stderr
    assert json.loads((out / "qa.json").read_text(encoding="utf-8")) == shape(DONE)


def test_lists_of_accepted_answers_stay_and_the_cells_beside_them_are_corrected(
    program: Program, tmp_path: Path
) -> None:
    def several(rows: list[Row]) -> list[tuple[str, str, str]]:
        return [("image", "question", "answers"), *((i, q, f"['{a.strip()}', 'x', '{a.strip()}']") for i, q, a in rows)]

    source, out = draw(tmp_path / "data"), tmp_path / "fixed"
    plain = text(",", "utf-8", head=False)
    rows = [(i, q, "ja" if a == "Ja." else a) for i, q, a in RAW]
    (source / "qa.csv").write_bytes(plain(several(rows)))
    done = program("fix", source, "--table-only", "--out", out)
    assert done.returncode == 0, done.stdout + done.stderr
    assert (out / "qa.csv").read_bytes() == plain(several(DONE))


def test_rows_that_stand_in_lists_side_by_side_are_not_taken_out(program: Program, tmp_path: Path) -> None:
    source, removals = draw(tmp_path / "data"), tmp_path / "removals.csv"
    written(source / "qa.json", by_column(RAW))
    done = program("fix", source, "--table-only", "--out", tmp_path / "fixed")
    assert done.returncode == 0, done.stdout + done.stderr
    now = json.loads((tmp_path / "fixed" / "qa.json").read_text(encoding="utf-8"))
    assert now == by_column([*DONE, DONE[5]])
    assert "KV011" in (tmp_path / "fixed" / "changes.md").read_text().partition("Left for a person")[2]
    removals.write_text("img_id\np8.jpg\n")
    told = program("fix", source, "--table-only", "--dry-run", "--removals", removals)
    assert told.returncode == 2
    assert "p8.jpg: its question in record 9 stands in no record of its own" in " ".join(told.stderr.split())


def test_lines_that_are_no_records_stay_where_they_are(program: Program, tmp_path: Path) -> None:
    source, out = draw(tmp_path / "data"), tmp_path / "fixed"
    broken = b'{"qid": 3, "image": broken,\n\n'
    whole = lines(RAW).splitlines(keepends=True)
    (source / "qa.jsonl").write_bytes(b"".join([*whole[:9], broken, *whole[9:], broken]))
    done = program("fix", source, "--table-only", "--out", out)
    assert done.returncode == 0, done.stdout + done.stderr
    now = (out / "qa.jsonl").read_bytes()
    assert now.count(broken) == 2
    records = [json.loads(line) for line in now.replace(broken, b"").splitlines()]
    assert [tuple(record[key] for key in KEYS) for record in records] == DONE
