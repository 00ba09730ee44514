"""A function and its arguments come in; its result goes out when asked for: from a process that ends with it, or here.

A process of its own gives its memory back as soon as it is done, whenever that is, because its result waits in a file.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import pickle
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import IO, Any, Self

from kvqa_audit.engine.nursery import WorkerError
from kvqa_audit.errors import KvqaAuditError

# The path comes in as arguments, so that the child finds what its parent finds without running the parent's main file.
_BOOT = "import sys; sys.path[:] = sys.argv[4:]; from kvqa_audit.engine import beside; beside.work(*sys.argv[1:4])"


class Beside:
    """One call that may as well be worked on elsewhere; here it is done when its result is asked for."""

    def __init__(self) -> None:
        self._begun: _Call | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def begin(self, function: Callable[..., Any], *arguments: Any) -> None:
        """Takes the call, of a function that is importable by name.

        Raises:
            RuntimeError: there was a call before.
        """
        if self._begun is not None:
            raise RuntimeError("it takes one call only")
        self._begun = _Call(function, arguments)

    def result(self) -> Any:
        """The result of the call; raises what the function raises."""
        if self._begun is None:
            raise RuntimeError("no call was begun")
        return self._begun.function(*self._begun.arguments)

    def is_done(self) -> bool:
        """Whether the result is there without any more work."""
        return False

    def close(self) -> None:
        """Lets go of whatever works on the call."""


@dataclass(frozen=True, slots=True)
class _Call:
    function: Callable[..., Any]
    arguments: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class _Outcome:
    result: Any = None
    error: KvqaAuditError | None = None
    fault: str | None = None


class BesideChild(Beside):
    """A process for one call beside the work of this process; leaving it as a context manager ends the child.

    It has neither a time nor a memory limit: what it works on is no single image of unknown origin.

    Args:
        modules: what the child imports while it waits for the call.
    """

    def __init__(self, *modules: str) -> None:
        super().__init__()
        self._files: list[IO[bytes]] = [tempfile.TemporaryFile() for _ in range(3)]  # noqa: SIM115 - see close()
        self._call, self._outcome, self._errors = self._files
        self._process = self._launch(modules)

    def _launch(self, modules: Sequence[str]) -> subprocess.Popen[bytes]:
        call, outcome = self._call.fileno(), self._outcome.fileno()
        try:
            return subprocess.Popen(  # noqa: S603 - this very interpreter, with arguments of our own
                [sys.executable, "-I", "-c", _BOOT, str(call), str(outcome), ",".join(modules), *sys.path],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=self._errors,
                pass_fds=(call, outcome),
                env={**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"},
                start_new_session=True,  # Ctrl-C in the terminal is for this process, which then ends the child
            )
        except OSError as error:
            raise WorkerError(f"a worker process cannot be started: {error}. Free some memory.") from error

    def begin(self, function: Callable[..., Any], *arguments: Any) -> None:
        """Gives the call to the child, as in Beside."""
        super().begin(function, *arguments)
        pickle.dump(self._begun, self._call)
        self._call.flush()
        self._call.seek(0)
        if self._process.stdin is not None:
            with contextlib.suppress(BrokenPipeError):
                self._process.stdin.write(b"!")
                self._process.stdin.flush()

    def result(self) -> Any:
        """Waits for the result of the call.

        Raises:
            KvqaAuditError: as the function did.
            WorkerError: the child was lost.
            RuntimeError: the function failed in any other way; the text is the child's stack trace.
        """
        if self._begun is None:
            raise RuntimeError("no call was begun")
        code = self._process.wait()
        if code != 0:
            self._errors.seek(0)
            said = self._errors.read()[-2000:].decode("utf-8", "replace").strip() or "it said nothing"
            raise WorkerError(f"the process beside this one ended with code {code}: {said}. Is there enough memory?")
        self._outcome.seek(0)
        outcome = pickle.load(self._outcome)  # noqa: S301 - written by our own child, into a file without a name
        if outcome.error is not None:
            raise outcome.error
        if outcome.fault is not None:
            raise RuntimeError(outcome.fault)
        return outcome.result

    def is_done(self) -> bool:
        return self._process.poll() is not None

    def close(self) -> None:
        self._process.kill()
        self._process.wait()
        if self._process.stdin is not None:
            self._process.stdin.close()
        for file in self._files:
            file.close()


def work(call_descriptor: str, outcome_descriptor: str, modules: str) -> None:
    """The child: imports modules, waits for a word on standard input, works on the call, leaves its outcome, ends.

    Args:
        call_descriptor: of the file that the call will be in, in figures.
        outcome_descriptor: of the file for the outcome, in figures.
        modules: names with commas between them.
    """
    for module in filter(None, modules.split(",")):
        importlib.import_module(module)
    if not sys.stdin.buffer.read(1):
        return
    with open(int(call_descriptor), "rb") as file:  # noqa: PTH123 - a descriptor
        call: _Call = pickle.load(file)  # noqa: S301 - written by our own parent, into a file without a name
    try:
        outcome = _Outcome(call.function(*call.arguments))
    except MemoryError:
        raise
    except KvqaAuditError as error:
        outcome = _Outcome(error=error)
    except Exception:  # noqa: BLE001 - a traceback cannot cross to another process, its text can
        outcome = _Outcome(fault=traceback.format_exc())
    with open(int(outcome_descriptor), "wb") as file:  # noqa: PTH123 - a descriptor
        pickle.dump(outcome, file)
