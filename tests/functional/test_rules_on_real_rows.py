"""Every rule of Kvasir-VQA, judged on real rows by the package and by plain Python written apart from it."""

from __future__ import annotations

import csv
from collections.abc import Callable
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest

from kvqa_audit.answers.rules import RuleResult, judge_rules
from kvqa_audit.spec.load import load_spec

QUESTIONS = {
    "What type of procedure is the image taken from?": "procedure",
    "Is there text?": "text",
    "Is there a green/black box artefact?": "box",
    "Does this image contain any finding?": "finding",
    "Is this finding easy to detect?": "easy",
    "How many findings are present?": "n_findings",
    "Are there any abnormalities in the image? Check all that are present.": "abn",
    "What color is the abnormality? If more than one separate with ;": "abn_colour",
    "Where in the image is the abnormality?": "abn_loc",
    "Are there any anatomical landmarks in the image? Check all that are present.": "landmark",
    "What color is the anatomical landmark? If more than one separate with ;": "landmark_colour",
    "Where in the image is the anatomical landmark?": "landmark_loc",
    "Are there any instruments in the image? Check all that are present.": "instr",
    "Where in the image is the instrument?": "instr_loc",
    "How many instrumnets are in the image?": "n_instr",
    "How many polyps are in the image?": "n_polyps",
    "What type of polyp is present?": "polyp_type",
    "What is the size of the polyp?": "polyp_size",
    "Have all polyps been removed?": "removed",
}
COUNTS = {"n_findings", "n_instr", "n_polyps"}
ONE = {"procedure", "text", "box", "finding", "easy", "removed"}
SETS = set(QUESTIONS.values()) - COUNTS - ONE
NONE = {"none"}


class Image(dict[str, Any]):
    """What is known about one image; a question that was not asked is None."""

    def __getattr__(self, name: str) -> Any:
        return self.get(name)


def read(path: Path) -> dict[str, Image]:
    images: dict[str, Image] = {}
    with path.open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            image = images.setdefault(row["img_id"], Image(source=row["source"]))
            name, answer = QUESTIONS[row["question"]], row["answer"]
            if name in COUNTS:
                value: Any = int(answer)
            elif name in ONE:
                value = answer
            else:
                value = set(answer.replace("; ", ";").replace("rigth", "right").split(";"))
                value = {">20mm" if atom == ">20" else atom for atom in value}
            if name in ("polyp_type", "polyp_size") and name in image:
                image[name] |= value
            else:
                image.setdefault(name, value)
    return images


def when(applies: bool | None, *needed: object) -> bool:
    """Whether a rule is to be judged: its condition holds and every answer it needs was given."""
    return bool(applies) and all(value is not None for value in needed)


def implies(applies: bool | None, needed: object, holds: Callable[[], bool]) -> bool | None:
    return holds() if when(applies, needed) else None


def f5(i: Image) -> bool | None:
    given = [i[name] for name in SETS if name in i]
    return all("none" not in value or len(value) == 1 for value in given) if given else None


def l16_2(i: Image) -> bool | None:
    if not i.instr or "polyp snare" not in i.instr:
        return None
    known = [value for value in (i.abn and "polyp" in i.abn, i.removed and i.removed == "yes") if value is not None]
    return True if any(known) else (False if len(known) == 2 else None)


def l18_normal(i: Image) -> bool | None:
    if i.source != "Normal" or i.finding is None:
        return None
    return i.finding == "no" and set(i) == {"source", "finding"}


def more(value: int | None) -> bool:
    return value is not None and value > 0


def some(value: set[str] | None) -> bool:
    return value is not None and value != NONE


GRID = [
    ("upper-left", "upper-center", "upper-right"),
    ("center-left", "center", "center-right"),
    ("lower-left", "lower-center", "lower-right"),
]
POSITION = {name: (line, column) for line, names in enumerate(GRID) for column, name in enumerate(names)}


def in_one_piece(places: set[str]) -> bool:
    """Whether every place is reached from the first one by steps to one of the eight places around."""
    waiting = [POSITION[place] for place in places]
    reached = [waiting.pop()]
    for line, column in reached:
        near = [place for place in waiting if abs(place[0] - line) <= 1 and abs(place[1] - column) <= 1]
        waiting = [place for place in waiting if place not in near]
        reached += near
    return not waiting


def lone_polyp(i: Image) -> bool:
    return i.n_polyps == 1 and i.abn == {"polyp"} and some(i.abn_loc)


