"""Clocks: the due date is a day in the library's zone, also when its clocks change."""

from __future__ import annotations

from copy import deepcopy
from datetime import UTC, date, datetime, timedelta
from json import loads
from pathlib import Path
from typing import Any

import pytest
from desks import DeskCase

from sip2gw import sandbox
from sip2gw.circulation import Profile
from sip2gw.circulation.profile import DueDateForm
from sip2gw.sip2 import parse
from sip2gw.sip2.messages import Checkin, Checkout, ItemInformation, SCStatus

pytestmark = pytest.mark.untraced

LIBRARIES = loads(Path(sandbox.__file__).with_name("libraries.json").read_text("utf-8"))


def riverside_in(zone: str) -> dict[str, Any]:
    """Return the sandbox's library, in another zone."""
    library = deepcopy(next(one for one in LIBRARIES["libraries"] if one["nickname"] == "riverside"))
    return {"libraries": [{**library, "timezone": zone}]}


def checkout(item: str, **more: Any) -> Checkout:
    return Checkout(
        **{
            "transaction_date": None,
            "institution_id": "",
            "patron_identifier": "M-1001",
            "item_identifier": item,
        }
        | more
    )


class _Clocks(DeskCase):
    """One zone. `table` has moments (UTC), each with its local time and the due date of a loan."""

    __test__ = False
    zone = "UTC"
    table: tuple[tuple[str, str, str], ...] = ()

    def setUp(self) -> None:
        self.data = riverside_in(self.zone)
        self.now = _moment(self.table[0][0])
        super().setUp()

    def test_F40_each_moment_has_its_local_time_and_due_date(self) -> None:
        for utc, wall, due in self.table:
            self.clock.advance(_moment(utc).timestamp() - self.clock.seconds())
            self.connect()
            status = self.ask(SCStatus())
            self.assertEqual(f"{status.date_time_sync:%Y-%m-%d %H:%M:%S}", wall, utc)
            self.assertIsNone(status.date_time_sync.tzinfo)
            lent = self.ask(checkout("10001"))
            self.assertEqual(f"{lent.transaction_date:%Y-%m-%d %H:%M:%S}", wall, utc)
            self.assertEqual(lent.due_date, f"{due}    235900", utc)
            self.assertTrue(
                self.ask(Checkin(transaction_date=None, institution_id="", item_identifier="10001")).ok
            )

    def test_F40_each_hour_of_an_offline_due_date_is_the_same_day(self) -> None:
        """A terminal may send an hour that a change of the clocks skips or repeats."""
        for day in sorted({wall[:10] for _, wall, _ in self.table}):
            for minutes in (*range(0, 4 * 60, 30), 24 * 60 - 1):
                given = datetime.fromisoformat(day) + timedelta(minutes=minutes)
                lent = self.ask(
                    checkout(
                        "10001",
                        no_block=True,
                        transaction_date=given - timedelta(days=7),
                        nb_due_date=given,
                    )
                )
                self.assertTrue(lent.ok, lent.screen_message)
                self.assertEqual(lent.due_date, f"{given:%Y%m%d}    235900", given)

    def test_F40_one_day_late_costs_one_day(self) -> None:
        """A day may have 23 to 25 hours. A return on the last evening is free, and one on the next costs one day."""
        for day in sorted({wall[:10] for _, wall, _ in self.table}):
            after = _moment(day) + timedelta(days=3)
            self.clock.advance(after.timestamp() - self.clock.seconds())
            self.connect()
            due = datetime.fromisoformat(day) + timedelta(hours=12)
            for late, amount in ((0, None), (1, "0.25")):
                lent = due - timedelta(days=7, hours=late)
                self.ask(checkout("10001", no_block=True, transaction_date=lent, nb_due_date=due))
                evening = datetime.fromisoformat(day) + timedelta(days=late, hours=23, minutes=59)
                back = Checkin(
                    transaction_date=None, institution_id="", item_identifier="10001", return_date=evening
                )
                self.assertTrue(self.ask(back).ok)
                self.assertEqual(self.sandbox.ledger()[-1]["amount"], amount, evening)


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


class NewYork(_Clocks):
    __test__ = True
    zone = "America/New_York"
    table = (
        ("2026-03-08 04:59:59", "2026-03-07 23:59:59", "20260321"),
        ("2026-03-08 05:00:00", "2026-03-08 00:00:00", "20260322"),
        ("2026-03-08 06:59:59", "2026-03-08 01:59:59", "20260322"),
        ("2026-03-08 07:00:00", "2026-03-08 03:00:00", "20260322"),
        ("2026-03-09 03:59:59", "2026-03-08 23:59:59", "20260322"),
        ("2026-11-01 05:59:59", "2026-11-01 01:59:59", "20261115"),
        ("2026-11-01 06:00:00", "2026-11-01 01:00:00", "20261115"),
        ("2026-11-02 04:59:59", "2026-11-01 23:59:59", "20261115"),
        ("2026-11-02 05:00:00", "2026-11-02 00:00:00", "20261116"),
    )


