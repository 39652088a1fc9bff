"""The store of a configuration, for the commands that use it. A gateway may use it at the same time."""

from __future__ import annotations

import os
from collections.abc import Callable
from getpass import getuser
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click
from attrs import field, frozen

from sip2gw.config import Store
from sip2gw.config.accounts import password_in
from sip2gw.config.key_file import keys_in
from sip2gw.faults import Wrong
from sip2gw.secret import Secret
from sip2gw.store import StoreFailed
from sip2gw.store.port import Transaction
from sip2gw.store.upkeep import run_once
from sip2gw.tools.check_config import read_config

if TYPE_CHECKING:
    from sip2gw.journal.audit import By
    from sip2gw.journal.crypto import Keys

T = TypeVar("T")


@frozen
class ConfiguredStore:
    """The store that the table `[store]` names, and the password of its database."""

    _table: Store = field(repr=False)
    password: Secret | None = None

    @property
    def at(self) -> Path | Secret:
        """The path of its file, or the URL of its database."""
        return self._table.file(os.environ) or Secret(self._table.url or "")

    def read(self, work: Callable[[Transaction], T]) -> T:
        """Run work that only reads. Ends the command if the store fails, or the work raises `NotPossible`."""
        return self._run(work, write=False)

    def change(self, work: Callable[[Transaction], T]) -> T:
        """Run work that is durable then. Ends the command as `read` does."""
        return self._run(work, write=True)

    def keys(self) -> Keys:
        """Return the keys of the journal. Ends the command if they can't be read."""
        from sip2gw.journal.crypto import Keys

        try:
            found = keys_in(self._table.key(os.environ))
        except Wrong as wrong:
            raise click.ClickException(f"store.key_file {wrong}") from None
        return Keys([bytes.fromhex(key.reveal()) for key in found])

    def _run(self, work: Callable[[Transaction], T], *, write: bool) -> T:
        from sip2gw.journal.audit import NotPossible

        try:
            return or_say_why(lambda: run_once(self.at, work, self.password, write=write))
        except NotPossible as not_possible:
            raise click.ClickException(str(not_possible)) from None


def store_of(file: str) -> ConfiguredStore:
    """Return the store of this configuration. Ends the command if the configuration has faults."""
    table = read_config(file).store
    try:
        return ConfiguredStore(table, password_in(table.password_file) if table.password_file else None)
    except Wrong as wrong:
        raise click.ClickException(f"store.password_file {wrong}") from None


def or_say_why(work: Callable[[], T]) -> T:
    """Do the work. Ends the command if the store fails."""
    try:
        return work()
    except StoreFailed as failed:
        raise click.ClickException(failed.reason) from None


def by(who: str | None, why: str) -> By:
    """Return who does something, and why; by default the user that is logged in. Ends the command if that is empty."""
    from sip2gw.journal.audit import By, NotPossible

    try:
        return By(who or getuser(), why)
    except (NotPossible, KeyError, OSError) as incomplete:
        text = str(incomplete) if isinstance(incomplete, NotPossible) else "say who you are with --who"
        raise click.UsageError(text) from None


CONFIG = click.option(
    "--config", "file", type=click.Path(), required=True, help="The gateway's configuration file (TOML)."
)
JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON, for other programs.")
WHO = click.option("--who", metavar="NAME", help="Who does this. By default the name of your login.")
WHY = click.option("--why", metavar="TEXT", required=True, help="The reason. Do not name a reader in it.")


def library_of(_: click.Context, __: click.Parameter, value: str | None) -> str:
    """Return a library's nickname in lower case, for an option."""
    return (value or "").strip().lower()


def library(*, required: bool = False) -> Callable[[Any], Any]:
    """Return the option of a library."""
    return click.option(
        "--library", metavar="NICKNAME", callback=library_of, required=required, help="Only this library."
    )
