"""A question's answers and how often each is given come in; its type, its vocabulary and how they are joined go out."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping

from kvqa_audit.describe.languages import Asked, yes_or_no
from kvqa_audit.spec.question import QuestionType
from kvqa_audit.spelling import folded

MAX_ANSWERS = 40
MAX_ANSWER_CHARACTERS = 200
SEPARATORS = ("; ", ";", ", ", ",")
MIN_SHARE_OF_A_TYPE = 0.98
MIN_SHARE_OF_WHAT_IS_ASKED = 0.85
# Good and Turing: the share of answers given once is how often the next answer would be a new one.
MAX_SHARE_OF_NEW_ANSWERS = 0.05
# Whoever answers in words of his own says the same in many ways.
WORDS_OF_A_SENTENCE = 4
MIN_SHARE_IN_ORDER = 0.95
_COUNT = re.compile(r"0|[1-9][0-9]{0,8}")
_COLOURS = frozenset(
    re.findall(r"\w+", "black blue brown flesh gray green grey orange pink purple red violet white yellow")
)
_PLACES = re.compile(r"\b(left|right|upper|lower|cent(er|re)|top|bottom|middle|anterior|posterior)\b", re.IGNORECASE)


def type_of(
    answers: Mapping[str, int], asked: Asked | None = None, *, are_places: bool = False
) -> tuple[QuestionType, str]:
    """The question's type, and the separator of its answers, from the answers and how often each is given.

    Where the question itself says what is `asked`, a few other answers, each of them rare, are slips and no type.
    Numbers that `are_places` in a list of choices count nothing.
    """
    total = sum(answers.values())
    if not total:
        return "free text", "; "
    if are_places and _nearly_all(answers, _is_count, asked_for_it=False):
        return "single choice", "; "
    if _nearly_all(answers, _is_count, asked == "how many"):
        return "numerical count", "; "
    if asked == "yes or no" and _nearly_all(answers, _is_yes_or_no, asked_for_it=True):
        return "yes/no", "; "
    for separator in SEPARATORS:
        if _are_lists(answers, separator):
            return _kind_of_list(atoms_of(answers, separator)), separator
    if _nearly_all(answers, _is_yes_or_no, asked_for_it=False):
        return "yes/no", "; "
    return ("single choice" if _is_closed(answers) else "free text"), "; "


def _nearly_all(answers: Mapping[str, int], fits: Callable[[str], bool], asked_for_it: bool) -> bool:
    share = _share(answers, fits)
    if share >= MIN_SHARE_OF_A_TYPE:
        return True
    most_of_another = max((n for answer, n in answers.items() if not fits(answer)), default=0)
    return (
        asked_for_it and share >= MIN_SHARE_OF_WHAT_IS_ASKED and most_of_another <= max(1, 0.02 * sum(answers.values()))
    )


def _is_count(answer: str) -> bool:
    return _COUNT.fullmatch(folded(answer)) is not None


def _is_yes_or_no(answer: str) -> bool:
    return yes_or_no(answer) is not None


def atoms_of(answers: Mapping[str, int], separator: str) -> Counter[str]:
    """How often each single answer is given."""
    atoms: Counter[str] = Counter()
    for answer, n in answers.items():
        for atom in {part.strip() for part in answer.split(separator.strip())} - {""}:
            atoms[atom] += n
    return atoms


def in_order(answers: Mapping[str, int], separator: str) -> tuple[int, int]:
    """Of how many answers with several parts the parts are in alphabetical order, and how many there are."""
    joined = {answer: n for answer, n in answers.items() if len(_parts(answer, separator)) > 1}
    kept = sum(n for answer, n in joined.items() if (parts := _parts(answer, separator)) == sorted(parts))
    return kept, sum(joined.values())


def _parts(answer: str, separator: str) -> list[str]:
    return [part for piece in answer.split(separator.strip()) if (part := piece.strip())]


def _share(answers: Mapping[str, int], holds: Callable[[str], bool]) -> float:
    return sum(n for answer, n in answers.items() if holds(answer)) / sum(answers.values())


def _is_closed(answers: Mapping[str, int]) -> bool:
    """Whether the answers come from a list that has been seen as a whole: few, given again and again, and no prose."""
    total, once = sum(answers.values()), sum(n == 1 for n in answers.values())
    if len(answers) > MAX_ANSWERS or total < 2 * len(answers) or once > max(1, MAX_SHARE_OF_NEW_ANSWERS * total):
        return False
    return not _are_prose(answers)


def _are_prose(answers: Mapping[str, int]) -> bool:
    if max(map(len, answers)) > MAX_ANSWER_CHARACTERS:
        return True
    return _share(answers, lambda answer: len(answer.split()) >= WORDS_OF_A_SENTENCE) > 0.5


def _are_lists(answers: Mapping[str, int], separator: str) -> bool:
    """Whether some answers are several in one: sentences hold commas, too, but their parts do not come again."""
    joined = {answer: n for answer, n in answers.items() if separator in answer}
    atoms, parts = atoms_of(answers, separator), atoms_of(joined, separator)
    if not joined or len(atoms) > MAX_ANSWERS or _are_prose(atoms):
        return False
    if sum(n == 1 for n in atoms.values()) > max(1, MAX_SHARE_OF_NEW_ANSWERS * sum(atoms.values())):
        return False
    stand_alone = sum(part in answers for part in parts) > 0.5 * len(parts)
    often = sum(joined.values()) >= 0.02 * sum(answers.values()) and len(atoms) < len(answers)
    return stand_alone or often


def _kind_of_list(atoms: Iterable[str]) -> QuestionType:
    known = list(atoms)
    if sum(atom.casefold() in _COLOURS for atom in known) >= 0.6 * len(known):
        return "colour"
    if sum(bool(_PLACES.search(atom)) for atom in known) >= 0.6 * len(known):
        return "location"
    return "multiple choice"
