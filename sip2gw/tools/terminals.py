"""`sip2gw terminals`: terminals that are logged in at the gateway on this machine, and libraries that are full."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import click

from sip2gw.tools.admin import Gateway, gateway_options, print_json
from sip2gw.tools.shown import duration, shortened
from sip2gw.tools.tables import seats, table

HEADINGS = ("library", "terminal", "address", "since", "idle", "state", "seats")


@click.command(short_help="Show which terminals are logged in, and the seats they use.")
@gateway_options
@click.option("--library", metavar="NICKNAME", help="Show only this library.")
def terminals(gateway: Gateway, library: str | None, as_json: bool) -> None:
    """Show the terminals that are logged in, and how many seats of their library are used.

    The exit status is 2 if the gateway does not answer.
    """
    said = gateway.page("terminals", has="terminals")
    libraries, rows = said["libraries"], said["terminals"]
    if library is not None:
        libraries = [one for one in libraries if one["library"] == library.lower()]
        rows = [one for one in rows if one["library"] == library.lower()]
    if as_json:
        print_json({"libraries": libraries, "terminals": rows})
        return
    for line in _lines(libraries, rows):
        click.echo(line)


def _lines(libraries: Sequence[dict[str, Any]], rows: Sequence[dict[str, Any]]) -> Iterable[str]:
    if not rows:
        yield "no terminal is logged in"
        return
    taken = {one["library"]: seats(one) for one in libraries}
    yield from table(HEADINGS, (_row(one, taken.get(one["library"], "")) for one in rows))
    for one in libraries:
        if one["full"]:
            yield f"{one['library']} is full: all {one['licensed']} seats are taken"


def _row(one: dict[str, Any], taken: str) -> tuple[str, ...]:
    since = datetime.fromisoformat(one["since"]).astimezone()
    return (
        one["library"],
        shortened(one["location"] or one["certificate"], 40) or "(no location)",
        one["address"] or "this machine",
        f"{since:%Y-%m-%d %H:%M:%S}",
        duration(one["idle"]),
        one["state"],
        taken,
    )
