"""Rows with words that only a newer version knows are left to that version, as in a rolling restart."""

from __future__ import annotations

from functools import partial
from typing import Any

from journal_support import MASTER, JournalCase
from twisted.logger import capturedLogs

from sip2gw.journal import listing, people, privacy
from sip2gw.journal.audit import By, NotPossible
from sip2gw.journal.crypto import Keys

BY = By("kim", "to see")
KINDS = {
    "told": "UPDATE journal SET told = 'perhaps'",
    "state": "UPDATE journal SET state = 'PARKED'",
    "method": "UPDATE journal SET method = 'lend_kit'",
    "orphan": "UPDATE journal SET told = 'perhaps', state = 'SENT', owner = 'gone'",
}


class NewerVersion(JournalCase):
    async def left_by_newer(self, kind: str) -> Any:
        """A loan whose answer was lost, as a newer version has written it since."""
        self.sandbox.reset()
        await self.store.change(lambda tx: tx.rows("DELETE FROM journal"))
        self.die()
        library = await self.gateway.open()
        self.sandbox.misbehave("hang", endpoint="issue")
        asking = library.lend("M-1001", "10001", self.occasion(line=b"11"), renewal=False)
        self.assertEqual(await self.lost(asking), "InDoubt")
        self.sandbox.behave()
        await self.store.change(lambda tx: tx.rows(KINDS[kind]))
        await self.store.change(lambda tx: tx.rows("DELETE FROM schema WHERE version = 99"))
        if kind == "state":
            await self.store.change(lambda tx: tx.rows("INSERT INTO schema (version) VALUES (99)"))
        self.die()
        return await self.gateway.open()

    async def row(self) -> Any:
        """The loan's row, without what says when it is due."""
        found = await self.store.change(
            lambda tx: tx.rows("SELECT * FROM journal WHERE key LIKE 'key-%' ORDER BY id LIMIT 1")
        )
        return {name: value for name, value in found[0].items() if name != "next_try"}

    async def test_it_is_shown_and_logged_once_and_nothing_is_done_about_it(self) -> None:
        for kind in KINDS:
            await self.left_by_newer(kind)
            before = await self.row()
            with capturedLogs() as logs:
                for _ in range(2):
                    await self.gateway.forward()
            self.assertEqual(await self.row(), before, kind)
            self.assertEqual(self.kinds(), [], kind)
            warned = [event for event in logs if "newer version" in event["log_format"]]
            self.assertEqual([event["number"] for event in warned], [before["id"]], kind)
            (shown,) = await self.listed()
            self.assertIn("newer version", listing.to_do(shown))
            self.assertFalse([event for event in logs if "log_failure" in event], kind)

    async def test_rows_that_are_known_are_forwarded_beside_it(self) -> None:
        for kind in KINDS:
            library = await self.left_by_newer(kind)
            await self.stop_listening()
            await library.take_back("10002", self.occasion(when_down=True), reader=None)
            await self.back()
            await self.gateway.forward()
            self.assertEqual((await self.rows())[-1], ("take_back", "DONE", "ok"), kind)

    async def test_its_line_and_its_item_wait_for_the_newer_version(self) -> None:
        for kind in KINDS:
            library = await self.left_by_newer(kind)
            before = await self.row()
            again = library.lend("M-1001", "10001", self.occasion(line=b"11"), renewal=False)
            self.assertEqual(await self.outcome(again), "Unavailable", kind)
            if kind != "state":
                other = library.take_back("10001", self.occasion(line=b"09"), reader=None)
                self.assertEqual(await self.outcome(other), "Unavailable", kind)
            self.assertEqual(await self.row(), before, kind)
            self.assertEqual(self.kinds(), [], kind)

    async def test_people_do_nothing_about_it_with_this_version(self) -> None:
        for kind in KINDS:
            await self.left_by_newer(kind)
            before = await self.row()
            for action in people.ACTIONS:
                with self.assertRaisesRegex(NotPossible, "newer version"):
                    acting = partial(people.act, number=before["id"], action=action, by=BY)
                    await self.store.change(acting)
            erasing = partial(
                privacy.erase,
                keys=Keys([MASTER]),
                library="riverside",
                patron="M-1001",
                by=BY,
                even_open=True,
            )
            with self.assertRaises(NotPossible):
                await self.store.change(erasing)
            self.assertEqual(await self.row(), before, kind)

    async def test_a_row_whose_content_this_version_can_not_read_is_not_given_up(self) -> None:
        await self.left_by_newer("told")
        await self.store.change(lambda tx: tx.rows("UPDATE journal SET told = 'no'"))
        key = (await self.row())["key"]
        sealed = Keys([MASTER]).seal("riverside", f"{key} arguments", b'{"arguments": {"kit": 7}}')
        await self.store.change(lambda tx: tx.rows("UPDATE journal SET arguments = :it", it=sealed))
        with capturedLogs() as logs:
            for _ in range(2):
                await self.gateway.forward()
        self.assertEqual(await self.rows(), [("lend", "UNKNOWN", "no")])
        self.assertEqual(len([event for event in logs if "newer version" in event["log_format"]]), 1)
