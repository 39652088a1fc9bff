"""Writes of a terminal: what is stored when, what a lost answer, a repeat and a crash lead to."""

from __future__ import annotations

from decimal import Decimal

from journal_support import JournalCase
from twisted.internet.defer import CancelledError

from sip2gw.secret import Secret
from sip2gw.store.port import Transaction


def _crashed(tx: Transaction, state: str) -> None:
    """The process of the last write has died before its terminal was told anything, when the row was so far."""
    tx.rows(
        "UPDATE journal SET state = :state, told = '', next_try = 0 WHERE id = (SELECT max(id) FROM journal)",
        state=state,
    )


DONE_AND_LOST = ("reset_after_commit", "error_after_commit", "cut_body", "garbage", "hang_after_commit")
NOT_DONE = ("reset_before", "error", "hang")


class Writes(JournalCase):
    async def test_a_write_that_succeeds_is_stored_as_done(self) -> None:
        library = await self.gateway.open()
        loan = await library.lend("M-1001", "10001", self.occasion(), renewal=False)
        self.assertEqual(loan.item.item_id, "10001")
        self.assertEqual(await self.rows(), [("lend", "DONE", "ok")])

    async def test_a_write_that_is_refused_is_stored_as_failed(self) -> None:
        library = await self.gateway.open()
        asking = library.lend("M-1001", "no such item", self.occasion(), renewal=False)
        self.assertEqual(await self.outcome(asking), "copy_not_found")
        self.assertEqual(await self.rows(), [("lend", "FAILED", "no")])

    async def test_a_write_that_was_never_sent_is_not_sent_later(self) -> None:
        library = await self.gateway.open()
        await self.stop_listening()
        asking = library.lend("M-1001", "10001", self.occasion(), renewal=False)
        self.assertEqual(await self.lost(asking), "Unavailable")
        self.assertEqual(await self.rows(), [("lend", "FAILED", "no")])
        self.listen_again()
        await self.gateway.forward()
        self.assertEqual(self.kinds(), [])

    async def test_a_lost_answer_is_settled_later_and_done_once(self) -> None:
        for kind in DONE_AND_LOST + NOT_DONE:
            self.sandbox.reset()
            self.die()
            library = await self.gateway.open()
            self.sandbox.misbehave(kind, endpoint="issue")
            asking = library.lend("M-1001", "10001", self.occasion(), renewal=False)
            self.assertEqual(await self.lost(asking), "InDoubt", kind)
            self.assertEqual((await self.rows())[-1], ("lend", "UNKNOWN", "no"), kind)
            self.sandbox.behave()
            await self.gateway.forward()
            self.assertEqual(self.kinds(), ["loan"], kind)
            self.assertEqual((await self.rows())[-1], ("lend", "MISMATCH", "no"), kind)

    async def test_the_same_line_after_a_lost_answer_gets_yes(self) -> None:
        library = await self.gateway.open()
        self.sandbox.misbehave("error_after_commit", endpoint="issue")
        asking = library.lend("M-1001", "10001", self.occasion(line=b"11..."), renewal=False)
        self.assertEqual(await self.lost(asking), "InDoubt")
        self.sandbox.behave()
        self.die()
        library = await self.gateway.open()
        loan = await library.lend("M-1001", "10001", self.occasion(line=b"11..."), renewal=False)
        self.assertEqual(loan.item.item_id, "10001")
        self.assertEqual(self.kinds(), ["loan"])
        self.assertEqual(await self.rows(), [("lend", "DONE", "ok")])

    async def test_the_same_line_after_a_restart_gets_the_first_result(self) -> None:
        for renewal in (False, True):
            library = await self.gateway.open()
            line = f"11 {renewal}".encode()
            first = await library.lend("M-1001", "10001", self.occasion(line=line), renewal=renewal)
            self.die()
            library = await self.gateway.open()
            again = await library.lend("M-1001", "10001", self.occasion(line=line), renewal=renewal)
            self.assertEqual(again, first)
        self.assertEqual(self.kinds(), ["loan", "renewal"])

    async def test_the_same_line_of_another_terminal_is_another_write(self) -> None:
        library = await self.gateway.open()
        for line in (b"terminal a", b"terminal b"):
            await library.renew_all("M-1001", self.occasion(line=line), limit=5)
        self.assertEqual(len(await self.rows()), 2)

    async def test_a_line_after_something_newer_on_the_item_is_a_new_write(self) -> None:
        library = await self.gateway.open()
        await library.lend("M-1001", "10001", self.occasion(line=b"11"), renewal=False)
        await library.take_back("10001", self.occasion(line=b"09"), reader=None)
        await library.lend("M-1001", "10001", self.occasion(line=b"11"), renewal=False)
        self.assertEqual(self.kinds(), ["loan", "return", "loan"])

    async def test_R3_a_line_after_a_return_at_the_desk_is_a_new_write(self) -> None:
        library = await self.gateway.open()
        await library.lend("M-1001", "10001", self.occasion(line=b"11"), renewal=False)
        desk = await self.gateway.librarika("riverside", _CREDENTIALS)
        await desk.take_back("10001", self.occasion(key="desk"), reader=None)
        await library.lend("M-1001", "10001", self.occasion(line=b"11"), renewal=False)
        self.assertEqual(self.kinds(), ["loan", "return", "loan"])

    async def test_a_crash_after_the_call_keeps_what_was_done(self) -> None:
        library = await self.gateway.open()
        occasion = self.occasion(line=b"29")
        await library.lend("M-1001", "10001", self.occasion(), renewal=False)
        renewing = library.renew("M-1001", "10001", None, occasion, third_party=False)
        await renewing
        # The process died between its answer and the outcome: the row says that it is being sent.
        await self.store.change(
            lambda tx: tx.rows(
                "UPDATE journal SET state = 'SENT', told = '', outcome = NULL WHERE method = 'renew'"
            )
        )
        self.die()
        library = await self.gateway.open()
        again = await library.renew("M-1001", "10001", None, self.occasion(line=b"29"), third_party=False)
        self.assertTrue(again.renewed)
        self.assertEqual(self.kinds(), ["loan", "renewal"])

    async def test_a_row_whose_process_is_gone_is_settled_by_the_next(self) -> None:
        library = await self.gateway.open()
        await library.lend("M-1001", "10001", self.occasion(), renewal=False)
        await self.store.change(
            lambda tx: tx.rows("UPDATE journal SET state = 'SENT', told = '', owner = 'gone'")
        )
        self.die()
        await self.gateway.open()
        await self.gateway.forward()
        self.assertEqual(await self.rows(), [("lend", "DONE", "")])
        self.assertEqual(self.kinds(), ["loan"])

    async def test_what_is_done_after_the_terminal_was_told_that_it_is_in_doubt_needs_a_person(self) -> None:
        in_progress = []

        async def may_write() -> bool:
            """Right before the call goes out, the time of the terminal is over."""
            in_progress.extend(self.gateway.journal.in_progress.values())
            lending.cancel()
            return True

        library = (await self.gateway.open()).within(5.0, may_write)
        lending = self.begun(library.lend("M-1001", "10001", self.occasion(line=b"11"), renewal=False))
        lending.addErrback(lambda gone: gone.trap(CancelledError))
        await lending
        await in_progress[0].stored.wait()
        self.assertEqual(self.kinds(), ["loan"])
        self.assertEqual(await self.rows(), [("lend", "MISMATCH", "no")])

    async def test_a_terminal_whose_time_is_over_before_its_row_is_found_is_refused(self) -> None:
        """The row is new, or from a process that died before it answered."""
        library = await self.gateway.open()
        await self.gateway.journal.beat()
        for row, effects in (("FAILED", 0), ("MISMATCH", 1)):
            asking = self.begun(library.lend("M-1001", "10001", self.occasion(line=b"11"), renewal=False))
            asking.addErrback(lambda gone: gone.trap(CancelledError))
            asking.cancel()
            await asking
            while (await self.rows() or [("", "", "")])[-1][1:] not in ((row, "no"), ("DONE", "no")):
                """The row does not have yet what the terminal was told, or that nothing is sent for it."""
            self.assertEqual((await self.rows())[-1], ("lend", row, "no"))
            self.assertEqual(len(self.kinds()), effects)
            if not effects:
                await library.lend("M-1001", "10001", self.occasion(line=b"11"), renewal=False)
                await self.rows()
                await self.store.change(lambda tx: _crashed(tx, "DONE"))

    async def test_a_wrong_password_for_an_open_write_is_a_no_of_which_the_row_knows(self) -> None:
        library = await self.gateway.open()
        said = {"renewal": False, "password": Secret("1234")}
        await library.lend("M-1001", "10001", self.occasion(line=b"a"), **said)
        await self.rows()
        await self.store.change(lambda tx: _crashed(tx, "UNKNOWN"))
        asking = library.lend(
            "M-1001", "10001", self.occasion(line=b"b"), renewal=False, password=Secret("9999")
        )
        self.assertEqual(await self.outcome(asking), "password_wrong")
        self.assertEqual(await self.rows(), [("lend", "UNKNOWN", "no")])
        await self.gateway.forward()
        self.assertEqual(await self.rows(), [("lend", "MISMATCH", "no")])

    async def test_the_same_line_on_two_connections_is_one_write(self) -> None:
        library = await self.gateway.open()
        await library.lend("M-1001", "10001", self.occasion(), renewal=False)
        self.sandbox.misbehave("slow", seconds=0.3, endpoint="extend")
        both = [
            self.begun(library.renew("M-1001", "10001", None, self.occasion(line=b"29"), third_party=False))
            for _ in range(2)
        ]
        first, second = [await one for one in both]
        self.assertEqual(first, second)
        self.assertEqual(self.kinds(), ["loan", "renewal"])


