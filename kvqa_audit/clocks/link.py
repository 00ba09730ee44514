"""Hidden readings come in; which images are of one examination, and when in it each was taken, goes out.

The clock less the time that has passed since the beginning is the beginning: readings of one day with the same are of
one examination. Where only one of the two is written, readings of one day and device that follow each other are.
Readings that are not certain link nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

from kvqa_audit.clocks.hidden import HiddenReading
from kvqa_audit.model import GroupPlace, ImageGroups

SAME_START_SECONDS = 10
FOLLOWS_SECONDS = 600

_Timed = list[tuple[int, HiddenReading]]


def examinations(readings: Iterable[HiddenReading]) -> ImageGroups:
    """The examinations, numbered by the ids of their images; an image without a certain clock has none."""
    by_day: defaultdict[tuple[str, str], list[HiddenReading]] = defaultdict(list)
    for one in readings:
        if one.seen == "certain" and (one.clock is not None or one.elapsed is not None):
            by_day[one.day, one.form].append(one)
    found = [timed for of_day in by_day.values() for timed in _of_day(of_day)]
    found.sort(key=lambda timed: min(one.img_id for _, one in timed))
    places = {}
    for number, timed in enumerate(found, start=1):
        first = min(time for time, _ in timed)
        for time, one in timed:
            places[one.img_id] = (GroupPlace(f"examination {number}", time - first),)
    return ImageGroups("", places)


def _of_day(readings: Sequence[HiddenReading]) -> list[_Timed]:
    """Examinations of one day; the times of each are seconds from one moment."""
    whole = [one for one in readings if one.clock is not None and one.elapsed is not None]
    found = [
        [(_clock(one), one) for _, one in same]
        for same in _runs([(_clock(one) - _elapsed(one), one) for one in whole], SAME_START_SECONDS)
    ]
    alone = list[HiddenReading]()
    for one in (one for one in readings if one.clock is not None and one.elapsed is None):
        around = [timed for timed in found if _is_within(_clock(one), timed)]
        if len(around) == 1:
            around[0].append((_clock(one), one))
        else:
            alone.append(one)
    found += _runs([(_clock(one), one) for one in alone], FOLLOWS_SECONDS)
    passed = [(_elapsed(one), one) for one in readings if one.clock is None]
    return found + _runs(passed, FOLLOWS_SECONDS)


def _is_within(clock: int, timed: _Timed) -> bool:
    """Whether a clock is not before an examination's beginning and not long after what is known of it."""
    start = max(_clock(one) - _elapsed(one) for _, one in timed if one.elapsed is not None)
    return start <= clock <= max(time for time, _ in timed) + FOLLOWS_SECONDS


def _runs(timed: _Timed, apart: int) -> list[_Timed]:
    """Those that follow each other within so many seconds."""
    found: list[_Timed] = []
    for time, one in sorted(timed, key=lambda pair: (pair[0], pair[1].img_id)):
        if found and time - found[-1][-1][0] <= apart:
            found[-1].append((time, one))
        else:
            found.append([(time, one)])
    return found


def _clock(one: HiddenReading) -> int:
    assert one.clock is not None
    return one.clock


def _elapsed(one: HiddenReading) -> int:
    assert one.elapsed is not None
    return one.elapsed
