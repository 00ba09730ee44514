"""Who asks comes in; who is given what, what measures reviewers, and what decisions teach, is kept and goes out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from fastapi import Request
from sqlalchemy import select

from kvqa_audit.access.users import roles_on, user_named
from kvqa_audit.errors import ConflictError, SpecError
from kvqa_audit.release.precision import Precision
from kvqa_audit.release.sample_unit import SAMPLE_SEED, Unit, sample_code
from kvqa_audit.reviews import assigning
from kvqa_audit.reviews.queue import Filters
from kvqa_audit.reviews.studios import StudioError
from kvqa_audit.store.access_tables import USERS, Role
from kvqa_audit.store.review_tables import ReviewVerdict
from kvqa_audit.store.run_rows import run_lines
from kvqa_audit.store.tables import RUNS
from kvqa_audit.web.audits import record_of
from kvqa_audit.web.datasets import seen_dataset
from kvqa_audit.web.reviews import last_run, make_sure, run_files, seen_desk, seen_item
from kvqa_audit.web.site import Site, site_of
from kvqa_audit.web.who import Caller

_WAIT_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Learnt:
    """What decisions taught when the last finished run was judged: by check, and about the whole dataset."""

    run: str | None = None
    precision: Mapping[str, Precision] = field(default_factory=dict)
    error_rates: Sequence[Mapping[str, Any]] = ()


def assign(
    request: Request, caller: Caller, number: int, filters: Filters, name: str | None, most: int | None = None
) -> int:
    """Gives things to a user, or to nobody, and says how many.

    Raises:
        SpecError: there is no such user, or they may not decide here.
    """
    site = site_of(request)
    known = seen_dataset(site, caller, number, Role.MAINTAINER, "write")
    user = None
    if name is not None:
        with site.store.reading() as connection:
            user = user_named(connection, name)
        if user is None or name not in reviewers(site, number):
            raise SpecError(f"user: {name[:60]} is no reviewer of this dataset; an admin of it can give the role")
    given = assigning.assign(site.store, number, filters, user.id if user else None, most=most)
    site.log(request, caller.name, "assigned", known.settings.name, dataset=number, to=name, things=given)
    return given


def assignee(site: Site, caller: Caller, number: int, name: str) -> int:
    """The id of somebody whose share of a dataset's things is asked for.

    Raises:
        ForbiddenError, UnknownError: the caller does not maintain the dataset, and sees their own share alone.
        SpecError: there is no such user.
    """
    make_sure(site, caller, number, Role.MAINTAINER)
    with site.store.reading() as connection:
        user = user_named(connection, name.replace("\0", ""))
    if user is None:
        raise SpecError(f"assignee: there is no user {name[:60]}")
    return user.id


def reviewers(site: Site, number: int) -> list[str]:
    """The names of those who may decide about a dataset, by role for all datasets or for this one."""
    with site.store.reading() as connection:
        able = [role for role in Role if role.rank >= Role.REVIEWER.rank]
        c = USERS.c
        here = [one.user for one in roles_on(connection, number) if one.role in able]
        of = c.role.in_(able) | c.id.in_(here)
        return list(connection.execute(select(c.name).where(c.disabled_at.is_(None), of).order_by(c.name)).scalars())


def measure_by(request: Request, caller: Caller, number: int, known: ReviewVerdict | None) -> None:
    """Lets a thing measure reviewers, or no more; see `kvqa_audit.reviews.assigning.measure_by`."""
    site = site_of(request)
    one = seen_item(site, caller, number, Role.MAINTAINER)
    assigning.measure_by(site.store, number, known)
    site.log(request, caller.name, "set a known answer", dataset=one.dataset, thing=number)


def draw_sample(request: Request, caller: Caller, number: int, size: int, planted: int) -> tuple[str, int]:
    """Puts answers drawn at random, and planted ones, into the queue; what to filter by, and how many wait there.

    Raises:
        ConflictError: the last audit is not laid out yet, or holds no rows.
    """
    site = site_of(request)
    known = seen_dataset(site, caller, number, Role.MAINTAINER, "write")
    desk = seen_desk(site, caller, number, wait_seconds=_WAIT_SECONDS)
    if desk.state != "ready" or desk.review.run is None:
        raise ConflictError(f"{desk.reason} Nothing was drawn; try again in a moment.")
    try:
        files = run_files(site, number, desk.review.run, known.settings.options)
        site.studios.sample(files, size, planted).result(_WAIT_SECONDS)
    except TimeoutError:
        raise ConflictError("The sample is still being laid out; look again in a moment.") from None
    except StudioError as error:
        raise ConflictError(str(error)) from None
    site.log(request, caller.name, "drew a sample", known.settings.name, dataset=number, size=size, planted=planted)
    check = sample_code(Unit.ANSWERS, SAMPLE_SEED)
    return check, sum(one.waiting.get(check, 0) for one in assigning.shares(site.store, number))


def learnt(site: Site, caller: Caller, number: int) -> Learnt:
    """What the decisions about a dataset teach, as its last finished run reckoned it.

    Raises:
        UnknownError: the files of that run are gone.
    """
    make_sure(site, caller, number)
    run = last_run(site, number)
    if run is None:
        return Learnt()
    with site.store.reading() as connection:
        (stored,) = run_lines(connection, RUNS.c.id == run)
    record = record_of(site, stored)
    return Learnt(run, record.standing.precision, record.error_rates)
