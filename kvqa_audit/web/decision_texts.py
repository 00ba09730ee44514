"""The texts of decisions come in again and again; what they hold goes out, each entry read once while a text grows."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

from kvqa_audit.jobs.dataset_texts import decisions_in_more
from kvqa_audit.release.decisions import Decision

MOST = 4


@dataclass
class DecisionTexts:
    """What the texts of the datasets that were looked at last hold."""

    _lock: threading.Lock = field(default_factory=threading.Lock)
    _known: dict[int, tuple[str, tuple[Decision, ...]]] = field(default_factory=dict)

    def of(self, dataset: int, text: str) -> tuple[Decision, ...]:
        """The decisions of a dataset, by its id and its text of today.

        Raises:
            SpecError: they cannot be read; it says in which line.
        """
        with self._lock:
            known = self._known.get(dataset, ("", ()))
        found = decisions_in_more(text, *known)
        with self._lock:
            self._known.pop(dataset, None)
            self._known[dataset] = text, found
            while len(self._known) > MOST:
                del self._known[next(iter(self._known))]
        return found