class WithoutStore(JournalCase):
    async def test_nothing_is_written_while_the_store_is_gone(self) -> None:
        library = await self.gateway.open()
        await library.lend("M-1001", "10001", self.occasion(), renewal=False)
        await self.rows()
        self.take_away()
        for when_down in (False, True):
            asking = library.take_back("10001", self.occasion(when_down=when_down), reader=None)
            self.assertEqual(await self.outcome(asking), "Unavailable")
        self.assertFalse(library.accepts_later())
        self.assertFalse(await library.reachable(), "98 says that nothing is written")
        self.assertEqual((await library.patron("M-1001")).patron.counts.on_loan, 2, "reads go on")
        self.assertEqual(self.kinds(), ["loan"])

        await self.put_back()
        await self.gateway.journal.beat()
        await library.take_back("10001", self.occasion(), reader=None)
        self.assertEqual(self.kinds(), ["loan", "return"])
        self.assertTrue(library.accepts_later())

    async def test_an_outcome_that_can_not_be_stored_is_stored_later(self) -> None:
        library = await self.gateway.open()

        async def may_write() -> bool:
            """Right before the call goes out, the store fails."""
            self.take_away()
            return True

        asking = library.within(5.0, may_write).lend("M-1001", "10001", self.occasion(), renewal=False)
        in_progress = self.gateway.journal.in_progress
        self.assertEqual(await self.outcome(asking), "done")
        for write in list(in_progress.values()):
            await write.stored.wait()
        await self.put_back()
        self.assertEqual(await self.rows(), [("lend", "SENT", "")])
        await self.gateway.journal.beat()
        self.assertEqual(await self.rows(), [("lend", "DONE", "ok")])


