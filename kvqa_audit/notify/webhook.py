"""A message and a URL come in; the message is posted as JSON, signed, and only to an address that may be called."""

from __future__ import annotations

import hashlib
import hmac
import http.client
import ipaddress
import json
import socket
import ssl
import time
from contextlib import suppress
from dataclasses import dataclass, field
from threading import Timer
from urllib.parse import SplitResult, urlsplit

from kvqa_audit.errors import NotificationError
from kvqa_audit.notify.message import Message

SIGNATURE = "X-Kvqa-Audit-Signature"
MIN_SECRET_CHARACTERS = 16
MAX_SECONDS = 20
_SECONDS_TO_CONNECT = 5

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Address = ipaddress.IPv4Address | ipaddress.IPv6Address
# The addresses that hold one of IPv4 (RFC 6052, RFC 3056): they lead where that one leads.
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


@dataclass(frozen=True, slots=True)
class Webhook:
    """A URL to post to.

    Only public addresses are called, and those of the `allowed` networks; plain http only to the latter. It is the
    address connected to that is looked at, so that a name that changes leads nowhere else, and no redirect is followed.
    """

    url: str = field(repr=False)
    secret: str = field(repr=False)
    allowed: tuple[Network, ...] = ()

    def __post_init__(self) -> None:
        parts = _parts(self.url)
        if parts.username is not None or parts.password is not None:
            raise NotificationError(f"{self.name}: a webhook's URL holds no user and no password; remove them")
        if len(self.secret) < MIN_SECRET_CHARACTERS:
            raise NotificationError(
                f"{self.name}: needs a secret of at least {MIN_SECRET_CHARACTERS} characters to sign with"
            )

    @property
    def name(self) -> str:
        """The host alone: paths of webhooks are often secret."""
        return f"the webhook at {_parts(self.url).hostname}"

    def send(self, message: Message) -> None:
        """Posts the message. The signature is `t=SECONDS,v1=HEX`, HMAC-SHA256 with the secret over `SECONDS.BODY`.

        Raises:
            NotificationError: the address may not be called or cannot be reached, or it answers with anything but 2xx.
        """
        body = json.dumps(message.record()).encode()
        headers = {"Content-Type": "application/json", "User-Agent": "kvqa-audit", SIGNATURE: self._signature(body)}
        parts = _parts(self.url)
        try:
            status = self._post(parts, body, headers)
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise NotificationError(f"{self.name}: cannot be reached: {str(error) or type(error).__name__}") from None
        if not 200 <= status < 300:
            hint = "; redirects are not followed: name where it leads" if 300 <= status < 400 else ""
            raise NotificationError(f"{self.name}: answered with status {status}{hint}")

    def _signature(self, body: bytes) -> str:
        now = str(int(time.time()))
        digest = hmac.new(self.secret.encode(), f"{now}.".encode() + body, hashlib.sha256).hexdigest()
        return f"t={now},v1={digest}"

    def _post(self, parts: SplitResult, body: bytes, headers: dict[str, str]) -> int:
        host, is_tls = parts.hostname or "", parts.scheme == "https"
        # A connection that is made already is used as it is: neither a proxy nor a second look-up comes between.
        connection = http.client.HTTPConnection(host, parts.port or (443 if is_tls else 80))
        with self._connected(host, connection.port, is_tls=is_tls) as plain:
            # Whoever answers a byte at a time is left after a while, too.
            watched = plain.dup()
            end = Timer(MAX_SECONDS, _shut, [watched])
            end.daemon = True
            end.start()
            try:
                context = ssl.create_default_context()
                connection.sock = context.wrap_socket(plain, server_hostname=host) if is_tls else plain
                target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
                connection.request("POST", target, body, headers)
                return connection.getresponse().status
            finally:
                end.cancel()
                watched.close()
                connection.close()

    def _connected(self, host: str, port: int, *, is_tls: bool) -> socket.socket:
        """A connection to the first address of the host that may be called and answers."""
        refused, error = "", None
        for family, kind, _, _, place in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
            address = ipaddress.ip_address(str(place[0]).partition("%")[0])
            if not (is_public(address) and is_tls) and not self._allows(address):
                refused = f"{address} is no public address" if not is_public(address) else "https is needed there"
                continue
            made = socket.socket(family, kind)
            made.settimeout(_SECONDS_TO_CONNECT)
            try:
                made.connect(place)
            except OSError as complaint:
                made.close()
                error = complaint
                continue
            return made
        raise error or OSError(f"{refused}; allow its network if that is meant")

    def _allows(self, address: Address) -> bool:
        meant = embedded(address)
        return any(meant in network for network in self.allowed if network.version == meant.version)


def is_public(address: Address) -> bool:
    """Whether an address is one of the internet: not loopback, private, link-local, multicast or reserved.

    An IPv6 address that stands for one of IPv4 is what that one is.
    """
    meant = embedded(address)
    return meant.is_global and not meant.is_multicast and not meant.is_reserved


def embedded(address: Address) -> Address:
    """The IPv4 address that an IPv6 address stands for, or the address itself."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or address


def _parts(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and parts.hostname and (parts.port is None or parts.port > 0)
    except ValueError:
        usable = False
    if not usable or not url.isascii() or not url.isprintable() or " " in url:
        raise NotificationError("a webhook's URL looks like https://host/path, in ASCII; this one does not")
    return parts


def _shut(connection: socket.socket) -> None:
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
