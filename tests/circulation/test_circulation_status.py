"""Status: what may be done here, what time it is, and whether the library can be asked."""

from __future__ import annotations

from datetime import datetime

from desks import DeskCase

from sip2gw.circulation import Policy, supported, welcome
from sip2gw.sip2 import format, messages, parse
from sip2gw.sip2.messages import SCStatus


class Status(DeskCase):
    def test_all_is_well(self) -> None:
        up = self.ask(SCStatus(), location="Desk 1")
        self.assertEqual(
            (up.online_status, up.checkin_ok, up.checkout_ok, up.acs_renewal_policy), (True,) * 4
        )
        self.assertEqual((up.status_update_ok, up.offline_ok), (False, False))
        self.assertEqual((up.timeout_period, up.retries_allowed), (300, 3))
        self.assertEqual(up.date_time_sync, datetime(2026, 3, 1, 12, 0))
        self.assertEqual(
            (up.institution_id, up.library_name, up.terminal_location),
            ("riverside", "Riverside Public Library", "Desk 1"),
        )

    def test_the_messages_are_those_that_have_a_meaning(self) -> None:
        up = self.ask(SCStatus())
        self.assertEqual(up.supported_messages, {"93", "97", "99", "23", "11", "09"})
        self.assertIn(b"BXYYYNYYYNNNNNNNNN|", format(up))

    def test_the_librarys_rules_count(self) -> None:
        self.sandbox.change_library("riverside", preferences={"member_checkouts": False, "renewals": 0})
        self.clock.advance(301)
        up = self.ask(SCStatus())
        self.assertEqual((up.checkin_ok, up.checkout_ok, up.acs_renewal_policy), (True, False, False))
        self.assertNotIn("11", up.supported_messages)

    def test_off_line_while_the_api_is_gone(self) -> None:
        self.sandbox.misbehave("error")
        down = self.ask(SCStatus())
        self.assertEqual((down.online_status, down.checkin_ok, down.checkout_ok), (False, False, False))
        self.assertEqual(down.library_name, "Riverside Public Library")
        self.sandbox.behave()
        self.assertTrue(self.ask(SCStatus()).online_status)

    def test_an_old_terminal_is_spoken_to_as_such(self) -> None:
        self.assertEqual(self.ask(SCStatus(protocol_version="1.00")).protocol_version, "1.00")
        for version in ("2.00", "2.0E", "3.00", "    "):
            self.assertEqual(self.ask(SCStatus(protocol_version=version)).protocol_version, "2.00")

    def test_the_welcome_of_nobody_known(self) -> None:
        up = welcome(SCStatus(), Policy(timeout=20, retries=5))
        self.assertEqual((up.online_status, up.timeout_period, up.retries_allowed), (True, 200, 5))
        self.assertEqual(up.supported_messages, supported())
        self.assertIn(b"0" * 18, format(up), "no clock is set by a gateway that knows no zone")

    def test_what_has_no_meaning_yet_is_refused_in_kind(self) -> None:
        for line in (
            b"17" + b" " * 18 + b"AO|AB1|",
            b"65" + b" " * 18 + b"AO|AA1|",
            b"15+" + b" " * 18 + b"AO|AA1|",
        ):
            request, _ = parse(line)
            response = self.ask(request)  # type: ignore[arg-type]  # parse gives requests for these
            self.assertIs(type(response), request.response)  # type: ignore[attr-defined]  # as above
            self.assertIn("not offered", response.screen_message[0])


def test_the_timeout_is_told_in_tenths_of_a_second():
    line = format(welcome(messages.SCStatus(), Policy(timeout=7.5)))
    assert line[8:11] == b"075"
