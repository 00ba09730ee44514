"""What is found out about a dataset that nobody has described, and that its description loads, whatever it holds."""

from __future__ import annotations

import csv
import json
from collections import Counter
from pathlib import Path

import pandas as pd
import pytest

from kvqa_audit.describe.answer_types import type_of
from kvqa_audit.describe.columns import map_columns
from kvqa_audit.describe.description import describe_source, quoted
from kvqa_audit.describe.flat_table import FlatTable, read_flat_table
from kvqa_audit.describe.languages import asked_for
from kvqa_audit.describe.questions import infer_catalogue
from kvqa_audit.describe.suggestions import suggest_rules
from kvqa_audit.errors import SourceError
from kvqa_audit.spec.dataset_spec import DatasetSpec
from kvqa_audit.spec.load import load_spec
from tests.lookalikes import ORGANS, write_rad, x1_rows
from tests.report_samples import HOSTILE


def table(header: str, *rows: tuple[str, ...]) -> FlatTable:
    return FlatTable(pd.DataFrame(list(rows), columns=header.split(), dtype=object), len(rows))


def written(folder: Path, source: Path) -> DatasetSpec:
    """The description of a source, written and loaded."""
    folder.mkdir()
    for name, text in describe_source(str(source)).files.items():
        (folder / name).write_text(text, encoding="utf-8")
    return load_spec(folder)


@pytest.mark.parametrize(
    ("header", "roles"),
    [
        ("img_id question answer", {"img_id": "img_id", "question": "question", "answer": "answer"}),
        ("Image_Name Q A", {"img_id": "Image_Name", "question": "Q", "answer": "A"}),
        ("prompt label image-path", {"img_id": "image-path", "question": "prompt", "answer": "label"}),
    ],
)
def test_columns_are_known_by_their_names(header: str, roles: dict[str, str]) -> None:
    found = map_columns(table(header, ("a", "b", "c"), ("d", "e", "f")))
    assert found.roles == roles
    assert set(found.known_by.values()) == {"by its name"}


def test_columns_without_telling_names_are_known_by_what_they_hold() -> None:
    rows = [
        (f"pic{n % 20}.png", ("Is it red?", "What is shown?")[n % 2], ("yes", "no", "a house")[n % 3], str(n), "x" * 80)
        for n in range(120)
    ]
    found = map_columns(table("c1 c2 c3 c4 c5", *rows))
    assert found.roles == {"img_id": "c1", "question": "c2", "answer": "c3"}
    assert set(found.known_by.values()) == {"by what it holds"}
    assert found.other == ("c4", "c5")


