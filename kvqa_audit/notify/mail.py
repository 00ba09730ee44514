"""A message and a mail server come in; one plain mail goes out."""

from __future__ import annotations

import smtplib
import ssl
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.utils import formatdate, make_msgid

from kvqa_audit.errors import NotificationError
from kvqa_audit.notify.message import Message

MAX_SECONDS = 20


@dataclass(frozen=True, slots=True)
class MailServer:
    """An SMTP server (RFC 5321).

    With `tls` the connection is encrypted from its start; else STARTTLS is used where it is offered, and a password is
    never sent without it.
    """

    host: str
    port: int
    tls: bool = False
    user: str = ""
    password: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail to these addresses, through a server."""

    to: tuple[str, ...]
    sender: str
    server: MailServer

    @property
    def name(self) -> str:
        return f"the mail to {', '.join(self.to)}"

    def send(self, message: Message) -> None:
        """Hands the mail to the server.

        Raises:
            NotificationError: the server cannot be reached, or refuses the sender, a receiver or the mail.
        """
        try:
            mail = self._written(message)
            with self._connected() as connection:
                refused = connection.send_message(mail, self.sender, self.to)
        except (OSError, smtplib.SMTPException, ValueError) as error:
            raise NotificationError(f"{self.name}: was not taken by {self.server.host}: {_words(error)}") from None
        if refused:
            raise NotificationError(f"{self.name}: {self.server.host} refused {', '.join(refused)}")

    def _written(self, message: Message) -> EmailMessage:
        mail = EmailMessage()
        mail["From"], mail["To"], mail["Subject"] = self.sender, ", ".join(self.to), message.subject
        mail["Date"], mail["Message-ID"] = formatdate(), make_msgid(domain="kvqa-audit.invalid")
        # Told to programs that answer mails by themselves (RFC 3834).
        mail["Auto-Submitted"] = "auto-generated"
        mail.set_content(message.text())
        return mail

    def _connected(self) -> smtplib.SMTP:
        server, context = self.server, ssl.create_default_context()
        if server.tls:
            connection: smtplib.SMTP = smtplib.SMTP_SSL(server.host, server.port, timeout=MAX_SECONDS, context=context)
        else:
            connection = smtplib.SMTP(server.host, server.port, timeout=MAX_SECONDS)
        try:
            connection.ehlo()
            if not server.tls and connection.has_extn("starttls"):
                connection.starttls(context=context)
            elif not server.tls and server.user:
                raise smtplib.SMTPException("the server offers no STARTTLS, and a password is not sent without it")
            if server.user:
                connection.login(server.user, server.password)
        except BaseException:
            connection.close()
            raise
        return connection


def _words(error: Exception) -> str:
    if isinstance(error, smtplib.SMTPResponseException):
        said = error.smtp_error if isinstance(error.smtp_error, str) else error.smtp_error.decode(errors="replace")
        return f"{error.smtp_code} {' '.join(said.split())[:200]}"
    return str(error) or type(error).__name__
