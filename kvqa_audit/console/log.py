"""The events of runs come in; lines with their times are added to a file, for who looks into it later."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TextIO

from kvqa_audit.console.terminal import plain
from kvqa_audit.errors import OutputError
from kvqa_audit.progress import Listener, ProgressEvent, StageFinished


class Log:
    """A file to which each line is added with its time in UTC; without a file nothing is kept."""

    def __init__(self, file: TextIO | None = None) -> None:
        self._file = file

    def note(self, text: str) -> None:
        """Adds a line; a full disk does not change what an audit comes to."""
        if self._file is not None:
            with suppress(OSError):
                self._file.write(f"{datetime.now(UTC).isoformat(timespec='seconds')} {plain(text)}\n")
                self._file.flush()

    def listening(self, name: str, also: Listener) -> Listener:
        """A listener that notes the stages of a run by its name, and tells another one of everything."""

        def listen(event: ProgressEvent) -> None:
            if isinstance(event, StageFinished):
                stage = event.stage
                self.note(f"{name}: {stage.name}: {stage.items:,} items, {stage.seconds:.1f} s")
            also(event)

        return listen


@contextmanager
def logged_to(path: Path | None) -> Iterator[Log]:
    """The log in a file, which is made where it is not there yet.

    Raises:
        OutputError: it cannot be opened.
    """
    if path is None:
        yield Log()
        return
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = path.open("a", encoding="utf-8")
    except OSError as error:
        raise OutputError(f"{path}: cannot be written: {error.strerror}; name another file with --log") from None
    try:
        yield Log(file)
    finally:
        with suppress(OSError):
            file.close()