class Passwords(JournalCase):
    async def test_a_lost_call_with_a_password_is_done_when_it_is_entered_again(self) -> None:
        library = await self.gateway.open()
        self.sandbox.misbehave("reset_before", endpoint="issue")
        right, said = Secret("1234"), {"renewal": False}
        asking = library.lend("M-1001", "10001", self.occasion(line=b"a"), password=right, **said)
        self.assertEqual(await self.lost(asking), "InDoubt")
        self.sandbox.behave()
        await self.gateway.forward()
        self.assertEqual(self.kinds(), [])
        loan = await library.lend("M-1001", "10001", self.occasion(line=b"b"), password=right, **said)
        self.assertEqual(loan.item.item_id, "10001")
        self.assertEqual(await self.rows(), [("lend", "DONE", "ok")])

    async def test_a_wrong_password_does_not_join_an_open_write(self) -> None:
        library = await self.gateway.open()
        self.sandbox.misbehave("error_after_commit", endpoint="issue")
        asking = library.lend("M-1001", "10001", self.occasion(), renewal=False, password=Secret("1234"))
        self.assertEqual(await self.lost(asking), "InDoubt")
        self.sandbox.behave()
        asking = library.lend("M-1001", "10001", self.occasion(), renewal=False, password=Secret("9999"))
        self.assertEqual(await self.outcome(asking), "password_wrong")
        self.assertEqual(await self.rows(), [("lend", "UNKNOWN", "no")])

    async def test_nothing_in_the_store_shows_a_password_or_a_patron(self) -> None:
        library = await self.gateway.open()
        password = Secret("1234-in-clear")
        await self.outcome(library.lend("M-1001", "10001", self.occasion(), renewal=False, password=password))
        await library.lend("M-1001", "10001", self.occasion(line=b"11"), renewal=False)
        await self.gateway.journal.beat()
        files = [one for one in self.path.parent.iterdir() if one.name.startswith(self.path.name)]
        content = b"".join(one.read_bytes() for one in files)
        self.assertIn(b"lend", content)
        for text in (b"1234-in-clear", b"M-1001", b"10001", b"Amina", b"kiosk@riverside"):
            self.assertNotIn(text, content)
        for row in await self.gateway.journal.store.read(_arguments):
            call = self.gateway.journal.keys.open("riverside", f"{row['key']} arguments", row["arguments"])
            self.assertNotIn(b"1234-in-clear", call)
            self.assertIn(b"M-1001", call)


