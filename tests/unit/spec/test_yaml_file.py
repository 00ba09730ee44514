"""The one door for YAML: whatever a file holds, it is plain data with lines, or an error with file, line and key."""

from __future__ import annotations

import datetime
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from kvqa_audit.errors import SpecError
from kvqa_audit.release.decisions_file import read_decisions
from kvqa_audit.spec import yaml_file
from kvqa_audit.spec.load import load_release, load_spec
from kvqa_audit.spec.yaml_file import read_yaml

TAGGED = [
    "!!bool foo",
    '!!int ""',
    '!!float ""',
    "!!timestamp foo",
    "!!null x",
    "!!binary x",
    "!!str 1",
    "! x",
    "!!set {a}",
]
WRONG_SCALARS = [
    ("2026-13-01", "month must be"),
    ("2026-01-01T99:00:00Z", "hour must be"),
    (".nan", "no finite number"),
    ("-.inf", "no finite number"),
    ("1.0e+999", "no finite number"),
    ("18446744073709551616", "beyond 64 bits"),
    ("0x" + "f" * 58, "beyond 64 bits"),
    ("9" * 5_000, "too long for a number"),
    ("0x" + "f" * 5_000, "too long for a number"),
    ("1" + ":59" * 100_000, "too long for a number"),
    ("<<", "meaning of its own"),
    ("=", "meaning of its own"),
]


@pytest.fixture(params=["with libyaml", "in Python"])
def door(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both parsers: the one in C, and the one where that is not built."""
    if request.param == "in Python":
        monkeypatch.setattr(yaml_file, "_PARSER", yaml.SafeLoader)


def written(folder: Path, text: str, name: str = "x.yaml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.usefixtures("door")
@pytest.mark.parametrize("value", TAGGED)
def test_no_tag_is_taken(tmp_path: Path, value: str) -> None:
    for text in (f"\na: {value}", f"a:\n  - {value}", f"\n{value}"):
        with pytest.raises(SpecError, match=r"x\.yaml, line 2: the tag !.* is not allowed; write the value without it"):
            read_yaml(written(tmp_path, text))


@pytest.mark.usefixtures("door")
@pytest.mark.parametrize(("value", "message"), WRONG_SCALARS)
def test_a_scalar_that_is_no_value_is_told_with_its_place(tmp_path: Path, value: str, message: str) -> None:
    with pytest.raises(SpecError, match=rf"x\.yaml, line 2, key a\.0: .*({message}).*put it into quotes"):
        read_yaml(written(tmp_path, f"a:\n  - {value}"))
    assert read_yaml(written(tmp_path, f"a:\n  - '{value}'")).data == {"a": [value]}


@pytest.mark.usefixtures("door")
def test_a_value_wrong_in_a_key_is_told_with_its_line(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match=r"x\.yaml, line 2, key a: \.nan is no finite number"):
        read_yaml(written(tmp_path, "a:\n  .nan: 1"))


@pytest.mark.usefixtures("door")
@pytest.mark.parametrize("escape", ["\\0", "\\uD800", "\\U00110000", "\\UFFFFFFFF"])
def test_an_escape_that_is_no_character_is_told(tmp_path: Path, escape: str) -> None:
    with pytest.raises(SpecError, match=r"x\.yaml(, line 1)?: (holds|is not valid YAML: )"):
        read_yaml(written(tmp_path, f'a: "x{escape}"'))


@pytest.mark.usefixtures("door")
def test_the_number_of_values_is_limited(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each takes hundreds of bytes once it is read, so that a small file could fill the memory."""
    monkeypatch.setattr(yaml_file, "MAX_VALUES", 10)
    assert read_yaml(written(tmp_path, "a: [1, 2, 3, 4, 5, 6, 7]")).data == {"a": [1, 2, 3, 4, 5, 6, 7]}
    for text in (
        "a:\n  [1, 2, 3, 4, 5, 6, 7, 8]",
        "a:\n  [" + "[], " * 10 + "]",
        "a:\n  b: {c: {}, d: {}, e: {}, f: {}}",
    ):
        with pytest.raises(SpecError, match=r"x\.yaml, line 2: holds more than 10 keys and values"):
            read_yaml(written(tmp_path, text))


@pytest.mark.usefixtures("door")
def test_plain_values_are_what_they_were(tmp_path: Path) -> None:
    text = "a: [1, -2, 0x1f, 1.5, 1e3, yes, ~, 2026-01-31, '2026-01-31', x, '', 1_000, 9223372036854775807]"
    day = datetime.date(2026, 1, 31)
    values = [1, -2, 31, 1.5, "1e3", True, None, day, "2026-01-31", "x", "", 1000, 2**63 - 1]
    assert read_yaml(written(tmp_path, text)).data == {"a": values}


@pytest.mark.usefixtures("door")
def test_long_keys_and_values_are_shortened_in_messages(tmp_path: Path) -> None:
    long = "k" * 100_000
    with pytest.raises(SpecError) as error:
        read_yaml(written(tmp_path, f"? {long}\n: {{x: .nan}}"))
    assert len(str(error.value)) < 600
    with pytest.raises(SpecError, match="stands twice") as error:
        read_yaml(written(tmp_path, f"? {long}\n: 1\n? {long}\n: 2"))
    assert len(str(error.value)) < 600


@pytest.mark.parametrize("value", TAGGED[:4] + [value for value, _ in WRONG_SCALARS[:10]])
def test_every_file_of_yaml_comes_through_the_door(tmp_path: Path, value: str) -> None:
    decisions = written(tmp_path, f"decisions:\n  - when: {value}", "decisions.yaml")
    with pytest.raises(SpecError, match=r"decisions\.yaml, line 2"):
        read_decisions(decisions)
    with pytest.raises(SpecError, match=r"release\.yaml, line 2"):
        load_release(written(tmp_path, f"fail_on: error\nno_new: {value}", "release.yaml"))
    written(tmp_path, f"name: x\nrows: {value}", "dataset.yaml")
    with pytest.raises(SpecError, match=r"dataset\.yaml, line 2"):
        load_spec(tmp_path)


@given(st.text(alphabet="a:-[]{}!&*#?|>%@`\"'\n\t 01.e~<=,y\x00\x85é", max_size=60))
def test_any_text_is_data_or_an_error_that_names_the_file(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    path = written(tmp_path_factory.getbasetemp(), text, "any.yaml")
    try:
        read_yaml(path)
    except SpecError as error:
        message = str(error)
    else:
        return
    assert message.startswith(str(path))
