"""JSON in which questions stand in lists of lists, under the names of images, or in the parts of turns."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from kvqa_audit.describe.description import describe_source
from kvqa_audit.fixes.written_table import read_written_table
from kvqa_audit.ingest.open import open_dataset, open_source
from kvqa_audit.ingest.source_format import Wanted
from kvqa_audit.pipeline.run_record import rows_of
from kvqa_audit.spec.load import load_spec
from tests.lookalikes import jpeg

IMAGES = [f"scan{n}.jpg" for n in range(6)]
ASKED = ["Is it red?", "Where is it?"]


def answer(image: str, question: str) -> str:
    return ("yes", "no")[int(image[4]) % 2] if question == ASKED[0] else ("left", "right")[int(image[4]) % 2]


def asked(image: str) -> list[dict[str, str]]:
    return [{"question": question, "answer": answer(image, question)} for question in ASKED]


def page(image: str) -> dict[str, Any]:
    return {"image": image, "context": "", "qas": asked(image)}


def turns(image: str, question: str) -> list[dict[str, Any]]:
    said = {"type": "text", "text": answer(image, question)}
    return [
        {"role": "user", "content": [{"type": "image", "image": image}, {"type": "text", "text": question}]},
        {"role": "assistant", "content": [said]},
    ]


SHAPES: dict[str, Callable[[], Any]] = {
    "lists of lists": lambda: {"v": 1, "data": [{"title": i, "pages": [page(i)]} for i in IMAGES]},
    "lists by image": lambda: {image: asked(image) for image in IMAGES},
    "parts of turns": lambda: [{"images": [i], "messages": turns(i, q)} for i in IMAGES for q in ASKED],
    "places of images": lambda: {
        "qa_pairs": [
            {"color_id": 3, "image_index": n, "question_string": q, "answer": answer(i, q)}
            for n, i in enumerate(IMAGES)
            for q in ASKED
        ]
    },
}


@pytest.mark.parametrize("shape", SHAPES)
def test_every_question_is_read_with_its_answer_and_can_be_written_back(tmp_path: Path, shape: str) -> None:
    source, spec_folder = tmp_path / "data", tmp_path / "spec"
    (source / "images").mkdir(parents=True)
    for n, image in enumerate(IMAGES):
        name = f"{n}.jpg" if shape == "places of images" else image
        (source / "images" / name).write_bytes(jpeg(n))
    (source / "qa.json").write_text(json.dumps(SHAPES[shape]()), encoding="utf-8")
    spec_folder.mkdir()
    for name, text in describe_source(str(source)).files.items():
        (spec_folder / name).write_text(text, encoding="utf-8")
    spec = load_spec(spec_folder)
    dataset = open_dataset(str(source), spec)
    frame = dataset.table.frame
    assert list(zip(frame["question"], frame["answer"], strict=True)) == [
        (q, answer(i, q)) for i in IMAGES for q in ASKED
    ]
    assert frame["img_id"].nunique() == len(IMAGES)
    assert set(frame["img_id"]) == {one for shard in dataset.shards for one in shard.ids}

    tables = open_source(str(source), Wanted(spec.columns)).tables
    table = read_written_table(source, tables, spec.columns, rows_of(dataset.table))
    cells = list(table.rows[3])
    cells[table.positions["answer"]] = "elsewhere"
    table.write(tmp_path / "out", {3: cells}, frozenset())
    before, after = ((folder / "qa.json").read_text(encoding="utf-8") for folder in (source, tmp_path / "out"))
    assert json.loads(after) != json.loads(before)
    assert after.replace('"elsewhere"', '"right"') == before


def test_lists_under_the_names_of_splits_are_splits(tmp_path: Path) -> None:
    parts = {
        split: [{"image": i, **one} for i in IMAGES for one in asked(i)] for split in ("train", "val", "test", "dev")
    }
    (tmp_path / "qa.json").write_text(json.dumps(parts), encoding="utf-8")
    assert {table.split for table in open_source(str(tmp_path), Wanted()).tables} == set(parts)


def test_texts_that_are_called_like_tables_and_are_none_are_named(tmp_path: Path) -> None:
    (tmp_path / "images").mkdir()
    (tmp_path / "images" / "a.jpg").write_bytes(jpeg(1))
    for name in ("questions.txt", "answers.txt", "README.txt"):
        (tmp_path / name).write_text("what is it\nwhere is it\n")
    unread = [fault.message for fault in open_source(str(tmp_path), Wanted()).unread]
    assert [text.partition(":")[0] for text in unread] == ["answers.txt", "questions.txt"]
