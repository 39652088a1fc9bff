"""`sip2gw terminal`: a terminal without hardware, to try a gateway and show its answers."""

from __future__ import annotations

from typing import Any

import click

from sip2gw.tools.address import Unreachable
from sip2gw.tools.charsets import charset
from sip2gw.tools.commands import COMMANDS, WrongUse
from sip2gw.tools.emulator import Emulator
from sip2gw.tools.interactive import run_commands
from sip2gw.tools.options import Setup, setup_options


class _AnswersAsStatus(click.Group):
    """A group whose exit status says whether the answers were a yes."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names in the order in which a terminal uses them."""
        return list(self.commands)

    def invoke(self, ctx: click.Context) -> Any:
        """Exit with 0 after a yes, 1 after a no, 2 without an answer."""
        try:
            yes = super().invoke(ctx)
        except WrongUse as wrong:
            raise click.UsageError(str(wrong), ctx) from None
        except Unreachable as lost:
            click.echo(str(lost), err=True)
            raise SystemExit(2) from None
        raise SystemExit(0 if yes else 1)


@click.group(
    cls=_AnswersAsStatus,
    commands=COMMANDS,
    invoke_without_command=True,
    short_help="Be a terminal: send requests to a gateway and show the answers.",
)
@setup_options
@click.option("--charset", default="utf-8", show_default=True, callback=charset, help="Charset of the lines.")
@click.option("--quiet", "-q", is_flag=True, help="Print the line of each answer alone.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object for each request.")
@click.pass_context
def terminal(ctx: click.Context, setup: Setup, charset: str, quiet: bool, as_json: bool) -> None:
    """Be a terminal: log in, send requests, and show both lines, raw and in words. Secrets are shown as ***.

    Without a command it is interactive: it reads commands at a prompt, or from standard input, one on each line.
    The exit status is 0 after a yes, 1 after a no, 2 if there was no answer.

    \b
    sip2gw terminal --insecure --library riverside --account kiosk@riverside.example checkout M-1001 10001
    """
    if quiet and as_json:
        raise click.UsageError("choose --quiet or --json")
    emulator = Emulator(setup, form="json" if as_json else "quiet" if quiet else "table", charset=charset)
    ctx.obj = emulator
    ctx.call_on_close(emulator.close)
    if ctx.invoked_subcommand is None:
        raise SystemExit(run_commands(emulator))
