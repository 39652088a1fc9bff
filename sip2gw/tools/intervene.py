"""`sip2gw disconnect` and `sip2gw trace`: what an operator does to a terminal. Both are entered in the audit table."""

from __future__ import annotations

import re

import click

from sip2gw.tools.admin import Gateway, gateway_options, print_json
from sip2gw.tools.tables import table, when
from sip2gw.tools.watch import find_terminal

_CONN = re.compile(r"(?:[0-9]+-)?[0-9a-f]{5}")
_why = click.option("--why", required=True, metavar="TEXT", help="The reason, for the audit.")


@click.command(short_help="Disconnect a terminal.")
@click.argument("what", metavar="LIBRARY/TERMINAL|CONN")
@_why
@gateway_options
def disconnect(gateway: Gateway, as_json: bool, what: str, why: str) -> None:
    """Disconnect a terminal, after its request in progress. It may connect again, and its seat is free until then."""
    library, slash, terminal = what.partition("/")
    if not slash and not _CONN.fullmatch(what):
        raise click.UsageError("name LIBRARY/TERMINAL, or the code of a connection")
    conn = find_terminal(gateway, library, terminal) if slash else what
    done = gateway.post("terminals", conn, "disconnect", why=why)
    print_json(done) if as_json else click.echo(f"{what} is disconnected")


@click.group(short_help="Trace a terminal for some minutes, without any personal data.")
def trace() -> None:
    """Trace the lines of a library, a terminal, an address or a patron for 15 minutes at most.

    All values of persons are left out; card and item numbers are tags. The file is for `sip2gw decode --file`.
    """


@trace.command(short_help="Begin a trace.")
@click.argument("what", metavar="[LIBRARY[/TERMINAL]]", default="")
@click.option("--address", default="", help="Only this address; also of clients that don't log in.")
@click.option("--patron", is_flag=True, help="Only one patron of LIBRARY: asks for the card number.")
@click.option("--minutes", type=click.IntRange(1, 15), default=15, show_default=True)
@_why
@gateway_options
def start(
    gateway: Gateway, as_json: bool, what: str, address: str, patron: bool, minutes: int, why: str
) -> None:
    """Begin a trace, and print its name. It goes on when the terminal connects again."""
    library, _, terminal = what.partition("/")
    if patron and not library:
        raise click.UsageError("--patron needs LIBRARY")
    # Not an argument: every user of the machine can see those.
    card = click.prompt("Card number", hide_input=True, err=True) if patron else ""
    begun = gateway.post(
        "traces",
        library=library,
        terminal=terminal,
        address=address,
        patron=card,
        minutes=str(minutes),
        why=why,
    )
    if as_json:
        print_json(begun)
    else:
        click.echo(f"trace {begun['trace']} until {when(begun['ends'])}: sip2gw trace get {begun['trace']}")


@trace.command("list", short_help="List the traces.")
@gateway_options
def list_(gateway: Gateway, as_json: bool) -> None:
    """List the traces that run, or ended less than an hour ago."""
    rows = gateway.get("traces")["rows"]
    if as_json:
        print_json(rows)
        return
    headings = "trace", "of", "began", "ends", "lines", "dropped"
    columns = ("trace", "target", "began", "ends", "lines", "dropped")
    cells = ([when(row[c]) if c in ("began", "ends") else row[c] for c in columns] for row in rows)
    click.echo("\n".join(table(headings, cells)))


@trace.command(short_help="Print the lines of a trace.")
@click.argument("name")
@gateway_options
def get(gateway: Gateway, as_json: bool, name: str) -> None:
    """Print the lines of a trace, the oldest first."""
    text = gateway.text("traces", name)
    print_json(text.splitlines()) if as_json else click.echo(text, nl=False)


@trace.command(short_help="End a trace.")
@click.argument("name")
@gateway_options
def stop(gateway: Gateway, as_json: bool, name: str) -> None:
    """End a trace. Its lines can be fetched for an hour."""
    done = gateway.post("traces", name, "stop")
    print_json(done) if as_json else click.echo(f"trace {name} has ended")
