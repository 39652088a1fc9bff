"""`sip2gw top`: what needs a person, how the gateway is, and its libraries, from its admin endpoint."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Mapping
from typing import Any

import click

from sip2gw.tools.admin import Gateway, gateway_options, print_json
from sip2gw.tools.shown import shortened
from sip2gw.tools.tables import EVERY, seats, table, when

_MOST = "20"
"""Libraries that are shown."""


@click.command(short_help="Show what needs you, and the busiest libraries.")
@gateway_options
@click.option("--once", is_flag=True, help="Show it once.  [default: again every 2 s, on a screen]")
def top(gateway: Gateway, as_json: bool, once: bool) -> None:
    """Show what needs a person first, then how the gateway is, then its libraries, those with trouble first."""
    while True:
        now, libraries = gateway.get("now"), gateway.get("libraries", limit=_MOST)
        if as_json:
            print_json({**now, "libraries": libraries["rows"]})
        else:
            lines = list(_top(now, libraries))
            if not once and _is_screen():
                click.clear()
            click.echo("\n".join(lines))
        if once or as_json or not _is_screen():
            return
        time.sleep(EVERY)


def _is_screen() -> bool:
    return sys.stdout.isatty()


def _top(now: Mapping[str, Any], libraries: Mapping[str, Any]) -> Iterator[str]:
    for need in now["needs"]:
        mark = "!!" if need["severity"] == "bad" else "! "
        times = f" ({need['count']} times)" if need["count"] > 1 else ""
        since = f" since {when(need['since'])}" if need["since"] else ""
        at = f" at {shortened(', '.join(need['machines']), 200)}" if need.get("machines") else ""
        yield f"{mark} {shortened(need['text'], 200)}{at}{since}{times} {shortened(need['fix'], 200)}".rstrip()
    if not now["needs"]:
        yield "Nothing needs you."
    yield ""
    yield "   ".join(f"{tile['name']} {tile['value']:g}{tile.get('unit', '')}" for tile in now["tiles"])
    if machines := now.get("machines"):
        yield ""
        yield from table(
            (
                "machine",
                "state",
                "version",
                "terminals",
                "requests a minute",
                "refused a minute",
                "needs you",
            ),
            map(_machine, machines),
        )
    yield ""
    yield from table(
        ("library", "state", "terminals", "seats", "requests", "refused", "top code", "p95", "last"),
        (
            (
                one["library"],
                one["state"],
                one["terminals"],
                seats(one),
                one["requests"],
                f"{one['refused']:g} %",
                one["top_code"],
                "" if one["p95"] is None else f"{one['p95']:g} ms",
                when(one["last"]),
            )
            for one in libraries["rows"]
        ),
    )


def _machine(one: Mapping[str, Any]) -> tuple[object, ...]:
    silent = one["silent_since"]
    return (
        shortened(one["machine"]) + (" (this one)" if one["here"] else ""),
        f"silent since {when(silent)}" if silent else shortened(one["state"]),
        shortened(one["version"]),
        one["terminals"],
        f"{one['requests_per_minute']:g}",
        f"{one['refused_per_minute']:g}",
        one["needs"],
    )
