"""What every record of a description is: frozen, strict, and made of texts, names and codes of a fixed form."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, StringConstraints

Text = Annotated[str, StringConstraints(min_length=1)]
Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$")]
RuleId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_.]*$")]
Code = Annotated[str, StringConstraints(pattern=r"^KV[0-9]{2,3}(-[A-Za-z][A-Za-z0-9_.]*)?$")]
# One check, a family of checks (KV30, KV2), or all findings of a severity.
LimitName = Annotated[
    str,
    StringConstraints(pattern=r"^(KV[0-9]|KV[0-9]{2,3}(-[A-Za-z][A-Za-z0-9_.]*)?|error|warning|info)$"),
]


class Record(BaseModel):
    """Base of the description's records: frozen, and a key that is not known is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)
