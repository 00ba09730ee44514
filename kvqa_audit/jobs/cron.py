"""A cron expression and a time zone come in; the moments in UTC that they name go out.

In the night of a summer time change a moment that the clock leaves out comes right after the gap, and one that it shows
twice comes once, as in Debian's cron.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import islice
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cronsim import CronSim, CronSimError

from kvqa_audit.errors import SpecError


def times_after(cron: str, time_zone: str, after: datetime, count: int = 1) -> tuple[datetime, ...]:
    """The next moments after this one, earliest first; fewer than `count` where there are no more in 50 years.

    Raises:
        SpecError: the expression or the zone cannot be read.
    """
    return tuple(moment.astimezone(UTC) for moment in islice(_moments(cron, time_zone, after), count))


def last_times(cron: str, time_zone: str, since: datetime, until: datetime, limit: int) -> tuple[datetime, ...]:
    """The last `limit` moments from `since` to `until`, both included, earliest first.

    Raises:
        SpecError: the expression or the zone cannot be read.
    """
    found: list[datetime] = []
    behind = until.replace(microsecond=0) + timedelta(seconds=1)
    for moment in _moments(cron, time_zone, behind, reverse=True):
        if moment < since or len(found) == limit:
            break
        found.append(moment.astimezone(UTC))
    return tuple(reversed(found))


def _moments(cron: str, time_zone: str, start: datetime, *, reverse: bool = False) -> CronSim:
    try:
        zone = UTC if time_zone == "UTC" else ZoneInfo(time_zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise SpecError(f"time zone '{time_zone}': is not known; it looks like Europe/Oslo or UTC") from None
    try:
        return CronSim(cron, start.astimezone(zone), reverse=reverse)
    except CronSimError as error:
        said = str(error)
        form = "it looks like '30 2 * * 1': minute, hour, day, month, weekday"
        raise SpecError(f"cron '{cron}': {said[:1].lower()}{said[1:]}; {form}") from None
