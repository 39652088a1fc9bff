"""Days are the library's: due, late and today depend on its zone, over midnight and clock changes."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from sandbox_support import SandboxCase, library

from sip2gw.sandbox import days


class ZoneTests(SandboxCase):
    """The same moment is another day elsewhere."""

    def at(self, moment: str, zone: str, **more: object) -> None:
        self.clock.rightNow = datetime.fromisoformat(moment).timestamp()
        self.open({"libraries": [library(timezone=zone, **more)]})

    def test_a_loan_late_in_the_evening_is_of_the_library_s_day(self) -> None:
        for zone, due in (
            ("America/New_York", "2026-03-11"),
            ("Asia/Dhaka", "2026-03-12"),
            ("UTC", "2026-03-12"),
        ):
            self.at("2026-03-02T03:30:00+00:00", zone)
            assert self.issue("A1", "1").body["return_date"] == due, zone

    def test_overdue_begins_with_the_library_s_next_day(self) -> None:
        bookings = [{"member_no": "A1", "accession_no": "1", "booking_date": "-9d", "return_date": "+0d"}]
        self.at("2026-03-07T12:00:00+00:00", "America/New_York", bookings=bookings)
        for moment, status in (
            ("2026-03-08T04:59:00+00:00", "Issued"),  # 23:59 in New York
            ("2026-03-08T05:01:00+00:00", "Overdue"),  # 00:01, on the day the clocks change
            ("2026-03-09T03:59:00+00:00", "Overdue"),
        ):
            self.clock.rightNow = datetime.fromisoformat(moment).timestamp()
            self.token = self.sign_in({"username": "kiosk", "password": "secret"})
            assert self.copy("1")["current_booking"]["status"] == status, moment
        assert self.member("A1")["counts"]["overdue"] == 1

    def test_the_late_fee_counts_the_library_s_days(self) -> None:
        bookings = [{"member_no": "A1", "accession_no": "1", "booking_date": "-9d", "return_date": "-1d"}]
        for returned, owed in (("2026-11-02T04:30:00Z", "0.25"), ("2026-11-02T05:30:00Z", "0.50")):
            self.at("2026-11-01T12:00:00+00:00", "America/New_York", bookings=bookings)
            self.clock.advance(86400)
            self.token = self.sign_in({"username": "kiosk", "password": "secret"})
            assert self.give_back("1", returned_at=returned).body["due_amount"] == owed, returned

    def test_an_instant_with_an_offset_is_read(self) -> None:
        bookings = [{"member_no": "A1", "accession_no": "1", "booking_date": "-9d", "return_date": "-1d"}]
        for returned, owed in (("2026-11-02t06:30:00+02:00", "0.25"), ("2026-11-02T00:30:00-05:00", "0.50")):
            self.at("2026-11-01T12:00:00+00:00", "America/New_York", bookings=bookings)
            self.clock.advance(86400)
            self.token = self.sign_in({"username": "kiosk", "password": "secret"})
            assert self.give_back("1", returned_at=returned).body["due_amount"] == owed, returned

    def test_a_date_beyond_the_calendar_is_its_last_day(self) -> None:
        self.sandbox.change_library("oak", preferences={"booking_time_days": 9_000_000})
        assert self.issue("A1", "1").body["return_date"] == "9999-12-31"


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("+14d", date(2026, 3, 15)),
        ("-3d", date(2026, 2, 26)),
        ("+0d", date(2026, 3, 1)),
        ("2020-02-29", date(2020, 2, 29)),
    ],
)
def test_days_from_today_are_read(text: str, day: date) -> None:
    assert days.relative(text, date(2026, 3, 1)) == day


@pytest.mark.parametrize("text", ["14d", "+d", "+1w", "today", "2021-02-29", "20260301", "2026-3-1", ""])
def test_a_text_that_is_not_a_day_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"is not a date|out of range"):
        days.relative(text, date(2026, 3, 1))


@pytest.mark.parametrize(
    "text", ["2026-03-01", "2026-03-01T10:00:00", "2026-W09-7T10:00:00Z", "20260301T100000Z", "x"]
)
def test_a_text_that_is_not_an_instant_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not an instant"):
        days.instant(text)


def test_an_early_year_keeps_its_zeros() -> None:
    assert days.stamp(datetime(12, 1, 2, tzinfo=UTC)) == "0012-01-02T00:00:00Z"
