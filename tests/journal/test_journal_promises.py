"""What a terminal was told and what the row says, where time, crashes and other terminals come between them."""

from __future__ import annotations

from threading import Event as Flag
from typing import Any

from journal_support import KIOSK, MASTER, JournalCase
from twisted.internet import reactor
from twisted.internet.defer import CancelledError
from twisted.internet.task import deferLater

from sip2gw.journal.codec import Call
from sip2gw.journal.crypto import Keys
from sip2gw.journal.entry import Write
from sip2gw.journal.methods import METHODS
from sip2gw.journal.states import Event, Told

DAY = 86_400.0


class Promises(JournalCase):
    async def desk(self) -> Any:
        """The library as its staff use it."""
        return await self.gateway.librarika("riverside", KIOSK)

    async def older(self, seconds: float) -> None:
        """The rows are older, and after a day the library has forgotten their keys."""
        await self.store.change(
            lambda tx: tx.rows(
                "UPDATE journal SET created = created - :age, changed = changed - :age", age=seconds
            )
        )
        self.sandbox.honour_idempotency(seconds < DAY)

    async def lost_return(self) -> Any:
        """An item was lent and returned, and the answer to the return was lost."""
        library = await self.gateway.open()
        await library.lend("M-1001", "10001", self.occasion(), renewal=False)
        self.sandbox.misbehave("error_after_commit", endpoint="return")
        self.assertEqual(await self.lost(library.take_back("10001", self.occasion(), reader=None)), "InDoubt")
        self.sandbox.behave()
        return library

    async def queued_return(self) -> Any:
        library = await self.gateway.open()
        await library.lend("M-1001", "10001", self.occasion(), renewal=False)
        await self.stop_listening()
        await library.take_back("10001", self.occasion(when_down=True), reader=None)
        self.listen_again()
        self.die()
        return await self.gateway.open()


class ADayLater(Promises):
    async def test_a_newer_write_sends_no_older_one_whose_key_is_forgotten(self) -> None:
        library = await self.lost_return()
        await (await self.desk()).lend("M-1002", "10001", self.occasion(key="desk"), renewal=False)
        await self.older(DAY + 3600)
        await library.renew("M-1002", "10001", None, self.occasion(), third_party=False)
        self.assertEqual(self.kinds(), ["loan", "return", "loan", "renewal"])
        self.assertEqual([state for _, state, _ in await self.rows()], ["DONE", "DEAD", "DONE"])

    async def test_the_same_write_a_day_later_is_a_new_one(self) -> None:
        library = await self.lost_return()
        await (await self.desk()).lend("M-1002", "10001", self.occasion(key="desk"), renewal=False)
        await self.older(DAY + 3600)
        await library.take_back("10001", self.occasion(), reader=None)
        self.assertEqual(self.kinds(), ["loan", "return", "loan", "return"])
        self.assertEqual([state for _, state, _ in await self.rows()], ["DONE", "DEAD", "DONE"])

    async def test_a_row_that_a_terminal_has_had_sent_is_not_sent_after_a_day(self) -> None:
        library = await self.queued_return()
        self.sandbox.misbehave("error_after_commit", endpoint="return")
        asking = library.lend("M-1001", "10001", self.occasion(), renewal=False)
        self.assertEqual(await self.lost(asking), "Unavailable")
        self.sandbox.behave()
        await (await self.desk()).lend("M-1002", "10001", self.occasion(key="desk"), renewal=False)
        await self.older(DAY + 3600)
        await self.gateway.forward()
        self.assertEqual(self.kinds(), ["loan", "return", "loan"])
        self.assertEqual((await self.rows())[-1], ("take_back", "DEAD", "ok"))


class LentSince(Promises):
    async def test_a_return_that_waited_does_not_end_another_readers_new_loan(self) -> None:
        await self.queued_return()
        desk = await self.desk()
        await desk.take_back("10001", self.occasion(key="returned"), reader=None)
        await desk.lend("M-1002", "10001", self.occasion(key="lent"), renewal=False)
        await self.older(60)
        await self.gateway.forward()
        self.assertEqual(self.kinds(), ["loan", "return", "loan"])
        self.assertEqual((await self.rows())[-1], ("take_back", "DONE", "ok"))


class TooOften(Promises):
    async def test_a_write_that_was_sent_often_enough_is_not_sent_for_a_terminal(self) -> None:
        library = await self.gateway.open()
        self.sandbox.misbehave("hang", endpoint="issue")
        lending = library.lend("M-1001", "10001", self.occasion(line=b"11"), renewal=False)
        self.assertEqual(await self.lost(lending), "InDoubt")
        await self.store.change(lambda tx: tx.rows("UPDATE journal SET tries = 50"))
        self.sandbox.behave()
        asked = self.sandbox.requests()["riverside"]["issue"]
        again = library.lend("M-1001", "10001", self.occasion(line=b"11"), renewal=False)
        self.assertEqual(await self.outcome(again), "InDoubt")
        self.assertEqual(self.sandbox.requests()["riverside"]["issue"], asked)
        self.assertEqual(await self.rows(), [("lend", "DEAD", "no")])
        (row,) = await self.listed()
        self.assertEqual(row.reason, "not settled in 50 tries")


