"""The adapter against the sandbox: each method of the port, its refusals, and what it writes. Time is an argument."""

from __future__ import annotations

from collections.abc import Coroutine
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from treq.testing import StubTreq
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase
from wire_server import ending

from sip2gw.librarika import Librarika
from sip2gw.library import Block, Counts, Credentials, Hold, Medium, Occasion, PasswordCheck, Refused
from sip2gw.sandbox import Sandbox
from sip2gw.secret import Secret

START = 1_790_000_000.0
NOW = datetime.fromtimestamp(START, UTC)
TODAY = NOW.date()
KIOSK = Credentials("kiosk@riverside.example", "kiosk-secret")


class Counting:
    """treq over the sandbox's resource; counts what is asked."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._treq = StubTreq(sandbox.resource)
        self.asked: list[tuple[str, str, Any]] = []

    def request(self, method: str, url: Any, **how: Any) -> Any:
        self.asked.append((method, url.to_text(), how))
        return self._treq.request(method, url, **how)


class SandboxCase(SynchronousTestCase):
    """The sandbox's own three libraries, and riverside opened."""

    def setUp(self) -> None:
        self.clock = Clock()
        self.clock.advance(START)
        self.sandbox = Sandbox(clock=self.clock)
        self.addCleanup(self.sandbox.close)
        self.http = Counting(self.sandbox)
        self.librarika = Librarika(self.clock, "http://localhost/{library}/api/v1", http=self.http)  # type: ignore[arg-type]
        self.library = self.done(self.librarika("riverside", KIOSK))
        self.done(self.library.rules())
        self.http.asked.clear()
        self._keys = 0

    def done(self, asking: Coroutine[Any, Any, Any]) -> Any:
        return self.successResultOf(Deferred.fromCoroutine(asking))

    def refused(self, asking: Coroutine[Any, Any, Any]) -> Refused:
        error = self.failureResultOf(Deferred.fromCoroutine(asking)).value
        self.assertIsInstance(error, Refused)
        return error

    def occasion(self, **more: Any) -> Occasion:
        self._keys += 1
        return Occasion(
            **{
                "terminal": "kiosk-1",
                "happened_at": NOW,
                "key": f"key-{self._keys}",
                "branch": "Main",
                **more,
            }
        )

    def lend(self, patron: str, item: str, *, renewal: bool = True, **more: Any) -> Any:
        return self.library.lend(patron, item, self.occasion(**more), renewal=renewal)

    def take_back(self, item: str, reader: str | None = None, **more: Any) -> Any:
        return self.library.take_back(item, self.occasion(**more), reader=reader)

    def effects(self) -> list[str]:
        return [entry["effect"] if "effect" in entry else entry["kind"] for entry in self.sandbox.ledger()]

    def trips(self) -> list[str]:
        """What was asked since the last time: method and the path's end."""
        asked = [f"{method} {ending(url)}" for method, url, _ in self.http.asked]
        self.http.asked.clear()
        return asked


