"""`sip2gw operator`: the accounts of the people who use the board."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from datetime import UTC, datetime
from getpass import getuser
from pathlib import Path
from typing import TextIO, TypeVar

import click

from sip2gw.board import audit, operators
from sip2gw.config import load
from sip2gw.config.accounts import password_in
from sip2gw.faults import ConfigFaults, Wrong
from sip2gw.secret import Secret
from sip2gw.store import StoreFailed
from sip2gw.store.port import Transaction
from sip2gw.store.upkeep import run_once

T = TypeVar("T")

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

    _change(file, store, work)
    click.echo(f"{name} can log in at /board/")


@operator.command("list", short_help="List the accounts.")
@_config
@_store
@click.option("--json", "as_json", is_flag=True, help="Print JSON, for other programs.")
def list_(file: str | None, store: Path | None, as_json: bool) -> None:
    """List the accounts, and since when each has its password."""
    found = _change(file, store, operators.accounts, write=False)
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

    if not _change(file, store, work):
        raise click.ClickException(f"there is no account {name}")
    click.echo(f"{name} is removed")


def _who() -> str:
    """Return the name of the system's user that runs the command."""
    return f"{getuser()} at the command line"


def _change(
    file: str | None, store: Path | None, work: Callable[[Transaction], T], *, write: bool = True
) -> T:
    at, password = _place(file, store)
    try:
        return run_once(at, work, password, write=write)
    except StoreFailed as failed:
        raise click.ClickException(failed.reason) from None


def _place(file: str | None, store: Path | None) -> tuple[Path | Secret, Secret | None]:
    if (file is None) == (store is None):
        raise click.UsageError("name one of --config and --store")
    if store is not None:
        return store, None
    try:
        kept = load(str(file)).store
        password = password_in(kept.password_file) if kept.password_file else None
    except ConfigFaults as faults:
        click.echo(str(faults), err=True)
        raise SystemExit(1) from None
    except Wrong as wrong:
        raise click.ClickException(f"store.password_file {wrong}") from None
    return kept.file(os.environ) or Secret(kept.url or ""), password
