"""Who asks and what they ask for come in; the review of a dataset, seen and decided by who may do so, goes out."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from concurrent.futures import TimeoutError as NotYet
from dataclasses import dataclass
from typing import Any, Literal

from fastapi import Request
from sqlalchemy import select

from kvqa_audit.errors import KvqaAuditError, SpecError
from kvqa_audit.jobs.dataset_decisions import bring_up_to_date
from kvqa_audit.jobs.dataset_texts import decisions_text
from kvqa_audit.jobs.settings import RUNS_FOLDER
from kvqa_audit.release.merging import Conflict, Merged
from kvqa_audit.report.text import shown
from kvqa_audit.reviews.deciding import Reviewer
from kvqa_audit.reviews.measures import Measures, measures_of
from kvqa_audit.reviews.merging import merge
from kvqa_audit.reviews.prepared import sheet_of
from kvqa_audit.reviews.studios import RunFiles, StudioError
from kvqa_audit.store.access_tables import Role
from kvqa_audit.store.job_records import Dataset, JobState
from kvqa_audit.store.job_tables import DATASETS, JOBS
from kvqa_audit.store.records import RunState
from kvqa_audit.store.review_records import Item, Review, Words
from kvqa_audit.store.review_rows import item, review_of
from kvqa_audit.store.review_tables import ReviewVerdict
from kvqa_audit.store.tables import RUNS
from kvqa_audit.web.datasets import seen_dataset
from kvqa_audit.web.errors import UnknownError
from kvqa_audit.web.site import Site, site_of
from kvqa_audit.web.who import Caller

WAIT_SECONDS = 1.5
_WORDS = 200
IN_REVIEW = "decided in review"
Readiness = Literal["ready", "preparing", "failed", "no run"]


@dataclass(frozen=True, slots=True)
class Desk:
    """The review of one dataset as somebody sees it: `reason` says why it is not ready."""

    dataset: Dataset
    review: Review
    state: Readiness
    reason: str = ""


def reviewer(caller: Caller) -> Reviewer:
    """Who asks, as one who decides."""
    return Reviewer(caller.identity.user.id, caller.name)


def may_review(caller: Caller, number: int) -> bool:
    """Whether somebody may decide, and not only look."""
    return caller.identity.may(number, Role.REVIEWER) and caller.identity.allows("write")


def seen_desk(site: Site, caller: Caller, number: int, *, wait_seconds: float = WAIT_SECONDS) -> Desk:
    """The review of a dataset; that of its last finished run is begun, if it was not yet.

    Raises:
        NotThereError, UnknownError: there is no such dataset, or the caller may not see it.
    """
    known = seen_dataset(site, caller, number)
    last = last_run(site, number)
    with site.store.reading() as connection:
        review = review_of(connection, number)
    if last is None:
        return Desk(known, review, "no run", "No audit of this dataset has ended yet.")
    if review.run == last:
        return Desk(known, review, "ready")
    try:
        site.studios.prepare(run_files(site, number, last, known.settings.options)).result(wait_seconds)
    except (NotYet, TimeoutError):
        return Desk(known, review, "preparing", "The findings of the last audit are being laid out.")
    except StudioError as error:
        return Desk(known, review, "failed", str(error))
    with site.store.reading() as connection:
        return Desk(known, review_of(connection, number), "ready")


def last_run(site: Site, number: int) -> str | None:
    """The id of the last finished run of a dataset, whose findings are to be reviewed."""
    c = JOBS.c
    finished = select(RUNS.c.id).join(JOBS, c.run == RUNS.c.id).where(c.dataset == number, c.state == JobState.DONE)
    wanted = finished.where(RUNS.c.state == RunState.FINISHED).order_by(c.id.desc()).limit(1)
    with site.store.reading() as connection:
        found: str | None = connection.execute(wanted).scalar()
    return found


def make_sure(site: Site, caller: Caller, number: int, role: Role = Role.VIEWER) -> None:
    """Makes sure that somebody may do this with a dataset, whose long texts are read only to say why not.

    Raises:
        NotThereError, UnknownError: there is no such dataset, or the caller may not see it.
        ForbiddenError: they see it, and need a stronger role or token.
    """
    scope: Literal["read", "write"] = "read" if role is Role.VIEWER else "write"
    if not (caller.identity.may(number, role) and caller.identity.allows(scope)):
        seen_dataset(site, caller, number, role, scope)


def seen_item(site: Site, caller: Caller, number: int, role: Role = Role.VIEWER) -> Item:
    """A thing to decide about.

    Raises:
        NotThereError, UnknownError: there is none, or the caller may not see it.
        ForbiddenError: they see it, and need a stronger role or token.
    """
    with site.store.reading() as connection:
        found = item(connection, number)
    make_sure(site, caller, found.dataset, role)
    return found


def sheet(site: Site, one: Item) -> dict[str, Any]:
    """What a person is shown of a thing.

    Raises:
        UnknownError: the files of its run are gone.
    """
    try:
        return sheet_of(site.settings.data / RUNS_FOLDER / one.run, one)
    except (OSError, ValueError):
        raise UnknownError("The files of this audit are gone; audit the dataset again.") from None


def picture(site: Site, caller: Caller, number: int, place: int) -> bytes:
    """The picture at a place of a thing's sheet.

    Raises:
        UnknownError: there is none, or it may not be seen; the text says why.
    """
    one = seen_item(site, caller, number)
    shown = sheet(site, one)["pictures"]
    if place >= len(shown):
        raise UnknownError("There is no such picture.")
    try:
        return site.studios.picture(_drawable(site, one.dataset, one.run), shown[place]["id"])
    except StudioError as error:
        raise UnknownError(str(error)) from None


def pair_part(site: Site, caller: Caller, number: int, place: int, part: int) -> bytes:
    """A part of two pictures of a sheet that are laid on each other: left (0), right (1), how it lies there (2).

    Raises:
        UnknownError: there is none, or it may not be seen; the text says why.
    """
    one = seen_item(site, caller, number)
    pairs = sheet(site, one)["pairs"]
    if place >= len(pairs):
        raise UnknownError("There is no such pair.")
    try:
        left, right = pairs[place]
        return site.studios.pair(_drawable(site, one.dataset, one.run), (left, right), part)
    except StudioError as error:
        raise UnknownError(str(error)) from None


def draw_ahead(site: Site, number: int, bodies: Sequence[tuple[str, Mapping[str, Any]]]) -> None:
    """Begins to draw what somebody will look at soon, by run; what cannot be drawn is told when it is asked for."""
    pictured = [(run, body) for run, body in bodies if body["pictures"]]
    try:
        for run in {run for run, _ in pictured}:
            of, its = _drawable(site, number, run), [body for named, body in pictured if named == run]
            images = [shown["id"] for body in its for shown in body["pictures"]]
            site.studios.draw_ahead(of, images, [tuple(two) for body in its for two in body["pairs"]])
    except KvqaAuditError:
        return


def words_of(
    verdict: str, reason: str, body: Mapping[str, Any], *, until: Any = None, target: int = 0, answer: str | None = None
) -> Words:
    """What somebody says about a thing, with the right answer where they name one.

    Raises:
        SpecError: the right answer is none that may stand there; it says which may.
    """
    said = ReviewVerdict(verdict)
    reason = " ".join(reason.split()) or IN_REVIEW
    correction: dict[str, str] = {}
    if answer is not None:
        if said is not ReviewVerdict.CONFIRMED:
            raise SpecError(f"answer: only a confirmed defect is put right; this one is {said.value}")
        targets = body.get("targets", [])
        if target >= len(targets):
            raise SpecError("target: there is no such answer on the sheet")
        about = targets[target]
        right = possible_answer(about, answer)
        if right == about["answer"]:
            raise SpecError(f"answer: '{right[:60]}' is the stored answer already; say what is right in its place")
        correction = {"img_id": about["img_id"], "question": about["question"], "old_answer": about["answer"]}
        correction["answer"] = right
    waives = said in (ReviewVerdict.ACCEPTED, ReviewVerdict.FALSE_POSITIVE)
    return Words(said, reason, until if waives else None, correction)


def possible_answer(target: Mapping[str, Any], answer: str) -> str:
    """An answer that may stand at this place, as the vocabulary of its question spells it.

    Raises:
        SpecError: it may not; the nearest of those that may is named.
    """
    answer = " ".join(answer.split())
    if not answer:
        raise SpecError("answer: is blank; say what is right")
    if target.get("is_number") and not (answer.isascii() and answer.isdigit()):
        raise SpecError(f"answer: '{answer[:60]}' is no whole number, which this question takes")
    if not target["is_closed"]:
        return answer
    separator = target["separator"]
    parts = [answer] if separator is None else [part.strip() for part in answer.split(separator.strip())]
    spelt = {choice.casefold(): choice for choice in target["choices"]}
    for part in parts:
        if part.casefold() not in spelt:
            near = difflib.get_close_matches(part, target["choices"], n=3, cutoff=0.5) or target["choices"][:5]
            raise SpecError(
                f"answer: '{part[:60]}' is not in the vocabulary of this question; near it: {', '.join(near)}"
            )
    return (separator or "").join(spelt[part.casefold()] for part in parts)


def in_few_words(one: Item) -> str:
    """A thing in a few words, every character of them visible."""
    first = one.findings[0]
    parts = (first["img_id"] or ", ".join(first["related"]), one.question, one.answer)
    return shown(" · ".join(part for part in parts if part), _WORDS)


def measured(site: Site, caller: Caller, number: int) -> Measures:
    """How the reviewers of a dataset agree, for who maintains it."""
    make_sure(site, caller, number, Role.MAINTAINER)
    with site.store.reading() as connection:
        return measures_of(connection, number)


def merged(request: Request, caller: Caller, number: int, theirs: str, base: str = "") -> Merged:
    """Merges a decisions file that was kept elsewhere into those of a dataset, unless both disagree.

    Raises:
        SpecError: one of the texts cannot be read; it says in which line.
        ConflictError: somebody else edited the dataset in the very same moment; nothing was lost, try again.
    """
    site = site_of(request)
    known = seen_dataset(site, caller, number, Role.MAINTAINER, "write")
    told = merge(site.store, number, theirs, base)
    if not told.conflicts:
        about = {"dataset": number, "added": len(told.added), "removed": len(told.removed)}
        site.log(request, caller.name, "merged decisions", known.settings.name, **about)
    return told


def conflict_in_words(one: Conflict) -> str:
    """What both sides said last about one thing."""
    ours, theirs = one.ours[-1], one.theirs[-1]
    about = ours.img_id or ", ".join(ours.related) or ours.question or ours.key
    return f"{ours.check} {about}: {ours.verdict} by {ours.who} here, {theirs.verdict} by {theirs.who} in the file"


def exported(request: Request, caller: Caller, number: int) -> str:
    """The decisions of a dataset, as its decisions.yaml has them."""
    site = site_of(request)
    seen_dataset(site, caller, number)
    return decisions_text(bring_up_to_date(site.store, number).settings)


def run_files(site: Site, number: int, run: str, options: Mapping[str, Any]) -> RunFiles:
    """The run for who lays it out and draws its pictures, as the dataset's options have it."""
    return RunFiles(number, run, site.settings.data / RUNS_FOLDER / run, bool(options.get("blur_text")))


def _drawable(site: Site, number: int, run: str) -> RunFiles:
    """The run whose pictures may be drawn; the long texts of its dataset are not read.

    Raises:
        AccessError: its dataset lies where the service may not read.
        UnknownError: its pictures are left out, or the dataset is gone.
    """
    c = DATASETS.c
    with site.store.reading() as connection:
        both = DATASETS.join(RUNS, RUNS.c.id == run)
        wanted = select(c.source, c.options, RUNS.c.location).select_from(both).where(c.id == number)
        found = connection.execute(wanted).first()
    if found is None or found.options.get("no_images") or found.options.get("table_only"):
        raise UnknownError("Pictures are left out for this dataset.")
    for place in {found.source, found.location or ""}:
        if place.startswith(("/", "hf://")):
            site.settings.roots.allowed(place)
    return run_files(site, number, run, found.options)