def l9(i: Image) -> bool | None:
    if None in (i.n_findings, i.n_polyps, i.abn, i.landmark):
        return None
    return i.n_findings == i.n_polyps + len(i.abn - {"polyp", "none"}) + len(i.landmark - NONE)


def l17(i: Image) -> bool | None:
    if not (i.instr or set()) & {"injection needle", "metal clip"}:
        return None
    context = ["polyp snare" in i.instr, i.abn and "polyp" in i.abn, i.removed and i.removed != "not relevant"]
    return True if any(context) else (None if None in context else False)


UPPER, LOWER = {"z-line", "pylorus"}, {"cecum", "ileum"}
IN_PYTHON: dict[str, Callable[[Image], bool | None]] = {
    "F5": f5,
    "L1.1": lambda i: implies(i.n_instr == 0, i.instr, lambda: i.instr == NONE),
    "L1.2": lambda i: implies(i.n_instr == 0, i.instr_loc, lambda: i.instr_loc == NONE),
    "L2.1": lambda i: implies(more(i.n_instr), i.instr, lambda: i.instr != NONE),
    "L2.2": lambda i: implies(more(i.n_instr), i.instr_loc, lambda: i.instr_loc != NONE),
    "L3": lambda i: implies(more(i.n_instr) and some(i.instr), i.instr, lambda: len(i.instr) <= i.n_instr),
    "L4.1": lambda i: implies(i.n_polyps == 0, i.abn, lambda: "polyp" not in i.abn),
    "L4.2": lambda i: implies(i.n_polyps == 0, i.polyp_type, lambda: i.polyp_type == NONE),
    "L4.3": lambda i: implies(i.n_polyps == 0, i.polyp_size, lambda: i.polyp_size == NONE),
    "L5": lambda i: implies(more(i.n_polyps), i.abn, lambda: "polyp" in i.abn),
    "L5b.1": lambda i: implies(more(i.n_polyps), i.polyp_type, lambda: i.polyp_type != NONE),
    "L5b.2": lambda i: implies(more(i.n_polyps), i.polyp_size, lambda: i.polyp_size != NONE),
    "L6": lambda i: implies(more(i.n_polyps) and some(i.polyp_size), 0, lambda: len(i.polyp_size) <= i.n_polyps),
    "L6b": lambda i: implies(more(i.n_polyps) and some(i.polyp_type), 0, lambda: len(i.polyp_type) <= i.n_polyps),
    "L7": lambda i: implies(i.n_findings is not None, i.n_polyps, lambda: i.n_findings >= i.n_polyps),
    "L8": lambda i: implies(i.n_findings == 0, i.abn, lambda: i.abn == NONE),
    "L9": l9,
    "L10.1": lambda i: implies(i.procedure == "gastroscopy", i.landmark, lambda: not i.landmark & LOWER),
    "L10.2": lambda i: implies(
        i.procedure == "gastroscopy", i.abn, lambda: not i.abn & {"ulcerative colitis", "hemorrhoids"}
    ),
    "L10.3": lambda i: implies(i.procedure == "colonoscopy", i.landmark, lambda: not i.landmark & UPPER),
    "L10.4": lambda i: implies(
        i.procedure == "colonoscopy",
        i.abn,
        lambda: not i.abn & {"oesophagitis", "barretts", "short-segment barretts"},
    ),
    "L10b": lambda i: implies(i.procedure == "gastroscopy", i.abn, lambda: "polyp" not in i.abn),
    "L11.1": lambda i: implies(some(i.abn), i.abn_loc, lambda: i.abn_loc != NONE),
    "L11.2": lambda i: implies(i.abn == NONE, i.abn_loc, lambda: i.abn_loc == NONE),
    "L12.1": lambda i: implies(some(i.landmark_loc), i.landmark, lambda: i.landmark != NONE),
    "L12.2": lambda i: implies(some(i.landmark), i.landmark_loc, lambda: i.landmark_loc != NONE),
    "L13": lambda i: implies(some(i.abn), i.abn_colour, lambda: i.abn_colour != NONE),
    "L14.1": lambda i: implies(i.removed == "not relevant", i.n_polyps, lambda: i.n_polyps == 0),
    "L14.2": lambda i: implies(i.removed == "no", i.n_polyps, lambda: i.n_polyps > 0),
    "L15.1": lambda i: implies(i.easy == "not relevant", i.abn, lambda: i.abn == NONE),
    "L15.2": lambda i: implies(i.abn == NONE, i.easy, lambda: i.easy == "not relevant"),
    "L16.1": lambda i: implies("polyp snare" in (i.instr or ()), i.procedure, lambda: i.procedure == "colonoscopy"),
    "L16.2": l16_2,
    "L17": l17,
    "L18.instrument": lambda i: implies(i.source == "Instrument", i.n_instr, lambda: i.n_instr > 0),
    "L18.polyps": lambda i: implies(i.source == "Polyps", i.abn, lambda: "polyp" in i.abn),
    "L18.colitis": lambda i: implies(i.source == "Ulcerative Colitis", i.abn, lambda: "ulcerative colitis" in i.abn),
    "L18.colitis_procedure": lambda i: implies(
        i.source == "Ulcerative Colitis", i.procedure, lambda: i.procedure == "colonoscopy"
    ),
    "L18.esophagitis": lambda i: implies(i.source == "Esophagitis", i.procedure, lambda: i.procedure == "gastroscopy"),
    "L18.normal": l18_normal,
    "L19": lambda i: implies(lone_polyp(i), i.abn_loc, lambda: in_one_piece(i.abn_loc)),
    "L20": lambda i: implies(True, i.landmark, lambda: not (i.landmark & UPPER and i.landmark & LOWER)),
    "L21": lambda i: implies("oesophagitis" in (i.abn or ()), i.landmark, lambda: "z-line" in i.landmark),
    "L22": lambda i: implies(some(i.abn_loc), i.abn_loc, lambda: len(i.abn_loc) < 9),
    "L23": lambda i: implies(
        lone_polyp(i) and i.polyp_size in ({"<5mm"}, {"5-10mm"}), i.abn_loc, lambda: len(i.abn_loc) <= 6
    ),
    "L24": lambda i: implies(
        bool((i.abn or set()) & {"barretts", "short-segment barretts"}),
        i.abn,
        lambda: not i.abn >= {"barretts", "short-segment barretts"},
    ),
    "L25": lambda i: implies(i.procedure == "gastroscopy", i.box, lambda: i.box == "no"),
}


