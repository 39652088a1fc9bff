"""What people do with rows of the journal: each change needs a name and a reason, and is in the audit table."""

from __future__ import annotations

from functools import partial
from typing import Any

from journal_support import MASTER, JournalCase
from twisted.internet import reactor
from twisted.internet.task import deferLater

from sip2gw.journal import audit, listing, people, privacy
from sip2gw.journal.audit import By, NotPossible
from sip2gw.journal.crypto import Keys
from sip2gw.journal.listing import Wanted
from sip2gw.journal.people import NotThere
from sip2gw.journal.states import State

ANN = By("ann", "the book has been entered")
KEYS = Keys([MASTER])
DAY = 86_400.0


class PeopleCase(JournalCase):
    async def queued(self, item: str, **more: Any) -> int:
        """A return that waits; its number."""
        library = await self.gateway.open()
        await self.stop_listening()
        await library.take_back(item, self.occasion(when_down=True), **{"reader": "M-1001", **more})
        self.listen_again()
        return (await self.listed())[-1].number

    async def dead(self) -> int:
        """A row that needs a person."""
        number = await self.queued("no such item")
        await self.gateway.forward()
        self.assertEqual((await self.rows())[-1][1], "DEAD")
        return number

    async def act(self, number: int, action: str, by: By = ANN) -> State:
        return (await self.store.change(partial(people.act, number=number, action=action, by=by))).state

    async def older(self, seconds: float) -> None:
        await self.store.change(
            lambda tx: tx.rows(
                "UPDATE journal SET created = created - :age, next_try = next_try - :age", age=float(seconds)
            )
        )

    async def audit(self) -> list[tuple[str, str, str, str]]:
        entries = await self.store.read(audit.entries)
        return [(one.who, one.what, one.subject, one.why) for one in entries]