class Reading(SandboxCase):
    def test_rules(self) -> None:
        rules = self.done(self.library.rules())
        self.assertEqual(
            (rules.name, rules.zone, rules.currency, rules.language),
            ("Riverside Public Library", ZoneInfo("America/New_York"), "USD", "en"),
        )
        self.assertTrue(rules.checkouts and rules.checkins and rules.renewals and rules.holds and rules.fees)
        self.assertEqual(self.library.nickname, "riverside")
        self.assertEqual(self.trips(), [])

    def test_rules_of_another_library(self) -> None:
        library = self.done(
            self.librarika("hillcrest", Credentials("kiosk@hillcrest.example", "hill-secret"))
        )
        rules = self.done(library.rules())
        self.assertEqual((rules.name, rules.currency), ("Hillcrest School", "BDT"))
        self.assertFalse(rules.renewals or rules.holds or rules.fees)

    def test_rules_are_kept_for_minutes_and_then_asked_for_by_their_version(self) -> None:
        self.clock.advance(299)
        self.done(self.library.rules())
        self.assertEqual(self.trips(), [])
        self.clock.advance(2)
        self.assertEqual(self.done(self.library.rules()).name, "Riverside Public Library")
        self.assertEqual(self.trips(), ["GET library"])
        self.clock.advance(301)
        self.done(self.library.rules())
        self.assertIn(b"If-None-Match", self.http.asked[0][2]["headers"])
        self.assertEqual(self.trips(), ["GET library"])
        self.sandbox.change_library("riverside", preferences={"requests": False})
        self.clock.advance(301)
        self.assertFalse(self.done(self.library.rules()).holds)
        self.assertIn(Block.HOLDS_NOT_ALLOWED, self.done(self.library.patron("M-1001")).patron.blocks)

    def test_old_rules_while_the_library_cannot_be_asked(self) -> None:
        self.clock.advance(301)
        self.sandbox.misbehave("error", endpoint="get_library")
        self.assertEqual(self.done(self.library.rules()).name, "Riverside Public Library")
        self.done(self.library.rules())
        self.assertEqual(self.trips(), ["GET library"] * 2)  # It is a read, and made again once.
        self.sandbox.behave()
        self.clock.advance(11)
        self.done(self.library.rules())
        self.assertEqual(self.trips(), ["GET library"])

    def test_patron(self) -> None:
        patron = self.done(self.library.patron("M-1002")).patron
        self.assertEqual(
            (patron.patron_id, patron.name, patron.blocks), ("M-1002", "José Ångström", frozenset())
        )
        self.assertEqual(
            (patron.balance, patron.fee_limit, patron.currency), (Decimal("3.00"), Decimal("10.00"), "USD")
        )
        self.assertEqual((patron.counts, patron.loan_limit), (Counts(1, 1, 0, 1, 1), 10))
        self.assertEqual(self.trips(), ["POST members/find"])

    def test_patron_unknown(self) -> None:
        for number in ("M-9999", "m-1001", "M-1001 ", "M-1001'--", "%", "../M-1001", "\udc80", "মি"):
            self.assertEqual(self.refused(self.library.patron(number)).code, "member_not_found")
        self.trips()
        self.assertEqual(self.refused(self.library.patron("")).code, "member_not_found")
        self.assertEqual(self.trips(), [])

    def test_blocks(self) -> None:
        def blocks(number: str) -> frozenset[Block]:
            return self.done(self.library.patron(number)).patron.blocks

        unable = {Block.RENEWALS_NOT_ALLOWED, Block.HOLDS_NOT_ALLOWED}
        self.assertEqual(blocks("M-1003"), {Block.INACTIVE, *unable})
        self.assertEqual(blocks("M-1004"), {Block.SUSPENDED, *unable})
        self.sandbox.change_library(
            "riverside", preferences={"member_types": ["Privileged"], "booking_quota": 1}
        )
        self.assertEqual(
            blocks("M-1001"),
            {Block.TYPE_NOT_ALLOWED, Block.LOAN_LIMIT_REACHED, Block.HOLDS_NOT_ALLOWED},
        )

    def test_password(self) -> None:
        for number, password, said in (
            ("M-1001", "1234", PasswordCheck.RIGHT),
            ("M-1001", "wrong", PasswordCheck.WRONG),
            ("M-1005", "x", PasswordCheck.IMPOSSIBLE),
        ):
            found = self.done(self.library.patron(number, password=Secret(password)))
            self.assertIs(found.password, said)
            self.assertEqual(self.trips(), ["POST members/find"])

    def test_K2_a_wrong_password_is_a_refusal_of_each_write(self) -> None:
        wrong = Secret("wrong")
        asking = self.library.lend("M-1001", "10001", self.occasion(), renewal=True, password=wrong)
        self.assertEqual(self.refused(asking).code, "password_wrong")
        self.assertEqual((self.trips(), self.effects()), (["POST loans"], []))

    def test_K4_the_librarys_language_is_nobodys_own(self) -> None:
        self.assertEqual(self.done(self.library.patron("M-1001")).patron.language, "")
        self.assertEqual(self.library.language_of("M-1001"), "")

    def test_a_login_is_one_call_that_brings_the_rules(self) -> None:
        opened = Librarika(self.clock, "http://localhost/{library}/api/v1", http=self.http)  # type: ignore[arg-type]
        library = self.done(opened("riverside", KIOSK))
        self.assertEqual(self.done(library.rules()).name, "Riverside Public Library")
        self.assertEqual(self.trips(), ["POST tokens"])

    def test_reachable(self) -> None:
        self.assertTrue(self.done(self.library.reachable()))
        self.clock.advance(6)
        self.sandbox.misbehave("error", endpoint="get_health")
        self.assertFalse(self.done(self.library.reachable()))

    def test_every_request_is_named_and_none_takes_cookies_or_redirects(self) -> None:
        self.done(self.lend("M-1001", "10001"))
        self.clock.advance(6)
        self.done(self.library.reachable())
        names = [how["headers"][b"X-Request-Id"] for _, _, how in self.http.asked]
        self.assertEqual(len(set(names)), 2)
        for method, _, how in self.http.asked:
            self.assertEqual(how["headers"][b"Accept"], b"application/json")
            self.assertEqual(how["headers"].get(b"Idempotency-Key"), b"key-1" if method == "POST" else None)
            self.assertIs(how["allow_redirects"], False)


