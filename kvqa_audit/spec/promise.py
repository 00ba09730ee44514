"""One promise about a dataset as a whole, as a record whose arguments were checked."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, ValidationInfo, field_validator

from kvqa_audit.spec.expectation_types import check_arguments, known_type
from kvqa_audit.spec.record import Record, RuleId, Text


class Promise(Record):
    """One promise about the dataset as a whole, judged by Great Expectations; `type` is one of its expectations.

    `table` names what is looked at: `rows` (the table itself), `images_per_source` (source, images) or
    `rows_per_question` (question, rows). `whole_dataset` promises are skipped, with the reason, on a subset.
    """

    id: RuleId
    title: str = ""
    why: Text
    fix: str = ""
    table: Literal["rows", "images_per_source", "rows_per_question"] = "rows"
    whole_dataset: bool = True
    severity: Literal["error", "warning", "info"] = "error"
    type: Annotated[Text, AfterValidator(known_type)]
    kwargs: dict[str, Any] = Field(default={}, validate_default=True)

    @field_validator("kwargs")
    @classmethod
    def _are_of_the_type(cls, kwargs: dict[str, Any], info: ValidationInfo) -> dict[str, Any]:
        if "type" in info.data and "table" in info.data:
            check_arguments(info.data["type"], info.data["table"], kwargs)
        return kwargs