@pytest.fixture(scope="module")
def real_rows(shared: Path) -> Path:
    return shared / "data" / "kvasir-vqa" / "full" / "metadata.sample-29307.csv"


@pytest.fixture(scope="module")
def judged(real_rows: Path) -> dict[str, RuleResult]:
    import pandas as pd

    frame = pd.read_csv(real_rows, dtype=str, keep_default_na=False, na_filter=False)
    return dict(judge_rules(frame, load_spec()))


@pytest.fixture(scope="module")
def images(real_rows: Path) -> dict[str, Image]:
    return read(real_rows)


def test_every_shipped_rule_has_its_python_twin() -> None:
    assert [rule.id for rule in load_spec().rules] == list(IN_PYTHON)


@pytest.mark.parametrize("rule", IN_PYTHON)
def test_eligible_and_violating_images_equal_plain_python(
    rule: str, judged: dict[str, RuleResult], images: dict[str, Image]
) -> None:
    verdicts = {img_id: IN_PYTHON[rule](image) for img_id, image in images.items()}
    eligible = [img_id for img_id, verdict in verdicts.items() if verdict is not None]
    broken = [img_id for img_id in eligible if not verdicts[img_id]]
    assert (judged[rule].eligible, list(judged[rule].violations)) == (len(eligible), broken)


def test_places_touch_for_exactly_the_sets_that_are_in_one_piece() -> None:
    import pandas as pd

    spec = load_spec()
    sets = [places for size in range(1, 10) for places in combinations(sorted(POSITION), size)]
    texts = {name: spec.question_by_name[name].text for name in ("n_polyps", "abn", "abn_loc")}
    rows = []
    for number, places in enumerate(sets):
        for name, answer in (("n_polyps", "1"), ("abn", "polyp"), ("abn_loc", "; ".join(places))):
            rows.append(("Polyps", texts[name], answer, str(number)))
    result = judge_rules(pd.DataFrame(rows, columns=["source", "question", "answer", "img_id"]), spec)["L19"]
    apart = [str(number) for number, places in enumerate(sets) if not in_one_piece(set(places))]
    assert (result.eligible, list(result.violations)) == (511, apart)


def test_the_real_rows_break_and_keep_rules(judged: dict[str, RuleResult]) -> None:
    assert judged["L1.2"].violations
    assert len(judged["L22"].violations) > 500
    assert judged["L18.normal"].eligible > 1000
    assert not judged["L18.normal"].violations
