"""A random generator and a case come in; a dataset of another layout, made hostile, and the command on it, go out."""

from __future__ import annotations

import csv
import json
import random
import shutil
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from tests.fuzz.case import Case, Try
from tests.fuzz.tables import ROLES, any_table
from tests.fuzz.texts import any_value, change_one, mutate_file, name_text, path_text, text

Rows = list[dict[str, Any]]


def saved(random_: random.Random, case: Case) -> Try:
    """A folder as of `save_to_disk`: of any Arrow types, with what it says of itself and its files by mutation."""
    folders = [case.source / name for name in random_.choice(([""], ["train", "test"]))]
    data, images = any_table(random_, case), next(case.images.iterdir()).read_bytes()
    shutil.rmtree(case.source)
    for folder in folders:
        folder.mkdir(parents=True)
        _save(random_, folder, data)
    if len(folders) > 1:
        told: dict[str, Any] = {"splits": [folder.name for folder in folders]}
        _written(random_, case.source / "dataset_dict.json", told)
    if random_.random() < 0.2:
        (case.source / "images").mkdir()
        (case.source / "images" / "a.jpg").write_bytes(images)
    return _audited(random_, case)


def _save(random_: random.Random, folder: Path, data: pa.Table) -> None:
    names = [f"data-{n:05}-of-00002.arrow" for n in range(random_.choice((1, 1, 2)))]
    for name in names:
        options = pa.ipc.IpcWriteOptions(compression=random_.choice((None, None, "zstd", "lz4")))
        opened = random_.choice((pa.ipc.new_stream, pa.ipc.new_file))
        with opened(str(folder / name), data.schema, options=options) as writer:
            writer.write_table(data)
    told: dict[str, Any] = {"_data_files": [{"filename": name} for name in names], "_split": "train", "_indices": None}
    if random_.random() < 0.5:
        values = random_.choice(([2, 0, 1], [0] * 9, [-1], [99], [2**63], [None], ["0"], [0.5], []))
        kinds = (pa.uint64(), pa.int64(), None, pa.dictionary(pa.int8(), pa.int64()))
        try:
            indices = pa.table({"indices": pa.array(values, random_.choice(kinds))})
        except (pa.ArrowException, OverflowError):
            indices = pa.table({"indices": pa.array([0, 1])})
        with pa.ipc.new_stream(str(folder / "indices.arrow"), indices.schema) as writer:
            writer.write_table(indices)
        told["_indices_data_files"] = [{"filename": "indices.arrow"}]
    _written(random_, folder / "state.json", told)
    _written(random_, folder / "dataset_info.json", {"features": {}, "splits": {"train": {"name": "train"}}})
    if random_.random() < 0.4:
        mutate_file(random_, random_.choice(sorted(folder.glob("*.arrow"))))


def _written(random_: random.Random, path: Path, told: dict[str, Any]) -> None:
    """Writes a record of the layout: as it should be, with another value somewhere, deeply nested, or by mutation."""
    kind = random_.random()
    if kind < 0.3:
        change_one(random_, told)
    elif kind < 0.4 and "_data_files" in told:
        told["_data_files"][0]["filename"] = path_text(random_)
    path.write_text(json.dumps(told))
    if 0.4 < kind < 0.45:
        path.write_text("[" * 100_000)
    elif 0.45 < kind < 0.55:
        mutate_file(random_, path)


def _rows(case: Case) -> Rows:
    return list(csv.DictReader(case.table.read_text().splitlines()))


def folders(random_: random.Random, case: Case) -> Try:
    """Pictures in folders that name their split or class, with a list of their rows beside them, or without."""
    rows, pictures = _rows(case), sorted(case.images.iterdir())
    odd = name_text(random_).replace("/", "-").replace("\0", "").strip(".")[:60]
    names = ["train", "test", "validation", "a", "b c", odd or "x"]
    listed = []
    for number, row in enumerate(rows):
        folder = case.source / random_.choice(names)
        folder.mkdir(exist_ok=True)
        name = f"{number}{random_.choice(('.jpg', '.JPEG', '.png', '', '.txt'))}"
        shutil.copyfile(pictures[number % len(pictures)], folder / name)
        listed.append({"file_name": f"{folder.name}/{name}", **row})
    case.table.unlink()
    for row in random_.sample(listed, 3):
        row["file_name"] = random_.choice((path_text(random_), any_value(random_), "", row["file_name"].upper()))
    kind = random_.choice(("metadata.csv", "metadata.jsonl", "metadata.parquet", ""))
    path = case.source / random_.choice(("", "train" if (case.source / "train").is_dir() else "")) / kind
    if kind:
        write_rows(listed, path)
        if random_.random() < 0.3:
            mutate_file(random_, path)
    return _audited(random_, case)