class Order(JournalCase):
    async def test_a_newer_write_settles_the_older_one_on_its_item_first(self) -> None:
        library = await self.gateway.open()
        self.sandbox.misbehave("reset_before", endpoint="issue")
        asking = library.lend("M-1001", "10001", self.occasion(), renewal=False)
        self.assertEqual(await self.lost(asking), "InDoubt")
        self.sandbox.behave()
        await library.take_back("10001", self.occasion(), reader=None)
        self.assertEqual(self.kinds(), ["loan", "return"])

    async def test_a_newer_write_is_refused_while_the_older_one_is_open(self) -> None:
        library = await self.gateway.open()
        self.sandbox.misbehave("error_after_commit", endpoint="issue")
        asking = library.lend("M-1001", "10001", self.occasion(), renewal=False)
        self.assertEqual(await self.lost(asking), "InDoubt")
        asking = library.take_back("10001", self.occasion(), reader=None)
        self.assertEqual(await self.lost(asking), "Unavailable")
        self.assertEqual(self.kinds(), ["loan"])

    async def test_two_payments_of_one_patron_do_not_wait_for_each_other(self) -> None:
        library = await self.gateway.open()

        def pay(number: str) -> object:
            return library.pay(
                "M-1002",
                Decimal("0.10"),
                "USD",
                self.occasion(line=number.encode()),
                payment_type="cash",
                transaction_id=number,
                fee=None,
            )

        self.sandbox.misbehave("error_after_commit", endpoint="pay", times=8)
        self.assertEqual(await self.lost(pay("one")), "InDoubt")
        self.sandbox.behave()
        self.assertEqual(await self.outcome(pay("two")), "done")
        await self.gateway.forward()
        self.assertEqual(self.kinds(), ["payment", "payment"])


from journal_support import KIOSK as _CREDENTIALS  # noqa: E402


def _arguments(tx: object) -> list[dict[str, bytes]]:
    return tx.rows("SELECT key, arguments FROM journal")  # type: ignore[attr-defined]