class Again(Promises):
    async def test_a_return_after_another_loan_at_the_desk_is_a_new_one(self) -> None:
        for line in (b"", b"09"):
            self.sandbox.reset()
            self.die()
            library = await self.lost_return()
            await (await self.desk()).lend("M-1002", "10001", self.occasion(key="desk"), renewal=False)
            await library.take_back("10001", self.occasion(line=line), reader=None)
            self.assertEqual(self.kinds(), ["loan", "return", "loan", "return"])
            self.assertEqual(
                (await self.rows())[-2:], [("take_back", "MISMATCH", "no"), ("take_back", "DONE", "ok")]
            )

    async def test_a_renewal_after_another_loan_at_the_desk_is_a_new_one(self) -> None:
        for lost, again in ((False, b"29"), (True, b"29"), (True, b"")):
            self.sandbox.reset()
            self.die()
            library = await self.gateway.open()
            await library.lend("M-1001", "10001", self.occasion(), renewal=False)
            if lost:
                self.sandbox.misbehave("error_after_commit", endpoint="extend")
            renewing = library.renew("M-1001", "10001", None, self.occasion(line=b"29"), third_party=False)
            self.assertEqual(
                await (self.lost if lost else self.outcome)(renewing), "InDoubt" if lost else "done"
            )
            self.sandbox.behave()
            desk = await self.desk()
            await desk.take_back("10001", self.occasion(key="returned"), reader=None)
            await desk.lend("M-1002", "10001", self.occasion(key="desk"), renewal=False)
            asking = library.renew("M-1001", "10001", None, self.occasion(line=again), third_party=False)
            self.assertEqual(await self.outcome(asking), "on_loan_to_other")
            self.assertEqual(self.kinds(), ["loan", "renewal", "return", "loan"])
            self.assertEqual(
                (await self.rows())[-2:],
                [("renew", *(("MISMATCH", "no") if lost else ("DONE", "ok"))), ("renew", "FAILED", "no")],
            )

    async def test_a_repeat_of_a_renewal_for_another_one_gets_the_same_answer(self) -> None:
        library = await self.gateway.open()
        await library.lend("M-1001", "10001", self.occasion(), renewal=False)
        for _ in range(2):
            line = self.occasion(line=b"29")
            renewed = await library.renew("M-1002", "10001", None, line, third_party=True)
            self.assertTrue(renewed.renewed)
        self.assertEqual(self.kinds(), ["loan", "renewal"])

    async def test_a_repeat_whose_result_this_version_can_not_read_is_not_done_again(self) -> None:
        library = await self.gateway.open()
        await library.lend("M-1001", "10001", self.occasion(), renewal=False)
        await library.renew("M-1001", "10001", None, self.occasion(line=b"29"), third_party=False)
        await self.rows()
        keys = Keys([MASTER])
        row = (await self.store.read(lambda tx: tx.rows("SELECT key FROM journal WHERE method = 'renew'")))[0]
        sealed = keys.seal("riverside", f"{row['key']} outcome", b"{}")
        await self.store.change(
            lambda tx: tx.rows("UPDATE journal SET outcome = :it WHERE method = 'renew'", it=sealed)
        )
        self.die()
        library = await self.gateway.open()
        await library.renew("M-1001", "10001", None, self.occasion(line=b"29"), third_party=False)
        self.assertEqual(self.kinds(), ["loan", "renewal"])


class Proof(Promises):
    async def test_a_refusal_of_the_account_does_not_end_the_doubt_about_a_write(self) -> None:
        asked: list[int] = []

        async def still() -> bool:
            """Right before the second call, the account is closed."""
            asked.append(1)
            active = len(asked) < 2
            self.sandbox.change_user("riverside", "kiosk@riverside.example", sip2_activated=active)
            return True

        library = (await self.gateway.open()).within(5.0, still)
        self.sandbox.misbehave("reset_after_commit", endpoint="issue", times=1)
        asking = library.lend("M-1001", "10001", self.occasion(line=b"11"), renewal=False)
        self.assertEqual(await self.outcome(asking), "InDoubt")
        self.assertEqual(await self.rows(), [("lend", "UNKNOWN", "no")])
        self.sandbox.change_user("riverside", "kiosk@riverside.example", sip2_activated=True)
        self.die()
        await self.gateway.open()
        await self.gateway.forward()
        self.assertEqual(await self.rows(), [("lend", "MISMATCH", "no")])
        self.assertEqual(self.kinds(), ["loan"])

    async def test_a_row_that_the_library_can_not_compare_with_its_key_waits_for_a_person(self) -> None:
        library = await self.gateway.open()
        self.sandbox.misbehave("reset_after_commit", endpoint="issue")
        asking = library.lend("M-1001", "10001", self.occasion(line=b"11"), renewal=False)
        self.assertEqual(await self.lost(asking), "InDoubt")
        self.sandbox.behave()
        keys = Keys([MASTER])
        (row,) = await self.store.read(lambda tx: tx.rows("SELECT key, arguments FROM journal"))
        about = f"{row['key']} arguments"
        content = keys.open("riverside", about, row["arguments"]).replace(b'"kiosk-1"', b'"kiosk-9"')
        sealed = keys.seal("riverside", about, content)
        await self.store.change(lambda tx: tx.rows("UPDATE journal SET arguments = :it", it=sealed))
        await self.gateway.forward()
        self.assertEqual(await self.rows(), [("lend", "DEAD", "no")])
        (row,) = await self.listed()
        self.assertEqual(row.reason, "idempotency_key_reused")
        again = library.lend("M-1001", "10001", self.occasion(line=b"11"), renewal=True)
        self.assertEqual(await self.outcome(again), "InDoubt", "and its line is not done under a new key")
        self.assertEqual(self.kinds(), ["loan"])


