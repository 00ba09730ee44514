"""What somebody says about a dataset comes in; the same goes out if an audit could work with it, or what is wrong."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

from kvqa_audit.access.roots import DatasetRoots
from kvqa_audit.errors import SpecError
from kvqa_audit.jobs.dataset_texts import decisions_of, policy_of
from kvqa_audit.spec.load import load_spec
from kvqa_audit.store.job_records import DatasetSettings

MAX_NAME_CHARACTERS = 200
CHANNELS = ("https://", "http://", "mailto:", "command:")
_KINDS: dict[str, type] = {
    "revision": str,
    "subset": bool,
    "table_only": bool,
    "jobs": int,
    "ocr": bool,
    "no_images": bool,
    "blur_text": bool,
    "pages": bool,
}
_CONTROL = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")


def checked(settings: DatasetSettings, roots: DatasetRoots) -> DatasetSettings:
    """The settings, with the real path of the source.

    Raises:
        AccessError: the source lies where the service may not read.
        SpecError: a text in them cannot be read; it says which, where, and what to do.
    """
    name = settings.name.strip()
    if not name or len(name) > MAX_NAME_CHARACTERS or _CONTROL.search(name):
        raise SpecError(f"a dataset's name has 1 to {MAX_NAME_CHARACTERS} characters, on one line")
    for option, value in settings.options.items():
        if option not in _KINDS or type(value) is not _KINDS[option]:
            known = ", ".join(f"{one} ({kind.__name__})" for one, kind in _KINDS.items())
            raise SpecError(f"options: {option}: is none of {known}")
    for number, what in (
        (settings.keep, "keep"),
        (settings.time_limit_s, "time limit"),
        (settings.memory_limit_mb, "memory limit"),
    ):
        if number is not None and number < 1:
            raise SpecError(f"{what}: is at least 1, or left empty")
    if not 1 <= settings.max_attempts <= 10:
        raise SpecError("attempts: 1 to 10")
    for channel in settings.notify:
        if not channel.startswith(CHANNELS) or not channel.isprintable():
            raise SpecError(f"told to: '{channel[:80]}' begins with none of {', '.join(CHANNELS)}")
    if settings.spec not in (None, "auto"):
        load_spec(_shipped_name(settings.spec or ""))
    policy_of(settings, "")
    decisions_of(settings)
    return replace(settings, name=name, source=roots.allowed(settings.source.strip()))


def _shipped_name(name: str) -> str:
    """
    Raises:
        SpecError: it is a path; only names of shipped descriptions are taken, whatever lies on this machine.
    """
    if not re.fullmatch(r"[a-z0-9-]{1,60}", name) or Path(name).exists():
        raise SpecError(f"description '{name[:60]}': is no name of a shipped description, and not auto")
    return name
