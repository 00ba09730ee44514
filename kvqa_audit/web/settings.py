"""What the web process has to know beside the store: where reports lie, what may be read, and who is in front of it."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field
from pathlib import Path

from kvqa_audit.access.roots import DatasetRoots

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
LOCAL_NAMES = frozenset({"127.0.0.1", "localhost", "[::1]"})


@dataclass(frozen=True, slots=True)
class Proxy:
    """A reverse proxy that is believed.

    Attributes:
        networks: the addresses it comes from; whoever comes from elsewhere is believed nothing.
        user_header: the header in which it names the user it has let in; "" where it does not.
    """

    networks: tuple[Network, ...]
    user_header: str = ""

    def is_it(self, address: str) -> bool:
        """Whether a connection from this address is the proxy's."""
        try:
            found = ipaddress.ip_address(address)
        except ValueError:
            return False
        return any(found in network for network in self.networks)


@dataclass(frozen=True, slots=True)
class WebSettings:
    """How one web process works.

    Attributes:
        store: the place of the store.
        data: the service's own folder; a run's report lies in `data/runs/RUN`.
        roots: which datasets may be registered.
        hosts: the names under which browsers may ask; others are refused, so that no foreign name leads here.
        https: whether browsers come by https, through TLS here or at the proxy.
        proxy: who stands in front, if anybody.
        max_body_bytes: what a request may bring.
    """

    store: str
    data: Path
    roots: DatasetRoots = field(default_factory=DatasetRoots)
    hosts: frozenset[str] = LOCAL_NAMES
    https: bool = False
    proxy: Proxy | None = None
    max_body_bytes: int = 2_000_000

    @property
    def cookie(self) -> str:
        return "__Host-kvqa" if self.https else "kvqa"
