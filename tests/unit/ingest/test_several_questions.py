"""No question of a record that holds several is lost, and what is no such record stays as it is."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from kvqa_audit.ingest.dataset import Dataset
from kvqa_audit.ingest.open import open_dataset
from kvqa_audit.ingest.several_questions import one_question_each, several_in
from kvqa_audit.pipeline.description import description_for

TALKERS = [("from", "value", "human", "gpt"), ("role", "content", "user", "assistant")]


def talk(turns: list[tuple[str, str]], names: tuple[str, str, str, str]) -> list[dict[str, str]]:
    speaker, said, asks, answers = names
    return [{speaker: who, said: text} for q, a in turns for who, text in ((asks, q), (answers, a))]


def read(folder: Path) -> Dataset:
    found = description_for(str(folder), None)
    return open_dataset(str(folder), found.spec)


@given(
    turns=st.lists(st.tuples(st.text(min_size=1), st.text(min_size=1)), min_size=1, max_size=6),
    names=st.sampled_from(TALKERS),
    opening=st.booleans(),
    last=st.booleans(),
)
def test_every_question_with_an_answer_gets_a_record_of_its_own(turns, names, opening, last) -> None:
    speaker, said, asks, _ = names
    said_by_all = talk(turns, names)
    if opening:
        said_by_all = [{speaker: "system", said: "Be brief."}, *said_by_all]
    if last:
        said_by_all = [*said_by_all, {speaker: asks, said: "And?"}]
    opened = one_question_each([{"id": 1, "turns": said_by_all}])
    assert [(one["turns"][0][said], one["turns"][1][said]) for one in opened] == turns
    assert all(one["id"] == 1 for one in opened)
    assert several_in([said_by_all]) == len(turns) - 1


@pytest.mark.parametrize(
    "record",
    [
        {"question": "How many?", "answers": ["2", "2", "two"]},
        {"questions": ["How many?"], "answers": ["2"]},
        {"questions": ["How many?", "Where?"], "answers": ["2", "left", "right"]},
        {"questions": [1, 2], "answers": ["2", "left"]},
        {"boxes": [{"from": 1, "to": 2}, {"from": 3, "to": 4}]},
        {"history": [{"role": "user", "content": "Hi"}, {"role": "user", "content": "Hello?"}]},
        {"turns": [{"from": "human", "value": "How many?"}, {"from": "gpt", "value": "2"}]},
    ],
)
def test_what_is_one_question_or_none_stays_as_it_is(record) -> None:
    assert one_question_each([record, "no record"]) == [record, "no record"]


def test_two_lists_of_one_length_are_questions_with_their_answers() -> None:
    opened = one_question_each([{"image": "a.jpg", "questions": ["How many?", "Where?"], "answers": [["2"], "left"]}])
    assert [(one["image"], one["questions"], one["answers"]) for one in opened] == [
        ("a.jpg", "How many?", ["2"]),
        ("a.jpg", "Where?", "left"),
    ]


def pictures(folder: Path, count: int = 4) -> list[str]:
    (folder / "images").mkdir()
    names = [f"{number}.png" for number in range(count)]
    for number, name in enumerate(names):
        Image.new("RGB", (40, 30), (number * 50, 90, 90)).save(folder / "images" / name)
    return names


TURNS = [("Is there a polyp?", "yes"), ("How many polyps are there?", "2"), ("Where is it?", "left")]


def test_talks_in_json_are_read_to_their_end_and_that_is_said(tmp_path: Path) -> None:
    rows = [
        {"image": name, "conversations": talk(TURNS[: 1 + number % 3], TALKERS[0])}
        for number, name in enumerate(pictures(tmp_path))
    ]
    (tmp_path / "data.json").write_text(json.dumps(rows), encoding="utf-8")
    dataset = read(tmp_path)
    assert list(zip(dataset.table.frame["question"], dataset.table.frame["answer"], strict=True)) == [
        turn for number in range(4) for turn in TURNS[: 1 + number % 3]
    ]
    assert "7 questions in 4 records; 4 of 4 ids" in dataset.reader.replace(")", "")


def test_an_image_in_a_list_of_its_own_is_found(tmp_path: Path) -> None:
    rows = [
        {"images": [f"images/{name}"], "question": "Is there a polyp?", "answer": "no"} for name in pictures(tmp_path)
    ]
    (tmp_path / "data.json").write_text(json.dumps(rows), encoding="utf-8")
    dataset = read(tmp_path)
    assert "4 of 4 ids match a file" in dataset.reader
    assert not dataset.image_faults


def test_further_questions_in_parquet_are_told_of(tmp_path: Path) -> None:
    rows = [{"image": name, "conversations": talk(TURNS, TALKERS[0])} for name in pictures(tmp_path)]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "train.parquet")
    (fault,) = [fault for fault in read(tmp_path).table.faults if fault.kind == "unread_questions"]
    assert "'conversations' holds 8 further questions" in fault.message


@pytest.mark.parametrize("opening", ["", "data:image/png;base64,"])
@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "BMP", "TIFF", "WEBP"])
def test_pictures_in_cells_of_text_are_told_of(tmp_path: Path, opening: str, kind: str) -> None:
    rows = []
    for number in range(4):
        path = tmp_path / f"picture.{kind}"
        Image.effect_noise((40, 30), 20 + number).save(path, kind)
        rows.append([str(number), "Is there a polyp?", "no", opening + base64.b64encode(path.read_bytes()).decode()])
        path.unlink()
    lines = ["index\tquestion\tanswer\timage", *("\t".join(row) for row in rows)]
    (tmp_path / "data.tsv").write_text("\n".join(lines), encoding="utf-8")
    assert [fault.message for fault in read(tmp_path).table.faults if fault.kind == "unread_images"] == [
        "data.tsv: the column 'image' holds pictures as base64 text; none was read"
    ]