class Deciding(PeopleCase):
    async def test_content_is_revealed_to_a_person_who_is_entered(self) -> None:
        number = await self.dead()
        shown = await self.store.change(partial(people.reveal, keys=KEYS, number=number, by=ANN))
        self.assertEqual(shown.content["item_id"], "no such item")
        self.assertNotIn("no such item", repr(shown))
        self.assertEqual(
            await self.audit(),
            [("ann", "journal reveal", f"riverside {number}", "the book has been entered")],
        )

    async def test_a_row_is_tried_again_and_then_closed(self) -> None:
        number = await self.dead()
        self.assertEqual(await self.act(number, "retry"), "UNKNOWN")
        await self.gateway.forward()
        self.assertEqual((await self.rows())[-1][1], "DEAD")
        self.assertEqual(await self.act(number, "discard"), "CLOSED")
        for action in ("retry", "applied", "discard", "settle"):
            with self.assertRaises(NotPossible):
                await self.act(number, action)
        self.assertEqual([what for _, what, _, _ in await self.audit()], ["journal discard", "journal retry"])

    async def test_a_row_that_is_sent_at_this_moment_is_not_given_up(self) -> None:
        """A person has had it tried again after more than a day, and it was never in doubt."""
        number = await self.dead()
        await self.older(2 * DAY)
        await self.act(number, "retry")
        await self.gateway.journal.beat()
        self.sandbox.misbehave("slow", seconds=0.3, endpoint="return")
        asked = self.sandbox.requests()["riverside"]["return"]
        forwarding = self.begun(self.gateway.forwarder.forward("riverside"))
        while self.sandbox.requests()["riverside"]["return"] == asked:
            await deferLater(reactor, 0.001)
        await self.born(alone=False).journal.beat()
        self.assertEqual((await self.rows())[-1][1], "UNKNOWN")
        await forwarding
        (row,) = await self.listed()
        self.assertEqual((row.state, row.reason), ("DEAD", "copy_not_found"))

    async def test_a_line_that_a_person_has_closed_is_not_done_again(self) -> None:
        library = await self.gateway.open()
        await library.lend("M-1001", "10001", self.occasion(), renewal=False)
        self.sandbox.misbehave("error_after_commit", endpoint="extend")
        line = self.occasion(line=b"29")
        asking = library.renew("M-1001", "10001", None, line, third_party=False)
        self.assertEqual(await self.lost(asking), "InDoubt")
        self.sandbox.behave()
        await self.gateway.forward()
        await self.act((await self.listed())[-1].number, "applied")
        again = library.renew("M-1001", "10001", None, self.occasion(line=b"29"), third_party=False)
        self.assertEqual(await self.outcome(again), "done")
        self.assertEqual(self.kinds(), ["loan", "renewal"])

    async def test_a_line_closed_without_an_answer_of_the_library_stays_in_doubt(self) -> None:
        library = await self.gateway.open()
        self.sandbox.misbehave("hang", endpoint="issue")
        lending = library.lend("M-1001", "10001", self.occasion(line=b"11"), renewal=False)
        self.assertEqual(await self.lost(lending), "InDoubt")
        self.sandbox.behave()
        await self.store.change(lambda tx: tx.rows("UPDATE journal SET state = 'DEAD'"))
        await self.act(1, "applied")
        again = library.lend("M-1001", "10001", self.occasion(line=b"11"), renewal=False)
        self.assertEqual(await self.outcome(again), "InDoubt")
        self.assertEqual(self.kinds(), [])

    async def test_a_row_of_a_library_that_is_never_opened_is_given_up(self) -> None:
        numbers = [await self.queued(item) for item in ("10001", "10002")]
        await self.store.change(
            lambda tx: tx.rows(
                "UPDATE journal SET state = 'UNKNOWN', tries = 0 WHERE id = :id", id=numbers[1]
            )
        )
        await self.older(2 * 86400)
        self.die()
        await self.gateway.journal.beat()
        self.assertEqual([state for _, state, _ in await self.rows()], ["DEAD", "UNKNOWN"], "one was retried")
        self.assertEqual((await self.listed())[0].reason, "not settled within a day")
        await self.store.change(lambda tx: tx.rows("UPDATE journal SET changed = 0 WHERE state = 'UNKNOWN'"))
        self.die()
        await self.gateway.journal.beat()
        self.assertEqual([state for _, state, _ in await self.rows()], ["DEAD", "DEAD"])
        for number in numbers:
            self.assertEqual(await self.act(number, "discard"), "CLOSED")

    async def test_a_retry_has_all_its_tries_again(self) -> None:
        number = await self.queued("10001")
        await self.store.change(lambda tx: tx.rows("UPDATE journal SET tries = 51"))
        await self.gateway.forward()
        self.assertEqual((await self.rows())[-1][1], "DEAD")
        await self.act(number, "retry")
        await self.gateway.forward()
        self.assertEqual((await self.rows())[-1][1], "DONE")

    async def test_a_row_never_in_doubt_is_tried_again_after_days(self) -> None:
        number = await self.queued("10001")
        await self.older(3 * 86400)
        await self.gateway.forward()
        self.assertEqual((await self.rows())[-1][1], "DEAD")
        await self.act(number, "retry")
        await self.gateway.forward()
        self.assertEqual((await self.rows())[-1][1], "DONE")

    async def test_a_doubtful_row_whose_key_is_forgotten_is_not_retried(self) -> None:
        number = await self.dead()
        await self.store.change(lambda tx: tx.rows("UPDATE journal SET tries = 2"))
        await self.older(86400)
        with self.assertRaises(NotPossible):
            await self.act(number, "retry")
        self.assertEqual(await self.act(number, "applied"), "CLOSED")

    async def test_a_row_without_content_is_closed_and_not_retried(self) -> None:
        number = await self.dead()
        await self.store.change(lambda tx: tx.rows("UPDATE journal SET arguments = NULL"))
        with self.assertRaises(NotPossible):
            await self.act(number, "retry")
        (row,) = await self.listed()
        self.assertIn("content is deleted", listing.to_do(row))
        self.assertEqual(await self.act(number, "applied"), "CLOSED")

    async def test_settle_makes_an_open_row_due_now(self) -> None:
        number = await self.queued("10001")
        await self.store.change(lambda tx: tx.rows("UPDATE journal SET next_try = next_try + 900"))
        await self.act(number, "settle")
        await self.gateway.journal.beat()
        await self.gateway.forwarder.forward("riverside")
        self.assertEqual((await self.rows())[-1][1], "DONE")

    async def test_a_change_that_is_refused_is_not_entered(self) -> None:
        number = await self.queued("10001")
        with self.assertRaises(NotPossible):
            await self.act(number, "discard")
        with self.assertRaises(NotThere):
            await self.act(number + 1, "discard")
        self.assertEqual(await self.audit(), [])

    def test_nothing_is_done_without_a_name_and_a_reason(self) -> None:
        for who, why in (("ann", " "), ("", "why"), ("ann", "two\nlines"), ("ann", "x" * 501)):
            with self.assertRaises(NotPossible):
                By(who, why)


