"""A mistake in a description is told with file, line or key, and with what is allowed."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from kvqa_audit.errors import SpecError
from kvqa_audit.spec.load import load_spec, shipped_descriptions


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(shipped_descriptions() / "kvasir-vqa", tmp_path / "spec"))


def spoil(folder: Path, name: str, old: str, new: str) -> int:
    """Replaces the first `old` in a file and gives its 1-based line."""
    path = folder / name
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    return text[: text.index(old)].count("\n") + 1


def test_shipped_description_holds_the_published_facts() -> None:
    spec = load_spec()
    assert (spec.rows, spec.images) == (58849, 6500)
    assert {name: source.images for name, source in spec.sources.items()} == {
        "Normal": 2500,
        "Polyps": 1000,
        "Esophagitis": 1000,
        "Ulcerative Colitis": 1000,
        "Instrument": 1000,
    }
    assert len(spec.questions) == 19
    assert spec.question_by_text["How many instrumnets are in the image?"].name == "n_instr"


def test_unknown_key_is_named_with_line_and_a_close_one(folder: Path) -> None:
    line = spoil(folder, "dataset.yaml", "licence:", "license:")
    with pytest.raises(SpecError, match=rf"dataset\.yaml, line {line}, key license.*did you mean 'licence'"):
        load_spec(folder)


def test_unknown_key_inside_a_question_lists_what_is_allowed(folder: Path) -> None:
    spoil(folder, "dataset.yaml", "    text: ", "    txt: ")
    with pytest.raises(SpecError, match=r"questions\.0\.txt: is not a known key; did you mean 'text'"):
        load_spec(folder)


def test_unknown_question_type_lists_the_known_ones(folder: Path) -> None:
    line = spoil(folder, "dataset.yaml", "type: single choice", "type: single choise")
    with pytest.raises(SpecError, match=rf"line {line}, key questions\.0\.type.*'single choice'.*single choise"):
        load_spec(folder)


def test_unknown_vocabulary_lists_the_known_ones(folder: Path) -> None:
    spoil(folder, "dataset.yaml", "vocabulary: procedure", "vocabulary: procedures")
    with pytest.raises(SpecError, match=r"'procedures'; known are: .*procedure, "):
        load_spec(folder)


def test_number_given_as_text_is_refused(folder: Path) -> None:
    spoil(folder, "dataset.yaml", "rows: 58849", "rows: '58849'")
    with pytest.raises(SpecError, match=r"key rows: .*integer.*'58849'"):
        load_spec(folder)


@pytest.mark.parametrize("answer", ["yes", "1", "2026-01-31", "1.5", "~"])
def test_what_yaml_does_not_read_as_text_is_to_be_quoted(folder: Path, answer: str) -> None:
    spoil(folder, "dataset.yaml", "answers: [", f"answers: [{answer}, ")
    with pytest.raises(SpecError, match=r"line \d+, key vocabularies\.\w+\.answers\.0: .*; put a text into quotes"):
        load_spec(folder)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name: [1", r"line 1.*not valid YAML|line 2.*not valid YAML"),
        ("name: !!python/object/apply:os.system [id]", r"line 1: the tag .* is not allowed"),
        ("name: !x y", r"line 1: the tag !x is not allowed"),
        ("a: &a [1]\nb: *a", r"line 1: anchors and aliases are not allowed"),
        ("name: x\nname: y", r"line 2: the key 'name' stands twice"),
        ("- a list", r"has to hold keys and values"),
        ("", r"has to hold keys and values"),
        ("? [1, 2]\n: 3", r"line 1: a key has to be plain text"),
        ("[" * 100, r"line 1: is nested too deeply"),
        ("[" * 20_000, r"nest"),
    ],
)
def test_hostile_yaml_is_refused(folder: Path, text: str, message: str) -> None:
    (folder / "dataset.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(SpecError, match=message):
        load_spec(folder)


def test_bytes_that_are_no_text_are_refused(folder: Path) -> None:
    (folder / "dataset.yaml").write_bytes(b"name: \xff\xfe")
    with pytest.raises(SpecError, match="byte 6 is not UTF-8"):
        load_spec(folder)


def test_missing_file_and_missing_folder_say_so(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match=r"dataset\.yaml: there is no such file"):
        load_spec(tmp_path)
    with pytest.raises(SpecError, match="shipped ones are: kvasir-vqa"):
        load_spec("kvasir")


def test_misplaced_part_is_sent_to_its_file(folder: Path) -> None:
    with (folder / "dataset.yaml").open("a", encoding="utf-8") as file:
        file.write("\nrules: []\n")
    with pytest.raises(SpecError, match=r"key rules: belongs into rules\.yaml"):
        load_spec(folder)


def test_dataset_without_categories_or_catalogue_says_so(folder: Path) -> None:
    for name in ("promises.yaml", "rules.yaml", "release.yaml"):
        (folder / name).unlink()
    path = folder / "dataset.yaml"
    path.write_text("name: x\nrows: 1\nimages: 1\nquestions: [{name: a, text: A, type: free text}]\n")
    with pytest.raises(SpecError, match=r"sources: names none.*'columns: \{source: null\}'"):
        load_spec(folder)
    path.write_text("name: x\nrows: 1\nimages: 1\ncolumns: {source: null}\n")
    with pytest.raises(SpecError, match=r"questions: names none.*'other_questions: free text'"):
        load_spec(folder)
    path.write_text("name: x\nrows: 1\nimages: 1\ncolumns: {source: null, other: [n]}\nother_questions: free text\n")
    spec = load_spec(folder)
    assert spec.columns.text_columns == {"question": "question", "answer": "answer", "img_id": "img_id"}
