"""Reviewed files are read strictly: a correction that would bring a new defect, or two that disagree, are refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from kvqa_audit.errors import SpecError
from kvqa_audit.fixes.reviewed import read_corrections, read_removals
from tests.unit.fixes.tables import COLOUR, SPEC


def written(folder: Path, text: str) -> Path:
    path = folder / "reviewed.csv"
    path.write_text(text)
    return path


def test_corrections_are_read_as_they_are_meant(tmp_path: Path) -> None:
    text = "img_id,question,answer,old_answer,reason\n a ,abn_colour,red; pink,white; flesh,looked\n"
    (correction,) = read_corrections(written(tmp_path, text), SPEC)
    assert (correction.img_id, correction.question) == ("a", COLOUR)
    assert (correction.answer, correction.old_answer) == ("pink; red", "flesh; white")
    assert (correction.reason, correction.line) == ("looked", 2)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ("a,text,perhaps,", "line 2, column answer: 'perhaps' is not an answer to this question; allowed are: yes, no"),
        ("a,txt,yes,", "line 2, column question: 'txt' is not in the catalogue; did you mean 'text'?"),
        ("a,text,,", "line 2, column answer: is blank; to drop an image's rows"),
        (",text,yes,", "line 2, column img_id: is blank"),
        ("a,text,yes,\na,text,no,", "line 3: says another thing"),
        ("a,text,yes,no\na,text,no,yes", "line 3: says another thing"),
        ("a,polyp_size,<5mm,>20mm\na,polyp_size,5-10mm,<5mm", "line 3: says another thing"),
        ("a,polyp_size,5-10mm,<5mm\na,polyp_size,<5mm,>20mm", "line 3: says another thing"),
        ("a,text,yes", "line 2: has 3 cells; the header has 4"),
    ],
)
def test_corrections_that_cannot_be_right_are_refused(tmp_path: Path, rows: str, message: str) -> None:
    with pytest.raises(SpecError) as error:
        read_corrections(written(tmp_path, f"img_id,question,answer,old_answer\n{rows}\n"), SPEC)
    assert message in str(error.value)


def test_same_correction_twice_is_no_contradiction(tmp_path: Path) -> None:
    path = written(tmp_path, "img_id,question,answer\na,text,yes\na,text,yes\n")
    assert len(read_corrections(path, SPEC)) == 2


def test_removals_are_read(tmp_path: Path) -> None:
    assert read_removals(written(tmp_path, "img_id,reason\na,no consent\nb,\n")) == {
        "a": "no consent",
        "b": "reviewed.csv, line 3",
    }
    with pytest.raises(SpecError, match="column 'image' is missing, not known"):
        read_removals(written(tmp_path, "image\na\n"))
    with pytest.raises(SpecError, match="column 'img_id' is missing"):
        read_removals(written(tmp_path, ""))
    with pytest.raises(SpecError, match="cannot be read"):
        read_removals(tmp_path / "nowhere.csv")
