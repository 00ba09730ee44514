"""One rule between the answers about an image, as a record; its predicates are checked when they are judged."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints, model_validator

from kvqa_audit.spec.record import Record, RuleId, Text

COLUMNS_OF_RULES = ("img_id", "source")
MAX_PREDICATE_CHARACTERS = 100_000
Predicate = Annotated[str, StringConstraints(min_length=1, max_length=MAX_PREDICATE_CHARACTERS)]


class Rule(Record):
    """One consistency rule between the answers about one image: SQL predicates over one wide row per image.

    `why` says what has to hold, `matters` what goes wrong in training or evaluation where it does not.
    `sources` and `rows` limit it: to images of some sources, and to images whose first row in the table is one of
    [first, last], counted from 0, both included (an export batch).
    """

    id: RuleId
    level: Literal["hard", "soft"]
    when: Predicate
    must: Predicate
    why: Text
    matters: str = ""
    fix: str = ""
    sources: list[Text] = []
    rows: Annotated[list[Annotated[int, Field(ge=0)]], Field(min_length=2, max_length=2)] | None = None

    @model_validator(mode="after")
    def _rows_are_in_order(self) -> Rule:
        if self.rows is not None and self.rows[0] > self.rows[1]:
            raise ValueError(f"rows {self.rows} has to be [first, last] with first <= last")
        return self