class Lending(SandboxCase):
    def test_by_accession_number_barcode_and_isbn(self) -> None:
        for label, number, title in (
            ("10001", "10001", "Emma"),
            ("AV-0005", "10005", "The Planets | Holst"),
            ("978-0-253-20246-8", "10004", "Pather Panchali (পথের পাঁচালী)"),
        ):
            loan = self.done(self.lend("M-1001", label))
            self.assertEqual((loan.item.item_id, loan.item.title, loan.renewed), (number, title, False))
            self.assertEqual(loan.due, TODAY + timedelta(days=14))
            self.assertEqual(self.trips(), ["POST loans"])
        self.assertEqual(len(self.effects()), 3)

    def test_item(self) -> None:
        item = self.done(self.lend("M-1001", "*0010001 *")).item
        self.assertEqual(
            (item.medium, item.branch, item.location, item.call_number),
            (Medium.BOOK, "Main", "Fiction", "823.7 AUS"),
        )
        self.assertTrue(item.ref.isdigit())
        self.assertEqual(self.done(self.lend("M-1001", "10005")).item.medium, Medium.AUDIO)

    def test_the_branch_of_the_terminal(self) -> None:
        loan = self.done(self.lend("M-1001", "9780141439587", branch="North"))
        self.assertEqual(loan.item.item_id, "10002")

    def test_their_own_again(self) -> None:
        self.clock.advance(86400)
        self.done(self.library.rules())
        self.trips()
        loan = self.done(self.lend("M-1002", "10003"))
        self.assertTrue(loan.renewed)
        self.assertEqual(loan.due, TODAY + timedelta(days=15))
        self.assertEqual(self.trips(), ["POST loans"])
        refusal = self.refused(self.lend("M-1002", "10003", renewal=False))
        self.assertEqual(
            (refusal.code, refusal.item.title), ("already_booked_by_member", "One Hundred Years of Solitude")
        )
        self.assertEqual(self.trips(), ["POST loans"])

    def test_not_renewable(self) -> None:
        refusal = self.refused(self.lend("M-1001", "10007"))
        self.assertEqual((refusal.code, refusal.facts), ("not_renewable", {"reason": "reserved_for_other"}))

    def test_refusals(self) -> None:
        for patron, label, code, title in (
            ("M-1003", "10001", "member_inactive", "Emma"),
            ("M-1004", "10001", "member_suspended", "Emma"),
            ("M-1001", "10006", "circulation_disabled", "Oxford English Dictionary"),
            ("M-1001", "10100", "item_ambiguous", None),
            ("M-1001", "99999", "copy_not_found", None),
            ("M-1001", " * * ", "copy_not_found", None),
            ("M-9999", "10001", "member_not_found", None),
            ("", "10001", "member_not_found", None),
        ):
            refusal = self.refused(self.lend(patron, label))
            self.assertEqual((refusal.code, refusal.item and refusal.item.title), (code, title), label)
            self.assertNotIn("M-", str(refusal))
        self.assertEqual(self.effects(), [])

    def test_on_loan_to_another(self) -> None:
        refusal = self.refused(self.lend("M-1001", "10003"))
        due = (TODAY - timedelta(days=6)).isoformat()
        self.assertEqual((refusal.code, refusal.facts), ("copy_not_available", {"available_from": due}))
        self.done(self.lend("M-1001", "10008"))
        self.done(self.lend("M-1001", "10009", no_block=True))
        refusal = self.refused(self.lend("M-1002", "9780385474542"))
        self.assertEqual(refusal.facts, {"available_from": (TODAY + timedelta(days=14)).isoformat()})
        self.assertEqual((refusal.item.title, refusal.item.item_id), ("Things Fall Apart", ""))

    def test_quota(self) -> None:
        self.sandbox.change_library("riverside", preferences={"booking_quota": 1})
        refusal = self.refused(self.lend("M-1001", "10001"))
        self.assertEqual((refusal.code, refusal.facts), ("quota_exceeded", {"limit": "1"}))

    def test_reserved_for_another(self) -> None:
        self.done(self.take_back("10007"))
        self.assertEqual(self.refused(self.lend("M-1001", "10007")).code, "reserved_for_other")
        self.assertFalse(self.done(self.lend("M-1002", "10007")).renewed)

    def test_done_off_line_already(self) -> None:
        happened = NOW - timedelta(days=2)
        due = datetime(2026, 10, 1, 2, 0, tzinfo=UTC)
        loan = self.done(self.lend("M-1003", "10001", no_block=True, happened_at=happened, due_date=due))
        self.assertEqual(loan.due, date(2026, 9, 30))

    def test_the_terminals_due_date_means_nothing_on_line(self) -> None:
        due = datetime(2030, 1, 1, tzinfo=UTC)
        self.assertEqual(
            self.done(self.lend("M-1001", "10001", due_date=due)).due, TODAY + timedelta(days=14)
        )

    def test_the_key_makes_it_one_loan(self) -> None:
        self.sandbox.misbehave("unauthorized", endpoint="issue", times=1)
        self.done(self.lend("M-1001", "10001"))
        self.assertEqual(self.trips(), ["POST loans", "POST refresh", "POST loans"])
        self.assertEqual(len(self.effects()), 1)


