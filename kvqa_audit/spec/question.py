"""An entry of the question catalogue, and the vocabulary of its answers, come in; frozen records of them go out."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from typing import Literal, TypeVar

from pydantic import Field, model_validator

from kvqa_audit.spec.record import Name, Record, Text
from kvqa_audit.spelling import folded

T = TypeVar("T")
QuestionType = Literal[
    "yes/no", "single choice", "multiple choice", "colour", "location", "numerical count", "free text"
]
MULTI_VALUED: tuple[QuestionType, ...] = ("multiple choice", "colour", "location")


class Vocabulary(Record):
    """The allowed atomic answers, and the known misspellings with their corrections."""

    answers: list[Text] = Field(min_length=1)
    misspellings: dict[str, str] = {}

    @model_validator(mode="after")
    def _corrections_are_answers(self) -> Vocabulary:
        answers = set(self.answers)
        for wrong, right in self.misspellings.items():
            if right not in answers:
                raise ValueError(f"the correction {right!r} of {wrong!r} is not among the answers")
            if wrong in answers:
                raise ValueError(f"{wrong!r} is both an answer and a misspelling")
        return self

    @cached_property
    def _by_value(self) -> dict[str, str]:
        return unambiguous((folded(answer), answer) for answer in self.answers)

    @cached_property
    def _allowed(self) -> frozenset[str]:
        return frozenset(self.answers)

    def meant_by(self, atom: str) -> str:
        """The allowed answer of which this is a known misspelling or another spelling, or the atom as it stands."""
        atom = self.misspellings.get(atom, atom)
        return atom if atom in self._allowed else self._by_value.get(folded(atom), atom)


class Question(Record):
    """One entry of the question catalogue.

    `name` is the short name used by rules. A `numerical count` takes whole numbers and needs no vocabulary.
    `one_row_per_item` says that the question may be answered in several rows of one image (one per object seen),
    `any_order` that the single answers of one row may stand in any order, `one_per_group` that all images of one group
    (a patient, an examination, a video) have the same answer.
    """

    text: Text
    name: Name
    type: QuestionType
    vocabulary: str | None = None
    separator: Literal["; ", ";", ", ", ","] = "; "
    one_row_per_item: bool = False
    any_order: bool = False
    one_per_group: bool = False
    misspellings: list[Text] = []

    @property
    def is_multi_valued(self) -> bool:
        return self.type in MULTI_VALUED

    @model_validator(mode="after")
    def _has_a_vocabulary(self) -> Question:
        needs_one = self.type not in ("numerical count", "free text")
        if needs_one and self.vocabulary is None:
            raise ValueError(f"a question of type {self.type!r} needs a vocabulary")
        if not needs_one and self.vocabulary is not None:
            raise ValueError(f"a question of type {self.type!r} takes no vocabulary")
        return self


def unambiguous(pairs: Iterable[tuple[str, T]]) -> dict[str, T]:
    """The mapping without the keys that stand for several values."""
    found: dict[str, list[T]] = {}
    for key, value in pairs:
        if value not in (known := found.setdefault(key, [])):
            known.append(value)
    return {key: values[0] for key, values in found.items() if len(values) == 1}
