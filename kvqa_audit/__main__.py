"""The command line's front door: arguments come in, an exit code goes out."""

from __future__ import annotations

import io
import os
import sys
import traceback

from kvqa_audit.errors import KvqaAuditError

CRASHED = 3
INTERRUPTED = 130


def main() -> None:
    """Runs the command line; an error that a person can act on is told in words, without a stack trace."""
    from kvqa_audit.cli import app

    for stream in (sys.stdout, sys.stderr):
        # A terminal or file of a narrow encoding shows what it cannot hold as \\xNN; it decides nothing.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        app()
    except KvqaAuditError as error:
        sys.stderr.write(f"kvqa-audit: {error}\n")
        sys.exit(error.exit_code)
    except SystemExit as end:
        if end.code == INTERRUPTED:
            sys.stderr.write("kvqa-audit: interrupted; no half-written file was left\n")
            # A thread may still be inside an engine; the interpreter's own end would wait for it, or abort in it.
            sys.stderr.flush()
            os._exit(INTERRUPTED)
        raise
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(141)
    except Exception:  # noqa: BLE001 - Python's own exit code for it is 1, which would say that defects were found
        traceback.print_exc()
        sys.stderr.write("kvqa-audit: this is a fault of the program, not of the dataset; nothing was judged\n")
        sys.exit(CRASHED)


if __name__ == "__main__":
    main()
