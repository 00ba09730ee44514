"""What every record of a description is: frozen, strict, and made of texts, names and codes of a fixed form."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, StringConstraints


def _pattern_of(kind: Any) -> str:
    (constraints,) = kind.__metadata__
    return str(constraints.pattern)


Text = Annotated[str, StringConstraints(min_length=1)]
Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$")]
RuleId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_.]*$")]
Code = Annotated[str, StringConstraints(pattern=r"^KV[0-9]{2,3}(-[A-Za-z][A-Za-z0-9_.]*)?$")]
# One check, a family of checks (KV30, KV2), or all findings of a severity.
LimitName = Annotated[
    str,
    StringConstraints(pattern=r"^(KV[0-9]|KV[0-9]{2,3}(-[A-Za-z][A-Za-z0-9_.]*)?|error|warning|info)$"),
]
# What a check has to be, by the decisions about its findings, to keep a version back.
Trust = Annotated[str, StringConstraints(pattern=r"^precision *>= *(0(\.[0-9]{1,6})?|1(\.0{1,6})?)$")]


# What a text of each form is, for who wrote another one.
FORMS = {
    _pattern_of(Name): "a short name: a small letter, then small letters, digits and underscores, such as how_many",
    _pattern_of(RuleId): "the id of a rule: a letter, then letters, digits, dots and underscores, such as L6.1",
    _pattern_of(Code): "the code of a check, such as KV204 or KV30-L6",
    _pattern_of(LimitName): "the code of a check (KV204), a family of checks (KV30, KV2), or error, warning or info",
    _pattern_of(Trust): "a least precision from 0 to 1, such as precision >= 0.8",
}


class Record(BaseModel):
    """Base of the description's records: frozen, and a key that is not known is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)
