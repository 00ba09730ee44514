"""Stability of answers on copies of a picture, against hand-computed and published examples."""

from __future__ import annotations

from itertools import permutations

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kvqa_audit.answers.cells import answer_cells
from kvqa_audit.answers.stability import QuestionStability, connected, label_stability, masi_distance
from kvqa_audit.model import DuplicatePair, Tier
from kvqa_audit.spec.load import load_spec

SPEC = load_spec()
TEXT, COLOUR, PLACE, COUNT = "text", "abn_colour", "abn_loc", "n_polyps"
ATOMS = ("blue", "green", "pink", "red", "white")


def pair(left: str, right: str, tier: Tier = Tier.NEAR, transform: str = "identity") -> DuplicatePair:
    return DuplicatePair(left, right, tier, 6, 0.97, transform, left)


def stability(question: str, *groups: list[str], pairs: list[DuplicatePair] | None = None) -> QuestionStability | None:
    """Each group is the answers of images `<group>.<member>`; by default its first one is verified with all."""
    text = SPEC.question_by_name[question].text
    rows, verified = [], []
    for group, answers in enumerate(groups):
        rows += [("Polyps", text, answer, f"{group:03}.{member:03}") for member, answer in enumerate(answers)]
        verified += [pair(f"{group:03}.000", f"{group:03}.{member:03}") for member in range(1, len(answers))]
    frame = pd.DataFrame(rows, columns=["source", "question", "answer", "img_id"], dtype=str)
    found = label_stability(answer_cells(frame, SPEC), verified if pairs is None else pairs, SPEC)
    return found[0] if found else None


def test_kappa_of_a_table_computed_by_hand() -> None:
    # 20 + 15 pairs agree, 15 do not: both orders give yes 55 and no 45 of 100, so 0.7 against 0.505.
    found = stability(TEXT, *[["yes", "yes"]] * 20, *[["no", "no"]] * 15, *[["yes", "no"]] * 15)
    assert found is not None
    assert (found.groups, found.images, found.pairs, found.agreement) == (50, 100, 50, 0.7)
    assert found.kappa == pytest.approx((0.7 - 0.505) / (1 - 0.505))
    assert found.alpha is None
    assert found.kappa_low is not None
    assert found.kappa_high is not None
    assert found.kappa_low < found.kappa < found.kappa_high


@settings(max_examples=40)
@given(st.lists(st.tuples(*[st.sampled_from("0123")] * 2), min_size=2, max_size=30))
def test_kappa_is_that_of_scikit_learn_with_every_pair_in_both_orders(pairs: list[tuple[str, str]]) -> None:
    metrics = pytest.importorskip("sklearn.metrics")
    both = [*pairs, *[(right, left) for left, right in pairs]]
    found = stability(COUNT, *map(list, pairs))
    assert found is not None
    if len({answer for answers in pairs for answer in answers}) == 1:
        assert found.kappa is None
    else:
        assert found.kappa == pytest.approx(metrics.cohen_kappa_score(*zip(*both, strict=True)))


def test_alpha_of_single_answers_is_krippendorffs_published_nominal_example() -> None:
    # Krippendorff 2011, Computing Krippendorff's Alpha-Reliability, example C: four observers, missing data, 0.743.
    observers = ["123321412...", "1233224125.3", ".33323422 51.".replace(" ", ""), "1233244125 1.".replace(" ", "")]
    units = [[ATOMS[int(value) - 1] for value in unit if value != "."] for unit in zip(*observers, strict=True)]
    found = stability(COLOUR, *units)
    assert found is not None
    assert found.alpha == pytest.approx(0.743, abs=5e-4)
    assert found.kappa is None


@settings(max_examples=40)
@given(
    st.lists(
        st.lists(st.sets(st.sampled_from(ATOMS), min_size=1), min_size=2, max_size=4),
        min_size=2,
        max_size=12,
    )
)
def test_alpha_with_masi_is_the_definition_written_out(units: list[list[set[str]]]) -> None:
    values = [value for unit in units for value in unit]
    within = sum(
        masi_distance(frozenset(a), frozenset(b)) / (len(unit) - 1) for unit in units for a, b in permutations(unit, 2)
    ) / len(values)
    between = sum(masi_distance(frozenset(a), frozenset(b)) for a, b in permutations(values, 2))
    expected = between / (len(values) * (len(values) - 1))
    found = stability(COLOUR, *[["; ".join(value) for value in unit] for unit in units])
    assert found is not None
    if expected == 0:
        assert found.alpha is None
    else:
        assert found.alpha == pytest.approx(1 - within / expected)


def test_masi_is_passonneaus() -> None:
    a, b = frozenset({"red"}), frozenset({"red", "pink"})
    assert masi_distance(a, a) == 0
    assert masi_distance(a, b) == pytest.approx(1 - 1 / 2 * 2 / 3)
    assert masi_distance(b, frozenset({"red", "blue"})) == pytest.approx(1 - 1 / 3 * 1 / 3)
    assert masi_distance(a, frozenset({"blue"})) == 1


def test_neighbouring_frames_are_no_copies() -> None:
    assert stability(TEXT, ["yes", "no"], pairs=[pair("000.000", "000.001", Tier.NEAR_FRAME)]) is None


def test_places_are_not_compared_with_a_flipped_copy_but_other_answers_are() -> None:
    flipped = [pair("000.000", "000.001", transform="flip-horizontal")]
    assert stability(PLACE, ["center", "center"], pairs=flipped) is None
    assert stability(TEXT, ["yes", "no"], pairs=flipped) is not None


def test_one_group_has_no_interval() -> None:
    found = stability(TEXT, ["yes", "no"])
    assert found is not None
    assert (found.agreement, found.agreement_low, found.agreement_high) == (0.0, None, None)


def test_images_are_grouped_over_any_number_of_pairs() -> None:
    assert connected([("c", "d"), ("b", "c"), ("x", "y")]) == {"b": "b", "c": "b", "d": "b", "x": "x", "y": "x"}
