"""The command line's front door: arguments come in, an exit code goes out."""

from __future__ import annotations

import io
import os
import signal
import sys
import traceback

from kvqa_audit.errors import KvqaAuditError, error_of_place
from kvqa_audit.process import (
    ENDED_BY,
    collecting_seldom,
    ended_by_signals,
    make_sure_there_is_a_folder,
    make_sure_there_is_memory,
    open_standard_streams,
)

CRASHED = 3


def main() -> None:
    """Runs the command line; an error that a person can act on is told in words, without a stack trace."""
    if sys.stdout is sys.__stdout__ and sys.stderr is sys.__stderr__:
        open_standard_streams()
    for stream in (sys.stdout, sys.stderr):
        # A terminal or file of a narrow encoding shows what it cannot hold as \\xNN; it decides nothing.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    with ended_by_signals(), collecting_seldom():
        _run()


def _run() -> None:
    try:
        make_sure_there_is_a_folder()
        make_sure_there_is_memory()
        from kvqa_audit.cli import app

        app()
    except KvqaAuditError as error:
        from kvqa_audit.console.terminal import complain

        complain(str(error))
        sys.exit(error.exit_code)
    except KeyboardInterrupt:  # while the command line itself is imported; later it turns it into the exit code
        _end_by_signal(128 + signal.SIGINT)
    except SystemExit as end:
        if isinstance(end.code, int) and end.code in ENDED_BY:
            _end_by_signal(end.code)
        raise
    except MemoryError:
        sys.stderr.write("kvqa-audit: there is not enough memory; give it more, or audit with fewer --jobs\n")
        sys.exit(KvqaAuditError.exit_code)
    except Exception as error:  # noqa: BLE001 - Python's own exit code for it is 1, which would say that defects were found
        if (of_place := error_of_place(error)) is not None:
            from kvqa_audit.console.terminal import complain

            complain(str(of_place))
            sys.exit(of_place.exit_code)
        traceback.print_exc()
        sys.stderr.write("kvqa-audit: this is a fault of the program, not of the dataset; nothing was judged\n")
        sys.exit(CRASHED)


def _end_by_signal(code: int) -> None:
    word = "interrupted" if code == 128 + signal.SIGINT else f"ended by {ENDED_BY[code]}"
    sys.stderr.write(f"kvqa-audit: {word}; no half-written file was left\n")
    # A thread may still be inside an engine; the interpreter's own end would wait for it, or abort in it.
    sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    main()
