"""Answer cells come in; what can be said about one answer, as SQL and as a matrix of images, goes out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kvqa_audit.answers.cells import AnswerCells
from kvqa_audit.answers.parse import whole_number
from kvqa_audit.spec.dataset_spec import DatasetSpec
from kvqa_audit.spec.question import Question

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

NONE = "none"
Answer = tuple[str, ...]


@dataclass(frozen=True)
class Literals:
    """Statements about single answers, such as `n_items > 0` or `'knife' in tools`, each beside its negation.

    `sql[i]` is the statement, `question[i]` the question it is about (an index into `names`, the short names) and
    `negation[i]` the place of its opposite. `is_condition` says that it may stand before an implication: denials of
    one of many answers may not. `holds` (images x literals) and `asked` (images x questions) are 0 or 1; a statement
    about what was not asked does not hold, and its negation neither. `truth[i]` is the set of answers it holds for.
    """

    sql: tuple[str, ...]
    names: tuple[str, ...]
    question: NDArray[np.int64]
    negation: tuple[int, ...]
    is_condition: NDArray[np.bool_]
    holds: NDArray[np.float32]
    asked: NDArray[np.float32]
    truth: tuple[frozenset[int], ...]

    def holds_for(self, literal: int, answer: int) -> bool:
        """Whether the statement holds where its question is answered so."""
        return answer in self.truth[literal]


@dataclass(frozen=True, slots=True)
class _Statement:
    sql: str
    denial: str
    holds: Callable[[Answer], bool]
    denial_is_condition: bool = False


def literals_of(cells: AnswerCells, spec: DatasetSpec) -> Literals:
    """The statements about all questions of the catalogue; answers that cannot be read count as not asked."""
    import numpy as np

    known = [spec.question_by_text[text] for text in cells.questions]
    shape = len(cells.images), len(cells.questions)
    asked = np.zeros(shape, dtype=np.float32)
    given = np.full(shape, -1, dtype=np.int64)
    given[cells.image, cells.question] = cells.answer
    sql: list[str] = []
    owner: list[int] = []
    negation: list[int] = []
    conditions: list[bool] = []
    columns: list[NDArray[np.float32]] = []
    truth: list[frozenset[int]] = []
    for place, question in enumerate(known):
        occurring = np.unique(given[:, place])
        readable = {int(a) for a in occurring if a >= 0 and _is_readable(cells.answers[a], question)}
        asked[:, place] = np.isin(given[:, place], list(readable))
        for statement in _statements(question, spec):
            true = {answer for answer in readable if statement.holds(cells.answers[answer])}
            for text, answers, condition in (
                (statement.sql, true, True),
                (statement.denial, readable - true, statement.denial_is_condition),
            ):
                columns.append(np.isin(given[:, place], list(answers)).astype(np.float32))
                truth.append(frozenset(answers))
                sql.append(text)
                owner.append(place)
                conditions.append(condition)
            negation += [len(sql) - 1, len(sql) - 2]
    return Literals(
        tuple(sql),
        tuple(question.name for question in known),
        np.array(owner, dtype=np.int64),
        tuple(negation),
        np.array(conditions, dtype=bool),
        np.stack(columns, axis=1) if columns else np.zeros((len(cells.images), 0), dtype=np.float32),
        asked,
        tuple(truth),
    )


def _is_readable(answer: Answer, question: Question) -> bool:
    return _is_set(question) or question.type != "numerical count" or whole_number(answer[0]) is not None


def _is_set(question: Question) -> bool:
    return question.is_multi_valued or question.one_row_per_item


def _statements(question: Question, spec: DatasetSpec) -> Iterator[_Statement]:
    name = question.name
    vocabulary = spec.vocabulary_of(question)
    if question.type == "numerical count" and not _is_set(question):
        yield _Statement(f"{name} = 0", f"{name} > 0", lambda answer: whole_number(answer[0]) == 0, True)
        yield _Statement(f"{name} = 1", f"{name} <> 1", lambda answer: whole_number(answer[0]) == 1)
        yield _Statement(f"{name} > 1", f"{name} <= 1", lambda answer: (whole_number(answer[0]) or 0) > 1)
        return
    for value in vocabulary.answers if vocabulary is not None else ():
        quoted = "'" + value.replace("'", "''") + "'"
        if not _is_set(question):
            yield _Statement(f"{name} = {quoted}", f"{name} <> {quoted}", _is_exactly(value))
        elif value == NONE:
            yield _Statement(f"{name} = [{quoted}]", f"{name} <> [{quoted}]", _is_exactly(value), True)
        else:
            yield _Statement(f"{quoted} in {name}", f"not ({quoted} in {name})", _holds_among(value))


def _is_exactly(value: str) -> Callable[[Answer], bool]:
    return lambda answer: answer == (value,)


def _holds_among(value: str) -> Callable[[Answer], bool]:
    return lambda answer: value in answer
