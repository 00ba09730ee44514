"""What is corrected, what is left alone, and that a corrected row is the only thing that changes."""

from __future__ import annotations

from pathlib import Path

import pytest

from kvqa_audit.fixes.patch import CORRECTION, REMOVAL, WHOLE_IMAGE, WHOLE_ROW
from tests.unit.fixes.tables import COLOUR, HEADER, INSTRUMENTS, PLACE, SIZE, TEXT, fixed, line

WRONG = "img_id,question,answer\n"


@pytest.mark.parametrize(
    ("wrong", "right", "rules"),
    [
        (line(COLOUR, "red; pink"), line(COLOUR, "pink; red"), ("KV010",)),
        (line(COLOUR, "red,pink").replace("red,pink", '"red,pink"'), line(COLOUR, "pink; red"), ("KV010",)),
        (line(COLOUR, " red; pink "), line(COLOUR, "pink; red"), ("KV004", "KV010")),
        (line(PLACE, "lower-rigth; center"), line(PLACE, "center; lower-right"), ("KV009", "KV010")),
        (line(INSTRUMENTS.misspellings[0], "1"), line(INSTRUMENTS.text, "1"), ("KV007",)),
        (line(TEXT, "yes", " a"), line(TEXT, "yes", "a"), ("KV004",)),
        (line(f"{TEXT} ", "yes"), line(TEXT, "yes"), ("KV004",)),
        (line(TEXT, "yes", source="Polyps\t"), line(TEXT, "yes"), ("KV004",)),
    ],
)
def test_cell_is_corrected_by_the_findings_about_it(
    tmp_path: Path, wrong: str, right: str, rules: tuple[str, ...]
) -> None:
    done = fixed(tmp_path, HEADER + wrong)
    assert done.text.decode() == HEADER + right
    (change,) = done.patch.changes
    assert (change.row, change.rules) == (0, rules)
    assert change.why
    assert {finding.check for finding in done.patch.fixed} == set(rules)
    assert done.patch.left == ()


def test_nothing_else_changes_not_a_byte(tmp_path: Path) -> None:
    odd = '\ufeff"source","question","answer","img_id","note"\r\n'
    good = f'"Polyps","{TEXT}","yes","b","a ""quoted"" note"\r\n'
    wrong = f'"Polyps","{COLOUR}","red; pink","c","kept, too"\r\n'
    done = fixed(tmp_path, odd + good + "\r\n" + wrong + good.replace('"b"', '"d"'))
    right = wrong.replace("red; pink", "pink; red")
    assert done.text.decode() == odd + good + right + good.replace('"b"', '"d"')


def test_what_needs_a_person_is_left_alone(tmp_path: Path) -> None:
    text = HEADER + "".join(
        [
            line(TEXT, "perhaps"),
            line(TEXT, "", "b"),
            line("Is it raining?", "yes", "c"),
            line(TEXT, "yes", "d", "Norml"),
            line(COLOUR, "red; pink; octarine", "e"),
            line(TEXT, "yes", "f"),
            line(TEXT, "no", "f"),
            line(SIZE, ">20mm", "g"),
            line(SIZE, ">20mm", "g"),
        ]
    )
    done = fixed(tmp_path, text)
    assert done.text.decode() == text
    assert done.patch.changes == ()
    assert {f.check for f in done.patch.left} == {"KV005", "KV006", "KV008", "KV012", "KV013", "KV015"}


def test_only_whitespace_goes_where_a_part_is_outside_the_vocabulary(tmp_path: Path) -> None:
    done = fixed(tmp_path, HEADER + line(COLOUR, " red; pink; octarine "))
    assert done.text.decode() == HEADER + line(COLOUR, "red; pink; octarine")


def test_exact_repeat_is_dropped_and_one_that_differs_is_not(tmp_path: Path) -> None:
    first, differs = line(TEXT, "yes"), line(TEXT, "yes", source="Normal")
    done = fixed(tmp_path, HEADER + first + differs + first + line(TEXT, "yes "))
    assert done.text.decode() == HEADER + first + differs
    assert [(c.row, c.column, c.rules) for c in done.patch.changes] == [
        (2, WHOLE_ROW, ("KV011",)),
        (3, WHOLE_ROW, ("KV011",)),
    ]
    assert "repeats record 1" in done.patch.changes[0].why
    assert [f.row for f in done.patch.left if f.check == "KV011"] == [1]


def test_waived_findings_are_left_as_they_are(tmp_path: Path) -> None:
    text = HEADER + line(COLOUR, " red; pink") + line(TEXT, "yes") + line(TEXT, "yes")
    done = fixed(tmp_path, text, waived=["KV010", "KV011"])
    assert done.text.decode() == text


def test_rows_that_are_read_otherwise_than_written_are_left(tmp_path: Path) -> None:
    text = HEADER.encode() + b"Polyps\xe9 ," + f"{TEXT},yés,a\n".encode() + f"Polyps,{TEXT}, no\n".encode()
    done = fixed(tmp_path, text + b'Polyps,"never closed,no,b\n')
    assert done.text == text + b'Polyps,"never closed,no,b\n'
    assert done.table.locked == {0, 1}


