"""A terminal that asks again has the answer to its last try, and the row says so."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

from journal_support import Gateway, JournalCase
from twisted.internet import reactor
from twisted.internet.defer import CancelledError, ensureDeferred
from twisted.internet.task import deferLater

from sip2gw.journal.upkeep import ASKED_AGAIN
from sip2gw.store import SQLiteStore, StoreFailed


class LastAnswers(JournalCase):
    async def asked(self, operation: str) -> None:
        """The library has got a request."""
        before = self.sandbox.requests()["riverside"].get(operation, 0)
        while self.sandbox.requests()["riverside"].get(operation, 0) == before:
            await deferLater(reactor, 0.001)

    def returning(self, library: Any, **more: Any) -> Any:
        occasion = self.occasion(line=b"09", when_down=True, **more)
        return library.take_back("10001", occasion, reader=None)

    async def test_a_yes_after_a_no_that_took_the_place_of_a_yes_ends_the_matter(self) -> None:
        library = await self.gateway.open()
        self.sandbox.misbehave("error_after_commit", endpoint="return")
        asking = self.begun(self.returning(library))
        await self.asked("return")
        self.take_away()
        self.assertEqual(await self.outcome(asking), "InDoubt")
        self.sandbox.behave()
        await self.put_back()
        await self.gateway.journal.beat()
        self.assertEqual(await self.rows(), [("take_back", "UNKNOWN", "both")])
        await self.returning(library)
        self.assertEqual(await self.rows(), [("take_back", "DONE", "ok")])

    async def test_a_no_after_a_yes_that_the_terminal_has_not_heard_needs_a_person(self) -> None:
        """The yes went out on a connection that was dead, or only a second connection waited for it."""
        library = await self.gateway.open()
        await library.lend("M-1001", "10001", self.occasion(line=b"11"), renewal=False)
        self.assertEqual(await self.rows(), [("lend", "DONE", "ok")])
        self.sandbox.misbehave("slow", seconds=0.3, endpoint="find_copy")
        again = self.begun(library.lend("M-1001", "10001", self.occasion(line=b"11"), renewal=False))
        again.addErrback(lambda gone: gone.trap(CancelledError))
        await self.asked("find_copy")
        again.cancel()
        await again
        self.assertEqual(await self.rows(), [("lend", "MISMATCH", "both")])
        await library.lend("M-1001", "10001", self.occasion(line=b"11"), renewal=False)
        self.assertEqual(await self.rows(), [("lend", "DONE", "ok")])
        self.assertEqual(self.kinds(), ["loan"])

    async def test_a_yes_that_is_stored_after_another_gateway_has_settled_the_row_ends_the_matter(
        self,
    ) -> None:
        """A gateway is cut off from the store, and another one takes its row for an orphan."""
        link = Path(self.mktemp())
        link.symlink_to(self.path.absolute())
        store = SQLiteStore(link, reactor, locked=True)
        store.start()
        self.addCleanup(lambda: ensureDeferred(store.close()))
        here = Gateway(store, self.url, alone=False)
        self.addCleanup(here.librarika.close)
        library = await here.open()
        self.sandbox.misbehave("slow", seconds=0.3, endpoint="issue")
        asking = self.begun(library.lend("M-1001", "10001", self.occasion(line=b"11"), renewal=False))
        await self.asked("issue")
        link.unlink()
        await asking
        while here.journal.in_progress:
            await deferLater(reactor, 0.001)
        self.sandbox.behave()
        self.die()
        await self.gateway.open()
        await self.gateway.forward()
        self.assertEqual(await self.rows(), [("lend", "DONE", "")])
        await self.store.change(
            lambda tx: tx.rows("UPDATE journal SET changed = changed - :age", age=ASKED_AGAIN + 1)
        )
        self.die()
        await self.gateway.journal.beat()
        self.assertEqual(await self.rows(), [("lend", "MISMATCH", "")])
        link.symlink_to(self.path.absolute())
        while store.failure is not None:
            with contextlib.suppress(StoreFailed):
                await store.change(lambda tx: tx.now)
            await deferLater(reactor, 0.01)
        await here.journal.beat()
        self.assertEqual(await self.rows(), [("lend", "DONE", "ok")])
        self.assertEqual(self.kinds(), ["loan"])

    async def test_a_refusal_of_another_write_on_the_item_says_nothing_of_the_row(self) -> None:
        """A crash has left an offline return; another terminal's return of the item is refused meanwhile."""
        library = await self.gateway.open()
        await self.returning(library, no_block=True)
        await self.rows()
        await self.store.change(
            lambda tx: tx.rows(
                "UPDATE journal SET state = 'UNKNOWN', told = '', next_try = 0, outcome = NULL"
            )
        )
        await self.stop_listening()
        other = library.take_back("10001", self.occasion(line=b"90"), reader=None)
        self.assertEqual(await self.outcome(other), "Unavailable")
        self.assertEqual((await self.rows())[0], ("take_back", "UNKNOWN", ""))


class Waited(JournalCase):
    async def test_a_return_ends_a_loan_that_the_library_has_made_only_after_the_return(self) -> None:
        """The loan was asked for first, and was done last: it waited for the library as well."""
        library = await self.gateway.open()
        self.sandbox.misbehave("hang", endpoint="issue")
        asking = library.lend("M-1001", "10001", self.occasion(line=b"11"), renewal=False)
        self.assertEqual(await self.lost(asking), "InDoubt")
        self.sandbox.behave()
        await self.stop_listening()
        returned = await library.take_back("10001", self.occasion(line=b"09", when_down=True), reader=None)
        self.assertTrue(returned.accepted)
        await self.store.change(lambda tx: tx.rows("UPDATE journal SET created = created - 600"))
        await self.back()
        for _ in range(2):
            await self.gateway.forward()
        self.assertEqual(await self.rows(), [("lend", "MISMATCH", "no"), ("take_back", "DONE", "ok")])
        self.assertEqual(self.kinds(), ["loan", "return"])