class TooLate(Promises):
    """A yes is being stored while the terminal gets a no."""

    async def lent_and_away(self) -> Any:
        """An item is lent, and then the library can't be reached."""
        library = await self.gateway.open()
        await library.lend("M-1001", "10001", self.occasion(), renewal=False)
        await self.rows()
        await self.stop_listening()
        return library

    async def needs_a_person(self) -> None:
        """Once the library is back, the return is done, and shown: the terminal has a no."""
        await self.back()
        await self.gateway.forward()
        self.assertEqual(self.kinds(), ["loan", "return"])
        self.assertEqual((await self.rows())[-1], ("take_back", "MISMATCH", "both"))

    def was_asked(self) -> bool:
        """Whether the library was asked: next, the store has that the write is accepted."""
        return any(sending.outcome for sending in self.gateway.journal.in_progress.values())

    async def test_a_return_that_is_accepted_too_late_needs_a_person_once_it_is_done(self) -> None:
        library = await self.lent_and_away()
        asked: list[Any] = []

        async def still() -> bool:
            if not self.was_asked():
                return True
            held, go = Flag(), Flag()
            self.store.change(lambda _: (held.set(), go.wait(5.0)))
            held.wait(5.0)
            reactor.callLater(0.0, lambda: (asked[0].cancel(), go.set()))
            return True

        returning = library.within(5.0, still).take_back("10001", self.occasion(when_down=True), reader=None)
        asked.append(self.begun(returning))
        asked[0].addErrback(lambda gone: gone.trap(CancelledError))
        await asked[0]
        await self.rows()  # once the no is stored as well
        await self.needs_a_person()

    async def test_a_return_whose_acceptance_is_not_stored_needs_a_person_once_it_is_done(self) -> None:
        library = await self.lent_and_away()

        async def still() -> bool:
            if self.was_asked():
                self.take_away()
            return True

        returning = library.within(5.0, still).take_back("10001", self.occasion(when_down=True), reader=None)
        self.assertEqual(await self.outcome(returning), "Unavailable")
        await self.put_back()
        await self.gateway.journal.beat()
        await self.needs_a_person()

    async def test_a_repeat_that_gets_the_outcome_of_a_try_given_up_has_its_yes_in_the_row(self) -> None:
        library = await self.gateway.open()
        self.sandbox.misbehave("slow", seconds=0.3, endpoint="issue", times=1)
        first, second = [
            self.begun(library.lend("M-1001", "10001", self.occasion(line=b"11"), renewal=False))
            for _ in range(2)
        ]
        first.addErrback(lambda gone: gone.trap(CancelledError))
        while not self.sandbox.requests()["riverside"].get("issue"):
            await deferLater(reactor, 0.0)
        first.cancel()
        await first
        self.assertEqual((await second).item.item_id, "10001")
        while await self.rows() != [("lend", "DONE", "ok")]:
            """Its yes comes after the outcome, for which no terminal waits."""
        self.assertEqual(self.kinds(), ["loan"])


class Stragglers(Promises):
    async def test_a_refused_write_whose_row_is_stored_after_all_is_not_sent(self) -> None:
        """PostgreSQL has two connections for changes: the row hung on one when the other one was asked for it."""
        library = await self.gateway.open()
        journal, key = self.gateway.journal, f"key-{self.numbers + 1}"
        journal.outcomes.store_later("riverside", key, Event.NOT_SENT, Told.NO)
        await journal.beat()
        write = Write("riverside", self.lending(), journal.keys)
        await journal.begin(write)
        await journal.beat()
        self.assertEqual(await self.rows(), [("lend", "FAILED", "no")])
        self.assertEqual(
            await self.outcome(library.lend("M-1001", "10001", self.occasion(), renewal=False)), "done"
        )

    def lending(self) -> Call:
        arguments = {"patron_id": "M-1001", "item_id": "10001", "renewal": False}
        return Call(METHODS["lend"], arguments, self.occasion())
