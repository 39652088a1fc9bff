"""`sip2gw terminals`: terminals that are logged in at the gateway on this machine, and libraries that are full."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, TextIO
from urllib.error import HTTPError, URLError
from urllib.request import ProxyHandler, Request, build_opener

import click

from sip2gw.tools.shown import duration, printable

_OPENER = build_opener(ProxyHandler({}))
"""Asks the gateway without a proxy, even if the environment names one: gateway and token are on this machine."""
HEADINGS = ("library", "terminal", "address", "since", "idle", "state", "seats")


@click.command(short_help="Show which terminals are logged in, and the seats they use.")
@click.option(
    "--url",
    default="http://127.0.0.1:8080",
    show_default=True,
    help="The endpoint of [admin] of the gateway.",
)
@click.option("--token-file", type=click.File(), help="The file with the token of [admin], if it has one.")
@click.option("--library", metavar="NICKNAME", help="Show only this library.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, for other programs.")
def terminals(url: str, token_file: TextIO | None, library: str | None, as_json: bool) -> None:
    """Show the terminals that are logged in, and how many seats of their library are used.

    Run it on the gateway's own machine: the gateway does not answer other machines. The exit status is 2 if the
    gateway does not answer.
    """
    if not url.startswith(("http://", "https://")):
        raise click.UsageError(f"{url} is not a URL of http or https")
    request = Request(url.rstrip("/") + "/terminals")  # noqa: S310 (http, see above)
    if token_file is not None:
        request.add_header("Authorization", f"Bearer {token_file.read().strip()}")
    try:
        with _OPENER.open(request, timeout=10) as answer:
            said = json.loads(answer.read())
            libraries, rows = said["libraries"], said["terminals"]
    except (URLError, OSError, ValueError, KeyError, TypeError) as error:
        click.echo(f"{url} did not list its terminals: {_why(error)}", err=True)
        if isinstance(error, HTTPError):
            error.close()
        raise SystemExit(2) from None
    if library is not None:
        libraries = [one for one in libraries if one["library"] == library.lower()]
        rows = [one for one in rows if one["library"] == library.lower()]
    if as_json:
        click.echo(json.dumps({"libraries": libraries, "terminals": rows}, indent=2))
        return
    for line in _lines(libraries, rows):
        click.echo(line)


def _why(error: Exception) -> str:
    """Return the reason of an error, and its remedy if that is known."""
    if isinstance(error, HTTPError) and error.code == 401:
        return "it requires its token: name the file with --token-file"
    if isinstance(error, HTTPError) and error.code == 429:
        return "it got too many wrong tokens from this machine: wait a minute"
    reason = error.reason if isinstance(error, URLError) else error
    if isinstance(reason, ConnectionRefusedError):
        return "connection refused: is the gateway running, and is that the endpoint of [admin]?"
    return str(reason)


def _lines(libraries: Sequence[dict[str, Any]], rows: Sequence[dict[str, Any]]) -> Iterable[str]:
    if not rows:
        yield "no terminal is logged in"
        return
    seats = {one["library"]: _seats(one) for one in libraries}
    table = [HEADINGS, *(_row(one, seats.get(one["library"], "")) for one in rows)]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    for row in table:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
    for one in libraries:
        if one["full"]:
            yield f"{one['library']} is full: all {one['licensed']} seats are taken"


def _row(one: dict[str, Any], seats: str) -> tuple[str, ...]:
    since = datetime.fromisoformat(one["since"]).astimezone()
    return (
        one["library"],
        printable(one["certificate"] or one["location"])[:40] or "(no location)",
        one["address"] or "this machine",
        f"{since:%Y-%m-%d %H:%M:%S}",
        duration(one["idle"]),
        one["state"],
        seats,
    )


def _seats(one: dict[str, Any]) -> str:
    return f"{one['used']} of {one['licensed']}" if one["licensed"] is not None else f"{one['used']}"
