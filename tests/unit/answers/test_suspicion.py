"""An answer that the rest of its image contradicts is found, and copies of a picture do not vouch for it."""

from __future__ import annotations

import random
from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kvqa_audit.answers.context import Fact
from kvqa_audit.answers.held_out import FOLDS, folds_of
from kvqa_audit.answers.suspects import SUSPICIOUS
from kvqa_audit.answers.suspicion import Suspicion, rank_suspicious_answers
from kvqa_audit.images.picture_vectors import PictureVectors
from kvqa_audit.spec.load import load_spec

SPEC = load_spec()
POLYP = {"abn": "polyp", "n_polyps": "1", "removed": "no", "procedure": "colonoscopy", "polyp_type": "paris is"}
NO_POLYP = {
    "abn": "oesophagitis",
    "n_polyps": "0",
    "removed": "not relevant",
    "procedure": "gastroscopy",
    "polyp_type": "none",
}
Row = tuple[str, str, str, str]


def rows_of(img_id: str, answers: dict[str, str], source: str = "Instrument") -> list[Row]:
    return [(source, SPEC.question_by_name[name].text, answer, img_id) for name, answer in answers.items()]


def table(images: int = 80, *more: list[Row]) -> pd.DataFrame:
    """Images of one source, in turn with and without a polyp, all answered alike; then more rows."""
    rows = [row for n in range(images) for row in rows_of(f"img{n:03}", (POLYP, NO_POLYP)[n // 4 % 2])]
    rows += [row for part in more for row in part]
    return pd.DataFrame(rows, columns=["source", "question", "answer", "img_id"], dtype=str)


def exchange(frame: pd.DataFrame, img_id: str, name: str, answer: str) -> int:
    """Puts another answer into one cell, and gives its row."""
    (row,) = frame.index[(frame["img_id"] == img_id) & (frame["question"] == SPEC.question_by_name[name].text)]
    frame.loc[row, "answer"] = answer
    return int(row)


def test_the_exchanged_answer_is_the_most_suspicious_and_the_right_one_is_expected() -> None:
    frame = table(400)
    row = exchange(frame, "img009", "procedure", "gastroscopy")
    found = rank_suspicious_answers(frame, SPEC)
    first = found.suspects[0]
    assert (first.row, first.img_id, first.question, first.answer) == (row, "img009", "procedure", "gastroscopy")
    assert first.expected == "colonoscopy"
    assert first.expected_probability > 0.9 > 0.1 > first.probability
    assert max(found.scores, key=lambda one: found.scores[one]) == row


def test_the_reasons_are_what_the_image_really_says() -> None:
    frame = table()
    exchange(frame, "img009", "procedure", "gastroscopy")
    reasons = rank_suspicious_answers(frame, SPEC).suspects[0].reasons
    assert 1 <= len(reasons) <= 3
    assert all(reason.weight > 0 for reason in reasons)
    assert [reason.weight for reason in reasons] == sorted((reason.weight for reason in reasons), reverse=True)
    said = {Fact("answer", answer, name) for name, answer in POLYP.items() if name != "procedure"}
    assert said & {reason.fact for reason in reasons}
    assert not any(r.fact.kind == "answer" and r.fact.question == "procedure" for r in reasons)


def test_a_table_that_agrees_with_itself_has_no_suspects_and_all_cells_are_scored() -> None:
    frame = table()
    found = rank_suspicious_answers(frame, SPEC)
    assert found.suspects == ()
    assert set(found.scores) == set(frame.index)
    assert all(0.0 <= score < SUSPICIOUS for score in found.scores.values())


def test_copies_do_not_vouch_for_one_another() -> None:
    odd = [f"odd{n:02}" for n in range(14)]
    wrong = POLYP | {"procedure": "gastroscopy"}
    frame = table(80, *(rows_of(img_id, wrong) for img_id in odd))
    rows = set(frame.index[frame["img_id"].isin(odd) & frame["question"].str.startswith("What type of procedure")])
    chain = list(pairwise(odd))
    apart, together = rank_suspicious_answers(frame, SPEC), rank_suspicious_answers(frame, SPEC, chain)
    assert rows <= {suspect.row for suspect in together.suspects}
    assert min(together.scores[row] for row in rows) > 2 * max(apart.scores[row] for row in rows)


def test_other_rows_of_a_question_with_one_row_per_item_are_context() -> None:
    """`none` beside a second row that names a type is a contradiction; two types are none."""
    frame = table(
        80, *(rows_of(f"two{n:02}", POLYP) + rows_of(f"two{n:02}", {"polyp_type": "paris is"}) for n in range(30))
    )
    row = frame.index[(frame["img_id"] == "two05") & (frame["answer"] == "paris is")][1]
    frame.loc[row, "answer"] = "none"
    found = rank_suspicious_answers(frame, SPEC)
    assert [(s.row, s.question, s.expected) for s in found.suspects[:1]] == [(row, "polyp_type", "paris is")]


def test_the_order_of_atoms_and_known_misspellings_make_no_other_answer() -> None:
    frame = table()
    name = SPEC.question_by_name["abn_loc"].text
    more = [
        ("Instrument", name, "center; upper-right" if n % 2 else "upper-rigth; center", f"img{n:03}") for n in range(80)
    ]
    frame = pd.concat([frame, pd.DataFrame(more, columns=frame.columns, dtype=str)], ignore_index=True)
    found = rank_suspicious_answers(frame, SPEC)
    assert not set(found.scores) & set(frame.index[frame["question"] == name])


def test_what_is_seen_in_the_pictures_counts() -> None:
    """Every picture with text in it is said to have text, but one; nothing else in the table tells."""
    answers = ["yes" if n * 7 % 16 < 8 else "no" for n in range(160)]
    seen = {f"i{n}": ["text" if answer == "yes" else "no text"] for n, answer in enumerate(answers)}
    answers[37] = "yes" if answers[37] == "no" else "no"
    rows = [row for n, answer in enumerate(answers) for row in rows_of(f"i{n}", {"text": answer, "box": "no"})]
    frame = pd.DataFrame(rows, columns=["source", "question", "answer", "img_id"], dtype=str)
    found, blind = rank_suspicious_answers(frame, SPEC, seen=seen), rank_suspicious_answers(frame, SPEC)
    assert found.suspects[0].row == 2 * 37
    assert found.suspects[0].reasons[0].fact == Fact("picture", *seen["i37"])
    assert found.scores[2 * 37] > 2 * blind.scores[2 * 37]


def test_two_runs_say_the_same() -> None:
    frame = table()
    exchange(frame, "img009", "procedure", "gastroscopy")
    assert rank_suspicious_answers(frame, SPEC) == rank_suspicious_answers(frame, SPEC)


@pytest.mark.parametrize(
    "frame",
    [
        table(0),
        table(3),
        table(40).assign(answer="   "),
        table(40).assign(question="Which tea?"),
        table(40).assign(img_id="one"),
        table(40).assign(img_id=""),
        table(40).astype(object).assign(answer=pd.Series([f"\udcff{n};;" for n in range(200)], dtype=object)),
    ],
    ids=["no rows", "three images", "blank", "unknown question", "one image", "no ids", "all different"],
)
def test_where_nothing_can_be_told_nothing_is_said(frame: pd.DataFrame) -> None:
    assert rank_suspicious_answers(frame, SPEC) == Suspicion()


def test_the_likeliest_answer_is_no_suspect_though_the_others_together_are_likelier() -> None:
    """One source always says 0, the other any of five numbers, so that there no single one is likelier than 0."""
    counts = ["0"] * 500 + random.Random(0).sample(list("01234") * 24, 120)
    rows = [
        row
        for n, count in enumerate(counts)
        for row in rows_of(f"i{n:03}", {"n_polyps": count, "box": "no" if n < 500 else "yes"}, f"source {n < 500}")
    ]
    frame = pd.DataFrame(rows, columns=["source", "question", "answer", "img_id"], dtype=str)
    found = rank_suspicious_answers(frame, SPEC)
    doubtful = {row for row, score in found.scores.items() if score >= SUSPICIOUS}
    assert doubtful > {suspect.row for suspect in found.suspects}
    assert all(suspect.expected_probability > suspect.probability for suspect in found.suspects)


@pytest.mark.parametrize(("share_of_the_rarer", "suspects"), [(0.4, 0), (0.15, 0), (0.03, 12)])
def test_where_nothing_tells_an_answer_only_one_that_is_rare_is_suspected(
    share_of_the_rarer: float, suspects: int
) -> None:
    chance = random.Random(4)
    others = ["paris ip" if n < 400 * share_of_the_rarer else "paris is" for n in range(400)]
    chance.shuffle(others)
    rows = [
        row
        for n, other in enumerate(others)
        for row in rows_of(f"img{n:03}", {"n_polyps": chance.choice("12"), "polyp_type": other})
    ]
    frame = pd.DataFrame(rows, columns=["source", "question", "answer", "img_id"], dtype=str)
    found = rank_suspicious_answers(frame, SPEC)
    assert [suspect.answer for suspect in found.suspects] == ["paris ip"] * suspects


def test_a_source_with_too_few_pictures_is_scored_but_not_suspected() -> None:
    few = [
        row for n in range(3) for row in rows_of(f"few{n}", {"procedure": "gastroscopy", "text": "no"}, "Esophagitis")
    ]
    many = [
        row for n in range(120) for row in rows_of(f"many{n:03}", {"procedure": "colonoscopy", "text": "yes"}, "Polyps")
    ]
    odd = [
        row for n in range(12) for row in rows_of(f"odd{n:02}", {"procedure": "gastroscopy", "text": "yes"}, "Polyps")
    ]
    frame = pd.DataFrame([*many, *odd, *few], columns=["source", "question", "answer", "img_id"], dtype=str)
    found = rank_suspicious_answers(frame, SPEC)
    assert {suspect.img_id for suspect in found.suspects if suspect.img_id.startswith("few")} == set()
    assert {frame["img_id"].iloc[row] for row in found.scores} >= {"few0", "few1", "few2"}


def gradients_by(look_of: Callable[[int], int], images: int = 200) -> PictureVectors:
    """Noisy pictures of as many looks as the function gives for the numbers of the images."""
    rng = np.random.default_rng(3)
    looks = rng.integers(0, 256, (8, 512))
    noisy = [np.clip(looks[look_of(n)] + rng.integers(-40, 41, 512), 0, 255) for n in range(images)]
    return PictureVectors(tuple(f"img{n:03}" for n in range(images)), np.array(noisy, dtype=np.uint8))


def one_question(images: int = 200) -> pd.DataFrame:
    """Two answers to one question, without any order, and another question that is answered alike everywhere."""
    rng = random.Random(4)
    rows = [
        row
        for n in range(images)
        for row in rows_of(f"img{n:03}", {"procedure": rng.choice(("colonoscopy", "gastroscopy")), "removed": "no"})
    ]
    return pd.DataFrame(rows, columns=["source", "question", "answer", "img_id"], dtype=str)


def answers_of(frame: pd.DataFrame) -> list[str]:
    asked = frame[frame["question"] == SPEC.question_by_name["procedure"].text]
    return asked.sort_values("img_id")["answer"].tolist()


def test_pictures_tell_of_an_exchanged_answer_that_no_other_answer_tells_of() -> None:
    frame = one_question()
    shown = [int(answer == "colonoscopy") for answer in answers_of(frame)]
    gradients = gradients_by(shown.__getitem__)
    other = {"colonoscopy": "gastroscopy", "gastroscopy": "colonoscopy"}[answers_of(frame)[17]]
    row = exchange(frame, "img017", "procedure", other)
    alone = rank_suspicious_answers(frame, SPEC)
    assert alone.scores[row] < 0.05
    found = rank_suspicious_answers(frame, SPEC, pictures=[gradients])
    assert max(found.scores, key=lambda one: found.scores[one]) == row
    assert found.suspects[0].row == row
    assert "looks" in {reason.fact.kind for reason in found.suspects[0].reasons}


def test_pictures_that_tell_nothing_change_next_to_nothing() -> None:
    frame = table(200)
    exchange(frame, "img009", "procedure", "gastroscopy")
    rng = random.Random(8)
    looks = [rng.randrange(8) for _ in range(200)]
    alone = rank_suspicious_answers(frame, SPEC)
    found = rank_suspicious_answers(frame, SPEC, pictures=[gradients_by(looks.__getitem__)])
    assert found.suspects[0].row == alone.suspects[0].row
    others = frame.index[frame["img_id"] != "img009"].tolist()
    assert [found.scores[row] for row in others] == pytest.approx([alone.scores[row] for row in others], abs=0.05)


def test_images_without_a_picture_are_judged_by_their_answers_alone() -> None:
    frame = one_question()
    shown = [int(answer == "colonoscopy") for answer in answers_of(frame)]
    every = gradients_by(shown.__getitem__)
    half = PictureVectors(every.img_ids[:100], every.vectors[:100])
    found = rank_suspicious_answers(frame, SPEC, pictures=[half])
    assert set(found.scores) == set(rank_suspicious_answers(frame, SPEC).scores)
    few = PictureVectors(every.img_ids[:10], every.vectors[:10])
    assert rank_suspicious_answers(frame, SPEC, pictures=[few]) == rank_suspicious_answers(frame, SPEC)


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(1, 9)), min_size=FOLDS, max_size=60))
def test_folds_hold_as_many_cells_to_within_the_largest_group_and_part_no_copies(
    images: list[tuple[int, int]],
) -> None:
    """Each image with its group and the number of its cells."""
    img_ids = [f"{image:02}" for image, (_, cells) in enumerate(images) for _ in range(cells)]
    groups = np.array([group for group, cells in images for _ in range(cells)])
    folds = folds_of(img_ids, groups)
    held, largest = np.bincount(folds, minlength=FOLDS), np.bincount(groups).max()
    assert len(held) == FOLDS
    assert np.abs(held - len(groups) / FOLDS).max() <= largest
    assert all(len(set(folds[groups == group].tolist())) == 1 for group in set(groups.tolist()))


def test_one_more_pair_of_copies_moves_few_cells_to_another_fold() -> None:
    img_ids = [f"{image:03}" for image in range(300) for _ in range(1 + image % 5)]
    groups = np.array([int(img_id) for img_id in img_ids])
    before = folds_of(img_ids, groups)
    for left, right in pairwise(range(0, 300, 23)):
        after = folds_of(img_ids, np.where(groups == right, left, groups))
        assert np.count_nonzero(after != before) <= len(img_ids) // 20
