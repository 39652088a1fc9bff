"""K2: a patron's password is checked in every request that has one, and with a wrong one nothing is done."""

from __future__ import annotations

from typing import Any

from attrs import evolve
from desks import DeskCase

from sip2gw.circulation import Profile
from sip2gw.circulation.wrong_passwords import Attempt, Pins
from sip2gw.sip2 import parse

D = "20260301    115900"
REQUESTS = {
    "11": f"11NN{D}{' ' * 18}AOriverside|AA{{who}}|AB10001|AC|{{ad}}",
    "11 with BI": f"11NN{D}{' ' * 18}AOriverside|AA{{who}}|AB10007|AC|{{ad}}BIY|",
    "15+": f"15+{D}AOriverside|AA{{who}}|{{ad}}AB10004|",
    "15*": f"15*{D}AOriverside|AA{{who}}|{{ad}}AB10004|BSNorth|",
    "15-": f"15-{D}AOriverside|AA{{who}}|{{ad}}AB10004|",
    "25": f"25{D}AOriverside|AA{{who}}|{{ad}}",
    "29": f"29NN{D}{' ' * 18}AOriverside|AA{{who}}|{{ad}}AB10007|",
    "37": f"37{D}0401USDBV1.00|AOriverside|AA{{who}}|{{ad}}BKT-1|",
    "65": f"65{D}AOriverside|AA{{who}}|{{ad}}",
}
REFUSED = {"11": "120", "15": "160", "25": "26", "29": "300", "37": "38N", "65": "660"}
READERS = ("M-1001", "M-1005", "M-1002")
"""Patrons with this password, without a password, and with another one."""


class Passwords(DeskCase):
    profile = Profile(patron_updates=True)

    def setUp(self) -> None:
        super().setUp()
        self.allow(member_updates=True)

    def said(self, name: str, who: str, ad: str) -> Any:
        request, _ = parse(REQUESTS[name].format(who=who, ad=ad).encode())
        return self.ask(request)

    def test_K2_a_wrong_password_refuses_each_request_that_has_one(self) -> None:
        before = self.kinds()
        for name in REQUESTS:
            for who in READERS:
                answer = self.said(name, who, "AD9999|")
                line = self.line(answer)
                self.assertTrue(line.startswith(REFUSED[name[:2]]), (name, who, line))
                self.assertEqual(answer.screen_message, (self.speaker.say("password_wrong"),), (name, who))
                self.clock.advance(61)
        self.assertEqual(self.kinds(), before)

    def test_K2_a_right_an_empty_and_no_password_are_accepted(self) -> None:
        for name in ("11", "15+", "15*", "15-", "65"):
            for ad in ("AD1234|", "AD|", ""):
                with self.subTest(name=name, ad=ad):
                    self.sandbox.reset()
                    self.connect()
                    if name in ("15*", "15-"):
                        self.said("15+", "M-1001", "")
                    self.assertTrue(self.said(name, "M-1001", ad).ok)

    def test_K2_a_wrong_password_is_ignored_if_the_profile_checks_none(self) -> None:
        request, _ = parse(REQUESTS["11"].format(who="M-1001", ad="AD9999|").encode())
        self.assertTrue(self.ask(request, profile=Profile(patron_password=False)).ok)

    def test_K2_a_wrong_password_in_35_adds_a_line_and_ends_the_session(self) -> None:
        for ad, words in (
            ("AD9999|", (self.speaker.say("password_wrong"),)),
            ("AD1234|", ()),
            ("AD|", ()),
            ("", ()),
        ):
            request, _ = parse(f"35{D}AOriverside|AAM-1001|{ad}".encode())
            answer = self.ask(request)
            self.assertEqual((answer.end_session, answer.screen_message), (True, words))

    def test_K2_a_refusal_with_a_right_password_has_its_own_reason(self) -> None:
        request, _ = parse(f"11NN{D}{' ' * 18}AOriverside|AAM-1001|AB10006|AC|AD1234|".encode())
        self.assertEqual(self.ask(request).screen_message, (self.speaker.say("circulation_disabled"),))


class Counted(DeskCase):
    """A wrong password counts in every request as it does in 23."""

    def test_K2_a_wrong_password_counts_in_11_15_29_and_65(self) -> None:
        counted: list[str] = []

        class Recorded(Attempt):
            def wrong(self) -> None:
                counted.append("wrong")

        class Recording(Pins):
            def __init__(self) -> None:
                pass

            def attempt(self, *_: Any) -> Attempt:
                counted.append("tried")
                return Recorded()

        pins = Recording()
        for line in (REQUESTS["11"], REQUESTS["15+"], REQUESTS["29"], REQUESTS["65"]):
            request, _ = parse(line.format(who="M-1001", ad="AD9999|").encode())
            desk = self.desk()
            desk.place = evolve(desk.place, pins=pins)
            self.done(self._ask(request, desk))
        self.assertEqual(counted, 4 * ["tried", "wrong"])


class Languages(DeskCase):
    def test_K4_the_requests_language_counts_before_the_librarys(self) -> None:
        request, _ = parse(f"23003{D}AOriverside|AAM-1001|AC|ADbad|".encode())
        answer = self.ask(request)
        self.assertIn("Passwort", answer.screen_message[0])

    def test_K4_language_000_gets_the_profiles_then_the_librarys_language(self) -> None:
        request, _ = parse(f"23000{D}AOriverside|AAM-1001|AC|ADbad|".encode())
        self.assertEqual(self.ask(request).screen_message, (self.speaker.say("password_wrong"),))
        answer = self.ask(request, profile=Profile(language="fr"))
        self.assertIn("mot de passe", answer.screen_message[0])  # codespell:ignore mot
