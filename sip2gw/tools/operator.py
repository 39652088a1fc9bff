"""`sip2gw operator`: the accounts of the people who use the board."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from getpass import getuser
from pathlib import Path
from typing import TextIO

import click

from sip2gw.board import audit, operators
from sip2gw.config import Store
from sip2gw.secret import Secret
from sip2gw.store.port import Transaction
from sip2gw.tools.configured_store import JSON, ConfiguredStore, store_of

_config = click.option("--config", "file", type=click.Path(), help="The gateway's configuration file (TOML).")
_store = click.option(
    "--store", type=click.Path(path_type=Path), help="A store of SQLite, such as the demo's."
)


@click.group(short_help="Add, list and remove the accounts of the board.")
def operator() -> None:
    """Look after the accounts of the people who use the board.

    Run these commands as the user that the gateway runs as. The gateway may be running; a removed account loses its
    sessions within seconds.
    """


@operator.command(short_help="Add an account, or give it another password.")
@_config
@_store
@click.option(
    "--password-file", type=click.File(), help="A file with the password, in one line; - for standard input."
)
@click.argument("name")
def add(file: str | None, store: Path | None, password_file: TextIO | None, name: str) -> None:
    """Add the account NAME, or give it another password, which is asked for."""
    if password_file is None:
        text = click.prompt("Password", hide_input=True, confirmation_prompt=True)
    else:
        text = password_file.readline().rstrip("\r\n")
    password = Secret(text)
    try:
        operators.check(name, password)
    except operators.NotUsable as why:
        raise click.ClickException(str(why)) from None
    kept = operators.hashed(password)

    def work(tx: Transaction) -> None:
        operators.keep(tx, name, kept)
        audit.enter(tx, _who(), "account kept", name)

    _store_of(file, store).change(work)
    click.echo(f"{name} can log in at /board/")


@operator.command("list", short_help="List the accounts.")
@_config
@_store
@JSON
def list_(file: str | None, store: Path | None, as_json: bool) -> None:
    """List the accounts, and since when each has its password."""
    found = _store_of(file, store).read(operators.accounts)
    if as_json:
        click.echo(json.dumps([{"name": one.name, "since": one.since} for one in found]))
        return
    for one in found:
        click.echo(f"{one.name}  since {datetime.fromtimestamp(one.since, UTC):%Y-%m-%d %H:%M} UTC")


@operator.command(short_help="Remove an account.")
@_config
@_store
@click.argument("name")
def remove(file: str | None, store: Path | None, name: str) -> None:
    """Remove the account NAME. The exit status is 1 if there is none."""

    def work(tx: Transaction) -> bool:
        there = operators.remove(tx, name)
        if there:
            audit.enter(tx, _who(), "account removed", name)
        return there

    if not _store_of(file, store).change(work):
        raise click.ClickException(f"there is no account {name}")
    click.echo(f"{name} is removed")


def _who() -> str:
    """Return the name of the system's user that runs the command."""
    return f"{getuser()} at the command line"


def _store_of(file: str | None, store: Path | None) -> ConfiguredStore:
    """Return the store of a configuration, or the one at a path. Ends the command if both are given, or none."""
    if (file is None) == (store is None):
        raise click.UsageError("name one of --config and --store")
    return store_of(str(file)) if store is None else ConfiguredStore(Store(path=store))
