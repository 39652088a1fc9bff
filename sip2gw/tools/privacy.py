"""`sip2gw privacy`: what the gateway stores, and what of it is one patron's, to show or to delete."""

from __future__ import annotations

import json
import sys
from functools import partial

import click

from sip2gw.journal import privacy as stored
from sip2gw.journal.listing import moment
from sip2gw.store.retention import TABLES, Found
from sip2gw.store.retention import report as look
from sip2gw.tools.configured_store import CONFIG, JSON, WHO, WHY, by, library, store_of


@click.group(short_help="Report what is stored; show or delete what is one patron's.")
def privacy() -> None:
    """Report what the gateway stores, and show or delete what of it is one patron's.

    export and erase read the number of the patron's card from standard input, or ask for it: on the command line other
    users of the machine could see it. Both are entered in the audit table, with a keyed digest in place of the number.
    Run these commands as the user that the gateway runs as. The gateway may be running. The exit status is 1 if
    something is refused, or if the store can't be used.
    """


@privacy.command(short_help="Report what is stored now.")
@CONFIG
@JSON
def report(file: str, as_json: bool) -> None:
    """Report what is stored now, table by table: how much, how old, what is personal in it, and how long it stays."""
    found = store_of(file).read(look)
    if as_json:
        click.echo(json.dumps({name: _in_json(name, one) for name, one in found.items()}, indent=2))
        return
    for name, one in found.items():
        since = f", the oldest of {moment(one.oldest)}" if one.oldest is not None else ""
        kept = TABLES[name]
        click.echo(f"{name}: {one.rows} rows{since}")
        click.echo(f"  {kept.what}\n  personal: {kept.personal}\n  kept until: {kept.until}")


@privacy.command(short_help="Show what is stored of a patron.")
@CONFIG
@library(required=True)
@WHY
@WHO
def export(file: str, library: str, why: str, who: str | None) -> None:
    """Print what is stored of a patron, decrypted, as JSON."""
    store, person = store_of(file), by(who, why)
    work = partial(stored.export, keys=store.keys(), library=library, patron=_card(), by=person)
    click.echo(json.dumps({"library": library, "rows": store.change(work)}, indent=2))


@privacy.command(short_help="Delete what is stored of a patron.")
@CONFIG
@library(required=True)
@click.option(
    "--even-open",
    is_flag=True,
    help="Close writes that are not finished, and delete them too. They may never reach the library.",
)
@WHY
@WHO
def erase(file: str, library: str, even_open: bool, why: str, who: str | None) -> None:
    """Delete the content of a patron's writes. Nothing is deleted if one of them is not finished."""
    store, person = store_of(file), by(who, why)
    work = partial(
        stored.erase, keys=store.keys(), library=library, patron=_card(), by=person, even_open=even_open
    )
    numbers = store.change(work)
    click.echo(f"deleted: {', '.join(map(str, numbers))}" if numbers else "nothing is stored of this patron")


def _card() -> str:
    """Return the number of a card, from a prompt or from standard input."""
    if sys.stdin.isatty():
        prompted: str = click.prompt("Number of the card", err=True)
        return prompted
    return sys.stdin.readline()


def _in_json(name: str, found: Found) -> dict[str, object]:
    kept = TABLES[name]
    return {
        "rows": found.rows,
        "oldest": None if found.oldest is None else moment(found.oldest),
        "what": kept.what,
        "personal": kept.personal,
        "until": kept.until,
    }
