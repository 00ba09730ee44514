"""The texts that people gave a dataset of the service come in; what they say goes out, or what is wrong with them."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from kvqa_audit.errors import SpecError
from kvqa_audit.jobs.datasets import DESCRIPTION_FILES
from kvqa_audit.release.decisions import Decision
from kvqa_audit.release.decisions_file import VERSIONS, decisions_beside, read_decisions, text_of
from kvqa_audit.spec.load import load_release, load_spec
from kvqa_audit.spec.release import Release
from kvqa_audit.store.job_records import DatasetSettings

DECISIONS_FILE = "decisions.yaml"
_ENTRY = "  - key: "
_ENTRIES = re.compile(rf"^decisions:[ \t]*\n(?:[ \t]*(?:#.*)?\n)*{_ENTRY}", re.MULTILINE)
_ANOTHER_KEY = re.compile(r"^[^\s#]", re.MULTILINE)


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
        wrong = sorted(set(settings.description) - set(DESCRIPTION_FILES))
        if wrong or "dataset.yaml" not in settings.description:
            raise SpecError(
                f"a description has dataset.yaml, and perhaps {', '.join(DESCRIPTION_FILES[1:])}; not {wrong or 'none'}"
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
    return decisions_in(settings.decisions or "")


def decisions_text(settings: DatasetSettings) -> str:
    """The text of the decisions that an audit of the dataset goes by: those kept here, or those beside the dataset.

    Those beside it are read in its own folder only: what a link leads to elsewhere is not.

    Raises:
        SpecError: they cannot be read, or have a form that cannot be added to here.
    """
    if settings.decisions is not None:
        return settings.decisions
    beside = None if "://" in settings.source else decisions_beside(settings.source)
    if beside is None or not beside.resolve().is_relative_to(beside.parent.resolve()):
        return ""
    if beside.suffix != ".yaml":
        raise SpecError(f"{beside.name} beside the dataset is a table; put its decisions into the dataset's settings")
    return text_of(beside)


def decisions_in(text: str) -> tuple[Decision, ...]:
    """The decisions of a text as decisions.yaml has it; none in an empty one.

    Raises:
        SpecError: they cannot be read; it says in which line.
    """
    if not text:
        return ()
    with as_file(text) as path:
        return read_decisions(path)


@contextmanager
def as_file(text: str) -> Iterator[Path]:
    """The text of decisions as a file, for what finds entries by their lines there."""
    with _written({DECISIONS_FILE: text}) as folder:
        yield folder / DECISIONS_FILE


def can_grow(text: str) -> bool:
    """Whether the text ends with a list of entries as this program writes them: others behind it are entries, too."""
    entries = _ENTRIES.search(text)
    return entries is not None and text.endswith("\n") and not _ANOTHER_KEY.search(text, entries.end())


def decisions_in_more(text: str, known: str, decisions: tuple[Decision, ...]) -> tuple[Decision, ...]:
    """The decisions of a text, of which only what is new is read where it is a known one that grew.

    Thousands of entries take seconds to read.

    Args:
        text: as decisions.yaml has it.
        known: a text that was read before.
        decisions: those of the known text.

    Raises:
        SpecError: they cannot be read; it says in which line.
    """
    if text == known:
        return decisions
    more = text[len(known) :]
    if text.startswith(known) and more.startswith(_ENTRY) and can_grow(known):
        return (*decisions, *decisions_in(f"version: {VERSIONS[-1]}\ndecisions:\n{more}"))
    return decisions_in(text)


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
