"""Names of channels and the environment come in; the channels go out, and a message is sent to each of them."""

from __future__ import annotations

import ipaddress
import shlex
from collections.abc import Iterable, Mapping
from typing import Protocol
from urllib.parse import unquote, urlsplit

from kvqa_audit.errors import NotificationError
from kvqa_audit.notify.command import Command
from kvqa_audit.notify.mail import Mail, MailServer
from kvqa_audit.notify.message import Message
from kvqa_audit.notify.webhook import Network, Webhook

SECRET = "KVQA_AUDIT_WEBHOOK_SECRET"  # noqa: S105 - the name of a variable
NETWORKS = "KVQA_AUDIT_WEBHOOK_NETWORKS"
SMTP = "KVQA_AUDIT_SMTP"
SENDER = "KVQA_AUDIT_SMTP_FROM"
_PORTS = {"smtp": 587, "smtps": 465}


class Channel(Protocol):
    """A way to tell a person; `name` says which in an error, without any secret."""

    @property
    def name(self) -> str: ...

    def send(self, message: Message) -> None: ...


def send_news(channels: Iterable[Channel], message: Message) -> tuple[str, ...]:
    """Sends a message that is news to every channel, one after the other; what could not be sent is told in words."""
    problems = []
    for channel in channels if message.is_news else ():
        try:
            channel.send(message)
        except NotificationError as error:
            problems.append(f"the notification was not sent: {error}")
    return tuple(problems)


def channel_named(name: str, environment: Mapping[str, str]) -> Channel:
    """The channel of `command:PROGRAM ARGUMENTS`, `https://…`, or `mailto:NAME@HOST,…`.

    Args:
        name: as a user wrote it.
        environment: holds what no command line should: the webhook's secret and its allowed networks
            (`10.0.0.0/8,…`), the mail server (`smtp://user:password@host:587`, or smtps) and the sender.

    Raises:
        NotificationError: it is none of these, or something that it needs is missing or cannot be read.
    """
    kind, _, rest = name.partition(":")
    if kind == "command":
        return Command(_arguments(rest))
    if kind in ("http", "https"):
        if not environment.get(SECRET):
            raise NotificationError(f"a webhook is signed: set {SECRET} to a secret that its receiver knows")
        return Webhook(name, environment[SECRET], _networks(environment.get(NETWORKS, "")))
    if kind == "mailto":
        to = tuple(unquote(one).strip() for one in rest.split(",") if one.strip())
        if not to or not all(_is_address(one) for one in to):
            raise NotificationError(f"{name}: has to name addresses such as mailto:name@example.org")
        server = mail_server(environment.get(SMTP, ""))
        sender = environment.get(SENDER) or f"kvqa-audit@{server.host}"
        if not _is_address(sender):
            raise NotificationError(f"{SENDER}: {sender!r} is no address such as audit@example.org")
        return Mail(to, sender, server)
    raise NotificationError(f"--notify {name[:80]}: begins with none of command:, https:// and mailto:")


def mail_server(url: str) -> MailServer:
    """The mail server of `smtp://user:password@host:587` or `smtps://…:465`.

    Raises:
        NotificationError: it is not of this form.
    """
    try:
        parts = urlsplit(url)
        port = parts.port or _PORTS.get(parts.scheme, 0)
    except ValueError:
        port = 0
    if not port or not parts.hostname:
        raise NotificationError(f"mails need {SMTP}, such as smtp://user:password@host:587 or smtps://host:465")
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    return MailServer(parts.hostname, port, parts.scheme == "smtps", user, password)


def _arguments(text: str) -> tuple[str, ...]:
    try:
        arguments = tuple(shlex.split(text))
    except ValueError as error:
        raise NotificationError(f"--notify command:{text[:80]}: cannot be read: {error}") from None
    if not arguments:
        raise NotificationError("--notify command: names no program, such as command:/usr/local/bin/tell")
    return arguments


def _networks(text: str) -> tuple[Network, ...]:
    try:
        return tuple(ipaddress.ip_network(one.strip()) for one in text.split(",") if one.strip())
    except ValueError as error:
        raise NotificationError(f"{NETWORKS}: {error}; write networks such as 10.0.0.0/8, with commas") from None


def _is_address(text: str) -> bool:
    name, at, host = text.rpartition("@")
    return bool(name and at and host) and text.isascii() and text.isprintable() and not set(text) & set(' <>,;"')
