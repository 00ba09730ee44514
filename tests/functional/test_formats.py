"""Datasets as they come in the wild are described and opened as they are, whatever their shape."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from kvqa_audit.describe.description import describe_source
from kvqa_audit.errors import SourceError
from kvqa_audit.ingest.dataset import Dataset
from kvqa_audit.ingest.delimited import MAX_CELL_CHARACTERS
from kvqa_audit.ingest.open import open_dataset
from kvqa_audit.pipeline.audit import check_table, run_audit
from kvqa_audit.pipeline.description import description_for
from kvqa_audit.spec.load import load_spec
from tests.lookalikes import jpeg

Row = tuple[str, str, str]
ROWS: list[Row] = [
    (f"pic{image:02}", question, answer)
    for image in range(1, 7)
    for question, answer in (
        ("Which shapes can be seen?", ("circle, square", "square", "triangle")[image % 3]),
        ("How many shapes are in the picture?", str(image % 4)),
        ('What is written below "SALE"?', ("nothing; it is blank", "größer", "a|b")[image % 3]),
    )
]
IMAGES = tuple(dict.fromkeys(row[0] for row in ROWS))


def draw(folder: Path, names: list[str]) -> Path:
    for number, name in enumerate(names):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(jpeg(number))
    return folder


def records(rows: list[Row] = ROWS, image: str = "image", end: str = ".jpg", **more: Any) -> list[dict[str, Any]]:
    return [{image: i + end, "question": q, "answer": a, **more} for i, q, a in rows]


def opened(source: Path, folder: Path) -> Dataset:
    """The source, opened by the description that `init` writes for it."""
    spec = folder / "description"
    spec.mkdir()
    for name, text in describe_source(str(source)).files.items():
        (spec / name).write_text(text, encoding="utf-8")
    return open_dataset(str(source), load_spec(spec))


def text_table(root: Path, name: str, delimiter: str, encoding: str = "utf-8", before: str = "", **style: Any) -> Path:
    draw(root, [f"images/{image}.jpg" for image in IMAGES])
    written = io.StringIO(newline="")
    writer = csv.writer(written, delimiter=delimiter, **style)
    writer.writerows([("image", "question", "answer"), *((f"{i}.jpg", q, a) for i, q, a in ROWS)])
    (root / name).write_bytes((before + written.getvalue()).encode(encoding))
    return root


def cells_on_lines(root: Path) -> Path:
    draw(root, [f"images/{image}.jpg" for image in IMAGES])
    for name, cells in zip(("img_ids", "questions", "answers"), zip(*ROWS, strict=True), strict=True):
        (root / f"{name}.txt").write_text("".join(f"{cell}\n" for cell in cells), encoding="utf-8")
    (root / "types.txt").write_text("0\n" * len(ROWS))
    return root


def json_table(root: Path, document: Any, name: str = "qa.json", pictures: str = "images/{}.jpg") -> Path:
    draw(root, [pictures.format(image) for image in IMAGES])
    (root / name).write_text(json.dumps(document, ensure_ascii=False), encoding="utf-8")
    return root


def literal_quotes(root: Path, delimiter: str, name: str, head: str = "image{0}question{0}answer\n") -> Path:
    draw(root, [f"images/{image}.jpg" for image in IMAGES])
    lines = [delimiter.join((i, q, a.replace("|", "¦") if delimiter == "|" else a)) for i, q, a in ROWS]
    (root / name).write_text(head.format(delimiter) + "\n".join(lines) + "\n", encoding="utf-8")
    return root


def vqa_pair(root: Path) -> Path:
    draw(root, [f"train2014/COCO_train2014_{n:012}.jpg" for n in range(1, 7)])
    questions = [{"image_id": int(i[3:]), "question": q, "question_id": n} for n, (i, q, _) in enumerate(ROWS)]
    annotations = [
        {
            "question_id": n,
            "image_id": int(i[3:]),
            "multiple_choice_answer": a,
            "answers": [{"answer": a, "answer_id": k} for k in range(7)] + [{"answer": "other", "answer_id": 9}] * 3,
        }
        for n, (i, _, a) in enumerate(ROWS)
    ]
    (root / "v2_questions.json").write_text(json.dumps({"info": {}, "questions": questions}))
    (root / "v2_annotations.json").write_text(json.dumps({"info": {}, "annotations": annotations[::-1]}))
    return root


def listed_images(root: Path) -> Path:
    images = [{"id": 100 + n, "file_name": f"{image}.jpg", "height": 100} for n, image in enumerate(IMAGES)]
    rows = [{"id": n, "image_id": 99 + int(i[3:]), "question": q, "answer": a} for n, (i, q, a) in enumerate(ROWS)]
    return json_table(root, {"licenses": [{"id": 1}], "images": images, "annotations": rows})


def questions_of_images(root: Path) -> Path:
    entries = [
        {
            "id": image,
            "qas": [{"question": q, "answer": a, "qa_id": n} for n, (i, q, a) in enumerate(ROWS) if i == image],
        }
        for image in IMAGES
    ]
    return json_table(root, [{"image_id": entry.pop("id"), **entry} for entry in entries])


def conversations(root: Path) -> Path:
    turns = [
        {"id": n, "image": f"{i}.jpg", "conversations": [{"from": "human", "value": q}, {"from": "gpt", "value": a}]}
        for n, (i, q, a) in enumerate(ROWS)
    ]
    return json_table(root, turns)


def image_folder(root: Path, ending: str) -> Path:
    for split, images in (("train", IMAGES[:4]), ("test", IMAGES[4:])):
        draw(root / split, [f"{n:02}.jpg" for n in range(len(images))])
        rows = [(f"{images.index(i):02}.jpg", q, a) for i, q, a in ROWS if i in images]
        table = [dict(zip(("file_name", "question", "answer"), row, strict=True)) for row in rows]
        path = root / split / f"metadata.{ending}"
        if ending == "parquet":
            pq.write_table(pa.Table.from_pylist(table), path)
        elif ending == "jsonl":
            path.write_text("".join(json.dumps(row) + "\n" for row in table))
        else:
            with path.open("w", newline="") as file:
                csv.writer(file).writerows([("file_name", "question", "answer"), *rows])
    return root


def pictures_in_parquet(root: Path, kind: pa.DataType) -> Path:
    root.mkdir(parents=True, exist_ok=True)
    rows = [{"img_id": i, "question": q, "answer": a} for i, q, a in ROWS]
    table = pa.Table.from_pylist(rows)
    data = [jpeg(IMAGES.index(i)) for i, _, _ in ROWS]
    image = pa.array([{"bytes": one, "path": None} for one in data] if pa.types.is_struct(kind) else data, kind)
    pq.write_table(table.append_column("image", image), root / "data.parquet")
    return root


STRUCT = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
PLAIN: dict[str, Callable[[Path], Path]] = {
    "csv": lambda root: text_table(root, "any.csv", ","),
    "semicolons": lambda root: text_table(root, "any.csv", ";"),
    "tabs under csv": lambda root: text_table(root, "any.csv", "\t"),
    "pipes": lambda root: text_table(root, "any.txt", "|"),
    "cells on lines": lambda root: cells_on_lines(root),
    "all quoted": lambda root: text_table(root, "any.csv", ",", quoting=csv.QUOTE_ALL),
    "sep line": lambda root: text_table(root, "any.csv", ",", before="sep=,\r\n"),
    "sep line, other mark": lambda root: text_table(root, "any.csv", "^", before="sep=^\r\n"),
    "mark": lambda root: text_table(root, "any.tsv", "\t", "utf-8-sig"),
    "utf-16": lambda root: text_table(root, "any.csv", ",", "utf-16"),
    "utf-16 without mark": lambda root: text_table(root, "any.csv", "\t", "utf-16-le"),
    "utf-16 the other way": lambda root: text_table(root, "any.csv", ";", "utf-16-be"),
    "latin-1": lambda root: text_table(root, "any.csv", ";", "latin-1"),
    "literal quotes": lambda root: literal_quotes(root, "\t", "any.tsv"),
    "json list": lambda root: json_table(root, records(tags=["a", "b"])),
    "json under a key": lambda root: json_table(root, {"version": "1", "authors": ["x"], "data": records()}),
    "json two keys deep": lambda root: json_table(root, {"meta": {"n": 1}, "set": {"rows": records()}}),
    "json by key": lambda root: json_table(root, {f"q{n}": row for n, row in enumerate(records())}),
    "json by column": lambda root: json_table(root, {k: [r[k] for r in records()] for k in records()[0]}),
    "json lines called json": lambda root: lines(root, "qa.json"),
    "json lines, other keys": lambda root: lines(root, "qa.jsonl"),
    "listed images": listed_images,
    "questions of images": questions_of_images,
    "conversations": conversations,
    "relative paths": lambda root: json_table(root, records(end=".jpg", image="path"), pictures="far/away/{}.jpg"),
    "without ending": lambda root: json_table(root, records(end="")),
    "absolute": lambda root: json_table(root, [{**r, "image": f"/data/u/imgs/{r['image']}"} for r in records()]),
    "drive": lambda root: json_table(root, [{**r, "image": f"C:\\u\\imgs\\{r['image']}"} for r in records()]),
    "urls": lambda root: json_table(root, [{**r, "image": f"https://x.org/a/{r['image']}?w=9#x"} for r in records()]),
    "parquet with structs": lambda root: pictures_in_parquet(
        root, pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    ),
    "parquet with bytes": lambda root: pictures_in_parquet(root, pa.large_binary()),
    "vqa pair": vqa_pair,
}


def lines(root: Path, name: str) -> Path:
    draw(root, [f"images/{image}.jpg" for image in IMAGES])
    rows = [{**row, **({"remark": "x"} if n % 5 == 0 else {})} for n, row in enumerate(records())]
    (root / name).write_text("\n".join(json.dumps(row) for row in rows) + "\n\n", encoding="utf-8")
    return root


@pytest.mark.parametrize("shape", PLAIN)
def test_rows_and_images_are_the_same_in_every_shape(tmp_path: Path, shape: str) -> None:
    dataset = opened(PLAIN[shape](tmp_path / "data"), tmp_path)
    frame = dataset.table.frame
    assert list(zip(frame["question"], frame["answer"], strict=True)) == [(q, a) for _, q, a in ROWS]
    ids = {i for shard in dataset.shards for i in shard.ids}
    assert (len(ids), set(frame["img_id"])) == (len(IMAGES), ids)
    assert sorted(Counter(frame["img_id"]).values()) == [3] * len(IMAGES)
    assert dataset.table.splits == ()
    allowed = {"other_encoding"} if shape.startswith(("utf-16", "latin")) else set()
    assert {fault.kind for fault in dataset.table.faults} <= allowed
    assert [raw.problem for shard in dataset.shards for raw in shard.read() if raw.problem != "repeated"] == [None] * 6
    assert dataset.reader


def test_a_table_without_a_header_has_its_first_line_as_a_row(tmp_path: Path) -> None:
    dataset = opened(literal_quotes(tmp_path / "data", "|", "pairs.txt", head=""), tmp_path)
    assert (len(dataset.table.frame), dataset.table.frame["img_id"].nunique()) == (len(ROWS), len(IMAGES))
    assert "without a header" in dataset.reader


def test_a_question_and_its_answer_on_lines_in_turn(tmp_path: Path) -> None:
    root = draw(tmp_path / "data", [f"images/image{n}.png" for n in range(1, 7)])
    asked = [(f"image{int(i[3:])}", q.removesuffix("?"), a) for i, q, a in ROWS]
    for name, some in (("qa.7.train.txt", asked[:12]), ("qa.7.test.txt", asked[12:])):
        (root / name).write_text("".join(f"{q} in the {i} ?\n{a}\n" for i, q, a in some), encoding="utf-8")
    dataset = opened(root, tmp_path)
    rows = dataset.table.frame[["img_id", "question", "answer"]].itertuples(index=False, name=None)
    assert sorted(rows) == sorted((i, f"{q} in the image ?", a) for i, q, a in asked)
    assert Counter(dataset.table.splits) == {"train": 12, "test": 6}
    assert dataset.table.faults == ()
    assert {i for shard in dataset.shards for i in shard.ids} == {i for i, _, _ in asked}


def test_a_text_that_asks_and_is_no_table_is_told(tmp_path: Path) -> None:
    root = draw(tmp_path / "data", [f"images/{image}.jpg" for image in IMAGES])
    (root / "README.txt").write_text("Six pictures of shapes.\nWho needs more?\nNobody.\nThe end.\n")
    spec = load_spec(None)
    assert open_dataset(str(root), spec).table.faults == ()
    (root / "qa.txt").write_text("".join(f"{q}\n{a}\n" for _, q, a in ROWS), encoding="utf-8")
    (fault,) = open_dataset(str(root), spec).table.faults
    assert fault.kind == "unread_table"
    assert fault.message.startswith("qa.txt: was not read")
    with pytest.raises(SourceError, match=r"qa\.txt: holds no table"):
        open_dataset(str(root / "qa.txt"), spec)


def test_texts_that_ask_beside_each_picture_far_below_are_told(tmp_path: Path) -> None:
    draw(tmp_path, [f"seq_1/left/{image}.jpg" for image in IMAGES])
    for image in IMAGES:
        notes = tmp_path / "seq_1" / "vqa" / "classification" / f"{image}_QA.txt"
        notes.parent.mkdir(parents=True, exist_ok=True)
        notes.write_text("".join(f"{q}|{a}\n" for i, q, a in ROWS if i == image))
    run = run_audit(tmp_path)
    told = {finding.check for finding in run.findings if "_QA.txt: was not read" in finding.message}
    assert told == {"KV121"}


def test_cells_on_lines_have_an_end_too(tmp_path: Path) -> None:
    root = draw(tmp_path / "data", ["image1.jpg"])
    (root / "qa.txt").write_text("is it red in the image1 ?\n" + "a" * (MAX_CELL_CHARACTERS + 1) + "\n")
    table = opened(root, tmp_path).table
    assert len(table.frame["answer"][0]) == MAX_CELL_CHARACTERS
    assert [fault.kind for fault in table.faults] == ["oversized_cell"]
    for name in ("questions", "answers", "img_ids"):
        (root / f"{name}.txt").write_text("\ufeff", encoding="utf-8")
    assert len(open_dataset(str(root), load_spec(None)).table.frame) == 1


def test_what_is_wrong_with_each_file_of_lines_is_told(tmp_path: Path) -> None:
    root = cells_on_lines(tmp_path / "data")
    for name, spoilt in (("answers", "a" * (MAX_CELL_CHARACTERS + 1)), ("questions", "Is it gr\u00fcn?")):
        lines = (root / f"{name}.txt").read_text(encoding="utf-8").splitlines()
        text = "\n".join([spoilt, *lines[1:]]) + "\n"
        (root / f"{name}.txt").write_bytes(text.encode("latin-1" if name == "questions" else "utf-8"))
    kinds = Counter(fault.kind for fault in opened(root, tmp_path).table.faults)
    assert kinds["oversized_cell"] == 1
    assert kinds.total() == 2, kinds


def test_cells_on_lines_need_as_many_lines_in_each_file(tmp_path: Path) -> None:
    root = cells_on_lines(tmp_path / "data")
    (root / "answers.txt").write_text("yes\n" * 5)
    with pytest.raises(SourceError, match=r"answers\.txt: has 5 lines, and questions\.txt 18;"):
        open_dataset(str(root), load_spec(None))
    (root / "questions.txt").unlink()
    dataset = open_dataset(str(root), load_spec(None))
    assert sorted(fault.message.partition(":")[0] for fault in dataset.table.faults) == ["answers.txt", "img_ids.txt"]


def test_several_accepted_answers_are_kept_with_their_counts(tmp_path: Path) -> None:
    dataset = opened(vqa_pair(tmp_path / "data"), tmp_path)
    assert sorted(dataset.tables) == sorted(path.name for path in (tmp_path / "data").glob("*.json"))
    table = dataset.table
    assert table.accepted == tuple(((a, 7), ("other", 3)) for _, _, a in ROWS)
    rows = [{"image": f"{i}.jpg", "question": q, "answers": [a, a, "other"]} for i, q, a in ROWS]
    (tmp_path / "second").mkdir()
    table = opened(json_table(tmp_path / "list", rows), tmp_path / "second").table
    assert list(table.frame["answer"]) == [a for _, _, a in ROWS]
    assert table.accepted == tuple(((a, 2), ("other", 1)) for _, _, a in ROWS)


@pytest.mark.parametrize("naming", ["question_id", "questionId", "qid"])
def test_answers_that_number_themselves_belong_to_the_questions_they_name(tmp_path: Path, naming: str) -> None:
    root = draw(tmp_path / "data", [f"images/{image}.jpg" for image in IMAGES])
    questions = [{"id": n, "img_id": i, "question": q} for n, (i, q, _) in enumerate(ROWS)]
    answers = [{"id": len(ROWS) - n, naming: n, "answer": a} for n, (_, _, a) in enumerate(ROWS)]
    (root / "train_questions.json").write_text(json.dumps({"questions": questions}))
    (root / "train_answers.json").write_text(json.dumps({"answers": answers[::-1]}))
    dataset = opened(root, tmp_path)
    frame = dataset.table.frame
    assert list(zip(frame["question"], frame["answer"], strict=True)) == [(q, a) for _, q, a in ROWS]
    assert f"by '{naming}', which is their 'id'" in dataset.reader


def test_answers_that_number_themselves_and_name_no_question_that_is_there_are_not_joined(tmp_path: Path) -> None:
    root = draw(tmp_path / "data", [f"images/{image}.jpg" for image in IMAGES])
    questions = [{"id": n, "img_id": i, "question": q} for n, (i, q, _) in enumerate(ROWS)]
    answers = [{"id": n, "question_id": n + 1_000, "answer": a} for n, (_, _, a) in enumerate(ROWS)]
    (root / "questions.json").write_text(json.dumps({"questions": questions}))
    (root / "answers.json").write_text(json.dumps({"answers": answers}))
    dataset = open_dataset(str(root), load_spec(None))
    assert not len(dataset.table.frame)
    assert sorted(fault.message.partition(" ")[0] for fault in dataset.table.faults) == [
        "answers.json",
        "questions.json",
    ]


def test_values_under_a_key_that_stands_twice_are_counted_as_lost(tmp_path: Path) -> None:
    one = '{"image": "1.jpg", "question": "Is it red?", "answer": "yes"}'
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "qa.json").write_text(f'{{"a": {one}, "b": {one}, "a": {one}, "c": {one}, "a": {one}}}')
    table = opened(tmp_path / "data", tmp_path).table
    assert len(table.frame) == 3
    (fault,) = table.faults
    assert fault.kind == "repeated_key"
    assert fault.message.startswith("2 values stand under a key that stands again in the same object, such as 'a'")


def test_a_key_that_stands_twice_in_a_record_on_a_line_is_told_with_the_first_line(tmp_path: Path) -> None:
    record = '{"image": "1.jpg", "question": "Is it red?", "answer": "yes"}'
    twice = record[:-1] + ', "answer": "no"}'
    (tmp_path / "qa.jsonl").write_text(f"{record}\n{twice}\n{record}\n{twice}\n")
    table = opened(tmp_path, tmp_path).table
    assert list(table.frame["answer"]) == ["yes", "no", "yes", "no"]
    (fault,) = table.faults
    assert (fault.kind, fault.line) == ("repeated_key", 2)
    assert fault.message.startswith("2 values stand under a key that stands again in the same object, such as 'answer'")


def test_a_table_without_rows_is_not_called_by_the_name_of_another_dataset(tmp_path: Path) -> None:
    (tmp_path / "qa.csv").write_text("image,question,answer\n")
    assert description_for(tmp_path, None).spec.made_by == "auto"


@pytest.mark.parametrize("ending", ["csv", "jsonl", "parquet"])
def test_an_image_folder_has_its_folders_for_splits_and_names_of_its_own_in_each(tmp_path: Path, ending: str) -> None:
    dataset = opened(image_folder(tmp_path / "data", ending), tmp_path)
    assert Counter(dataset.table.splits) == {"train": 12, "test": 6}
    ids = [i for shard in dataset.shards for i in shard.ids]
    assert (len(ids), set(dataset.table.frame["img_id"])) == (6, set(ids))
    assert {raw.path for shard in dataset.shards for raw in shard.read()} == {
        *(f"train/{n:02}.jpg" for n in range(4)),
        *(f"test/{n:02}.jpg" for n in range(2)),
    }


@pytest.mark.parametrize("names", ["train.csv valid.csv test.csv", "my_trainset.csv qaVal.csv test-v2.csv"])
def test_files_of_splits_are_one_dataset(tmp_path: Path, names: str) -> None:
    root = draw(tmp_path / "data", [f"images/{image}.jpg" for image in IMAGES])
    for number, name in enumerate(names.split()):
        with (root / name).open("w", newline="") as file:
            csv.writer(file).writerows([("image", "question", "answer"), *ROWS[6 * number : 6 * number + 6]])
    (root / "latest.csv").write_text("image,question,answer\npic01,Is it red?,no\n")
    dataset = opened(root, tmp_path)
    assert set(Counter(dataset.table.splits).values()) == {6}
    assert len(set(dataset.table.splits)) == 3
    assert len(dataset.table.frame) == len(ROWS)
    assert [fault.message for fault in dataset.table.faults if "latest.csv" in fault.message]


def test_splits_under_keys_of_one_file(tmp_path: Path) -> None:
    root = json_table(tmp_path / "data", {"train": records(ROWS[:12]), "test": records(ROWS[12:])})
    assert Counter(opened(root, tmp_path).table.splits) == {"train": 12, "test": 6}


def test_a_folder_of_pictures_is_a_source_without_a_table(tmp_path: Path) -> None:
    root = draw(tmp_path, ["a.jpg", "one/source.jpg", "two/source.jpg", "two/b.png", "two/c.jpg", "two/c.png"])
    dataset = open_dataset(str(root), load_spec())
    ids = {i for shard in dataset.shards for i in shard.ids}
    assert ids == {"a", "one/source.jpg", "two/source.jpg", "b", "c.jpg", "c.png"}
    assert (list(dataset.absent), dataset.image_faults) == (["table"], ())


@pytest.mark.parametrize(
    ("paths", "splits", "sources"),
    [
        ("train/cats/{}.jpg train/dogs/{}.jpg val/dogs/v{}.jpg", {"train": 6, "val": 3}, {"cats": 3, "dogs": 6}),
        ("images/cats/{}.jpg images/dogs/d{}.jpg", {}, {"cats": 3, "dogs": 3}),
        ("cats/train/{}.jpg cats/test/t{}.jpg dogs/train/d{}.jpg", {"train": 6, "test": 3}, {"cats": 6, "dogs": 3}),
        ("training_set/{}.png testing_set/{}.png", {"training": 3, "testing": 3}, {}),
        ("one{0}/source.jpg two{0}/source.jpg", {}, {}),
        ("train/{}.jpg a{}.jpg", {}, {}),
        ("images/{}.jpg", {}, {}),
    ],
)
def test_folders_of_pictures_tell_splits_and_sources(
    tmp_path: Path, paths: str, splits: dict[str, int], sources: dict[str, int]
) -> None:
    names = [path.format(n) for path in paths.split() for n in range(3)]
    folders = open_dataset(str(draw(tmp_path, names)), load_spec()).folders
    assert (Counter(folders.splits.values()), Counter(folders.sources.values())) == (splits, sources)


def test_copies_across_the_folders_of_pictures_are_told(tmp_path: Path) -> None:
    draw(tmp_path, [f"{split}/{kind}/{split}{n}.jpg" for split in ("train", "test") for kind in "ab" for n in range(3)])
    (tmp_path / "test" / "a" / "again.jpg").write_bytes((tmp_path / "train" / "b" / "train0.jpg").read_bytes())
    run = run_audit(tmp_path)
    found = {finding.check: finding.severity.value for finding in run.findings}
    assert (found["KV205"], found["KV410"], found["KV201"]) == ("warning", "error", "error")
    assert run.metrics["splits"] == {"train": 6, "test": 7}
    reasons = {one.reason for one in run.outcomes if one.code in ("KV003", "KV350", "KV409", "KV412")}
    assert reasons == {"there is no table of questions and answers beside the images"}


def test_pictures_that_no_row_names_in_other_folders_are_left_out_and_counted(tmp_path: Path) -> None:
    root = json_table(tmp_path / "data", records())
    draw(root, ["masks/pic01.png", "masks/pic02.png"])
    dataset = opened(root, tmp_path)
    assert "2 pictures in masks/ were left out" in dataset.reader
    assert f"{len(IMAGES)} of {len(IMAGES)} ids match a file" in dataset.reader


@pytest.mark.parametrize("name", ["qa.csv", "qa.json", "qa.jsonl", "qa.parquet", "metadata.csv"])
@pytest.mark.parametrize(
    ("content", "said"),
    [
        (f"version https://git-lfs.github.com/spec/v1\noid sha256:{'0' * 64}\nsize 9\n".encode(), "git lfs pull"),
        (b"\x1f\x8b\x08\x00" + bytes(20), "is packed"),
    ],
    ids=["pointer", "gzip"],
)
def test_what_stands_in_a_tables_place_is_named(tmp_path: Path, name: str, content: bytes, said: str) -> None:
    (tmp_path / name).write_bytes(content)
    for source in (tmp_path, tmp_path / name):
        with pytest.raises(SourceError, match=said):
            open_dataset(str(source), load_spec())


@pytest.mark.parametrize("kind", ["pipe", "device", "link out"])
def test_a_table_is_a_regular_file_inside_the_dataset(tmp_path: Path, kind: str) -> None:
    import os

    root = draw(tmp_path / "data", ["images/a.jpg"])
    (tmp_path / "secret.csv").write_text("img_id,question,answer\nsecret,q,a\n")
    if kind == "pipe":
        os.mkfifo(root / "metadata.csv")
    else:
        (root / "metadata.csv").symlink_to("/dev/zero" if kind == "device" else tmp_path / "secret.csv")
    with pytest.raises(SourceError, match=r"regular file|leads out"):
        open_dataset(str(root), load_spec())


def test_check_reads_what_run_reads(tmp_path: Path) -> None:
    rows = [{"source": "Normal", "img_id": i, "question": "Is there text?", "answer": "no"} for i in IMAGES]
    json_table(tmp_path, rows, "metadata.json")
    outcomes, _ = check_table(tmp_path, load_spec())
    assert {outcome.evaluated for outcome in outcomes if outcome.code in ("KV003", "KV006")} == {len(IMAGES)}


def formats(shared: Path) -> dict[str, Any]:
    path = shared / "data" / "formats" / "expected.json"
    if not path.is_file():
        pytest.skip("the folder of formats is not beside this checkout")
    expected: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return expected


SHAPES = (
    *("json-list", "json-data-key", "jsonl", "tsv", "pipe-txt", "semicolon-csv", "csv-splits", "imagefolder"),
    *("ids-relative", "ids-windows", "ids-absolute", "ids-urls", "vqa-v2", "coco", "slake-like"),
)


@pytest.mark.parametrize("shape", SHAPES)
def test_the_shapes_of_others_give_what_was_counted_in_them(shared: Path, tmp_path: Path, shape: str) -> None:
    expected = formats(shared)[shape]
    dataset = opened(shared / "data" / "formats" / expected["source"], tmp_path)
    frame = dataset.table.frame
    assert len(frame) == expected["rows"]
    assert sum(len(shard.ids) for shard in dataset.shards) == expected["images"]
    assert Counter(dataset.table.splits) == expected["splits"]
    assert Counter(frame["answer"]) == expected["answers"]
    assert {i for shard in dataset.shards for i in shard.ids} == set(frame["img_id"])
    assert (dataset.image_faults, dataset.table.faults) == ((), ())


@pytest.mark.parametrize("shape", SHAPES)
def test_what_was_put_into_the_shapes_of_others_is_found_and_no_image_is_missing(shared: Path, shape: str) -> None:
    expected = formats(shared)[shape]
    run = run_audit(shared / "data" / "formats" / expected["source"])
    found = {outcome.code: outcome.violations for outcome in run.outcomes}
    # What is asked and answered alike in two splits was not put there, but is a repeat as well.
    assert found["KV011"] - found["KV412"] == expected["repeats"]
    assert found["KV012"] == expected["contradictions"]
    assert found["KV409"] == expected.get("images_in_several_splits", 0)
    assert found["KV410"] == expected.get("identical_pictures_in_several_splits", 0)
    assert not [code for code in ("KV001", "KV002", "KV101", "KV102", "KV103", "KV120", "KV121") if found[code]]
    assert not [outcome.code for outcome in run.outcomes if outcome.outcome == "errored"]


def test_vqa_rad_as_it_comes(shared: Path, tmp_path: Path) -> None:
    folder = shared / "data" / "vqa-rad"
    if not folder.is_dir():
        pytest.skip("VQA-RAD is not beside this checkout")
    dataset = opened(folder, tmp_path)
    assert Counter(dataset.table.splits) == {"train": 3_064, "test": 451}
    assert sum(len(shard.ids) for shard in dataset.shards) == 315
    assert "314 of 314 ids match a file" in dataset.reader
    by_image: dict[str, set[str]] = {}
    for img_id, split in zip(dataset.table.frame["img_id"], dataset.table.splits, strict=True):
        by_image.setdefault(img_id, set()).add(split)
    assert sum(len(splits) == 2 for splits in by_image.values()) == 203


@pytest.mark.parametrize("path", [None, "one.jpg", "{}.jpg"])
@pytest.mark.parametrize("way", ["parquet", "saved"])
@pytest.mark.filterwarnings("default")
def test_pictures_without_ids_are_told_apart_by_their_bytes(tmp_path: Path, path: str | None, way: str) -> None:
    pictures = [{"bytes": jpeg(IMAGES.index(i)), "path": path and path.format(i)} for i, _, _ in ROWS]
    table = pa.table(
        {"image": pa.array(pictures, STRUCT), "question": [q for _, q, _ in ROWS], "answer": [a for *_, a in ROWS]}
    )
    source = tmp_path / "data"
    if way == "parquet":
        source.mkdir()
        pq.write_table(table, source / "train-00000-of-00001.parquet", row_group_size=4)
    else:
        datasets = pytest.importorskip("datasets")
        datasets.Dataset(table).save_to_disk(str(source))
    dataset = opened(source, tmp_path)
    groups: dict[str, set[str]] = {}
    for (image, _, _), img_id in zip(ROWS, dataset.table.frame["img_id"], strict=True):
        groups.setdefault(img_id, set()).add(image)
    assert sorted(groups.values(), key=min) == [{image} for image in IMAGES]
    assert {i for shard in dataset.shards for i in shard.ids} == set(groups)
    assert {raw.problem for shard in dataset.shards for raw in shard.read()} == {None}
    if path == "{}.jpg":
        assert set(groups) == {f"{image}.jpg" for image in IMAGES}
