"""Images of one source with one and the same answers."""

from __future__ import annotations

import pandas as pd

from kvqa_audit.answers.cells import answer_cells
from kvqa_audit.answers.stereotypes import Stereotype, stereotypes
from kvqa_audit.spec.load import load_spec

SPEC = load_spec()
ANSWERS = {"text": "no", "box": "no", "n_polyps": "1", "abn": "polyp", "abn_colour": "red; pink"}


def found(*groups: tuple[str, dict[str, str], int]) -> tuple[Stereotype, ...]:
    rows = []
    for group, (source, answers, count) in enumerate(groups):
        for number in range(count):
            for name, answer in answers.items():
                rows.append((source, SPEC.question_by_name[name].text, answer, f"{group}-{number:02}"))
    frame = pd.DataFrame(rows, columns=["source", "question", "answer", "img_id"], dtype=str)
    return stereotypes(answer_cells(frame, SPEC))


def test_equal_answers_of_one_source_are_one_group_however_they_are_written() -> None:
    other = ANSWERS | {"abn_colour": "pink; red"}
    groups = found(("Polyps", ANSWERS, 6), ("Polyps", other, 6), ("Polyps", ANSWERS | {"text": "yes"}, 8))
    (group,) = groups
    assert (group.source, len(group.img_ids), group.share) == ("Polyps", 12, 12 / 20)
    assert group.answers[SPEC.question_by_name["abn_colour"].text] == "pink; red"
    assert len(group.answers) == 5


def test_another_source_fewer_images_or_fewer_answers_are_none() -> None:
    few = {name: answer for name, answer in ANSWERS.items() if name != "box"}
    assert found(("Polyps", ANSWERS, 9), ("Normal", ANSWERS, 9), ("Normal", few, 30)) == ()
    assert found() == ()


def test_the_largest_group_comes_first() -> None:
    groups = found(("Polyps", ANSWERS, 10), ("Normal", ANSWERS, 20))
    assert [(group.source, len(group.img_ids)) for group in groups] == [("Normal", 20), ("Polyps", 10)]