class Finding(PeopleCase):
    async def found(self, **wanted: Any) -> list[int]:
        return [row.number for row in await self.store.read(partial(listing.find, wanted=Wanted(**wanted)))]

    async def test_rows_are_found_by_library_terminal_state_age_number(self) -> None:
        number = await self.dead()
        other = await self.queued("10001")
        self.assertEqual(await self.found(), [number, other])
        self.assertEqual(await self.found(library="riverside", terminal="kiosk-1"), [number, other])
        self.assertEqual(await self.found(library="openall"), [])
        self.assertEqual(await self.found(terminal="kiosk-2"), [])
        self.assertEqual(await self.found(states=frozenset({State.DEAD})), [number])
        self.assertEqual(await self.found(older=600.0), [])
        await self.older(700)
        self.assertEqual(await self.found(older=600.0), [number, other])
        self.assertEqual(await self.found(after_number=number), [other])

    async def test_a_list_has_no_data_of_a_reader(self) -> None:
        await self.dead()
        (row,) = await self.listed()
        shown = f"{row} {listing.row_in_json(row)}"
        self.assertNotIn("no such item", shown)
        self.assertNotIn("M-1001", shown)


class Privacy(PeopleCase):
    async def export(self, patron: str, keys: Keys = KEYS) -> list[dict[str, Any]]:
        return await self.store.change(
            partial(privacy.export, keys=keys, library="riverside", patron=patron, by=ANN)
        )

    async def erase(self, patron: str, **more: Any) -> list[int]:
        return await self.store.change(
            partial(privacy.erase, keys=KEYS, library="riverside", patron=patron, by=ANN, **more)
        )

    async def lent(self) -> None:
        library = await self.gateway.open()
        await library.lend("M-1001", "10001", self.occasion(), renewal=False)
        await library.lend("M-1002", "10002", self.occasion(), renewal=False)
        await library.take_back("10001", self.occasion(), reader=None)

    async def test_export_has_all_rows_of_the_patron_and_no_others(self) -> None:
        await self.lent()
        rows = await self.export(" m-1001 ")
        self.assertEqual([row["operation"] for row in rows], ["lend", "take_back"])
        self.assertEqual(rows[0]["arguments"]["arguments"]["patron_id"], "M-1001")
        self.assertEqual(rows[1]["outcome"]["patron_id"], "M-1001")
        self.assertNotIn("M-1002", str(rows))
        ((who, what, subject, _),) = await self.audit()
        self.assertEqual((who, what), ("ann", "privacy export"))
        self.assertNotIn("1001", subject.split()[0])
        self.assertEqual(subject.split()[:2], ["riverside", "patron"])

    async def test_export_finds_rows_of_an_older_key(self) -> None:
        await self.lent()
        newer = Keys([b"another key of thirty-two bytes!", MASTER])
        self.assertEqual(len(await self.export("M-1001", newer)), 2)

    async def test_erase_deletes_the_content_of_finished_rows(self) -> None:
        await self.lent()
        numbers = await self.erase("M-1001")
        self.assertEqual(len(numbers), 2)
        left = await self.store.read(
            lambda tx: tx.rows("SELECT id, arguments, outcome, patron_tag, line FROM journal ORDER BY id")
        )
        for row in left:
            content = [row[name] for name in ("arguments", "outcome", "patron_tag")]
            self.assertEqual(any(content), row["id"] not in numbers)
        self.assertEqual(await self.export("M-1001"), [])
        self.assertEqual(len(await self.export("M-1002")), 1)

    async def test_erase_refuses_open_rows_unless_told_otherwise(self) -> None:
        number = await self.queued("10001")
        with self.assertRaises(NotPossible) as refused:
            await self.erase("M-1001")
        self.assertIn(f"rows {number} are not finished", str(refused.exception))
        self.assertEqual((await self.rows())[-1][1], "QUEUED")
        self.assertEqual(await self.erase("M-1001", even_open=True), [number])
        self.assertEqual((await self.rows())[-1][1], "CLOSED")
        await self.gateway.forward()
        self.assertEqual(self.kinds(), [])

    async def test_erase_refuses_a_row_that_is_being_sent(self) -> None:
        await self.queued("10001")
        await self.store.change(lambda tx: tx.rows("UPDATE journal SET state = 'SENT'"))
        with self.assertRaises(NotPossible):
            await self.erase("M-1001", even_open=True)

    async def test_nothing_is_exported_or_erased_without_a_card(self) -> None:
        for ask in (self.export, self.erase):
            with self.assertRaises(NotPossible):
                await ask("  ")
