"""`sip2gw explain`: the profile of a terminal, and the origin of each value."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from sip2gw.circulation.settings import KNOBS, Effective, LibrarySettings
from sip2gw.config.shown import plain, shown
from sip2gw.tenants import nickname
from sip2gw.tools.check_config import read_config

_WIDE = 160


def read_nickname(_: click.Context, __: click.Parameter, value: str) -> str:
    """Read a nickname, in lower case."""
    label = nickname(value)
    if label is None:
        raise click.BadParameter(f"{value!r} is not a nickname: write the part before .librarika.com")
    return label


@click.command(short_help="Show the profile of a terminal.")
@click.option(
    "--config", "file", required=True, metavar="FILE", type=click.Path(), help="The configuration file."
)
@click.option(
    "--library", required=True, metavar="AO", callback=read_nickname, help="The library's nickname."
)
@click.option("--account", default="", metavar="USER", help="The user name in the terminal's login.")
@click.option("--location", default="", metavar="CP", help="The location in the terminal's login.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")
def explain(file: str, library: str, account: str, location: str, as_json: bool) -> None:
    """Show the profile of a terminal that logs in to a library with an account at a location, value by value.

    The origin of a value is its place in the configuration file, a built-in profile, or "default". The command asks
    neither the gateway nor the library.

    \b
    sip2gw explain --config sip2gw.toml --library riverside --account sorter@riverside.example --location Hall
    """
    settings = read_config(file).settings
    found, said = settings.effective(library, account, location), settings.of(library)
    if as_json:
        click.echo(
            json.dumps(_as_json(library, account, location, found, said), ensure_ascii=False, indent=2)
        )
        return
    console = Console(width=_WIDE, highlight=False)
    table = Table("knob", "value", "from", title=f"profile {found.profile.name}", title_justify="left")
    table.add_row("name", found.profile.name, found.origins["name"])
    for knob in KNOBS:
        origin = found.origins[knob]
        value = shown(getattr(found.profile, knob))
        table.add_row(knob, Text(value), Text(origin, "dim" if origin == "default" else ""))
    console.print(table)
    for line in _of_the_library(said):
        console.print(line, markup=False)


def _of_the_library(said: LibrarySettings) -> Iterable[str]:
    if not said.origin:
        yield "The configuration does not name this library."
        return
    yield (
        f"{said.origin}: {len(said.bins)} bin rules, {len(said.texts)} texts of its own, "
        + (f"language {said.language}." if said.language else "the language that the library itself names.")
    )


def _as_json(
    library: str, account: str, location: str, found: Effective, said: LibrarySettings
) -> dict[str, Any]:
    return {
        "library": library,
        "account": account,
        "location": location,
        "profile": {"value": found.profile.name, "origin": found.origins["name"]},
        "knobs": {
            knob: {"value": plain(getattr(found.profile, knob)), "origin": found.origins[knob]}
            for knob in KNOBS
        },
        "bins": len(said.bins),
        "texts": sorted(said.texts),
        "language": said.language,
    }