class London(_Clocks):
    __test__ = True
    zone = "Europe/London"
    table = (
        ("2026-03-28 23:59:59", "2026-03-28 23:59:59", "20260411"),
        ("2026-03-29 00:59:59", "2026-03-29 00:59:59", "20260412"),
        ("2026-03-29 01:00:00", "2026-03-29 02:00:00", "20260412"),
        ("2026-03-29 23:00:00", "2026-03-30 00:00:00", "20260413"),
        ("2026-10-25 00:59:59", "2026-10-25 01:59:59", "20261108"),
        ("2026-10-25 01:00:00", "2026-10-25 01:00:00", "20261108"),
        ("2026-10-25 23:59:59", "2026-10-25 23:59:59", "20261108"),
    )


class Berlin(_Clocks):
    __test__ = True
    zone = "Europe/Berlin"
    table = (
        ("2026-03-28 23:00:00", "2026-03-29 00:00:00", "20260412"),
        ("2026-03-29 00:59:59", "2026-03-29 01:59:59", "20260412"),
        ("2026-03-29 01:00:00", "2026-03-29 03:00:00", "20260412"),
        ("2026-03-29 22:00:00", "2026-03-30 00:00:00", "20260413"),
        ("2026-10-25 00:59:59", "2026-10-25 02:59:59", "20261108"),
        ("2026-10-25 01:00:00", "2026-10-25 02:00:00", "20261108"),
        ("2026-10-25 22:59:59", "2026-10-25 23:59:59", "20261108"),
    )


class Sydney(_Clocks):
    __test__ = True
    zone = "Australia/Sydney"
    table = (
        ("2026-04-04 15:59:59", "2026-04-05 02:59:59", "20260419"),
        ("2026-04-04 16:00:00", "2026-04-05 02:00:00", "20260419"),
        ("2026-04-05 13:59:59", "2026-04-05 23:59:59", "20260419"),
        ("2026-10-03 15:59:59", "2026-10-04 01:59:59", "20261018"),
        ("2026-10-03 16:00:00", "2026-10-04 03:00:00", "20261018"),
        ("2026-10-04 12:59:59", "2026-10-04 23:59:59", "20261018"),
    )


class LordHowe(_Clocks):
    """The clocks change by half an hour there."""

    __test__ = True
    zone = "Australia/Lord_Howe"
    table = (
        ("2026-04-04 14:59:59", "2026-04-05 01:59:59", "20260419"),
        ("2026-04-04 15:00:00", "2026-04-05 01:30:00", "20260419"),
        ("2026-04-05 13:29:59", "2026-04-05 23:59:59", "20260419"),
        ("2026-10-03 15:29:59", "2026-10-04 01:59:59", "20261018"),
        ("2026-10-03 15:30:00", "2026-10-04 02:30:00", "20261018"),
        ("2026-10-04 12:59:59", "2026-10-04 23:59:59", "20261018"),
    )


class Santiago(_Clocks):
    """The clocks change at midnight there: one evening is an hour longer, and one day begins at one."""

    __test__ = True
    zone = "America/Santiago"
    table = (
        ("2026-04-05 02:59:59", "2026-04-04 23:59:59", "20260418"),
        ("2026-04-05 03:00:00", "2026-04-04 23:00:00", "20260418"),
        ("2026-04-05 04:00:00", "2026-04-05 00:00:00", "20260419"),
        ("2026-09-06 03:59:59", "2026-09-05 23:59:59", "20260919"),
        ("2026-09-06 04:00:00", "2026-09-06 01:00:00", "20260920"),
        ("2026-09-07 02:59:59", "2026-09-06 23:59:59", "20260920"),
    )


class Dhaka(_Clocks):
    """The clocks do not change there, and midnight is far from midnight in UTC."""

    __test__ = True
    zone = "Asia/Dhaka"
    table = (
        ("2026-03-29 17:59:59", "2026-03-29 23:59:59", "20260412"),
        ("2026-03-29 18:00:00", "2026-03-30 00:00:00", "20260413"),
        ("2026-10-25 17:59:59", "2026-10-25 23:59:59", "20261108"),
        ("2026-10-25 18:00:00", "2026-10-26 00:00:00", "20261109"),
    )


class DueDateForms(DeskCase):
    """AH in the form of the profile."""

    def test_each_form_of_AH_has_the_same_day(self) -> None:
        for form, text in (
            (DueDateForm.SIP, "20260315    235900"),
            (DueDateForm.ISO, "2026-03-15"),
            (DueDateForm.LOCAL, self.speaker.day(date(2026, 3, 15))),
        ):
            profile = Profile(due_date=form)
            lent = self.ask(checkout("10001", sc_renewal_policy=True), profile=profile)
            self.assertEqual(lent.due_date, text)
            information = ItemInformation(transaction_date=None, institution_id="", item_identifier="10001")
            self.assertEqual(self.ask(information, profile=profile).due_date, text)

    def test_F40_a_timestamp_in_Greenwich_time_is_another_local_day(self) -> None:
        """03:30 in Greenwich is still the day before in New York."""
        line = b"11NY20260220   Z12000020260322   Z033000AO|AAM-1001|AB10001|AC|"
        request, _ = parse(line)
        self.assertEqual(self.ask(request).due_date, "20260321    235900")
