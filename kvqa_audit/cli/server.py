"""`kvqa-audit --server URL …`: the address of a service comes in; its runs and gates go out, and audits are started."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from kvqa_audit.cli.options import JSON
from kvqa_audit.errors import KvqaAuditError

if TYPE_CHECKING:
    from kvqa_audit.client.client import Client
    from kvqa_audit.client.records import Gate, Run

TOKEN_VARIABLE = "KVQA_AUDIT_TOKEN"  # noqa: S105 - the name of a variable
INCOMPLETE = 3
server = typer.Typer(add_completion=False, rich_markup_mode=None)

DATASET = Annotated[str, typer.Argument(help="The name of the dataset in the service.")]


@server.command()
def runs(context: typer.Context, dataset: DATASET, as_json: JSON = False) -> None:
    """List the audits of a dataset, latest first."""
    from kvqa_audit.console.server import print_runs

    with _client(context) as client:
        found = list(client.runs(client.dataset(dataset)))
    if as_json:
        sys.stdout.write(f"[{','.join(one.model_dump_json() for one in found)}]\n")
    else:
        print_runs(found)


@server.command()
def start(
    context: typer.Context,
    dataset: DATASET,
    wait: Annotated[bool, typer.Option("--wait", help="Wait for its end, and judge it.")] = False,
    as_json: JSON = False,
) -> None:
    """Start an audit of a dataset."""
    with _client(context) as client:
        made = client.start(client.dataset(dataset))
        if not wait:
            sys.stdout.write(made.model_dump_json() + "\n" if as_json else f"run {made.id} of {dataset} is queued\n")
            return
        sys.stderr.write(f"run {made.id} of {dataset}\n")
        made = client.wait(made.id, _tell_stage)
        raise typer.Exit(_judged(client, made, as_json=as_json))


@server.command()
def gate(
    context: typer.Context,
    audit: Annotated[str, typer.Argument(help="The number of an audit, or a dataset: then its last finished one.")],
    as_json: JSON = False,
) -> None:
    """Tell whether a version may be released, and what could still change that."""
    with _client(context) as client:
        if audit.isascii() and audit.isdigit():
            found = client.run(int(audit))
        else:
            ended = (one for one in client.runs(client.dataset(audit)) if one.verdict is not None)
            last = next(ended, None)
            if last is None:
                raise KvqaAuditError(f"{audit}: no audit of it has finished yet")
            found = last
        raise typer.Exit(_judged(client, found, as_json=as_json))


def _judged(client: Client, run: Run, *, as_json: bool) -> int:
    """Prints the gate of an audit; the exit code is its verdict's, 3 where it came to none."""
    from kvqa_audit.console.server import print_gate

    if run.verdict is None:
        sys.stderr.write(f"run {run.id} is {run.state}{f': {run.reason}' if run.reason else ''}; nothing was judged\n")
        return INCOMPLETE
    found: Gate = client.gate(run.id)
    if as_json:
        sys.stdout.write(found.model_dump_json() + "\n")
    else:
        print_gate(found)
    return found.exit_code


def _tell_stage(body: Mapping[str, Any]) -> None:
    if body.get("begins"):
        sys.stderr.write(f"  {body.get('stage')}\n")


def _client(context: typer.Context) -> Client:
    try:
        from kvqa_audit.client.client import Client
    except ModuleNotFoundError as error:
        raise KvqaAuditError(f"{error.name} is not installed: pip install 'kvqa-audit[serve]'") from None
    token = os.environ.get(TOKEN_VARIABLE, "")
    if not token:
        raise KvqaAuditError(f"no token: make one in the settings of the service, and put it into {TOKEN_VARIABLE}")
    return Client(context.find_root().params["server"], token)
