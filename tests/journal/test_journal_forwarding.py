"""Writes that are accepted for later, and rows that the gateway goes on with by itself."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from journal_support import KIOSK, MASTER, JournalCase

from sip2gw.journal.crypto import Keys
from sip2gw.library import Credentials
from sip2gw.secret import Secret


class Later(JournalCase):
    """The library can't be reached."""

    async def test_a_return_is_accepted_and_forwarded_once(self) -> None:
        library = await self.lent()
        result = await library.take_back("10001", self.occasion(when_down=True), reader=None)
        self.assertTrue(result.accepted)
        self.assertEqual((result.item.item_id, result.item.title), ("10001", ""))
        self.assertEqual(await self.rows(), [("lend", "DONE", "ok"), ("take_back", "QUEUED", "ok")])
        await self.back()
        await self.gateway.forward()
        await self.gateway.forward()
        self.assertEqual(self.kinds(), ["loan", "return"])
        self.assertEqual((await self.rows())[-1], ("take_back", "DONE", "ok"))

    async def test_a_return_is_refused_without_the_permission_of_the_profile(self) -> None:
        library = await self.lent()
        asking = library.take_back("10001", self.occasion(), reader=None)
        self.assertEqual(await self.lost(asking), "Unavailable")
        await self.back()
        await self.gateway.forward()
        self.assertEqual(self.kinds(), ["loan"])

    async def test_a_hold_is_never_accepted_for_later(self) -> None:
        library = await self.lent()
        asking = library.cancel_hold("M-1001", "10001", None, self.occasion(when_down=True))
        self.assertEqual(await self.lost(asking), "Unavailable")

    async def test_the_same_line_while_it_waits_is_one_write(self) -> None:
        library = await self.lent()
        for _ in range(3):
            occasion = self.occasion(when_down=True, line=b"09")
            self.assertTrue((await library.take_back("10001", occasion, reader=None)).accepted)
        await self.back()
        await self.gateway.forward()
        self.assertEqual(self.kinds(), ["loan", "return"])

    async def test_offline_transactions_keep_their_order(self) -> None:
        library = await self.lent()
        for patron in (None, "M-1002", None, "M-1003"):
            occasion = self.occasion(when_down=True, no_block=True)
            if patron is None:
                result: Any = await library.take_back("10001", occasion, reader=None)
            else:
                result = await library.lend(patron, "10001", occasion, renewal=True)
            self.assertTrue(result.accepted)
        await self.back()
        await self.gateway.forward()
        self.assertEqual(self.kinds(), ["loan", "return", "loan", "return", "loan"])

    async def test_a_payment_is_booked_once_although_its_password_is_gone(self) -> None:
        library = await self.lent()
        said = {"payment_type": "cash", "transaction_id": "till-1", "fee": None}
        paid = ("M-1002", Decimal("0.10"), "USD")
        occasion = self.occasion(when_down=True)
        result = await library.pay(*paid, occasion, **said, password=Secret("1234"))
        self.assertTrue(result.accepted)
        await self.back()
        # It was booked before, without the password, and the answer was lost.
        without = await self.gateway.librarika("riverside", KIOSK)
        await without.pay(*paid, occasion, **said)
        await self.gateway.forward()
        self.assertEqual(self.kinds(), ["loan", "payment"])
        self.assertEqual((await self.rows())[-1], ("pay", "DONE", "ok"))

    async def test_a_payment_with_a_password_is_booked_although_the_password_is_gone(self) -> None:
        library = await self.lent()
        paid = library.pay(
            "M-1002",
            Decimal("0.10"),
            "USD",
            self.occasion(when_down=True),
            payment_type="cash",
            transaction_id="till-1",
            fee=None,
            password=Secret("1234"),
        )
        self.assertTrue((await paid).accepted)
        await self.back()
        await self.gateway.forward()
        self.assertEqual((await self.rows())[-1], ("pay", "DONE", "ok"))
        self.assertEqual(self.kinds(), ["loan", "payment"])

    async def test_a_lost_loan_whose_password_is_gone_has_failed_after_five_minutes(self) -> None:
        library = await self.gateway.open()
        self.sandbox.misbehave("reset_before", endpoint="issue")
        asking = library.lend("M-1001", "10001", self.occasion(), renewal=False, password=Secret("1234"))
        self.assertEqual(await self.lost(asking), "InDoubt")
        self.sandbox.behave()
        for minutes, state in ((0, "UNKNOWN"), (5, "FAILED")):
            await self.store.change(
                lambda tx, age=60.0 * minutes: tx.rows("UPDATE journal SET created = created - :age", age=age)
            )
            await self.gateway.forward()
            self.assertEqual(await self.rows(), [("lend", state, "no")])
        self.assertEqual(self.kinds(), [])

    async def test_what_the_library_refuses_after_a_yes_waits_for_people(self) -> None:
        library = await self.lent()
        await library.take_back("no such item", self.occasion(when_down=True), reader=None)
        await self.back()
        await self.gateway.forward()
        self.assertEqual((await self.rows())[-1], ("take_back", "DEAD", "ok"))
        (row,) = await self.listed()
        self.assertEqual((row.state, row.reason), ("DEAD", "copy_not_found"))

    async def test_a_terminal_whose_session_is_over_gets_no_yes(self) -> None:
        async def may_write() -> bool:
            return False

        library = (await self.lent()).within(5.0, may_write)
        asking = library.take_back("10001", self.occasion(when_down=True), reader=None)
        self.assertEqual(await self.lost(asking), "Unavailable")

    async def lent(self) -> Any:
        """An open library that has lent an item, and then can't be reached."""
        library = await self.gateway.open()
        await library.lend("M-1001", "10001", self.occasion(), renewal=False)
        await self.stop_listening()
        return library


