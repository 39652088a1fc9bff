"""The journal on PostgreSQL, where several machines write at the same time."""

from __future__ import annotations

from typing import Any

import pytest
import test_journal_forwarding
import test_journal_writes
import test_newer_version
import test_people
import test_what_terminals_heard
from journal_support import Gateway, JournalCase
from store.postgresql_server import Emptied
from twisted.internet import reactor

from sip2gw.secret import Secret


class _OnPostgreSQL(JournalCase):
    @pytest.fixture(autouse=True)
    def _database(self, postgresql: Emptied) -> None:
        self.url_of_store = postgresql.url

    def make_store(self) -> Any:
        from sip2gw.store.postgresql import PostgreSQLStore

        return PostgreSQLStore(Secret(self.url_of_store), reactor)


class TwoMachines(_OnPostgreSQL):
    async def test_the_same_line_at_two_machines_is_one_write(self) -> None:
        gateways = [self.born(alone=False) for _ in range(2)]
        libraries = [await gateway.open() for gateway in gateways]
        await libraries[0].lend("M-1001", "10001", self.occasion(), renewal=False)
        for number in range(2):
            line = f"29 {number}".encode()
            both = [
                self.begun(library.renew("M-1001", "10001", None, self.occasion(line=line), third_party=True))
                for library in libraries
            ]
            results = [await each for each in both]
            self.assertEqual(results[0].ref, results[1].ref)
            self.assertEqual(self.kinds(), ["loan", *["renewal"] * (number + 1)])

    async def test_a_machine_that_dies_leaves_its_rows_to_the_other(self) -> None:
        dying, other = self.born(alone=False), self.born(alone=False)
        library = await dying.open()
        await other.open()
        await library.lend("M-1001", "10001", self.occasion(), renewal=False)
        await self.store.change(
            lambda tx: tx.rows(
                "UPDATE journal SET state = 'SENT', told = '', owner = 'dying', outcome = NULL"
            )
        )
        await self.settled_by(other)

    async def settled_by(self, gateway: Gateway) -> None:
        await gateway.forward()
        self.assertEqual(await self.rows(), [("lend", "DONE", "")])
        self.assertEqual(self.kinds(), ["loan"])


class Writes(_OnPostgreSQL, test_journal_writes.Writes):
    """As on SQLite."""


class Order(_OnPostgreSQL, test_journal_writes.Order):
    """As on SQLite."""


class Forwarding(_OnPostgreSQL, test_journal_forwarding.Forwarding):
    """As on SQLite."""


class Deciding(_OnPostgreSQL, test_people.Deciding):
    """As on SQLite."""


class Finding(_OnPostgreSQL, test_people.Finding):
    """As on SQLite."""


class Privacy(_OnPostgreSQL, test_people.Privacy):
    """As on SQLite."""


class NewerVersion(_OnPostgreSQL, test_newer_version.NewerVersion):
    """As on SQLite."""


class Unheard(_OnPostgreSQL, test_what_terminals_heard.Unheard):
    """As on SQLite."""
