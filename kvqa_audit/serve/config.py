"""Options, the environment and one file come in; the configuration of a service goes out, or what is wrong with it.

What the command line says goes before the environment (`KVQA_SERVE_PORT` for `port`, lists with commas), and that
before the file.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from kvqa_audit.access.roots import DatasetRoots
from kvqa_audit.errors import KvqaAuditError
from kvqa_audit.web.settings import LOCAL_NAMES, Proxy, WebSettings

PREFIX = "KVQA_SERVE_"
STORE_FILE = "service.sqlite"


class ConfigError(KvqaAuditError):
    """The configuration of a service is wrong, or would not be safe; whoever wrote it has to correct it."""


class ServeConfig(BaseModel):
    """How a service runs.

    Attributes:
        data: the service's own folder: reports, the signing key, and the store where none is named.
        store: where everything is kept; None is an SQLite file in `data`.
        host, port: where the web process listens.
        url: the address that people type, if it is another one (behind a proxy, or with TLS).
        roots: the folders whose datasets may be registered.
        hub: patterns of Hub ids that may be registered, such as `owner/*`.
        tls_cert, tls_key: the files for TLS.
        behind_proxy: the addresses or networks of a reverse proxy that is believed.
        user_header: the header in which that proxy names the user; "" where it does not.
        workers: how many worker processes there are.
        lease_seconds: how long a worker that is not heard of keeps its audit.
        log: `text` for people, `json` for programs.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    data: Path
    store: str | None = None
    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=1, le=65_535)] = 8765
    url: str | None = None
    roots: tuple[Path, ...] = ()
    hub: tuple[str, ...] = ()
    tls_cert: Path | None = None
    tls_key: Path | None = None
    behind_proxy: tuple[str, ...] = ()
    user_header: str = ""
    workers: Annotated[int, Field(ge=0, le=64)] = 1
    lease_seconds: Annotated[float, Field(ge=1, le=3_600)] = 30.0
    log: Annotated[str, Field(pattern="^(text|json)$")] = "text"

    @field_validator("roots", "hub", "behind_proxy", mode="before")
    @classmethod
    def _with_commas(cls, value: object) -> object:
        return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value

    @field_validator("behind_proxy")
    @classmethod
    def _are_networks(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for one in value:
            ip_network(one, strict=False)
        return value

    @model_validator(mode="after")
    def _fits_together(self) -> ServeConfig:
        if (self.tls_cert is None) != (self.tls_key is None):
            raise ValueError("tls_cert and tls_key belong together")
        if self.user_header and not self.behind_proxy:
            raise ValueError("user_header is believed from a proxy only: name its addresses in behind_proxy")
        if self.url is not None and urlsplit(self.url).scheme not in ("http", "https"):
            raise ValueError("url: looks like https://audits.example.org")
        return self

    @property
    def place(self) -> str:
        """The place of the store."""
        return self.store or str(self.data / STORE_FILE)

    @property
    def is_local(self) -> bool:
        """Whether only this machine can reach the web process."""
        try:
            return ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"

    @property
    def address(self) -> str:
        """What people type to get here."""
        scheme = "https" if self.tls_cert else "http"
        return (self.url or f"{scheme}://{self.host}:{self.port}").rstrip("/")

    @property
    def dataset_roots(self) -> DatasetRoots:
        return DatasetRoots(self.roots, self.hub)

    def web_settings(self) -> WebSettings:
        """What the web process has to know."""
        named = urlsplit(self.address).hostname or ""
        hosts = {*LOCAL_NAMES, named, self.host} if self.is_local else {named}
        networks = tuple(ip_network(one, strict=False) for one in self.behind_proxy)
        return WebSettings(
            store=self.place,
            data=self.data,
            roots=self.dataset_roots,
            hosts=frozenset(f"[{host}]" if ":" in host and not host.startswith("[") else host for host in hosts),
            https=self.address.startswith("https:"),
            proxy=Proxy(networks, self.user_header.lower()) if networks else None,
        )


def make_sure_it_is_safe(config: ServeConfig, *, has_users: bool) -> None:
    """
    Raises:
        ConfigError: others could reach the service in the clear, or before anybody has a password or a link for one.
    """
    if config.is_local:
        return
    where = f"{config.host} can be reached from other machines"
    if not config.tls_cert and not config.behind_proxy:
        raise ConfigError(
            f"{where}: give --tls-cert and --tls-key, or --behind-proxy with the address of a proxy that has them"
        )
    if not has_users:
        raise ConfigError(f"{where}, and nobody has a password yet: 'kvqa-audit serve admin' makes a first link")


def read_config(file: Path | None, environment: Mapping[str, str], given: Mapping[str, Any]) -> ServeConfig:
    """The configuration; what nobody says is as for one person on one machine.

    Args:
        file: a TOML file, whose keys are the attributes of `ServeConfig`.
        environment: `KVQA_SERVE_…`; other variables are not looked at.
        given: what the command line says; None says nothing.

    Raises:
        ConfigError: a value is not possible, or a key is not known.
    """
    told = _file(file) if file else {}
    told |= {name.removeprefix(PREFIX).lower(): value for name, value in environment.items() if name.startswith(PREFIX)}
    told |= {name: value for name, value in given.items() if value not in (None, [], ())}
    told.setdefault("data", _usual_folder(environment))
    told.setdefault("roots", [Path.cwd()])
    try:
        found = ServeConfig.model_validate(told)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(map(str, first["loc"])) or "the configuration"
        raise ConfigError(f"{key}: {first['msg'].removeprefix('Value error, ')}") from None
    return found.model_copy(update={"data": found.data.absolute(), "roots": tuple(map(Path.absolute, found.roots))})


def _file(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeError) as error:
        raise ConfigError(f"{path}: cannot be read ({error})") from None
    except ValueError as error:  # a number that is too long is no TOMLDecodeError
        raise ConfigError(f"{path}: {error}") from None
    except RecursionError:
        raise ConfigError(f"{path}: is nested too deeply; write plain keys and values") from None


def _usual_folder(environment: Mapping[str, str]) -> Path:
    named = environment.get("XDG_DATA_HOME")
    base = Path(named) if named else Path(environment.get("HOME", ".")) / ".local" / "share"
    return base / "kvqa-audit"