def lines(random_: random.Random, case: Case) -> Try:
    """Questions and answers on lines in turn, or line by line in files of their own, hostile or by mutation."""
    rows = [(row["img_id"], row["question"], row["answer"]) for row in _rows(case)]
    case.table.unlink()
    rows = [tuple(text(random_) if random_.random() < 0.05 else cell for cell in row) for row in rows]
    end = random_.choice(("\n", "\n", "\r\n", "\r", "\u2028"))
    if random_.random() < 0.5:
        asked = random_.choice(("is it red in the image{0} ?", "{1} (picture_{0})", "{1}", "{2}"))
        told = {"qa.train.txt": [line for n, row in enumerate(rows) for line in (asked.format(n, *row[1:]), row[2])]}
    else:
        named = zip(("img_ids", "questions", "answers"), zip(*rows, strict=True), strict=True)
        told = {f"{name}.txt": list(cells) for name, cells in named if random_.random() < 0.95}
    for name, cells in told.items():
        path = case.source / random_.choice(("", "", "", "train")) / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(end.join(cells), encoding="utf-8", errors="surrogatepass", newline="")
        if random_.random() < 0.3:
            mutate_file(random_, path)
    return _audited(random_, case)


def nested(random_: random.Random, case: Case) -> Try:
    """Questions and annotations in two files, or lists under keys, with a value that does not fit or by mutation."""
    rows = _rows(case)
    case.table.unlink()
    pairs = [{"question_id": n, "image_id": row["img_id"], "question": row["question"]} for n, row in enumerate(rows)]
    answers = [
        {"question_id": n, "image_id": row["img_id"], "multiple_choice_answer": row["answer"],
         "answers": [{"answer": row["answer"], "answer_id": 1}] * 3}
        for n, row in enumerate(rows)
    ]  # fmt: skip
    records: dict[str, Any] = {
        row["img_id"]: {"file": f"{row['img_id']}.jpg", "qa": [{"q": row["question"], "a": row["answer"]}]}
        for row in rows
    }
    shapes: tuple[dict[str, Any], ...] = (
        {
            "v2_OpenEnded_mscoco_train_questions.json": {"info": {}, "questions": pairs},
            "v2_mscoco_train_annotations.json": {"annotations": answers},
        },
        {"all.json": records},
        {"all.json": {"data": {"train": rows, "test": rows[:4]}, "version": 1}},
        {"all.json": [{"image": row["img_id"], "conversations": [
            {"from": "human", "value": f"<image>\n{row['question']}"}, {"from": "gpt", "value": row["answer"]}
        ]} for row in rows]},
    )  # fmt: skip
    for name, told in random_.choice(shapes).items():
        for _ in range(random_.randint(0, 3)):
            change_one(random_, told)
        path = case.source / name
        path.write_text(json.dumps(told), encoding="utf-8", errors="surrogatepass")
        if random_.random() < 0.3:
            mutate_file(random_, path)
        elif random_.random() < 0.1:
            path.write_text(path.read_text(errors="replace").replace('"question"', '"answer"', 9))
    return _audited(random_, case)


def manifest(random_: random.Random, case: Case) -> Try:
    """A list of pictures' addresses, none of which may lead anywhere."""
    rows = _rows(case)
    column = random_.choice(("uri", "url", "image_url", "object uri"))
    for row in rows:
        row[column] = random_.choice(
            (
                path_text(random_),
                "file:///etc/passwd",
                "/etc/passwd",
                "",
                f"{row['img_id']}.jpg",
                text(random_),
                "s3:/x",
            )
        )
        if random_.random() < 0.3:
            del row["img_id"]
    path = case.folder / random_.choice(("list.csv", "list.jsonl", "list.parquet", "list.json"))
    for row in random_.sample(rows, 3):
        row[column] = any_value(random_) if path.suffix != ".parquet" else text(random_)
    write_rows(rows, path)
    if random_.random() < 0.3:
        mutate_file(random_, path)
    return Try(["run", f"manifest:{path}", *case.run()[2:]], (case.out,))


def embeddings(random_: random.Random, case: Case) -> Try:
    """Vectors of the pictures, of another length or type, with ids that are missing or twice, or by mutation."""
    names = [picture.stem for picture in sorted(case.images.iterdir())]
    length = random_.choice((1, 2, 8, 8, 8, 5_000))
    vectors: list[Any] = [[random_.random() for _ in range(length)] for _ in names]
    ids: list[Any] = list(names)
    if random_.random() < 0.5:
        at = random_.randrange(len(names))
        vectors[at] = random_.choice((None, [], [None] * length, [float("nan")] * length, [1e308] * length, [0.0]))
    if random_.random() < 0.3:
        ids[random_.randrange(len(names))] = random_.choice((None, names[0], "", "../x"))
    kinds = (pa.list_(pa.float32()), pa.list_(pa.float64()), pa.large_list(pa.float16()), None, pa.list_(pa.string()))
    try:
        table = pa.table({"img_id": ids, "vector": pa.array(vectors, random_.choice(kinds))})
    except (pa.ArrowException, TypeError):
        table = random_.choice((pa.table({"img_id": ids, "vector": ids}), any_table(random_, case)))
    path = case.folder / "vectors.parquet"
    pq.write_table(table, path)
    if random_.random() < 0.3:
        mutate_file(random_, path)
    return Try(case.run("--spec", str(case.spec), "--embeddings", str(path)), (case.out,))


