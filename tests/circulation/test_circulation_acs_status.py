"""ACS status (98): what is allowed here, the time, and whether the library's API answers."""

from __future__ import annotations

from datetime import UTC, datetime

from attrs import evolve
from desks import DeskCase

from sip2gw.circulation import Policy, Profile, supported, welcome
from sip2gw.circulation.acs_status import allowed
from sip2gw.sip2 import format, messages
from sip2gw.sip2.messages import SCStatus

NOW = datetime(2026, 3, 1, 17, 0, tzinfo=UTC)


class Status(DeskCase):
    def test_98_is_online_and_has_time_name_and_timeout(self) -> None:
        up = self.ask(SCStatus(), location="Desk 1")
        self.assertEqual(
            (up.online_status, up.checkin_ok, up.checkout_ok, up.acs_renewal_policy), (True,) * 4
        )
        self.assertEqual((up.status_update_ok, up.offline_ok), (False, True))
        self.assertEqual((up.timeout_period, up.retries_allowed), (300, 3))
        self.assertEqual(up.date_time_sync, datetime(2026, 3, 1, 12, 0))
        self.assertEqual(
            (up.institution_id, up.library_name, up.terminal_location),
            ("riverside", "Riverside Public Library", "Desk 1"),
        )

    def test_BX_has_the_requests_that_are_allowed(self) -> None:
        up = self.ask(SCStatus())
        self.assertEqual(up.supported_messages, supported() - {"01", "19", "25"})
        self.assertIn(b"BXYYYNYYYYYYYNNYYY|", format(up))

    def test_updates_need_the_permission_of_library_and_profile(self) -> None:
        """Lesson 56: a request that is not supported is not offered."""
        open_profile = Profile(patron_updates=True, item_updates=True)
        open_rules = evolve(self.tenant.rules, patron_updates=True, item_updates=True)
        self.assertEqual(allowed(open_rules, open_profile), supported())
        for rules, profile in ((open_rules, Profile()), (self.tenant.rules, open_profile)):
            self.assertEqual(supported() - allowed(rules, profile), {"01", "19", "25"})

    def test_each_rule_of_the_library_forbids_its_requests(self) -> None:
        everything = evolve(self.tenant.rules, patron_updates=True, item_updates=True)
        profile = Profile(patron_updates=True, item_updates=True)
        for rule, codes in {
            "checkouts": {"11"}, "checkins": {"09"}, "renewals": {"29", "65"}, "holds": {"15"}, "fees": {"37"},
            "patron_updates": {"01", "25"}, "item_updates": {"19"},
        }.items():  # fmt: skip
            self.assertEqual(supported() - allowed(evolve(everything, **{rule: False}), profile), codes)

    def test_a_profile_removes_requests_from_98(self) -> None:
        up = self.ask(SCStatus(), profile=Profile(offline=False, renew_by_checkout=False))
        self.assertEqual((up.offline_ok, up.acs_renewal_policy, up.checkout_ok), (False, False, True))
        up = self.ask(SCStatus(), profile=Profile(messages=frozenset({"09", "17"})))
        self.assertEqual((up.checkin_ok, up.checkout_ok, up.offline_ok), (True, False, True))
        self.assertEqual(up.supported_messages, {"09", "17", "93", "97", "99"})

    def test_the_librarys_rules_remove_requests_from_98(self) -> None:
        self.sandbox.change_library("riverside", preferences={"member_checkouts": False, "renewals": 0})
        self.clock.advance(301)
        up = self.ask(SCStatus())
        self.assertEqual((up.checkin_ok, up.checkout_ok, up.acs_renewal_policy), (True, False, False))
        self.assertNotIn("11", up.supported_messages)

    def test_F42_98_is_offline_while_the_API_does_not_answer(self) -> None:
        self.sandbox.misbehave("error")
        self.clock.advance(6)
        down = self.ask(SCStatus())
        self.assertEqual((down.online_status, down.checkin_ok, down.checkout_ok), (False, False, False))
        self.assertTrue(down.offline_ok, "that is when it is needed")
        self.assertEqual(down.library_name, "Riverside Public Library")
        self.sandbox.behave()
        self.assertTrue(self.ask(SCStatus()).online_status)

    def test_a_terminal_of_version_1_gets_version_1(self) -> None:
        self.assertEqual(self.ask(SCStatus(protocol_version="1.00")).protocol_version, "1.00")
        for version in ("2.00", "2.0E", "3.00", "    "):
            self.assertEqual(self.ask(SCStatus(protocol_version=version)).protocol_version, "2.00")

    def test_98_before_a_login_has_all_requests(self) -> None:
        up = welcome(SCStatus(), Policy(timeout=20, retries=5), NOW)
        self.assertEqual((up.online_status, up.timeout_period, up.retries_allowed), (True, 200, 5))
        self.assertEqual(up.supported_messages, supported())
        self.assertEqual(up.date_time_sync, datetime(2026, 3, 1, 17, 0))

    def test_K17_98_after_a_refused_login_allows_nothing(self) -> None:
        down = welcome(SCStatus(), Policy(), NOW, refused=True)
        self.assertEqual((down.online_status, down.checkin_ok, down.checkout_ok), (False, False, False))
        self.assertEqual(down.supported_messages, {"93", "97", "99"})


def test_the_timeout_in_98_is_in_tenths_of_a_second():
    line = format(welcome(messages.SCStatus(), Policy(timeout=7.5), NOW))
    assert line[8:11] == b"075"
