"""The fields of a form come in; what they say about a dataset or a schedule goes out, or which field is wrong."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from functools import cache
from typing import Any, TypeVar
from zoneinfo import available_timezones

from markupsafe import Markup
from starlette.datastructures import FormData

from kvqa_audit.errors import SpecError
from kvqa_audit.jobs.datasets import DESCRIPTION_FILES
from kvqa_audit.store.job_records import CatchUp, DatasetSettings, Overlap, ScheduleSettings

Word = TypeVar("Word", bound=StrEnum)
SWITCHES = ("subset", "table_only", "ocr", "no_images", "blur_text", "pages")
LIMITS = ("keep", "time_limit_s", "memory_limit_mb")


def text_of(form: FormData, name: str) -> str:
    """A field's text, with the line breaks that files have; "" where there is none."""
    value = form.get(name, "")
    return value.replace("\r\n", "\n") if isinstance(value, str) else ""


def number_of(form: FormData, name: str, what: str = "") -> int | None:
    """A field's whole number; None where it is empty.

    Raises:
        SpecError: it is none.
    """
    text = text_of(form, name).strip()
    if not text:
        return None
    if not text.isascii() or not text.isdigit() or len(text) > 9:
        raise SpecError(f"{what or name.replace('_', ' ')}: '{text[:40]}' is no whole number")
    return int(text)


def dataset_settings(form: FormData) -> DatasetSettings:
    """What a form says about a dataset.

    Raises:
        SpecError: a field cannot be read.
    """
    options: dict[str, Any] = {name: True for name in SWITCHES if form.get(name)}
    revision, jobs = text_of(form, "revision").strip(), number_of(form, "jobs", "worker processes")
    options |= {"revision": revision} if revision else {}
    options |= {"jobs": jobs} if jobs else {}
    files = {name: text_of(form, f"file-{name}") for name in DESCRIPTION_FILES}
    return DatasetSettings(
        name=text_of(form, "name").strip(),
        source=text_of(form, "source").strip(),
        spec=text_of(form, "spec").strip() or None,
        description={name: text for name, text in files.items() if text.strip()},
        gate=(text_of(form, "gate").strip() and text_of(form, "gate")) or None,
        decisions=(text_of(form, "decisions").strip() and text_of(form, "decisions")) or None,
        options=options,
        keep=number_of(form, "keep"),
        time_limit_s=number_of(form, "time_limit_s", "time limit"),
        memory_limit_mb=number_of(form, "memory_limit_mb", "memory limit"),
        max_attempts=number_of(form, "max_attempts", "attempts") or 3,
        notify=tuple(line.strip() for line in text_of(form, "notify").split("\n") if line.strip())[:10],
    )


def schedule_settings(form: FormData) -> ScheduleSettings:
    """What a form says about a schedule."""
    overlap, catch_up = text_of(form, "overlap") or Overlap.SKIP, text_of(form, "catch_up") or CatchUp.ONE
    return ScheduleSettings(
        cron=" ".join(text_of(form, "cron").split()),
        time_zone=text_of(form, "time_zone").strip() or "UTC",
        overlap=one_of(Overlap, overlap, "overlap"),
        catch_up=one_of(CatchUp, catch_up, "catch up"),
        watch=bool(form.get("watch")),
        paused=bool(form.get("paused")),
    )


def one_of(kind: type[Word], word: str, what: str) -> Word:
    """The member of an enumeration with this value.

    Raises:
        SpecError: there is none.
    """
    try:
        return kind(word)
    except ValueError:
        raise SpecError(f"{what}: '{word[:40]}' is none of {', '.join(kind)}") from None


@cache
def time_zones() -> Markup:
    """The names that a time zone may have, as what a field suggests; they are hundreds, and the same for all."""
    return Markup().join(Markup('<option value="{}">').format(name) for name in sorted(available_timezones()))


def fields_of(settings: DatasetSettings) -> Mapping[str, Any]:
    """The settings as the fields of the form hold them."""
    about = {name: getattr(settings, name) for name in ("name", "source", "spec", "gate", "decisions", *LIMITS)}
    about["notify"] = "\n".join(settings.notify)
    return {**about, "max_attempts": settings.max_attempts, "files": dict(settings.description), **_options(settings)}


def _options(settings: DatasetSettings) -> dict[str, Any]:
    return {name: settings.options.get(name) for name in (*SWITCHES, "revision", "jobs")}
