"""The name of a fault comes in; the program of this process, made faulty, goes out: alone such a one may end with 3."""

from __future__ import annotations

import errno
import random
from collections.abc import Callable
from typing import Any, NoReturn

from tests.fuzz.case import Case, Try


def _raising(error: Exception) -> Callable[..., NoReturn]:
    def fail(*_: Any, **__: Any) -> NoReturn:
        raise error

    return fail


def _checks_crash() -> None:
    from kvqa_audit.checks import runner

    runner._missing = _raising(ZeroDivisionError("put in"))


def _the_verdict_crashes() -> None:
    from kvqa_audit.pipeline import publish

    publish.judged = _raising(KeyError("put in"))  # type: ignore[assignment]


def _the_disk_is_full() -> None:
    from kvqa_audit.artifacts import atomic_file

    atomic_file.os.fsync = _raising(OSError(errno.ENOSPC, "No space left on device"))  # type: ignore[assignment]


def _no_child_lives() -> None:
    from kvqa_audit.engine import fork_server

    fork_server._BOOT = "import os; os._exit(7)"


# Each with the exit code that is right.
FAULTS: dict[str, tuple[Callable[[], None], int]] = {
    "the checks crash": (_checks_crash, 3),
    "the verdict crashes": (_the_verdict_crashes, 3),
    "the disk is full": (_the_disk_is_full, 2),
    "no child lives": (_no_child_lives, 3),
}


def fault(random_: random.Random, case: Case) -> Try:
    """A sound dataset before a program with a fault."""
    name = random_.choice(sorted(FAULTS))
    words = case.run("--spec", str(case.spec)) if name == "no child lives" else case.run_of_rows()
    return Try(words, (case.out,), frozenset({FAULTS[name][1]}), fault=name)
