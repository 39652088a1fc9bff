"""`sip2gw store`: look at the store of a gateway, bring its tables up to date, or copy it."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import click
from attrs import asdict

from sip2gw.secret import Secret
from sip2gw.store import StoreFailed
from sip2gw.store.upkeep import Report, back_up, bring_up_to_date, look
from sip2gw.tools.configured_store import CONFIG, or_say_why, store_of


@click.group(short_help="Check, update or copy the gateway's store.")
def store() -> None:
    """Look after the store, in which the gateway keeps what must outlast it.

    Run these commands as the user that the gateway runs as. The gateway may be running, except for migrate.
    """


@store.command(short_help="Check the store.")
@CONFIG
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def check(file: str, as_json: bool) -> None:
    """Read the whole store, and report its version, its rows and its faults. Nothing is changed.

    The exit status is 1 if the store has a fault or can't be read.
    """
    configured = store_of(file)
    try:
        report = look(configured.at, configured.password)
    except StoreFailed as failed:
        if as_json:
            click.echo(json.dumps({"failed": failed.kind, "reason": failed.reason}))
            raise SystemExit(1) from None
        raise click.ClickException(failed.reason) from None
    click.echo(json.dumps(asdict(report)) if as_json else "\n".join(_lines(report)))
    if report.faults:
        raise SystemExit(1)


@store.command(short_help="Bring the tables up to date.")
@CONFIG
def migrate(file: str) -> None:
    """Bring the tables up to date. The gateway does so itself when it starts; this shows beforehand that it can.

    Stop a gateway that keeps its store in a file first, and make a backup.
    """
    configured = store_of(file)
    before, after = or_say_why(lambda: bring_up_to_date(configured.at, configured.password))
    click.echo(
        f"the tables are of version {after}" + (f", before of version {before}" if before != after else "")
    )


@store.command(short_help="Copy the store into a file.")
@CONFIG
@click.argument("to", type=click.Path(path_type=Path))
def backup(file: str, to: Path) -> None:
    """Copy the store into the new file TO while the gateway runs.

    A database of PostgreSQL is copied by its own program; this prints its command.
    """
    at = store_of(file).at
    if isinstance(at, Secret):
        click.echo(shlex.join(["pg_dump", "--format=custom", f"--file={to}", at.reveal()]))
        return
    path = at
    or_say_why(lambda: back_up(path, to))
    click.echo(f"{to}: {to.stat().st_size} bytes")


def _lines(report: Report) -> list[str]:
    """Return the report for a person."""
    if not report.version:
        first = "the store has no tables yet: the gateway makes them when it starts"
    elif report.version < report.newest:
        first = f"tables of version {report.version}: the gateway brings them to version {report.newest} when it starts"
    else:
        first = f"tables of version {report.version}, up to date"
    rows = [f"  {table}: {count} rows" for table, count in report.rows.items()]
    states = [f"  journal, {state}: {count}" for state, count in report.journal.items()]
    return [first, *rows, *states, *([f"fault: {fault}" for fault in report.faults] or ["no faults"])]
