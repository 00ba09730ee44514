"""The name of a dataset comes in; a place that the service may read goes out, or the reason why it may not."""

from __future__ import annotations

import fnmatch
import os
import re
from dataclasses import dataclass
from pathlib import Path

from kvqa_audit.access.records import AccessError

HUB = "hf://"
_HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*")


@dataclass(frozen=True, slots=True)
class DatasetRoots:
    """What may be registered and audited.

    Attributes:
        folders: datasets lie in one of these, or below.
        hub: patterns of ids such as `owner/*`; the empty tuple allows no dataset of the Hub.
    """

    folders: tuple[Path, ...] = ()
    hub: tuple[str, ...] = ()

    def allowed(self, source: str) -> str:
        """The source itself: the real path of a folder or file, or the Hub id.

        A path counts by where its links lead, so that it is asked again before every audit.

        Raises:
            AccessError: it lies elsewhere, or is not there; both read the same, so that nobody can look around.
        """
        if source.startswith(HUB):
            named = source.removeprefix(HUB)
            if _HUB_ID.fullmatch(named) and any(fnmatch.fnmatchcase(named, pattern) for pattern in self.hub):
                return source
            raise AccessError(f"{source}: is none of the Hub datasets that this service may audit; ask who runs it")
        if "://" in source or "\0" in source or not os.path.isabs(source):  # noqa: PTH117 - a text, perhaps no path
            raise AccessError(f"{source!r}: give the absolute path of a folder or file, or hf://owner/name")
        real = os.path.realpath(source)
        if any(Path(real).is_relative_to(os.path.realpath(root)) for root in self.folders) and Path(real).exists():
            return real
        raise AccessError(f"{source}: there is no dataset in the folders that this service may read")
