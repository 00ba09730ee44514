"""`kvqa-audit serve`: a configuration comes in; a service runs, and can be backed up and restored."""

from __future__ import annotations

import os
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from kvqa_audit.errors import KvqaAuditError

if TYPE_CHECKING:
    from kvqa_audit.serve.config import ServeConfig

serve = typer.Typer(help="Run a service: datasets audited on schedule, seen live, judged, and kept for a team.")

CONFIG = Annotated[Path | None, typer.Option(help="A TOML file; its keys are these options with underscores.")]
DATA = Annotated[Path | None, typer.Option(help="The service's own folder.", show_default="~/.local/share/kvqa-audit")]
STORE = Annotated[
    str | None,
    typer.Option(help="An SQLite file, or postgresql://user@host/database.", show_default="a file in the folder"),
]


def _config(file: Path | None, **given: Any) -> ServeConfig:
    try:
        from kvqa_audit.serve.config import read_config
    except ModuleNotFoundError as error:
        raise KvqaAuditError(f"{error.name} is not installed: pip install 'kvqa-audit[serve]'") from None
    return read_config(file, os.environ, given)


@serve.callback(invoke_without_command=True)
def start(
    context: typer.Context,
    config: CONFIG = None,
    data: DATA = None,
    store: STORE = None,
    host: Annotated[str | None, typer.Option(help="Where to listen.", show_default="127.0.0.1")] = None,
    port: Annotated[int | None, typer.Option(show_default="8765")] = None,
    url: Annotated[str | None, typer.Option(help="The address that people type, if it is another one.")] = None,
    root: Annotated[
        list[Path] | None,
        typer.Option(help="A folder whose datasets may be registered.", show_default="the current one"),
    ] = None,
    hub: Annotated[list[str] | None, typer.Option(help="Hub ids that may be registered, such as 'owner/*'.")] = None,
    tls_cert: Annotated[Path | None, typer.Option(help="The certificate for TLS, with --tls-key.")] = None,
    tls_key: Annotated[Path | None, typer.Option(help="Its private key.")] = None,
    behind_proxy: Annotated[
        list[str] | None, typer.Option(help="The address of a reverse proxy that is believed; may be repeated.")
    ] = None,
    user_header: Annotated[str | None, typer.Option(help="The header in which that proxy names the user.")] = None,
    workers: Annotated[int | None, typer.Option(help="Worker processes.", show_default="1")] = None,
    log: Annotated[str | None, typer.Option(help="text, or json for programs.", show_default="text")] = None,
    demo: Annotated[bool, typer.Option("--demo", help="Show the service with a drawn sample.")] = False,
) -> None:
    """Start the web process and its workers; the first start prints a link for the administrator."""
    given = {
        "data": data, "store": store, "host": host, "port": port, "url": url, "roots": root, "hub": hub,
        "tls_cert": tls_cert, "tls_key": tls_key, "behind_proxy": behind_proxy, "user_header": user_header,
        "workers": workers, "log": log,
    }  # fmt: skip
    if context.invoked_subcommand is not None:
        if demo or any(value not in (None, []) for value in given.values()):
            raise KvqaAuditError(f"options of the service stand behind 'serve {context.invoked_subcommand}'")
        return
    with ExitStack() as stack:
        if demo and data is None:
            given["data"] = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="kvqa-audit-demo-")))
        raise typer.Exit(_run(_config(config, **given), demo=demo))


def _run(config: ServeConfig, *, demo: bool) -> int:
    from kvqa_audit.jobs.job_store import JobStore
    from kvqa_audit.serve.config import make_sure_it_is_safe
    from kvqa_audit.serve.demo import show_demo
    from kvqa_audit.serve.first_start import administrator_is_awaited, administrator_link, has_administrator
    from kvqa_audit.serve.logs import set_up_logs
    from kvqa_audit.serve.processes import Service

    set_up_logs(config.log, "serve")
    if demo:
        config = config.model_copy(update={"roots": (*config.roots, config.data / "demo")})
    config.data.mkdir(parents=True, exist_ok=True)
    with JobStore(config.place) as store:
        is_known = has_administrator(store)
        make_sure_it_is_safe(config, has_users=is_known or administrator_is_awaited(store))
        link = "" if is_known else f"{config.address}{administrator_link(store)}"
        if demo:
            show_demo(store, config.data / "demo" / "sample")
    if link:
        sys.stdout.write(f"Choose the administrator's password here, within two days: {link}\n")
    sys.stdout.write(f"kvqa-audit serves {config.address} out of {config.data}; Ctrl-C ends it\n")
    sys.stdout.flush()
    return Service(config).run()


@serve.command()
def web(config: CONFIG = None, data: DATA = None, store: STORE = None) -> None:
    """Run the web process alone, for a team; workers run elsewhere."""
    found = _config(config, data=data, store=store)
    from kvqa_audit.jobs.job_store import JobStore
    from kvqa_audit.serve.config import make_sure_it_is_safe
    from kvqa_audit.serve.first_start import administrator_is_awaited, has_administrator
    from kvqa_audit.serve.processes import leave_signals_to_the_process
    from kvqa_audit.serve.web_process import serve_web

    with JobStore(found.place) as opened:
        has_users = has_administrator(opened) or administrator_is_awaited(opened)
        make_sure_it_is_safe(found, has_users=has_users)
    leave_signals_to_the_process()
    serve_web(found)


@serve.command()
def worker(config: CONFIG = None, data: DATA = None, store: STORE = None) -> None:
    """Run one worker alone, for a team; several may share a store and a folder."""
    found = _config(config, data=data, store=store)
    from kvqa_audit.serve.processes import leave_signals_to_the_process
    from kvqa_audit.serve.worker_process import serve_worker

    leave_signals_to_the_process()
    serve_worker(found)


@serve.command()
def admin(
    name: Annotated[str, typer.Argument(help="The administrator.")] = "admin",
    config: CONFIG = None,
    data: DATA = None,
    store: STORE = None,
) -> None:
    """Print a one-time link with which an administrator chooses a password."""
    found = _config(config, data=data, store=store)
    from kvqa_audit.jobs.job_store import JobStore
    from kvqa_audit.serve.first_start import administrator_link

    with JobStore(found.place) as opened:
        sys.stdout.write(f"{found.address}{administrator_link(opened, name)}\n")


@serve.command()
def backup(
    archive: Annotated[Path, typer.Argument(help="The file to write, such as service.tar.gz.")],
    config: CONFIG = None,
    data: DATA = None,
    store: STORE = None,
) -> None:
    """Write the store and all reports into one file; the service may run meanwhile."""
    found = _config(config, data=data, store=store)
    from kvqa_audit.serve.backup import back_up

    back_up(found, archive)
    sys.stdout.write(f"{archive}: {archive.stat().st_size:,} bytes\n")


@serve.command()
def restore(
    archive: Annotated[Path, typer.Argument(help="A file that 'serve backup' wrote.")],
    config: CONFIG = None,
    data: DATA = None,
    store: STORE = None,
) -> None:
    """Make a service out of a backup, in a new folder; everybody has to log in anew."""
    found = _config(config, data=data, store=store)
    from kvqa_audit.serve.backup import restore as restore_from

    restore_from(found, archive)
    sys.stdout.write(f"{found.data}: restored; start it with 'kvqa-audit serve --data {found.data}'\n")
