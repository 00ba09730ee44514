"""What the API of a service takes and gives, as its server writes it and its client reads it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Annotated, Any, Generic, Literal, TypeVar

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

Item = TypeVar("Item")
RoleName = Literal["viewer", "reviewer", "maintainer", "admin"]
ScopeName = Literal["read", "run", "write"]
State = Literal["queued", "running", "done", "skipped", "failed", "cancelled", "lost"]
Text = Annotated[str, Field(max_length=1_000_000)]
Name = Annotated[str, Field(min_length=1, max_length=200)]
Count = Annotated[int, Field(ge=1, lt=2**31)]


class Wire(BaseModel):
    """A record of the API: nothing may be in it that it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Page(Wire, Generic[Item]):
    """Some of a list; `next` is the cursor of the following page, null behind the last one."""

    items: list[Item]
    next: str | None = None


class Problem(BaseModel):
    """Why a request was not done (RFC 9457); `errors` names the fields that are wrong."""

    type: str
    title: str
    status: int
    detail: str
    errors: list[dict[str, Any]] | None = None


class Me(Wire):
    """Who asks; `scope` is that of the token, `role` holds for all datasets."""

    name: str
    role: RoleName | None
    scope: ScopeName


class DatasetEdit(Wire):
    """What is said about a dataset; see the page that registers one for what the fields mean."""

    name: Name
    source: Annotated[str, Field(min_length=1, max_length=4_000)]
    spec: Annotated[str, Field(max_length=60)] | None = None
    description: dict[str, Text] = {}
    gate: Text | None = None
    decisions: Text | None = None
    options: dict[str, bool | int | str] = {}
    keep: Count | None = None
    time_limit_s: Count | None = None
    memory_limit_mb: Count | None = None
    max_attempts: Annotated[int, Field(ge=1, le=10)] = 3
    notify: Annotated[tuple[Annotated[str, Field(max_length=500)], ...], Field(max_length=10)] = ()


class Dataset(DatasetEdit):
    """A dataset of the service; `version` is what If-Match names, `role` what the asker may do with it."""

    id: int
    version: int
    created_at: AwareDatetime
    role: RoleName
    last_verdict: str | None = None
    next_slot: AwareDatetime | None = None


class ScheduleEdit(Wire):
    """When a dataset is audited."""

    cron: Annotated[str, Field(min_length=1, max_length=200)]
    time_zone: Annotated[str, Field(min_length=1, max_length=80)] = "UTC"
    overlap: Literal["skip", "queue"] = "skip"
    catch_up: Literal["one", "none"] = "one"
    watch: bool = False
    paused: bool = False


class Schedule(ScheduleEdit):
    """A schedule, with its next five moments."""

    id: int
    dataset: int
    version: int
    next_slot: AwareDatetime | None
    next_times: list[AwareDatetime]


class Run(Wire):
    """One audit that was asked for, and what it came to; `verdict` and the numbers are null until it is finished."""

    id: int
    dataset: int
    state: State
    reason: str | None
    cause: str
    asked_by: str | None
    queued_at: AwareDatetime
    started_at: AwareDatetime | None
    finished_at: AwareDatetime | None
    attempts: int
    run: str | None
    verdict: str | None = None
    exit_code: int | None = None
    findings: int | None = None
    errors: int | None = None
    warnings: int | None = None
    notices: int | None = None
    waived: int | None = None
    new: int | None = None
    fixed: int | None = None

    @property
    def is_over(self) -> bool:
        return self.state not in ("queued", "running")


class Finding(Wire):
    """One finding; `state` says whether it is new, known, regressed, or what somebody decided."""

    key: str
    check: str
    severity: Literal["error", "warning", "info"]
    status: Literal["open", "waived"]
    state: str
    message: str
    img_id: str | None
    question: str | None
    answer: str | None
    row: int | None
    related: list[str]
    suggestion: str | None


class GateCheck(Wire):
    """One check, or limit on several, that keeps a version back, and whether decisions could still let it pass."""

    code: str
    reason: str
    blocking: int
    tolerated: int
    waived: int
    confirmed: int
    undecided: int
    can_flip: bool


class Gate(Wire):
    """The verdict of a finished run, and what could still change it."""

    run: int
    ready: bool
    exit_code: int
    sentence: str
    reasons: list[str]
    outlook: str
    could_be_ready: bool
    fixed_reasons: list[str]
    checks: list[GateCheck]


class Changes(Wire):
    """What is in one run and not in an earlier one, and the other way round; `unjudged` checks tell neither."""

    earlier: int
    later: int
    new: int
    fixed: int
    both: int
    unjudged: list[str]


class DecisionEdit(Wire):
    """A decision about a finding, or about the group of pictures that it belongs to.

    One that waives may end after the day `expires`. Where several people decide about each, it counts as one of them.
    """

    key: Annotated[str, Field(min_length=1, max_length=64)]
    verdict: Literal["confirmed", "false positive", "accepted", "unsure"]
    reason: Annotated[str, Field(min_length=1, max_length=2_000)]
    expires: date | None = None


class RoleEdit(Wire):
    """What a user may do with a dataset; null takes it away."""

    role: RoleName | None


class UserRole(Wire):
    """A user with a role on one dataset."""

    name: str
    role: RoleName


class UserEdit(Wire):
    """A user's role on all datasets, and whether they may log in."""

    role: RoleName | None
    disabled: bool = False


class NewUser(Wire):
    """A user to add."""

    name: Annotated[str, Field(min_length=1, max_length=100)]
    role: RoleName | None = None


class User(Wire):
    """A user of the service."""

    id: int
    name: str
    role: RoleName | None
    disabled: bool
    has_password: bool
    version: int


class UserLink(Wire):
    """A user, and the path of a link that lets them choose a password, once."""

    user: User
    path: str


class NewToken(Wire):
    """A token to make."""

    name: Annotated[str, Field(min_length=1, max_length=100)]
    scope: ScopeName = "run"
    days: Annotated[int, Field(ge=1, le=366)] = 90


class Token(Wire):
    """A token of one's own."""

    id: int
    name: str
    scope: ScopeName
    created_at: AwareDatetime
    expires_at: AwareDatetime
    used_at: AwareDatetime | None


class MadeToken(Token):
    """A token just made; the secret is shown this once."""

    secret: str


class PasswordEdit(Wire):
    """One's own password, and the new one."""

    old: Annotated[str, Field(max_length=2_000)] = ""
    new: Annotated[str, Field(min_length=12, max_length=1_000)]


class LogLine(Wire):
    """One line of the audit log."""

    id: int
    at: datetime
    who: str
    action: str
    dataset: int | None
    about: str
    detail: Mapping[str, Any]
    address: str | None
