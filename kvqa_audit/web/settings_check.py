"""What somebody says about a dataset comes in; the same goes out if an audit could work with it, or what is wrong."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from kvqa_audit.access.roots import DatasetRoots
from kvqa_audit.errors import SpecError
from kvqa_audit.release.decisions import Decision
from kvqa_audit.release.decisions_file import read_decisions
from kvqa_audit.spec.load import load_release, load_spec
from kvqa_audit.spec.release import Release
from kvqa_audit.store.job_records import DatasetSettings

MAX_NAME_CHARACTERS = 200
OWN_FILES = ("dataset.yaml", "promises.yaml", "rules.yaml", "release.yaml")
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


def policy_of(settings: DatasetSettings, described_by: str) -> Release:
    """The release policy that judges the dataset: the gate's, or the description's own.

    Args:
        settings: what is said about the dataset.
        described_by: how the audit found a description where none is named; `auto` is inferred from the data.

    Raises:
        SpecError: it cannot be read.
    """
    if settings.gate is not None:
        with _written({"gate.yaml": settings.gate}) as folder:
            return load_release(folder / "gate.yaml")
    if settings.description:
        wrong = sorted(set(settings.description) - set(OWN_FILES))
        if wrong or "dataset.yaml" not in settings.description:
            raise SpecError(
                f"a description has dataset.yaml, and perhaps {', '.join(OWN_FILES[1:])}; not {wrong or 'none'}"
            )
        with _written(settings.description) as folder:
            return load_spec(folder).release
    if settings.spec == "auto" or (settings.spec is None and described_by in ("", "auto")):
        return Release()
    return load_spec(settings.spec).release


def decisions_of(settings: DatasetSettings) -> tuple[Decision, ...]:
    """The decisions that the service keeps for the dataset.

    Raises:
        SpecError: they cannot be read; it says in which line.
    """
    if not settings.decisions:
        return ()
    with _written({"decisions.yaml": settings.decisions}) as folder:
        return read_decisions(folder / "decisions.yaml")


def _shipped_name(name: str) -> str:
    """
    Raises:
        SpecError: it is a path; only names of shipped descriptions are taken, whatever lies on this machine.
    """
    if not re.fullmatch(r"[a-z0-9-]{1,60}", name) or Path(name).exists():
        raise SpecError(f"description '{name[:60]}': is no name of a shipped description, and not auto")
    return name


@contextmanager
def _written(files: Mapping[str, str]) -> Iterator[Path]:
    """A folder with these files, for as long as they are read; messages name the files alone."""
    with tempfile.TemporaryDirectory(prefix="kvqa-audit-") as name:
        folder = Path(name)
        for file, text in files.items():
            (folder / file).write_text(text, encoding="utf-8", errors="surrogatepass")
        try:
            yield folder
        except SpecError as error:
            raise SpecError(str(error).replace(f"{folder}/", "")) from None
