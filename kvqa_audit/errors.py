"""What can go wrong outside the data: one base error, and a subclass for each person who has to act on it.

Defects of a dataset are findings, never exceptions.
"""

from __future__ import annotations

import errno
import os

_SEE_TO_IT = "see to your rights on it, or name another place"
_ADVICE = {
    errno.ENAMETOOLONG: "name a shorter one",
    errno.EACCES: _SEE_TO_IT,
    errno.EPERM: _SEE_TO_IT,
    errno.EROFS: _SEE_TO_IT,
    errno.ENOSPC: "make room",
    errno.EDQUOT: "make room",
    errno.EIO: "see to the disk, or name another place",
}
_MAX_NAME = 200


class KvqaAuditError(Exception):
    """Base of all errors this package raises on purpose; the text says what, where, and what to do."""

    exit_code = 2


class SourceError(KvqaAuditError):
    """The dataset cannot be read at all; whoever named it has to name another place or repair it."""


class SpecError(KvqaAuditError):
    """A file of the dataset description is wrong; whoever wrote it has to correct the named line or key."""


class OutputError(KvqaAuditError):
    """The results cannot be written; whoever runs the audit has to give another folder or more space."""


class ArtifactError(KvqaAuditError):
    """A folder does not hold the artifacts of a finished audit, or holds those of another version."""


class StoreError(KvqaAuditError):
    """The run store cannot be used, or does not hold what was asked for; whoever named it has to act."""


class NotificationError(KvqaAuditError):
    """A message cannot be sent; whoever set its channel up has to correct it. It changes nothing of an audit."""


class NewerStoreError(StoreError):
    """The store was written by a newer version of the program; whoever runs this one has to update it."""


class NotThereError(StoreError):
    """The store does not hold the thing that was named."""


class ConflictError(StoreError):
    """Somebody else changed the thing in between, or its state does not allow this; read it again, then decide."""


class FenceError(StoreError):
    """A job was taken from its worker, which may write nothing about it any more."""


class CancelledError(KvqaAuditError):
    """Somebody asked a running audit to end; there is nothing to repair."""

    exit_code = 130


def error_of_place(error: Exception) -> KvqaAuditError | None:
    """What a person can act on where the system refuses a file or folder; None for every other error."""
    if not isinstance(error, OSError) or error.errno not in _ADVICE or not isinstance(error.filename, (str, bytes)):
        return None
    name = os.fsdecode(error.filename)
    shown = name if len(name) <= _MAX_NAME else f"{name[:_MAX_NAME]}…"
    return KvqaAuditError(f"{shown}: {error.strerror}; {_ADVICE[error.errno]}")
