"""Questions and answers come in; a catalogue with types and vocabularies, as far as they can be told, goes out."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kvqa_audit.spec.dataset_spec import MULTI_VALUED, QuestionType

if TYPE_CHECKING:
    import pandas as pd

MAX_QUESTIONS = 100
MAX_ANSWERS = 40
MIN_ROWS = 5
# A catalogue that covers less of the rows leaves the other questions free.
MIN_COVERAGE = 0.98
SEPARATORS = ("; ", ";", ", ", ",")
_COUNT = re.compile(r"0|[1-9][0-9]{0,8}")
_COLOURS = frozenset(
    re.findall(r"\w+", "black blue brown flesh gray green grey orange pink purple red violet white yellow")
)
_PLACES = re.compile(r"\b(left|right|upper|lower|cent(er|re)|top|bottom|middle|anterior|posterior)\b", re.IGNORECASE)
_STOP_WORDS = frozenset(
    re.findall(
        r"\w+",
        "a all an any are be can check do does for from have if in is it of on one present seen shown than that the "
        "there this to visible was were what which with would you image picture",
    )
)


@dataclass(frozen=True)
class Inferred:
    """One question of the catalogue; `doubtful` are answers given once only, left out of the vocabulary."""

    text: str
    name: str
    rows: int
    type: QuestionType
    answers: tuple[str, ...] = ()
    separator: str = "; "
    several_rows: bool = False
    doubtful: tuple[str, ...] = ()


@dataclass(frozen=True)
class Catalogue:
    """The questions, most often asked first; `free` says that others are asked too, `left_out` how many rows have."""

    questions: tuple[Inferred, ...]
    free: bool
    left_out: int


def infer_catalogue(frame: pd.DataFrame) -> Catalogue:
    """Makes a catalogue of the questions that are asked again and again.

    Args:
        frame: columns question, answer and img_id, as text.
    """
    cells = frame.apply(lambda column: column.str.strip())
    cells = cells[cells["question"] != ""]
    counts = cells["question"].value_counts()
    least = max(MIN_ROWS, len(cells) // 1_000)
    # In a small table every question is seldom asked; there a repeat is all that can be wanted.
    asked = counts[counts >= (least if len(cells) >= 200 else 2)]
    texts = sorted(asked.index, key=lambda text: (-int(asked[text]), str(text)))[:MAX_QUESTIONS]
    covered = int(counts[texts].sum()) if texts else 0
    names: set[str] = set()
    groups = dict(tuple(cells[cells["question"].isin(texts)].groupby("question")))
    questions = tuple(_inferred(str(text), _name(str(text), names), groups[text]) for text in texts)
    return Catalogue(questions, not texts or covered < MIN_COVERAGE * len(cells), len(cells) - covered)


def _inferred(text: str, name: str, rows: pd.DataFrame) -> Inferred:
    answers = Counter(answer for answer in rows["answer"] if answer)
    several = bool(rows[rows["answer"] != ""].duplicated(["img_id"]).mean() > 0.05)
    kind, separator = type_of(answers)
    if kind in ("numerical count", "free text"):
        return Inferred(text, name, len(rows), kind, several_rows=several)
    atoms = atoms_of(answers, separator) if kind in MULTI_VALUED else answers
    known = {a: n for a, n in atoms.items() if n > 1 or len(rows) < 50} or dict(atoms)
    doubtful = tuple(sorted(a for a in atoms if a not in known))
    return Inferred(text, name, len(rows), kind, tuple(sorted(known)), separator, several, doubtful)


def type_of(answers: Mapping[str, int]) -> tuple[QuestionType, str]:
    """The question's type, and the separator of its answers, from the answers and how often each is given."""
    total = sum(answers.values())
    if not total:
        return "free text", "; "
    if all(_COUNT.fullmatch(answer) for answer in answers):
        return "numerical count", "; "
    for separator in SEPARATORS:
        if _are_lists(answers, separator):
            return _kind_of_list(atoms_of(answers, separator)), separator
    if sum(n for answer, n in answers.items() if answer.casefold() in ("yes", "no")) >= 0.98 * total:
        return "yes/no", "; "
    if len(answers) <= MAX_ANSWERS and total >= 2 * len(answers):
        return "single choice", "; "
    return "free text", "; "


def _are_lists(answers: Mapping[str, int], separator: str) -> bool:
    """Whether some answers are several in one: sentences hold commas, too, but their parts do not come again."""
    joined = {answer: n for answer, n in answers.items() if separator in answer}
    atoms, parts = atoms_of(answers, separator), atoms_of(joined, separator)
    if not joined or len(atoms) > MAX_ANSWERS:
        return False
    stand_alone = sum(part in answers for part in parts) > 0.5 * len(parts)
    often = sum(joined.values()) >= 0.02 * sum(answers.values()) and len(atoms) < len(answers)
    return stand_alone or often


def atoms_of(answers: Mapping[str, int], separator: str) -> Counter[str]:
    """How often each single answer is given."""
    atoms: Counter[str] = Counter()
    for answer, n in answers.items():
        for atom in {part.strip() for part in answer.split(separator.strip())} - {""}:
            atoms[atom] += n
    return atoms


def _kind_of_list(atoms: Sequence[str] | Mapping[str, int]) -> QuestionType:
    if sum(atom.casefold() in _COLOURS for atom in atoms) >= 0.6 * len(atoms):
        return "colour"
    if sum(bool(_PLACES.search(atom)) for atom in atoms) >= 0.6 * len(atoms):
        return "location"
    return "multiple choice"


def _name(text: str, taken: set[str]) -> str:
    """A short name for rules: the first three telling words, told apart by a number."""
    words = re.findall(r"[a-z][a-z0-9]*", text.casefold())
    telling = [word for word in words if word not in _STOP_WORDS][:3] or words[:3] or ["question"]
    short = "_".join(telling)[:40].rstrip("_")
    name, number = short, 1
    while name in taken or name in ("source", "img_id"):
        number += 1
        name = f"{short}_{number}"
    taken.add(name)
    return name