class TakingBack(SandboxCase):
    def test_on_loan(self) -> None:
        result = self.done(self.take_back("10003"))
        self.assertEqual((result.was_on_loan, result.hold, result.item.item_id), (True, None, "10003"))
        self.assertEqual(self.trips(), ["POST returns"])

    def test_not_on_loan(self) -> None:
        result = self.done(self.take_back("10001"))
        self.assertEqual((result.was_on_loan, result.hold, result.item.title), (False, None, "Emma"))
        self.assertEqual(self.trips(), ["POST returns"])

    def test_somebody_waits_for_it(self) -> None:
        result = self.done(self.take_back("10007"))
        self.assertEqual((result.was_on_loan, result.hold.patron_id), (True, "M-1002"))
        again = self.done(self.take_back("10007"))
        self.assertEqual((again.was_on_loan, again.hold.patron_id), (False, "M-1002"))
        self.assertIsInstance(again.hold, Hold)

    def test_isbn_of_one_loan_and_of_several(self) -> None:
        self.done(self.lend("M-1001", "10009"))
        self.assertEqual(self.done(self.take_back("9780385474542")).item.item_id, "10009")
        self.done(self.lend("M-1001", "10009"))
        self.done(self.lend("M-1002", "10008"))
        for reader in (None, "M-1003"):
            refusal = self.refused(self.take_back("9780385474542", reader))
            self.assertEqual(
                (refusal.code, refusal.item.title), ("isbn_checkin_ambiguous", "Things Fall Apart")
            )
        self.assertEqual(self.done(self.take_back("9780385474542", "M-1002")).item.item_id, "10008")

    def test_refusals(self) -> None:
        self.assertEqual(self.refused(self.take_back("10100")).code, "item_ambiguous")
        self.assertEqual(self.refused(self.take_back("99999")).code, "copy_not_found")
        self.assertEqual(self.refused(self.take_back("\t")).code, "copy_not_found")
        self.sandbox.change_library("riverside", preferences={"member_checkins": False})
        refusal = self.refused(self.take_back("10003"))
        self.assertEqual((refusal.code, refusal.item.item_id), ("checkin_not_allowed", "10003"))
        self.assertEqual(self.effects(), [])
        self.assertTrue(self.done(self.take_back("10003", no_block=True)).was_on_loan)


class Labels(SandboxCase):
    """A terminal may be told as what it reads a label."""

    def test_a_terminal_that_reads_barcodes_alone(self) -> None:
        barcodes = self.library.reading(("barcode",))
        self.assertEqual(self.refused(barcodes.item("10001")).code, "copy_not_found")
        self.assertEqual(self.done(barcodes.item("AV-0005")).item.item_id, "10005")

    def test_a_label_of_no_such_kind_costs_no_call(self) -> None:
        isbns = self.library.reading(("isbn",))
        self.assertEqual(self.refused(isbns.item("10001")).code, "copy_not_found")
        self.assertEqual(self.http.asked, [])

    def test_the_usual_reading_is_the_library_itself(self) -> None:
        self.assertIs(self.library.reading(("accession", "barcode", "isbn")), self.library)
