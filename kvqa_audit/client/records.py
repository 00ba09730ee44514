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
    """A decision about a finding; one that waives may end after the day `expires`."""

    key: Annotated[str, Field(min_length=1, max_length=64)]
    verdict: Literal["confirmed", "false positive", "accepted", "fixed"]
    reason: Annotated[str, Field(min_length=1, max_length=2_000)]
    expires: date | None = None


Verdict = Literal["confirmed", "false positive", "accepted", "unsure"]
Word = Annotated[str, Field(max_length=1_000)]
Id = Annotated[int, Field(ge=1, lt=2**31)]


class ReviewFilters(Wire):
    """What a reviewer wants to see; "" and null want all. `blocking_first` puts first what keeps the version back."""

    check: Annotated[str, Field(max_length=60)] = ""
    source: Word = ""
    question: Word = ""
    answer: Word = ""
    state: Literal["open", "disputed"] | None = None
    mine: bool = False
    blocking_first: bool = False


class ReviewProgress(Wire):
    """How far a review is: things of the run by state, and of who asks how many were decided and wait.

    `seconds_each` is the median time between their decisions, null where there are too few.
    """

    settled: int
    open: int
    disputed: int
    mine: int
    for_me: int
    seconds_each: float | None


class ReviewChoice(Wire):
    """A word to filter by, and how many things wait there."""

    word: str
    waiting: int


class Review(Wire):
    """How a dataset is reviewed; `state` says whether its last run can be reviewed yet, `reason` why not."""

    dataset: int
    state: Literal["ready", "preparing", "failed", "no run"]
    reason: str
    run: str | None
    needed: int
    version: int
    progress: ReviewProgress
    choices: dict[str, list[ReviewChoice]]


class ReviewEdit(Wire):
    """How many people decide about each thing, without seeing what the others say."""

    needed: Annotated[int, Field(ge=1, le=5)]


class ReviewSaid(Wire):
    """What somebody said about a thing, or about one like it."""

    who: str
    at: AwareDatetime
    verdict: Verdict
    reason: str
    until: date | None
    answer: str | None
    about: str


class ReviewItem(Wire):
    """One thing to decide about.

    `about` names it in a few words; `sheet` is all that a person needs to see; `pictures` and `pairs` are where its
    pictures lie. What others said is in `said` only where they disagree; `similar` is what was said about things like
    it.
    """

    id: int
    version: int
    state: Literal["open", "disputed", "settled"]
    round: int
    blocks: bool
    settles: int
    about: str
    sheet: dict[str, Any]
    pictures: list[str]
    pairs: list[str]
    said: list[ReviewSaid]
    similar: list[ReviewSaid]


class ReviewPair(Wire):
    """How two pictures lie on each other: where the corners of the right one are, in shares of the left one."""

    is_aligned: bool
    corners: list[tuple[float, float]]
    missing: str


class ReviewNext(Wire):
    """Asks for what is to be decided next; `holding` are the ids of what is there already."""

    filters: ReviewFilters = ReviewFilters()
    holding: Annotated[list[Id], Field(max_length=50)] = []
    limit: Annotated[int, Field(ge=1, le=20)] = 6


class ReviewBatch(Wire):
    """What is to be decided next, and how far the review is."""

    items: list[ReviewItem]
    progress: ReviewProgress


class ReviewWords(Wire):
    """What is said about a thing.

    `answer` is the right one in place of the stored answer `target` of its sheet, counted from 0; only a confirmed
    defect has one. A reason that is empty says that it was decided in review.
    """

    verdict: Verdict
    reason: Annotated[str, Field(max_length=2_000)] = ""
    until: date | None = None
    target: Annotated[int, Field(ge=0, lt=1_000)] = 0
    answer: Annotated[str, Field(max_length=2_000)] | None = None


class ReviewKept(Wire):
    """A decision that is in the store; `again` where it was there before."""

    decision: int
    state: Literal["open", "disputed", "settled"]
    again: bool


class ReviewSeen(Wire):
    """A thing, and the version of it that was seen."""

    id: Id
    version: Id


class ReviewPreview(Wire):
    """What would be decided at once: how many things wait, with how many findings, and how many are settled."""

    seen: list[ReviewSeen]
    findings: int
    settled: int
    first: list[str]


class ReviewBulk(Wire):
    """The same about many things, that a preview named."""

    seen: Annotated[list[ReviewSeen], Field(min_length=1, max_length=5_000)]
    words: ReviewWords


class ReviewRefused(Wire):
    """A thing that was not decided, and why."""

    id: int
    reason: str


class ReviewManyKept(Wire):
    """How many things were decided, and those that were not."""

    kept: int
    refused: list[ReviewRefused]


class ReviewUndone(Wire):
    """The things whose decision was taken back."""

    items: list[int]


class ReviewMerge(Wire):
    """A decisions file that was kept elsewhere, and the text that both began with; empty where they began apart."""

    theirs: Text
    base: Text = ""


class ReviewMerged(Wire):
    """What came of it; where there are conflicts, nothing was changed."""

    added: int
    removed: int
    conflicts: list[str]


class Measured(Wire):
    """An estimated value of `n` things, and its 95 % interval."""

    value: float
    low: float
    high: float
    n: int


class ReviewAgreement(Wire):
    """How far people agree who judged the same things unseen: the share, and beyond chance Cohen's kappa, alpha."""

    items: int
    share: Measured | None
    kappa: Measured | None
    alpha: Measured | None


class ReviewScore(Wire):
    """How somebody judged things whose right verdict is known."""

    right: Measured
    missed: int
    false_alarms: int


class ReviewMeasures(Wire):
    """How reviewers agree: by check, by two of them ("anna, ben"), each with the others; how often each is right."""

    overall: ReviewAgreement
    checks: dict[str, ReviewAgreement]
    pairs: dict[str, ReviewAgreement]
    reviewers: dict[str, Measured]
    known: dict[str, ReviewScore]


class ReviewAssign(Wire):
    """Gives what the filters hold for to a user; null gives it to nobody."""

    filters: ReviewFilters = ReviewFilters()
    user: Annotated[str, Field(max_length=100)] | None


class ReviewMeasure(Wire):
    """The verdict that is right about a thing, so that it measures reviewers; null lets it be a thing like others."""

    known: Verdict | None


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