def test_questions_without_answers_are_given_none() -> None:
    rows = [(str(700 + n), f"i{n // 4}.png", f"Is it red {n % 4}?", str(200 + n // 4), str(n)) for n in range(40)]
    with pytest.raises(SourceError, match=r"found for 'answer'.*in another file, name the folder of both"):
        map_columns(table("question_id image question width serial", *rows))


def test_ids_are_known_by_the_files_beside_the_table() -> None:
    raw = table("where question answer", *((f"case {n}", "q?", "yes") for n in range(9)))
    with_files = FlatTable(raw.frame, image_files=tuple(f"images/case {n}.jpg" for n in range(9)))
    assert map_columns(with_files).roles["img_id"] == "where"
    with pytest.raises(SourceError, match=r"no column was found for 'img_id'; the columns are 'where', 'question'"):
        map_columns(raw)


def test_source_is_what_each_image_has_one_of() -> None:
    rows = [(f"i{n // 4}", "q?", str(n), ORGANS[n // 4 % 3], ("open", "closed")[n % 2]) for n in range(80)]
    assert map_columns(table("img_id question answer place class", *rows)).roles["source"] == "place"
    rows = [(f"i{n // 4}", "q?", str(n), ORGANS[n % 3]) for n in range(80)]
    assert "source" not in map_columns(table("img_id question answer source", *rows)).roles


def test_what_is_true_or_false_of_an_image_is_no_source() -> None:
    rows = [(f"i{n // 4}", "q?", str(n), ("true", "false")[n // 4 % 2]) for n in range(80)]
    assert "source" not in map_columns(table("img_id question answer balanced", *rows)).roles


def test_answers_that_are_places_in_a_list_of_choices_count_nothing(tmp_path: Path) -> None:
    records = {
        str(n): {"question": "Which is hot?", "choices": ["ice", "fire"], "answer": n % 2, "image": f"{n % 9}.png"}
        for n in range(20)
    }
    (tmp_path / "qa.json").write_text(json.dumps(records), encoding="utf-8")
    assert describe_source(str(tmp_path)).columns.known_by["answer"] == "by its name, the place of one of the 'choices'"
    (question,) = written(tmp_path / "spec", tmp_path).questions
    assert question.type == "single choice"


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        ({"yes": 60, "no": 40}, ("yes/no", "; ")),
        ({"Yes": 990, "No": 980, "unsure": 3}, ("yes/no", "; ")),
        ({"0": 5, "1": 3, "12": 1}, ("numerical count", "; ")),
        ({"axial": 20, "coronal": 10}, ("single choice", "; ")),
        ({"red": 20, "blue": 9, "blue; red": 4}, ("colour", "; ")),
        ({"upper left": 20, "lower right": 9, "lower right, upper left": 4}, ("location", ", ")),
        ({"knife": 900, "fork": 890, "fork; knife": 3}, ("multiple choice", "; ")),
        ({"yes": 20, "no": 90, "no, though it might be": 1}, ("yes/no", "; ")),
        ({"knife": 20, "fork": 9, "fork;knife": 4}, ("multiple choice", ";")),
        ({f"A sentence, number {n}": 1 for n in range(50)}, ("free text", "; ")),
        ({f"word{n}": 1 for n in range(50)}, ("free text", "; ")),
        ({}, ("free text", "; ")),
    ],
)
def test_type_is_told_from_the_answers(answers: dict[str, int], expected: tuple[str, str]) -> None:
    assert type_of(Counter(answers)) == expected


def test_answer_given_once_is_a_doubt_and_not_vocabulary() -> None:
    answers = ["axial"] * 40 + ["coronal"] * 30 + ["axail"]
    rows = [{"question": "Which plane?", "answer": a, "img_id": str(n)} for n, a in enumerate(answers)]
    (question,) = infer_catalogue(pd.DataFrame(rows)).questions
    assert (question.answers, question.doubtful) == (("axial", "coronal"), ("axail",))


def test_questions_that_do_not_come_again_leave_the_catalogue_open() -> None:
    catalogue = infer_catalogue(pd.DataFrame(x1_rows(20))[["question", "answer", "img_id"]])
    assert catalogue.free
    assert catalogue.left_out + sum(q.rows for q in catalogue.questions) == 60


def test_rules_are_suggested_only_where_one_answer_tells_the_other() -> None:
    rows = []
    for n in range(90):
        answers = {"Odd?": "yes" if n % 2 else "no", "How many?": str(n % 2), "Constant?": "yes", "Free?": str(n % 3)}
        rows += [{"question": q, "answer": a, "img_id": str(n)} for q, a in answers.items()]
    frame = pd.DataFrame(rows)
    found = suggest_rules(frame, infer_catalogue(frame).questions)
    assert {(s.when, s.must, s.images) for s in found} == {
        ("odd = 'yes'", "how_many = 1", 45),
        ("odd = 'no'", "how_many = 0", 45),
        ("how_many = 1", "odd = 'yes'", 45),
        ("how_many = 0", "odd = 'no'", 45),
    }


def test_table_with_other_names_is_described(tmp_path: Path) -> None:
    write_rad(tmp_path / "rad")
    spec = written(tmp_path / "spec", tmp_path / "rad")
    columns = spec.columns
    assert (columns.source, columns.question, columns.answer, columns.img_id) == ("image_organ", "q", "a", "image_name")
    assert columns.other == ["qid", "answer_type"]
    assert (spec.rows, spec.images, spec.other_questions) == (300, 60, "refused")
    assert {name: source.images for name, source in spec.sources.items()} == dict.fromkeys(sorted(ORGANS), 20)
    types = {question.text: question.type for question in spec.questions}
    assert types == {
        "Is there an abnormality?": "yes/no",
        "Which plane is the image in?": "single choice",
        "How many masses are visible?": "numerical count",
        "Where are the masses?": "location",
        "What would you tell the patient?": "free text",
    }
    where = next(question for question in spec.questions if question.type == "location")
    assert where.separator == ", "
    assert set(spec.vocabularies[where.vocabulary or ""].answers) >= {"none", "upper left", "lower right"}


def test_suggested_rule_is_a_rule_once_it_is_taken_over(tmp_path: Path) -> None:
    write_rad(tmp_path / "rad")
    folder = tmp_path / "spec"
    written(folder, tmp_path / "rad")
    text = (folder / "rules.yaml").read_text(encoding="utf-8")
    lines = [line.removeprefix("#") for line in text.splitlines() if line.startswith("#  ")]
    (folder / "rules.yaml").write_text("\n".join(["rules:", *lines]), encoding="utf-8")
    assert [rule.id for rule in load_spec(folder).rules] == ["S1", "S2"]


@pytest.mark.parametrize("where", ["question", "answer", "source"])
def test_hostile_texts_end_up_in_a_description_that_loads(tmp_path: Path, where: str) -> None:
    source = tmp_path / "hostile # name"
    source.mkdir()
    with (source / "metadata.csv").open("w", encoding="utf-8", errors="replace", newline="") as file:
        writer = csv.DictWriter(file, ("source", "question", "answer", "img_id"))
        writer.writeheader()
        for n in range(120):
            row = {"source": "AB"[n % 2], "question": "Is it?", "answer": "yes", "img_id": f"i{n % 60}"}
            writer.writerow({**row, where: HOSTILE[n % len(HOSTILE)].replace("\x00", "")})
    spec = written(tmp_path / "spec", source)
    assert spec.rows == 120
    if where == "source":
        assert len(spec.sources) == len(HOSTILE)


@pytest.mark.parametrize("text", [*HOSTILE, "a\u2028b", "\x85", '"', "\\", "# x", ": y"])
def test_quoted_text_stays_on_one_line_and_comes_back(text: str, tmp_path: Path) -> None:
    from kvqa_audit.spec.yaml_file import read_yaml

    safe = text.replace("\ud800", "?").replace("\x00", "?")
    path = tmp_path / "x.yaml"
    path.write_text(f"# {quoted(safe)}\nkey: {quoted(safe)} # {quoted(safe)}\n", encoding="utf-8")
    assert len(path.read_text(encoding="utf-8").splitlines()) == 2
    assert read_yaml(path).data == {"key": safe}


def test_place_that_cannot_be_described_says_why(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"does not exist\. For the dataset of the Hub write hf://owner/name"):
        read_flat_table("owner/name")
    with pytest.raises(SourceError, match="holds no table to describe"):
        read_flat_table(str(tmp_path))
    (tmp_path / "metadata.csv").write_text("")
    with pytest.raises(SourceError, match="is empty"):
        read_flat_table(str(tmp_path))
    (tmp_path / "x.parquet").write_bytes(b"PAR1")
    with pytest.raises(SourceError, match="cannot be read"):
        read_flat_table(str(tmp_path / "x.parquet"))


@pytest.mark.parametrize(
    ("question", "asked"),
    [
        ("Was the dog in the garden?", "yes or no"),
        ("Was macht die Person auf dem Bild?", "something else"),
        ("Was ist das?", "something else"),
        ("Was?", None),
        ("Ist das ein Hund?", "yes or no"),
        ("Wie viele Hunde?", "how many"),
    ],
)
def test_a_word_that_opens_questions_of_several_languages_is_read_in_that_of_the_text(
    question: str, asked: str | None
) -> None:
    assert asked_for(question) == asked
