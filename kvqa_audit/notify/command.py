"""A message and a command come in; the command is run with the message's text on its standard input."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from dataclasses import dataclass

from kvqa_audit.errors import NotificationError
from kvqa_audit.notify.message import Message

MAX_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Command:
    """A program with its arguments; no shell reads them.

    The text comes on standard input; KVQA_AUDIT_SUBJECT and KVQA_AUDIT_MESSAGE (JSON) stand in its environment.
    """

    arguments: tuple[str, ...]

    @property
    def name(self) -> str:
        return f"the command {self.arguments[0]}"

    def send(self, message: Message) -> None:
        """Runs it to its end.

        Raises:
            NotificationError: it cannot be run, takes more than a minute, or ends with another exit code than 0.
        """
        told = {"KVQA_AUDIT_SUBJECT": message.subject, "KVQA_AUDIT_MESSAGE": json.dumps(message.record())}
        try:
            running = subprocess.Popen(  # noqa: S603 - the command is the user's own
                self.arguments,
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                env={**os.environ, **told},
                start_new_session=True,
            )
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or error
            raise NotificationError(f"{self.name}: cannot be run: {reason}; name a program that is there") from None
        with running:
            try:
                complaint = running.communicate(message.text().encode(), timeout=MAX_SECONDS)[1]
            except subprocess.TimeoutExpired:
                raise NotificationError(f"{self.name}: did not end within {MAX_SECONDS} seconds") from None
            finally:
                # What it started is ended with it, or it would hold the pipes open.
                if running.poll() is None:
                    os.killpg(running.pid, signal.SIGKILL)
        if running.returncode:
            last = (complaint.decode(errors="replace").strip().splitlines() or [""])[-1][:200]
            raise NotificationError(f"{self.name}: ended with exit code {running.returncode}{last and f': {last}'}")