def bombs(random_: random.Random, case: Case) -> Try:
    """Tables that are small as files and large once unpacked, wide, deep, or of one long cell."""
    case.table.unlink()
    name, write = random_.choice(sorted(_BOMBS.items()))
    write(case.source / name)
    return _audited(random_, case)


def _parquet_bomb(path: Path) -> None:
    cells = pa.array(["a" * 1_000_000] * 300).dictionary_encode()
    pq.write_table(pa.table(dict.fromkeys(ROLES, cells)), path, compression="zstd")


def _arrow_bomb(path: Path) -> None:
    data = pa.table(dict.fromkeys(ROLES, pa.array(["a" * 1_000_000] * 300)))
    options = pa.ipc.IpcWriteOptions(compression="zstd")
    with pa.ipc.new_stream(str(path), data.schema, options=options) as writer:
        writer.write_table(data)
    path.with_name("state.json").write_text(json.dumps({"_data_files": [{"filename": path.name}]}))


def _zip_bomb(path: Path) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("metadata.csv", bytes(200_000_000))


def _wide(path: Path) -> None:
    path.write_text(",".join([*ROLES, *(f"c{n}" for n in range(20_000))]) + "\n" + "x," * 20_003 + "x\n")


_BOMBS: dict[str, Callable[[Path], None]] = {
    "a.parquet": _parquet_bomb,
    "d.arrow": _arrow_bomb,
    "a.zip": _zip_bomb,
    "wide.csv": _wide,
    "deep.json": lambda path: path.write_text('{"a":[' * 200_000),
    "deep.jsonl": lambda path: path.write_text('{"question":"q","answer":' + "[" * 50_000 + "]" * 50_000 + "}\n"),
    "long.jsonl": lambda path: path.write_text('{"question":"' + "a" * 30_000_000 + '","answer":"x","img_id":"y"}\n'),
    "digits.json": lambda path: path.write_text('[{"question":"q","img_id":"i","answer":' + "9" * 200_000 + "}]"),
    "quotes.csv": lambda path: path.write_text(",".join(ROLES) + "\n" + '"""' * 3_000_000),
    "nothing.csv": lambda path: path.write_bytes(b",".join(n.encode() for n in ROLES) + b"\n" + bytes(20_000_000)),
    "lines.csv": lambda path: path.write_text(",".join(ROLES) + "\n" * 5_000_000),
    "sizes.arrow": lambda path: path.write_bytes(b"ARROW1\0\0" + struct.pack("<iI", -1, 2**31 - 1) + bytes(64)),
}


def write_rows(rows: Rows, path: Path) -> None:
    """Writes rows in the format that the name tells; a Parquet file has their texts."""
    if path.suffix == ".csv":
        keys = list(dict.fromkeys(key for row in rows for key in row))
        with path.open("w", newline="", encoding="utf-8", errors="surrogatepass") as file:
            writer = csv.DictWriter(file, keys)
            writer.writeheader()
            writer.writerows(rows)
    elif path.suffix == ".parquet":
        cells = [{key: str(value).encode("utf-8", "replace").decode() for key, value in row.items()} for row in rows]
        pq.write_table(pa.Table.from_pylist(cells), path)
    else:
        lines = [json.dumps(row) for row in rows]
        path.write_text("\n".join(lines) if path.suffix == ".jsonl" else f"[{','.join(lines)}]")


def _audited(random_: random.Random, case: Case) -> Try:
    """The commands that read a dataset whatever its layout is."""
    source, out = str(case.source), str(case.out)
    table_only = ["--table-only"] if random_.random() < 0.5 else []
    run = ["run", source, "--out", out, "--subset", "-q", "-j", "1", *table_only]
    return random_.choice(
        (
            Try(run, (case.out,)),
            Try(run, (case.out,)),
            Try([*run, "--also", "junit,sarif,summary,badge"], (case.out,)),
            Try(["init", source, "--out", out], (case.out,)),
            Try(["plan", source]),
            Try(["fix", source, "--out", out, "--subset", "--table-only", "-j", "1"], (case.out,)),
            Try(["compare", str(case.audit), source, "--table-only", "--out", f"{out}/c.html"], (case.out,)),
            Try(["duplicates", source, "--mode", "exact", "-j", "1", "--out", out], (case.out,)),
        )
    )
