"""What was found at a place comes in; one record of it, for all who read from there, goes out."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from kvqa_audit.ingest.dataset import TableFault
from kvqa_audit.ingest.image_folder import ListedFiles, list_files
from kvqa_audit.ingest.manifest import Manifest
from kvqa_audit.ingest.object_folder import ObjectFolder
from kvqa_audit.ingest.source_format import RawTable


@dataclass(frozen=True)
class OpenedSource:
    """What stands at a place: its tables as they are, and the folder below which its files lie.

    `root` is None for a dataset of the Hub; `is_file` says that one file was named, and not the folder around it.
    `objects` is what `root` stands for, where that is in object storage; `manifest` has the pictures, where it has
    a list of them.
    """

    location: str
    kind: str
    root: Path | None
    tables: tuple[RawTable, ...]
    unread: tuple[TableFault, ...] = ()
    revision: str | None = None
    is_file: bool = False
    objects: ObjectFolder | None = None
    manifest: Manifest | None = None

    def files(self) -> ListedFiles:
        """All files below the folder, listed once.

        Raises:
            SourceError: they cannot be listed.
        """
        return self._files

    @cached_property
    def _files(self) -> ListedFiles:
        if self.root is None or self.manifest is not None:
            return ListedFiles()
        return list_files(self.root) if self.objects is None else self.objects.files()


class OpenedOnce:
    """An opened source for the one who reads it: the cells as they stand in files are not kept beside the table."""

    def __init__(self, opened: OpenedSource) -> None:
        self._opened: OpenedSource | None = opened

    def take(self) -> OpenedSource | None:
        """The source; None where it was taken before, and has to be opened again."""
        opened, self._opened = self._opened, None
        return opened
