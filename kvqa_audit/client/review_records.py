"""What the review's part of the API of a service takes and gives, as its server writes it and its client reads it."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, Field

from kvqa_audit.client.records import Text, Wire

Verdict = Literal["confirmed", "false positive", "accepted", "unsure"]
Word = Annotated[str, Field(max_length=1_000)]
Id = Annotated[int, Field(ge=1, lt=2**31)]


class ReviewFilters(Wire):
    """What a reviewer wants to see; "" and null want all. `blocking_first` puts first what keeps the version back.

    `mine` is what the reviewer was given; `assignee`, what a user of this name was, is for who maintains the dataset.
    """

    check: Annotated[str, Field(max_length=60)] = ""
    source: Word = ""
    question: Word = ""
    answer: Word = ""
    state: Literal["open", "disputed"] | None = None
    mine: bool = False
    assignee: Annotated[str, Field(max_length=100)] = ""
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
    holding: Annotated[tuple[Id, ...], Field(max_length=50)] = ()
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
    """Gives what waits, and the filters hold for, to a user; null gives it to nobody.

    With `most` so many of those that nobody has yet, the weightiest first.
    """

    filters: ReviewFilters = ReviewFilters()
    user: Annotated[str, Field(max_length=100)] | None
    most: Annotated[int, Field(ge=1, lt=1_000_000)] | None = None


class ReviewAssigned(Wire):
    """How many things were given away."""

    things: int


class ReviewShare(Wire):
    """What somebody has been given, null is nobody: how many things wait, by check, and how many are settled."""

    user: str | None
    waiting: dict[str, int]
    settled: int


class ReviewShares(Wire):
    """Who has been given what of the queue."""

    shares: list[ReviewShare]


class ReviewSample(Wire):
    """How many answers are drawn at random, and how many planted wrong ones are among them to measure reviewers."""

    size: Annotated[int, Field(ge=1, le=2_000)]
    planted: Annotated[int, Field(ge=0, le=100)] = 0


class ReviewDrawn(Wire):
    """How many answers that were drawn wait now, with the planted ones; `check` is what to filter by."""

    check: str
    things: int


class ReviewMeasure(Wire):
    """The verdict that is right about a thing, so that it measures reviewers; null lets it be a thing like others."""

    known: Verdict | None


class ReviewKnown(Wire):
    """A thing that measures reviewers: the verdict that is right, and how many have decided about it."""

    id: int
    check: str
    about: str
    known: Verdict
    decided: int


class ReviewKnownThings(Wire):
    """What measures the reviewers of a dataset."""

    things: list[ReviewKnown]


class ReviewPrecision(Wire):
    """How many findings of a check were judged to be defects and to be none, what that means, and what to do."""

    right: int
    wrong: int
    share: Measured | None
    in_words: str
    advice: str


class ReviewErrorRate(Wire):
    """How many answers or images are wrong, by a random sample that people looked at; see `kvqa-audit sample`."""

    unit: str
    seed: int
    population: int
    drawn: int
    missing: int
    wrong: Measured
    in_words: str


class ReviewLearnt(Wire):
    """What decisions teach about the checks, by code, and about the dataset, as its last finished run reckoned it."""

    run: str | None
    precision: dict[str, ReviewPrecision]
    error_rates: list[ReviewErrorRate]