class Forwarding(JournalCase):
    async def queued(self, *items: str) -> None:
        """Returns that wait."""
        library = await self.gateway.open()
        await self.stop_listening()
        for item in items:
            await library.take_back(item, self.occasion(when_down=True), reader=None)
        self.listen_again()

    async def test_rows_wait_for_a_login_at_their_library(self) -> None:
        await self.queued("10001")
        self.die()
        await self.gateway.forward()
        self.assertEqual(self.kinds(), [])
        self.assertEqual(self.gateway.accounts.waits_for("riverside"), "waits for a login at riverside")
        await self.gateway.open()
        await self.gateway.forward()
        self.assertEqual((await self.rows())[-1][1], "DONE")

    async def test_a_service_account_forwards_without_a_terminal(self) -> None:
        await self.queued("10001")
        self.die()
        self.gateway.service["riverside"] = KIOSK
        await self.gateway.forward()
        self.assertEqual((await self.rows())[-1][1], "DONE")

    async def test_a_service_account_that_is_refused_leaves_rows_waiting(self) -> None:
        await self.queued("10001")
        self.die()
        self.gateway.service["riverside"] = Credentials("kiosk@riverside.example", "wrong")
        await self.gateway.forward()
        self.assertEqual((await self.rows())[-1][1], "QUEUED")

    async def test_two_gateways_forward_every_row_once(self) -> None:
        items = [f"{10001 + number}" for number in range(6)]
        await self.queued(*items)
        one, other = self.born(alone=False), self.born(alone=False)
        for gateway in (one, other):
            await gateway.open()
        both = [self.begun(gateway.forward()) for gateway in (one, other)]
        for each in both:
            await each
        self.assertEqual({state for _, state, _ in await self.rows()}, {"DONE"})
        returned = [effect["accession_no"] for effect in self.sandbox.ledger("riverside")]
        self.assertEqual(len(returned), len(set(returned)))

    async def test_a_row_of_an_unknown_key_waits_for_people(self) -> None:
        await self.queued("10001")
        self.gateway = self.born(keys=Keys([b"another key of thirty-two bytes!"]))
        await self.gateway.open()
        await self.gateway.forward()
        (row,) = await self.listed()
        self.assertEqual(row.state, "DEAD")
        self.assertIn("is not in the key file", row.reason)

    async def test_a_row_is_given_up_after_a_day(self) -> None:
        await self.queued("10001")
        await self.store.change(lambda tx: tx.rows("UPDATE journal SET created = created - 86400"))
        await self.gateway.forward()
        self.assertEqual((await self.rows())[-1][1], "DEAD")
        self.assertEqual(self.kinds(), [])

    async def test_a_library_that_is_away_costs_no_tries(self) -> None:
        await self.queued("10001")
        await self.stop_listening()
        for _ in range(12):
            await self.gateway.forward()
        tries = await self.store.change(lambda tx: tx.rows("SELECT tries FROM journal"))
        self.assertEqual([row["tries"] for row in tries], [0])
        await self.back()
        await self.gateway.forward()
        self.assertEqual((await self.rows())[-1][1], "DONE")

    async def test_the_metrics_show_what_is_open(self) -> None:
        await self.queued("10001", "10002")
        await self.gateway.journal.beat()
        registry = self.gateway.metrics.registry
        self.assertEqual(registry.get_sample_value("sip2gw_journal_rows", {"state": "queued"}), 2)
        await self.gateway.forward()
        self.assertEqual(registry.get_sample_value("sip2gw_journal_rows", {"state": "queued"}), 0)

    async def test_finished_rows_lose_their_content_and_then_go(self) -> None:
        await self.queued("10001")
        await self.gateway.forward()
        for age, left in ((700, [(None, None)]), (90_000, [])):
            await self.store.change(
                lambda tx, age=age: tx.rows("UPDATE journal SET changed = changed - :age", age=float(age))
            )
            self.die()
            await self.gateway.journal.beat()
            found = await self.store.change(lambda tx: tx.rows("SELECT arguments, outcome FROM journal"))
            self.assertEqual([(row["arguments"], row["outcome"]) for row in found], left)


