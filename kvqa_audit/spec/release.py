"""A release policy comes in, as a description or a file of its own has it; a frozen record of it goes out."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from kvqa_audit.spec.record import Code, LimitName, Record, Trust


class Limit(Record):
    """How many findings are tolerated: at most `count`, and at most this `share` of what was evaluated."""

    count: int | None = Field(default=None, ge=0)
    share: float | None = Field(default=None, ge=0, le=1)

    @model_validator(mode="after")
    def _names_a_bound(self) -> Limit:
        if self.count is None and self.share is None:
            raise ValueError("a limit needs 'count: …', 'share: …' (0 to 1), or both")
        return self


class Release(Record):
    """When a version may go out.

    `fail_on` is the least severity that blocks; "never" leaves the verdict to the other conditions. A check named in
    `limits` blocks where it has more open findings than tolerated, whatever their severity, and not otherwise; a limit
    on a family of checks (`KV30`, `KV2`) or on a severity bounds all their open findings together, beside `fail_on`.
    `required` checks must have been judged. `no_new` is the least severity at which a finding that the baseline does
    not know blocks; without a baseline every finding is new. `require` names facts that have to be stated. `trust` is
    the least precision, by what people decided, of a check that may block: one that is shown to be below it warns.
    """

    fail_on: Literal["error", "warning", "info", "never"] = "error"
    required: list[Code] = []
    limits: dict[LimitName, Limit] = {}
    no_new: Literal["error", "warning", "info"] | None = None
    require: list[Literal["licence", "citation", "split"]] = []
    fail_on_stale_decisions: bool = False
    fail_on_expired_decisions: bool = False
    trust: Trust | None = None

    @property
    def least_precision(self) -> float | None:
        """The bound of `trust`, 0 to 1."""
        return None if self.trust is None else float(self.trust.rpartition("=")[2])
