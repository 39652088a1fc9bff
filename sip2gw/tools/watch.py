"""`sip2gw tail`, `show` and `door`: requests, terminals and failed attempts, from the admin endpoint of a gateway."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import click

from sip2gw.tools.admin import Gateway, gateway_options, print_json
from sip2gw.tools.shown import duration, shortened
from sip2gw.tools.tables import EVERY, seats, table, when

_LATEST = "20"


@click.command(short_help="Show requests as they are answered.")
@gateway_options
@click.option("--library", default="", metavar="NICKNAME", help="Only this library.")
@click.option("--terminal", default="", metavar="NAME", help="Only this terminal.")
@click.option("--ref", default="", metavar="CODE", help="Only the exchange with this code, with its calls.")
@click.option("--outcome", default="", help="Only this outcome, such as refused.")
@click.option("--once", is_flag=True, help="Show the latest, and end.")
def tail(
    gateway: Gateway, as_json: bool, library: str, terminal: str, ref: str, outcome: str, once: bool
) -> None:
    """Show the latest requests and their answers, then new ones as they come. JSON is one object on each line."""
    if ref:
        found = gateway.get("exchanges", ref)
        print_json(found) if as_json else click.echo("\n".join(_exchange(found)))
        return
    filters = {"library": library, "terminal": terminal, "outcome": outcome}
    newer = ""
    while True:
        rows = gateway.get("exchanges", **filters, newer=newer, limit="" if newer else _LATEST)["rows"]
        for row in reversed(rows):
            click.echo(json.dumps(row) if as_json else _line(row))
        newer = rows[0]["key"] if rows else newer or f"{time.time()!r}--0"
        if once:
            return
        time.sleep(EVERY / 2)


def _line(one: Mapping[str, Any]) -> str:
    named = f"{one['library'] or '-'}/{shortened(one['terminal'])} {one['conn']}#{one['seq']}"
    said = f"{one['name'] or one['message']} {one['outcome']}"
    parts = [
        when(one["at"]),
        named,
        said,
        shortened(one["code"]),
        f"{one['ms']:.0f} ms",
        one["patron"],
        one["item"],
        one["ref"],
    ]
    return " ".join(filter(None, parts))


def _exchange(one: Mapping[str, Any]) -> Iterator[str]:
    yield _line(one)
    if one["why"]:
        yield f"  {shortened(one['why'], 300)}"
    for call in one["api"]:
        yield f"  {call['operation']} {call['status'] or 'no answer'} {call['ms']:.0f} ms {shortened(call['id'])}"
    yield from (f"  {shortened(line, 2000)}" for line in one["lines"])


@click.command(short_help="Show a library or one of its terminals.")
@click.argument("what", metavar="LIBRARY[/TERMINAL]")
@gateway_options
def show(gateway: Gateway, as_json: bool, what: str) -> None:
    """Show a library and its terminals; or a terminal, with its spelling, counters and latest requests."""
    library, slash, terminal = what.partition("/")
    if slash:
        conn = find_terminal(gateway, library, terminal)
        found = gateway.get("terminals", conn)
        latest = gateway.get("exchanges", conn=conn, limit=_LATEST)["rows"]
        print_json({**found, "exchanges": latest}) if as_json else click.echo(
            "\n".join(_terminal(found, latest))
        )
        return
    found = gateway.get("libraries", library)
    rows = gateway.get("terminals", library=library)["rows"]
    print_json({**found, "terminal_rows": rows}) if as_json else click.echo("\n".join(_library(found, rows)))


def find_terminal(gateway: Gateway, library: str, terminal: str) -> str:
    """Return the connection of a terminal by its name, or of a code. Raises `click.ClickException`."""
    rows = gateway.get("terminals", library=library, terminal=terminal)["rows"]
    if not rows:
        raise click.ClickException(
            f"no terminal {library}/{shortened(terminal)} is connected: see `sip2gw door`"
        )
    if len(rows) > 1:
        conns = ", ".join(row["conn"] for row in rows[:5])
        raise click.ClickException(f"{len(rows)} connections have that name: choose one of {conns}")
    return str(rows[0]["conn"])


def _library(one: Mapping[str, Any], terminals: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    yield f"{one['library']}: {one['state']}"
    facts = {
        "breaker": one["breaker"],
        "seats": seats(one),
        "requests": one["requests"],
        "refused": f"{one['refused']:g} %",
    }
    facts |= {"p95": "" if one["p95"] is None else f"{one['p95']:g} ms", "last": when(one["last"])}
    yield from (f"  {name:10}{value}" for name, value in facts.items() if value not in ("", None))
    yield from _section(
        "terminals",
        ("terminal", "conn", "state", "network", "profile", "idle", "requests"),
        (
            (
                row["terminal"],
                row["conn"],
                row["state"],
                row["network"],
                row["profile"],
                duration(row["idle"]),
                row["requests"],
            )
            for row in terminals
        ),
    )
    yield from _section(
        "refusals", ("code", "times", "example"), ((c["code"], c["count"], c["ref"]) for c in one["codes"])
    )
    yield from _section("attempts", _DOOR, map(_attempt, one["attempts"]))


def _section(title: str, headings: tuple[str, ...], rows: Iterable[tuple[Any, ...]]) -> Iterator[str]:
    if found := list(rows):
        yield ""
        yield f"{title}:"
        yield from table(headings, found)


def _terminal(one: Mapping[str, Any], latest: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    yield f"{one['library'] or 'no library'}/{shortened(one['terminal'])} {one['conn']}"
    for name, value in [*one["identity"], *one["spelling"], *one["counters"].items()]:
        yield f"  {name:24}{shortened(str(value), 200)}"
    for notice in one["notices"]:
        yield f"  {when(notice['at'])} {shortened(notice['text'], 200)}; {shortened(notice['fix'], 200)}"
    yield ""
    yield from (_line(row) for row in latest)


_DOOR = "network", "reached", "reason", "what to do", "library", "times", "last"


@click.command(short_help="Show who did not get in, and why.")
@gateway_options
@click.option("--library", default="", metavar="NICKNAME", help="Only attempts at this library.")
@click.option(
    "--network", default="", metavar="ADDRESS", help="Only this address, or network as it is shown."
)
def door(gateway: Gateway, as_json: bool, library: str, network: str) -> None:
    """Show the attempts to get in that failed, by network and reason: the step they reached, and what to do."""
    found = gateway.get("door", library=library, network=network)
    if as_json:
        print_json(found["rows"])
    elif not found["rows"]:
        click.echo("no attempt has failed")
    else:
        click.echo("\n".join(table(_DOOR, map(_attempt, found["rows"]))))


def _attempt(one: Mapping[str, Any]) -> tuple[Any, ...]:
    return (
        one["network"] or "this machine",
        one["rung"],
        one["text"],
        one["fix"],
        one["library"],
        one["count"],
        when(one["last"]),
    )
