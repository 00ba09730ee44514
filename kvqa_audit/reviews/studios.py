"""Runs come in; the processes that hold them make their queues and draw their pictures, a few of them at a time."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kvqa_audit.errors import KvqaAuditError
from kvqa_audit.regular_file import read_regular_file
from kvqa_audit.reviews.picture_files import pair_names, picture_name

MOST = 2
IDLE_SECONDS = 600
WAIT_SECONDS = 60
MAX_PICTURE_BYTES = 50_000_000


class StudioError(KvqaAuditError):
    """A queue could not be made, or a picture not be drawn; the text says why."""


@dataclass(frozen=True, slots=True)
class RunFiles:
    """A finished run: its dataset's id, the folder of its files, and whether text in its pictures is smeared."""

    dataset: int
    run: str
    folder: Path
    blur_text: bool


@dataclass
class Studios:
    """At most two processes, each for one run; the one that was not asked for longest makes room for another."""

    store: str
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _held: dict[tuple[str, bool], _Studio] = field(default_factory=dict)

    def prepare(self, of: RunFiles) -> Future[None]:
        """Has the queue of a run made."""
        return self._studio(of).ask("prepare", {"do": "prepare"})

    def sample(self, of: RunFiles, size: int, planted: int) -> Future[None]:
        """Has answers drawn at random laid out, and planted ones among them."""
        return self._studio(of).ask(f"sample {size} {planted}", {"do": "sample", "size": size, "planted": planted})

    def picture(self, of: RunFiles, img_id: str) -> bytes:
        """The picture of an image, drawn if it was not yet.

        Raises:
            StudioError: there is none; the text says why.
        """
        return self._file(of, picture_name(img_id), {"do": "draw", "pictures": [img_id]})

    def pair(self, of: RunFiles, pair: tuple[str, str], part: int) -> bytes:
        """A part of a pair that is laid on each other: left (0), right (1), how it lies there as JSON (2)."""
        return self._file(of, pair_names(pair)[part], {"do": "draw", "pairs": [pair]})

    def draw_ahead(self, of: RunFiles, images: Sequence[str], pairs: Sequence[tuple[str, str]]) -> None:
        """Begins to draw what somebody will look at soon."""
        for img_id in images:
            if not (of.folder / picture_name(img_id)).exists():
                self._studio(of).ask(picture_name(img_id), {"do": "draw", "pictures": [img_id]})
        for pair in pairs:
            if not (of.folder / pair_names(pair)[2]).exists():
                self._studio(of).ask(json.dumps(pair), {"do": "draw", "pairs": [pair]})

    def close(self) -> None:
        """Ends the processes."""
        with self._lock:
            held, self._held = list(self._held.values()), {}
        for one in held:
            one.close()

    def _file(self, of: RunFiles, name: str, order: dict[str, Any]) -> bytes:
        path = of.folder / name
        if not path.exists():
            key = json.dumps(order["pairs"][0]) if "pairs" in order else name
            try:
                self._studio(of).ask(key, order).result(WAIT_SECONDS)
            except TimeoutError:
                raise StudioError("the picture is still being drawn; ask again in a moment") from None
        try:
            return read_regular_file(path, MAX_PICTURE_BYTES)
        except OSError:
            raise StudioError("there is no such picture") from None

    def _studio(self, of: RunFiles) -> _Studio:
        key = (of.run, of.blur_text)
        closing: list[_Studio] = []
        with self._lock:
            known = self._held.pop(key, None)
            if known is not None and not known.is_alive:
                closing.append(known)
                known = None
            idle = [one for one, studio in self._held.items() if studio.idle_seconds > IDLE_SECONDS]
            many = [one for one in self._held if one not in idle]
            closing += [self._held.pop(other) for other in (*idle, *many[: max(0, len(many) + 1 - MOST)])]
            found = self._held[key] = known or _Studio(self.store, of)
        for one in closing:
            one.close()
        return found


class _Studio:
    """One process for one run; what is asked for twice is done once."""

    def __init__(self, store: str, of: RunFiles) -> None:
        self._process = subprocess.Popen(
            # Nothing that lies in the folder it is started in is imported (-P).
            [sys.executable, "-P", "-m", "kvqa_audit.reviews.studio_child"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._lock = threading.Lock()
        self._asked: dict[str, Future[None]] = {}
        self._ids: dict[int, str] = {}
        self._number, self._used = 0, time.monotonic()
        about = {"store": store, "dataset": of.dataset, "folder": str(of.folder), "blur_text": of.blur_text}
        self._write(about)
        self._reader = threading.Thread(target=self._read, name="studio", daemon=True)
        self._reader.start()

    @property
    def is_alive(self) -> bool:
        return self._process.poll() is None

    @property
    def idle_seconds(self) -> float:
        return 0.0 if self._asked else time.monotonic() - self._used

    def ask(self, key: str, order: Mapping[str, Any]) -> Future[None]:
        """Asks for something once; the future is done when it is."""
        with self._lock:
            self._used = time.monotonic()
            if key not in self._asked:
                self._number += 1
                self._asked[key], self._ids[self._number] = Future(), key
                self._write({**order, "id": self._number})
            return self._asked[key]

    def close(self) -> None:
        """Ends the process; what it has not done yet fails."""
        assert self._process.stdin is not None
        with suppress(OSError):
            self._process.terminate()
            self._process.stdin.close()
        self._process.wait()
        self._reader.join()

    def _write(self, line: Mapping[str, Any]) -> None:
        assert self._process.stdin is not None
        with suppress(OSError):
            self._process.stdin.write(json.dumps(line) + "\n")
            self._process.stdin.flush()

    def _read(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as said:
            for line in said:
                told = json.loads(line)
                with self._lock:
                    done = self._asked.pop(self._ids.pop(told["id"]), None)
                if done is not None:
                    self._finish(done, told.get("error"))
        with self._lock:
            left, self._asked, self._ids = list(self._asked.values()), {}, {}
        for one in left:
            self._finish(one, "the process that draws pictures ended; ask again")

    def _finish(self, done: Future[None], error: str | None) -> None:
        if error is None:
            done.set_result(None)
        else:
            done.set_exception(StudioError(error))
