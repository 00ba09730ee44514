"""One call comes in, in a file; its outcome goes out, in another, which nobody has to read before the process ends."""

from __future__ import annotations

import pickle
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from kvqa_audit.errors import KvqaAuditError


@dataclass(frozen=True, slots=True)
class Call:
    """A function that is importable by name, and its arguments."""

    function: Callable[..., Any]
    arguments: tuple[Any, ...]

    def result(self) -> Any:
        """Calls it here and now."""
        return self.function(*self.arguments)

    def outcome(self) -> Outcome:
        """As `result`, in a form that can cross to another process.

        Raises:
            MemoryError: as the function did; there is nothing left to tell it with.
        """
        try:
            return Outcome(self.result())
        except MemoryError:
            raise
        except KvqaAuditError as error:
            return Outcome(error=error)
        except Exception:  # noqa: BLE001 - a traceback cannot cross to another process, its text can
            return Outcome(fault=traceback.format_exc())


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a call gave: its result, or the error that a person can act on, or the stack trace of any other."""

    result: Any = None
    error: KvqaAuditError | None = None
    fault: str | None = None

    def unwrap(self) -> Any:
        """The result.

        Raises:
            KvqaAuditError: as the function did.
            RuntimeError: the function failed in any other way.
        """
        if self.error is not None:
            raise self.error
        if self.fault is not None:
            raise RuntimeError(self.fault)
        return self.result


def answer_call(call_descriptor: int, outcome_descriptor: int) -> None:
    """Works on the call in one file and leaves its outcome in the other.

    Raises:
        MemoryError: as `Call.outcome`.
    """
    with open(call_descriptor, "rb") as file:
        call: Call = pickle.load(file)  # noqa: S301 - written by our own parent, into a file without a name
    outcome = call.outcome()
    with open(outcome_descriptor, "wb") as file:
        pickle.dump(outcome, file)
