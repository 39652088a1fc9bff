"""Offline writes (no block) and undoing (BI): recorded by the terminal's dates, and logged if something is wrong."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from attrs import evolve
from desks import DeskCase
from said import NOON, RULES, Said, SaidCase

from sip2gw.circulation import Desk, Place, Profile
from sip2gw.library import InDoubt, Item, Loan, Medium, Refused, Return, Rules, Unavailable
from sip2gw.sip2 import Request, format
from sip2gw.sip2.messages import Checkin, Checkout, Renew

EMMA = Item("10001", "Emma", Medium.BOOK, "Main", ref="77")
LENT = Loan(EMMA, date(2026, 3, 10), ref="501")
YESTERDAY = datetime(2026, 2, 28, 9, 30)


def checkout(**more: Any) -> Checkout:
    said = {"institution_id": "", "patron_identifier": "M-1001", "item_identifier": "10001"}
    return Checkout(**{"transaction_date": YESTERDAY, **said, **more})


def checkin(**more: Any) -> Checkin:
    return Checkin(
        **{"transaction_date": YESTERDAY, "institution_id": "", "item_identifier": "10001", **more}
    )


def renew(**more: Any) -> Renew:
    said = {"institution_id": "", "patron_identifier": "M-1001", "item_identifier": "10001"}
    return Renew(**{"transaction_date": YESTERDAY, **said, **more})


class Occasions(SaidCase):
    """What the library gets of a transaction."""

    def occasion(self, request: Request, **desk: Any) -> Any:
        library = Said(
            lend=LENT, take_back=Return(EMMA), renew=LENT, undo_loan=Return(EMMA), undo_return=LENT
        )
        self.answer = self.tell(library, request, **desk)
        [(_, positional, _)] = library.asked
        return positional[-1]

    def test_F40_an_offline_write_has_the_terminals_dates(self) -> None:
        for request in (
            checkout(no_block=True, nb_due_date=datetime(2026, 3, 10, 12, 0)),
            renew(no_block=True, nb_due_date=datetime(2026, 3, 10, 12, 0)),
        ):
            occasion = self.occasion(request)
            self.assertTrue(occasion.no_block)
            self.assertEqual(occasion.happened_at.replace(tzinfo=None), YESTERDAY)
            self.assertEqual(occasion.due_date.replace(tzinfo=None), datetime(2026, 3, 10, 12, 0))
            self.assertEqual(self.answer.due_date, "20260310    235900")

    def test_F40_an_online_loan_ignores_the_terminals_dates(self) -> None:
        for request in (
            checkout(nb_due_date=datetime(2026, 3, 10)),
            renew(nb_due_date=datetime(2026, 3, 10)),
        ):
            occasion = self.occasion(request)
            self.assertEqual((occasion.no_block, occasion.due_date), (False, None))
            self.assertEqual(occasion.happened_at, NOON)

    def test_an_offline_write_has_no_receipt(self) -> None:
        for request in (checkout, checkin, renew):
            for no_block in (True, False):
                self.occasion(request(no_block=no_block))
                self.assertIs(bool(self.answer.print_line), not no_block)

    def test_a_due_date_equal_to_the_loans_date_is_none(self) -> None:
        for due in (None, YESTERDAY, datetime(2026, 2, 1)):
            self.assertIsNone(self.occasion(checkout(no_block=True, nb_due_date=due)).due_date)

    def test_F40_an_offline_write_dated_in_the_future_is_now(self) -> None:
        tomorrow = datetime(2026, 3, 2, 9, 0)
        for request in (
            checkout(no_block=True, transaction_date=tomorrow),
            checkin(transaction_date=tomorrow),
        ):
            self.assertEqual(self.occasion(request).happened_at, NOON)

    def test_F40_a_date_out_of_range_is_now_and_is_logged(self) -> None:
        """The range is from 90 days ago to five minutes ahead."""
        for days, minutes, believed in ((-90, 1, True), (-90, -1, False), (0, 5, True), (0, 6, False)):
            moment = NOON + timedelta(days=days, minutes=minutes)
            wall = moment.astimezone(RULES.zone).replace(tzinfo=None)
            for request in (
                checkout(no_block=True, transaction_date=wall),
                checkout(no_block=True, transaction_date=moment),
                checkin(no_block=True, return_date=wall),
            ):
                del self.notes[:]
                self.assertEqual(self.occasion(request).happened_at, moment if believed else NOON)
                self.assertEqual(bool(self.notes), not believed)
        self.assertIn("can't be true", self.notes[0])

    def test_F40_a_date_in_the_repeated_hour_is_not_in_the_future(self) -> None:
        berlin = ZoneInfo("Europe/Berlin")
        for utc, wall, happened in (
            ("2026-10-25T01:10", "02:50", "2026-10-25T00:50"),
            ("2026-10-25T00:10", "02:50", "2026-10-25T00:10"),
            ("2026-03-29T01:10", "02:05", "2026-03-29T01:05"),
        ):
            now = datetime.fromisoformat(utc).replace(tzinfo=UTC)
            desk = Place(Said(), Rules("A library", berlin), clock=lambda now=now: now).desk()
            told = datetime.fromisoformat(f"{utc[:10]}T{wall}")
            self.assertEqual(desk.happened(told).astimezone(UTC).isoformat()[:16], happened, (utc, wall))

    def test_an_offline_loan_of_the_patrons_own_item_renews_it(self) -> None:
        library = Said(lend=LENT)
        self.tell(library, checkout(no_block=True), profile=Profile(renew_by_checkout=False))
        self.assertEqual(library.asked[0][2], {"renewal": True, "password": None})

    def test_renewal_by_checkout_needs_terminal_profile_and_library(self) -> None:
        for wants, profile, expected in (
            (True, Profile(), True),
            (False, Profile(), False),
            (True, Profile(renew_by_checkout=False), False),
        ):
            library = Said(lend=LENT)
            self.tell(library, checkout(sc_renewal_policy=wants), profile=profile)
            self.assertEqual(library.asked[0][2], {"renewal": expected, "password": None})


class NotAllowed(SaidCase):
    def test_an_offline_write_is_refused_without_a_call_if_not_allowed(self) -> None:
        for request in (checkout(no_block=True), checkin(no_block=True), renew(no_block=True)):
            library = Said()
            refused = self.tell(library, request, profile=Profile(offline=False))
            self.assertFalse(refused.ok)
            self.assertIn("may not report loans", refused.screen_message[0])
            self.assertEqual(library.asked, [])
            self.assertIn("offline_not_allowed", self.notes.pop())

    def test_an_offline_undo_is_not_refused_by_the_profile(self) -> None:
        """BI counts before everything else: it undoes a transaction of the same terminal."""
        library = Said(undo_loan=Return(EMMA), undo_return=LENT)
        for request in (checkout(no_block=True, cancel=True), checkin(no_block=True, cancel=True)):
            self.assertTrue(self.tell(library, request, profile=Profile(offline=False)).ok)
        self.assertEqual([name for name, _, _ in library.asked], ["undo_return", "undo_loan"])


class StaffLog(SaidCase):
    def test_the_log_has_the_conflicts_of_an_offline_write(self) -> None:
        conflicts = ("copy_not_available", "quota_exceeded")
        for library, request in (
            (Said(lend=evolve(LENT, conflicts=conflicts)), checkout(no_block=True)),
            (Said(renew=evolve(LENT, conflicts=conflicts)), renew(no_block=True)),
            (Said(take_back=Return(EMMA, conflicts=conflicts)), checkin(no_block=True)),
        ):
            self.assertTrue(self.tell(library, request).ok)
            [note] = self.notes
            self.assertIn("conflicts copy_not_available, quota_exceeded", note)
            self.assertNotIn("M-1001", note)
            self.notes.clear()

    def test_the_log_has_the_offline_write_that_is_not_recorded(self) -> None:
        for error, why in (
            (Refused("member_not_found"), "member_not_found"),
            (Refused("copy_not_found"), "copy_not_found"),
            (InDoubt("issue"), "InDoubt"),
            (Unavailable("issue"), "Unavailable"),
        ):
            self.assertFalse(self.tell(Said(lend=error), checkout(no_block=True)).ok)
            [note] = self.notes
            self.assertIn(f"not recorded ({why})", note)
            self.assertIn("item i:", note)
            self.assertNotIn("10001", note)
            self.assertNotIn("M-1001", note)
            self.notes.clear()

    def test_the_log_has_nothing_about_an_offline_write_without_fault(self) -> None:
        self.tell(Said(lend=LENT), checkout(no_block=True))
        self.tell(Said(lend=Refused("quota_exceeded")), checkout())
        self.tell(Said(undo_return=Refused("cannot_revert")), checkout(cancel=True, no_block=True))
        self.assertEqual(self.notes, [])

    def test_an_offline_return_of_an_item_not_on_loan_is_ok(self) -> None:
        """Lesson 51: an offline return is not refused."""
        library = Said(take_back=Return(EMMA, was_on_loan=False))
        told = self.tell(library, checkin(no_block=True), profile=Profile(not_on_loan_ok=False))
        self.assertEqual((told.ok, told.resensitize), (True, True))


class Offline(DeskCase):
    """Offline writes at the sandbox."""

    def desk(self, **at: Any) -> Desk:
        self.notes: list[str] = []
        desk = super().desk(**at)
        desk.place = evolve(desk.place, note=self.notes.append)
        return desk

    def test_an_offline_loan_is_recorded_against_every_rule(self) -> None:
        """The patron is inactive, in debt or over the limit; the item is on hold for another patron or not for loan."""
        self.allow(booking_quota=1)
        due = datetime(2026, 3, 9, 12, 0)
        for patron, item in (
            ("M-1003", "10001"),
            ("M-1004", "10002"),
            ("M-1001", "10004"),
            ("M-1002", "10006"),
        ):
            lent = self.ask(
                checkout(patron_identifier=patron, item_identifier=item, no_block=True, nb_due_date=due)
            )
            self.assertTrue(lent.ok, lent.screen_message)
            self.assertEqual((lent.desensitize, lent.due_date), (True, "20260309    235900"))
        self.assertEqual(self.kinds(), ["loan"] * 4)

    def test_an_offline_loan_ends_the_loan_of_another_patron(self) -> None:
        lent = self.ask(checkout(item_identifier="10003", no_block=True))
        self.assertTrue(lent.ok)
        self.assertEqual(self.kinds(), ["return", "loan"])
        [note] = self.notes
        self.assertIn("copy_not_available", note)

    def test_an_offline_loan_of_an_unknown_patron_or_item_is_refused(self) -> None:
        for request in (
            checkout(patron_identifier="M-9999", no_block=True),
            checkout(item_identifier="31337", no_block=True),
            checkin(item_identifier="31337", no_block=True),
        ):
            refused = self.ask(request)
            self.assertFalse(refused.ok)
            self.assertTrue(refused.screen_message)
            self.assertIn("not recorded", self.notes[0])
        self.assertEqual(self.kinds(), [])

    def test_an_offline_loan_with_an_old_date_is_recorded(self) -> None:
        lent = self.ask(checkout(no_block=True, transaction_date=datetime(2026, 1, 5, 10, 0)))
        self.assertEqual(lent.due_date, "20260119    235900")

    def test_an_offline_return_is_recorded_against_every_rule(self) -> None:
        """Lesson 51: an offline return is not refused."""
        self.allow(member_checkins=False, overdue_checkins=False)
        self.assertFalse(self.ask(checkin(item_identifier="10003")).ok)
        back = self.ask(checkin(item_identifier="10003", no_block=True))
        self.assertEqual((back.ok, back.resensitize), (True, True))

    def test_an_undone_loan_leaves_the_item_available(self) -> None:
        lent = self.ask(checkout())
        undone = self.ask(checkin(cancel=True))
        self.assertEqual((undone.ok, undone.resensitize, undone.alert), (True, True, False))
        self.assertEqual(self.kinds(), ["loan", "reversal"])
        self.assertTrue(lent.ok and self.ask(checkout()).ok)

    def test_an_undone_return_restores_the_loan_and_its_due_date(self) -> None:
        """M-1002 is in debt because of the fee of this return, and no rule refuses to undo it."""
        self.allow(fee_limit="3.50", overdue_fee_per_day="1.00")
        self.ask(checkin(item_identifier="10003", transaction_date=None))
        undone = self.ask(checkout(patron_identifier="M-1002", item_identifier="10003", cancel=True))
        self.assertEqual((undone.ok, undone.desensitize, undone.renewal_ok), (True, True, False))
        self.assertEqual(undone.due_date, "20260223    235900")
        self.assertEqual(self.kinds(), ["return", "reversal"])

    def test_an_undo_without_a_loan_or_return_is_refused(self) -> None:
        for request in (checkin(cancel=True), checkout(cancel=True)):
            refused = self.ask(request)
            self.assertFalse(refused.ok)
            self.assertIn("nothing to undo", refused.screen_message[0])
            self.assertIn(format(refused)[:4], (b"120N", b"100N"))
        self.assertEqual(self.kinds(), [])