def test_repeats_that_are_read_otherwise_than_written_are_left(tmp_path: Path) -> None:
    row = b"Polyps\xe9," + f"{TEXT},yes,a\n".encode()
    mixed = f"Pölyps,{TEXT},no,b\n".encode()
    done = fixed(tmp_path, HEADER.encode() + row + row + mixed)
    assert [f.row for f in done.patch.left if f.check == "KV011"] == [1]
    assert done.text == HEADER.encode() + row + row + mixed


def test_correction_that_is_made_already_asks_for_nothing(tmp_path: Path) -> None:
    text = HEADER + line(TEXT, "yes")
    done = fixed(tmp_path, text, corrections="img_id,question,answer,old_answer\na,text,yes,no\n")
    assert (done.text.decode(), done.patch.unapplied, done.patch.corrected) == (text, (), {("a", TEXT)})


def test_correction_finds_its_row_however_the_question_is_written(tmp_path: Path) -> None:
    text = HEADER + line(INSTRUMENTS.misspellings[0], "1") + line(INSTRUMENTS.text, "2", "b")
    done = fixed(tmp_path, text, corrections=f"{WRONG}a,n_instr,3\nb,{INSTRUMENTS.text},4\n")
    assert done.text.decode() == HEADER + line(INSTRUMENTS.text, "3") + line(INSTRUMENTS.text, "4", "b")
    assert [c.rules for c in done.patch.changes if c.column == "answer"] == [(CORRECTION,), (CORRECTION,)]
    assert done.patch.corrected == {("a", INSTRUMENTS.text), ("b", INSTRUMENTS.text)}


def test_correction_settles_a_conflict_and_drops_what_then_repeats(tmp_path: Path) -> None:
    done = fixed(tmp_path, HEADER + line(TEXT, "no") + line(TEXT, "yes"), corrections=f"{WRONG}a,text,yes\n")
    assert done.text.decode() == HEADER + line(TEXT, "yes")
    assert [(c.row, c.column) for c in done.patch.changes] == [(0, "answer"), (1, WHOLE_ROW)]
    assert done.patch.left == ()


@pytest.mark.parametrize(
    ("correction", "why"),
    [
        ("z,text,yes,", "no row asks this question about this image"),
        ("a,text,yes,no", "no row says 'no'"),
        ("a,polyp_size,<5mm,", "2 rows fit, one for each item"),
    ],
)
def test_correction_that_fits_no_row_is_told(tmp_path: Path, correction: str, why: str) -> None:
    text = HEADER + line(TEXT, "") + line(SIZE, ">20mm") + line(SIZE, "5-10mm")
    done = fixed(tmp_path, text, corrections=f"img_id,question,answer,old_answer\n{correction}\n")
    assert done.text.decode() == text
    assert [(one.line, one.why) for one in done.patch.unapplied] == [(2, why)]


def test_one_of_several_items_is_corrected_by_its_old_answer(tmp_path: Path) -> None:
    text = HEADER + line(SIZE, ">20") + line(SIZE, "5-10mm")
    corrections = "img_id,question,answer,old_answer\na,polyp_size,<5mm,>20\n"
    assert fixed(tmp_path, text, corrections=corrections).text.decode() == HEADER + line(SIZE, "<5mm") + line(
        SIZE, "5-10mm"
    )


def test_corrected_item_that_equals_another_is_a_second_item_and_no_repeat(tmp_path: Path) -> None:
    text = HEADER + line(SIZE, ">20") + line(SIZE, "5-10mm")
    corrections = "img_id,question,answer,old_answer\na,polyp_size,5-10mm,>20\n"
    assert fixed(tmp_path, text, corrections=corrections).text.decode() == HEADER + 2 * line(SIZE, "5-10mm")


def test_finding_about_an_answer_that_a_person_corrected_is_not_left(tmp_path: Path) -> None:
    text = HEADER + line(TEXT, "perhaps") + line(TEXT, "perhaps", "b")
    done = fixed(tmp_path, text, corrections=f"{WRONG}a,text,yes\n")
    assert {f.check for f in done.findings if f.img_id == "a"} == {"KV008"}
    assert [(f.check, f.img_id) for f in done.patch.left] == [("KV008", "b")]
    assert [f.img_id for f in done.patch.fixed] == []


def test_removal_takes_the_rows_and_the_image(tmp_path: Path) -> None:
    keep = line(TEXT, "yes", "b")
    text = HEADER + line(COLOUR, "red; pink") + keep + line(TEXT, "no")
    done = fixed(tmp_path, text, removals={"a": "no consent", "gone": "?"}, image_ids=["a", "b"])
    assert done.text.decode() == HEADER + keep
    assert [(c.row, c.column, c.rules, c.why) for c in done.patch.changes] == [
        (0, WHOLE_ROW, (REMOVAL,), "no consent"),
        (2, WHOLE_ROW, (REMOVAL,), "no consent"),
        (None, WHOLE_IMAGE, (REMOVAL,), "no consent"),
    ]
    assert done.patch.removed_images == {"a"}