class Rotation(JournalCase):
    """The key is replaced by another one, which stands before it in the key file."""

    rotated = Keys([b"another key of thirty-two bytes!", MASTER])

    async def rotate(self) -> Any:
        """Start again with the newer key, and log in."""
        self.gateway = self.born(keys=self.rotated)
        return await self.gateway.open()

    async def test_rows_under_both_keys_are_forwarded_in_the_order_of_their_item(self) -> None:
        first = self.gateway
        before, after = await first.open(), await self.rotate()
        await before.lend("M-1001", "10001", self.occasion(), renewal=False)
        await self.rows()
        await first.librarika.close()
        await self.stop_listening()
        late = {"when_down": True, "no_block": True}
        await before.take_back("10001", self.occasion(**late), reader=None)
        await after.lend("M-1002", "10001", self.occasion(**late), renewal=False)
        await after.take_back("10001", self.occasion(**late), reader=None)
        tags = await self.store.read(
            lambda tx: tx.rows("SELECT DISTINCT item_tag FROM journal WHERE state = 'QUEUED'")
        )
        self.assertEqual(len(tags), 1)
        self.listen_again()
        await self.rotate()
        for _ in range(3):
            await self.gateway.forward()
        self.assertEqual({state for _, state, _ in await self.rows()}, {"DONE"})
        self.assertEqual(self.kinds(), ["loan", "return", "loan", "return"])

    async def test_the_same_line_under_another_key_gets_its_answer_again(self) -> None:
        library = await self.gateway.open()
        first = await library.lend("M-1001", "10001", self.occasion(line=b"11"), renewal=False)
        await self.rows()
        library = await self.rotate()
        again = await library.lend("M-1001", "10001", self.occasion(line=b"11"), renewal=False)
        self.assertEqual((again, self.kinds()), (first, ["loan"]))
        self.assertEqual(await self.rows(), [("lend", "DONE", "ok")])

    async def test_a_line_with_a_newer_write_under_another_key_is_done_anew(self) -> None:
        library = await self.gateway.open()
        await library.lend("M-1001", "10001", self.occasion(line=b"11"), renewal=False)
        await self.rows()
        library = await self.rotate()
        await library.take_back("10001", self.occasion(line=b"09"), reader=None)
        await library.lend("M-1001", "10001", self.occasion(line=b"11"), renewal=False)
        self.assertEqual(self.kinds(), ["loan", "return", "loan"])

    async def test_the_same_write_in_doubt_under_another_key_is_joined(self) -> None:
        library = await self.gateway.open()
        self.sandbox.misbehave("hang_after_commit", endpoint="issue")
        self.assertEqual(
            await self.lost(library.lend("M-1001", "10001", self.occasion(), renewal=False)), "InDoubt"
        )
        self.sandbox.behave()
        library = await self.rotate()
        await library.lend("M-1001", "10001", self.occasion(), renewal=False)
        self.assertEqual(self.kinds(), ["loan"])
        self.assertEqual([state for _, state, _ in await self.rows()], ["DONE"])
