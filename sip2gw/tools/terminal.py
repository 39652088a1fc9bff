"""`sip2gw terminal`: a terminal without hardware, for trying a gateway and showing what it says."""

from __future__ import annotations

import os
from collections.abc import Callable

import click

from sip2gw.tools.address import Unreachable
from sip2gw.tools.emulator import Emulator
from sip2gw.tools.interactive import WrongUse, ask_by_name, converse, play_all
from sip2gw.tools.options import Setup, setup_options
from sip2gw.tools.wording import REQUEST_NAMES, LoginForm


@click.group(invoke_without_command=True, short_help="Be a terminal: ask a gateway and show the answers.")
@setup_options
@click.pass_context
def terminal(ctx: click.Context, setup: Setup) -> None:
    """Be a terminal: log in, ask, and show both lines, raw and in words. Secrets are shown as ***.

    Without a command it is interactive: commands are typed at a prompt, or read from standard input, one a line.
    The exit status is 0 after a yes, 1 after a no, 2 if there was no answer.

    \b
    sip2gw terminal --insecure --library riverside --account kiosk@riverside.example checkout M-1001 10001
    """
    emulator = Emulator(setup)
    ctx.obj = emulator
    ctx.call_on_close(emulator.close)
    if ctx.invoked_subcommand is None:
        raise SystemExit(converse(emulator))


def _finish(emulator: Emulator, action: Callable[[], bool]) -> None:
    """Leave with the exit status that an answer deserves."""
    try:
        raise SystemExit(0 if action() else 1)
    except WrongUse as wrong:
        raise click.UsageError(str(wrong)) from None
    except Unreachable as lost:
        click.echo(str(lost), err=True)
        raise SystemExit(2) from None


@terminal.command(short_help="Log in, 93, and no more.")
@click.pass_obj
def login(emulator: Emulator) -> None:
    """Log in with 93."""
    if not emulator.setup.logs_in:
        why = (
            "form none sends no 93"
            if emulator.terminal.login_form is LoginForm.NONE
            else "--account is missing"
        )
        raise click.UsageError(f"nothing to log in with: {why}")
    _finish(emulator, emulator.log_in)


@terminal.command(short_help="SC status, 99.")
@click.pass_obj
def status(emulator: Emulator) -> None:
    """Ask how things stand."""
    _finish(emulator, lambda: emulator.ask(emulator.terminal.status()))


@terminal.command(short_help="Patron status, 23.")
@click.argument("patron", metavar="AA")
@click.option("--pin", help="Password of the patron, sent in AD.")
@click.pass_obj
def patron(emulator: Emulator, patron: str, pin: str | None) -> None:
    """Ask about the patron AA. A yes is a patron who exists, and whose PIN is right if one was given."""
    _finish(emulator, lambda: emulator.ask(emulator.terminal.patron(patron, pin)))


@terminal.command(short_help="Checkout, 11.")
@click.argument("patron", metavar="AA")
@click.argument("items", metavar="AB...", nargs=-1, required=True)
@click.pass_obj
def checkout(emulator: Emulator, patron: str, items: tuple[str, ...]) -> None:
    """Lend each item AB to the patron AA."""
    _finish(emulator, lambda: emulator.ask_each(emulator.terminal.checkout(patron, item) for item in items))


@terminal.command(short_help="Checkin, 09.")
@click.argument("items", metavar="AB...", nargs=-1, required=True)
@click.pass_obj
def checkin(emulator: Emulator, items: tuple[str, ...]) -> None:
    """Take each item AB back."""
    _finish(emulator, lambda: emulator.ask_each(emulator.terminal.checkin(item) for item in items))


@terminal.command(short_help="Ask for the last answer again, 97.")
@click.pass_obj
def resend(emulator: Emulator) -> None:
    """Ask for the last answer again. A yes is the very same bytes."""
    _finish(emulator, emulator.ask_again)


@terminal.command(short_help="Any request by name, with its fields.")
@click.argument("name", type=click.Choice(sorted(REQUEST_NAMES)), metavar="MESSAGE")
@click.argument("fields", nargs=-1, metavar="[FIELD=VALUE]...")
@click.pass_obj
def send(emulator: Emulator, name: str, fields: tuple[str, ...]) -> None:
    """Send any request of SIP 2.00: sip2gw terminal ... send item_information AB=10001"""
    _finish(emulator, lambda: ask_by_name(emulator, name, fields))


@terminal.command(short_help="Send a line as it is.")
@click.argument("line", metavar="LINE")
@click.pass_obj
def raw(emulator: Emulator, line: str) -> None:
    """Send LINE as it is; only the terminator is added."""
    _finish(emulator, lambda: emulator.ask_line(os.fsencode(line)))


@terminal.command(short_help="Play transcripts.")
@click.argument("transcripts", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False))
@click.pass_obj
def play(emulator: Emulator, transcripts: tuple[str, ...]) -> None:
    """Play each of TRANSCRIPTS, over connections of its own, and show where the answers differ."""
    _finish(emulator, lambda: play_all(emulator, transcripts))
