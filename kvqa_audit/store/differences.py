"""Two finished runs come in; the findings that only one of them has, of checks that both judged, go out by index."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, func, select

from kvqa_audit.model import JUDGED
from kvqa_audit.store.cells import fetched
from kvqa_audit.store.findings import findings_at
from kvqa_audit.store.records import StoredFinding
from kvqa_audit.store.tables import FINDING_STATES, FINDINGS, OUTCOMES


@dataclass(frozen=True, slots=True)
class RunDifferences:
    """How many findings are only in the later run, only in the earlier one, and in both.

    `unjudged` are the codes of checks that one of the two did not judge: what they would say, nobody can tell.
    """

    new: int
    fixed: int
    both: int
    unjudged: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SeenBefore:
    """In which run of its series a finding was first seen, and whether the run before had it, or did not look.

    `returned_run` is the run that saw it again after it was fixed, None where it was not, or is fixed again.
    """

    first_run: str
    in_the_run_before: bool
    returned_run: str | None


def differences(connection: Connection, earlier: str, later: str) -> RunDifferences:
    """Compares two runs by the keys of their findings; a check that was off in one of them closes nothing."""
    judged = {run: _judged(connection, run) for run in (earlier, later)}
    both = judged[earlier] & judged[later]
    new, fixed = (_count(connection, _only_in(*runs, both)) for runs in ((later, earlier), (earlier, later)))
    in_later = _count(connection, [FINDINGS.c.run == later, FINDINGS.c.check.in_(both)])
    return RunDifferences(new, fixed, in_later - new, tuple(sorted(judged[earlier] ^ judged[later])))


def only_in(
    connection: Connection, run: str, other: str, *, after: int = -1, limit: int = 50
) -> tuple[StoredFinding, ...]:
    """The next findings of a run that the other one, which judged their checks, does not have."""
    both = _judged(connection, run) & _judged(connection, other)
    wanted = _only_in(run, other, both)
    places = select(FINDINGS.c.position).where(*wanted, FINDINGS.c.position > after).order_by(FINDINGS.c.position)
    return findings_at(connection, run, places.limit(limit))


def seen_before(connection: Connection, series: int, before: str | None, keys: Iterable[str]) -> dict[str, SeenBefore]:
    """What the series knows of findings with these keys; `before` is the run before the one they are shown for."""
    c = FINDING_STATES.c
    wanted = select(c.key, c.check, c.first_run, c.returned_run).where(c.series == series, c.key.in_(list(keys)))
    rows = fetched(connection, wanted)
    if before is None:
        return {row["key"]: SeenBefore(row["first_run"], False, row["returned_run"]) for row in rows}
    keys_of = select(FINDINGS.c.key).where(FINDINGS.c.run == before, FINDINGS.c.key.in_([row["key"] for row in rows]))
    there = set(connection.execute(keys_of).scalars())
    judged = _judged(connection, before)
    return {
        row["key"]: SeenBefore(row["first_run"], row["key"] in there or row["check"] not in judged, row["returned_run"])
        for row in rows
    }


def _judged(connection: Connection, run: str) -> set[str]:
    wanted = select(OUTCOMES.c.code).where(OUTCOMES.c.run == run, OUTCOMES.c.outcome.in_(JUDGED))
    return set(connection.execute(wanted).scalars())


def _only_in(run: str, other: str, judged: set[str]) -> list[ColumnElement[bool]]:
    c, others = FINDINGS.c, FINDINGS.alias("others")
    keys = select(others.c.key).where(others.c.run == other)
    return [c.run == run, c.check.in_(judged), c.key.not_in(keys)]


def _count(connection: Connection, wanted: list[Any]) -> int:
    return connection.execute(select(func.count()).select_from(FINDINGS).where(*wanted)).scalar_one()
