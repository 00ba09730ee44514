"""The commands of `kvqa-audit`, in the order in which they are listed; each has a file of its own."""

from __future__ import annotations

import sys
from typing import Annotated, Any

import typer
from typer.core import TyperGroup
from typer.main import get_group

from kvqa_audit.cli.cache import cache
from kvqa_audit.cli.check import check
from kvqa_audit.cli.checks import checks
from kvqa_audit.cli.compare import compare
from kvqa_audit.cli.demo import demo
from kvqa_audit.cli.duplicates import duplicates
from kvqa_audit.cli.example import example
from kvqa_audit.cli.explain import explain
from kvqa_audit.cli.export import export
from kvqa_audit.cli.fix import fix
from kvqa_audit.cli.gate import gate
from kvqa_audit.cli.index import index
from kvqa_audit.cli.init import init
from kvqa_audit.cli.merge import merge
from kvqa_audit.cli.plan import plan
from kvqa_audit.cli.report import report
from kvqa_audit.cli.review import review
from kvqa_audit.cli.run import run
from kvqa_audit.cli.runs import runs
from kvqa_audit.cli.sample import sample
from kvqa_audit.cli.serve import serve
from kvqa_audit.cli.server import server as on_a_server


class _Commands(TyperGroup):
    """The commands; with `--server`, those that a service answers."""

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if ctx.params.get("server"):
            return get_group(on_a_server).get_command(ctx, cmd_name)
        return super().get_command(ctx, cmd_name)


app = typer.Typer(
    cls=_Commands,
    name="kvqa-audit",
    help=(
        "Audits visual-question-answering datasets: the table, the images, the duplicates and the answers.\n\n"
        "Exit codes: 0 clean; 1 findings at or above the gate; 2 usage, configuration, or a dataset that cannot be "
        "read; 3 incomplete (a check crashed, or nothing ran). 3 wins over 1."
    ),
    rich_markup_mode=None,
    add_completion=True,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)

COMMANDS = (
    run,
    duplicates,
    check,
    checks,
    init,
    plan,
    report,
    index,
    runs,
    compare,
    review,
    sample,
    merge,
    explain,
    fix,
    gate,
    export,
    cache,
    example,
    demo,
)

for command in COMMANDS:
    app.command()(command)
app.add_typer(serve, name="serve")


def _print_version(asked: bool) -> None:
    if asked:
        from kvqa_audit import __version__

        sys.stdout.write(f"kvqa-audit {__version__}\n")
        raise typer.Exit


@app.callback()
def main(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit.")
    ] = False,
    server: Annotated[
        str | None,
        typer.Option(help="The address of a service: 'runs', 'start' and 'gate' are asked there.", show_default=False),
    ] = None,
) -> None:
    pass
