"""`sip2gw journal`: the writes that are on their way to a library, and what a person does with those that need one."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from sip2gw.journal import audit, listing, people
from sip2gw.journal.audit import Entered
from sip2gw.journal.listing import Listed, Wanted
from sip2gw.journal.states import SHOWN, State
from sip2gw.tools.configured_store import CONFIG, JSON, WHO, WHY, by, library, store_of
from sip2gw.tools.shown import duration, printable

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_HEADINGS = "number", "since", "library", "terminal", "operation", "state", "reason", "what to do"


class Age(click.ParamType):
    """A time such as `10m`, in seconds."""

    name = "AGE"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Return the seconds."""
        if isinstance(value, float):
            return value
        found = re.fullmatch(r"(\d{1,9})([smhd])", str(value))
        if found is None:
            self.fail(f"{value}: write a number and s, m, h or d, such as 10m", param, ctx)
        return float(int(found[1]) * _UNITS[found[2]])


@click.group(short_help="Show writes that have not reached their library, and close them.")
def journal() -> None:
    """Show the writes that are on their way to a library, and decide about those that need a person.

    A write is DEAD if the library refused it although the terminal got a yes, or if it could not be settled. It is a
    MISMATCH if the library has done it although the terminal got a no, or is not known to have an answer.

    Run these commands as the user that the gateway runs as, on a machine with its configuration. The gateway may be
    running; it takes a change into account within seconds. Each change is entered in the audit table. The exit status
    is 1 if a row is in no state for the command, or if the store can't be used.
    """


@journal.command("list", short_help="List writes that are open or need a person.")
@CONFIG
@library()
@click.option(
    "--state",
    "states",
    multiple=True,
    type=click.Choice([state.value for state in State], case_sensitive=False),
    help="Only this state; may be repeated. By default all but the finished ones.",
)
@click.option("--older", type=Age(), default=0.0, help="Only those older than this, such as 10m, 2h or 1d.")
@click.option("--terminal", default="", help="Only this terminal.")
@click.option("--after", type=click.IntRange(0), default=0, help="Only numbers above this one.")
@JSON
def list_(
    file: str,
    library: str,
    states: Sequence[str],
    older: float,
    terminal: str,
    after: int,
    as_json: bool,
) -> None:
    """List the writes that are open or need a person, oldest first, without any data of a reader."""
    chosen = frozenset(State(state.upper()) for state in states) or SHOWN
    wanted = Wanted(library, terminal, chosen, older, after)
    found = store_of(file).read(partial(listing.find, wanted=wanted))
    more = len(found) == listing.PAGE
    if as_json:
        click.echo(json.dumps({"rows": [listing.row_in_json(row) for row in found], "more": more}, indent=2))
        return
    if not found:
        click.echo("no such writes")
        return
    _print(_HEADINGS, map(_cells, found))
    if more:
        click.echo(f"there may be more: --after {found[-1].number}")


@journal.command(short_help="Show one write.")
@CONFIG
@click.argument("number", type=click.IntRange(1))
@click.option(
    "--reveal",
    is_flag=True,
    help="Show reader, item and amounts as well. This is entered in the audit table.",
)
@click.option("--why", metavar="TEXT", help="The reason, for --reveal.")
@WHO
@JSON
def show(file: str, number: int, reveal: bool, why: str | None, who: str | None, as_json: bool) -> None:
    """Show all that is known of write NUMBER. Only with --reveal this includes a reader's data."""
    store = store_of(file)
    if reveal:
        person = by(who, why or "")
        revealed = store.change(partial(people.reveal, keys=store.keys(), number=number, by=person))
        shown = {**listing.row_in_json(revealed.listed), "content": listing.in_json(revealed.content)}
    else:
        shown = listing.row_in_json(store.read(partial(people.look, number=number)))
    if as_json:
        click.echo(json.dumps(shown, indent=2))
        return
    for name, value in shown.items():
        click.echo(f"{name}: {printable(value if isinstance(value, str) else json.dumps(value))}")


@journal.command("audit", short_help="List what people did.")
@CONFIG
@click.option("--before", type=click.IntRange(0), default=0, help="Only entries with numbers below this one.")
@JSON
def audit_(file: str, before: int, as_json: bool) -> None:
    """List who did what and why, newest first."""
    found = store_of(file).read(partial(audit.entries, before_number=before))
    more = len(found) == listing.PAGE
    if as_json:
        entries = [audit.entry_in_json(entry) for entry in found]
        click.echo(json.dumps({"entries": entries, "more": more}, indent=2))
        return
    if not found:
        click.echo("no entries")
        return
    _print(("number", "at", "who", "what", "subject", "why"), map(_entry, found))
    if more:
        click.echo(f"there may be more: --before {found[-1].number}")


def _action(name: str, short: str, text: str) -> Callable[..., None]:
    """Make the command of one action."""

    @journal.command(name, short_help=short, help=text)
    @CONFIG
    @click.argument("number", type=click.IntRange(1))
    @WHY
    @WHO
    def act(file: str, number: int, why: str, who: str | None) -> None:
        person = by(who, why)
        row = store_of(file).change(partial(people.act, number=number, action=name, by=person))
        click.echo(f"{number} is {row.state.value}")

    return act


ACTIONS = [
    _action(
        "retry", "Have a DEAD write sent again.",
        "Have the DEAD write NUMBER sent again, under its key: the library does it at most once.",
    ),
    _action(
        "settle", "Have an open write sent at once.",
        "Have the open write NUMBER sent at once, and all others of its library, without the pause between tries.",
    ),
    _action(
        "applied", "Close a write that the library has.",
        "Close the write NUMBER, because you have seen at the library that it is done, or have done it there by hand.",
    ),
    _action(
        "discard", "Close a write that is not to be done.",
        "Close the write NUMBER, because it is not to be done.",
    ),
]  # fmt: skip


def _print(headings: Iterable[str], rows: Iterable[Sequence[str]]) -> None:
    table = Table(box=None, pad_edge=False, show_edge=False)
    for heading in headings:
        table.add_column(heading, overflow="fold")
    for row in rows:
        table.add_row(*map(Text, row))
    console = Console(highlight=False)
    if not console.is_terminal:  # for other programs: a row is a line
        console.width = 1000
    console.print(table)


def _cells(row: Listed) -> tuple[str, ...]:
    return (
        str(row.number),
        f"{listing.moment(row.since)} ({duration(round(row.age))})",
        row.library,
        printable(row.terminal),
        row.operation,
        row.state.value,
        printable(row.reason),
        listing.to_do(row),
    )


def _entry(entry: Entered) -> tuple[str, ...]:
    said = entry.who, entry.what, entry.subject, entry.why
    return str(entry.number), listing.moment(entry.at), *map(printable, said)
