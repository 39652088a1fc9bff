"""Logins and tokens: who gets in, what becomes of a changed password, and that one renewal serves everybody."""

from __future__ import annotations

import gc
from typing import Any

from test_librarika_failures import OCCASION, silence
from test_librarika_library import KIOSK, SandboxCase
from twisted.internet.defer import Deferred
from twisted.logger import globalLogPublisher
from twisted.trial.unittest import TestCase
from wire_server import KIOSK as SCRIPTED_KIOSK
from wire_server import MEMBER, TOKENS, ServerCase, refuses, says

from sip2gw.library import Credentials, InDoubt, Refused, Unavailable

TEMPLATE = "http://localhost/{library}/api/v1"
WRONG = Credentials(KIOSK.username, "not-the-secret")


class Logins(SandboxCase):
    def login(self, library: str, username: str, password: str) -> Any:
        return self.librarika(library, Credentials(username, password))

    def test_who_is_refused_and_why(self) -> None:
        for library, username, password, code in (
            ("riverside", KIOSK.username, "wrong", "invalid_credentials"),
            ("riverside", "nobody", "kiosk-secret", "invalid_credentials"),
            ("riverside", "desk@riverside.example", "desk-secret", "sip2_not_activated"),
            ("riverside", "intern@riverside.example", "intern-secret", "permission_missing"),
            ("closedlib", "kiosk@closedlib.example", "closed-secret", "sip2_disabled"),
            ("nowhere", KIOSK.username, "kiosk-secret", "library_not_found"),
            ("Not/A.Label", KIOSK.username, "kiosk-secret", "library_not_found"),
        ):
            self.assertEqual(self.refused(self.login(library, username, password)).code, code)
        self.clock.advance(601)
        self.sandbox.change_user("riverside", KIOSK.username, status="Inactive")
        self.assertEqual(self.refused(self.librarika("riverside", KIOSK)).code, "account_inactive")

    def test_a_wrong_password_leaves_the_live_account_alone(self) -> None:
        self.assertEqual(self.refused(self.librarika("riverside", WRONG)).code, "invalid_credentials")
        self.trips()
        self.done(self.library.patron("M-1001"))
        self.clock.advance(4000)
        self.done(self.library.patron("M-1001"))
        self.assertEqual(self.trips()[:2], ["POST members/find", "POST refresh"])

    def test_F53_a_right_login_is_not_asked_about_again_for_ten_minutes(self) -> None:
        self.trips()
        for _ in range(50):
            self.assertFalse(self.librarika.asks("riverside", KIOSK))
            self.done(self.librarika("riverside", KIOSK))
        self.assertEqual(self.trips(), [])
        self.assertTrue(self.librarika.asks("riverside", WRONG), "another password is another login")
        self.assertTrue(self.librarika.asks("hillcrest", KIOSK), "and so is another library")
        self.clock.advance(600)
        self.assertTrue(self.librarika.asks("riverside", KIOSK))
        self.done(self.librarika("riverside", KIOSK))
        self.assertEqual(self.trips(), ["POST tokens"])

    def test_F53_a_401_ends_what_was_verified(self) -> None:
        self.sandbox.change_user("riverside", KIOSK.username, password="new-secret")
        self.done(self.librarika("riverside", KIOSK))
        self.assertEqual(self.refused(self.library.patron("M-1001")).code, "invalid_credentials")
        self.assertEqual(self.refused(self.librarika("riverside", KIOSK)).code, "invalid_credentials")
        library = self.done(self.login("riverside", KIOSK.username, "new-secret"))
        self.trips()
        self.done(library.patron("M-1001"))
        self.assertEqual(self.trips(), ["POST members/find"])

    def test_F52_a_revoked_account_is_found_by_asking_and_let_in_again_at_once(self) -> None:
        self.done(self.library.confirm())
        for change, code in (
            ({"status": "Inactive"}, "account_inactive"),
            ({"sip2_activated": False}, "sip2_not_activated"),
        ):
            self.sandbox.change_user("riverside", KIOSK.username, **change)
            self.assertEqual(self.refused(self.library.confirm()).code, code)
            self.assertEqual(self.refused(self.librarika("riverside", KIOSK)).code, code)
            self.sandbox.change_user("riverside", KIOSK.username, status="Active", sip2_activated=True)
            self.clock.advance(5)
            self.done(self.librarika("riverside", KIOSK))
            self.done(self.library.confirm())

    def test_F52_an_outage_revokes_nobody(self) -> None:
        self.sandbox.misbehave("error")
        self.assertIsInstance(
            self.failureResultOf(Deferred.fromCoroutine(self.library.confirm())).value, Unavailable
        )
        self.assertFalse(self.librarika.asks("riverside", KIOSK))

    def test_a_wrong_login_is_asked_about_once_in_a_while(self) -> None:
        self.trips()
        for _ in range(20):
            self.assertEqual(self.refused(self.librarika("riverside", WRONG)).code, "invalid_credentials")
        self.assertEqual(self.trips(), ["POST tokens"])
        self.clock.advance(5)
        self.refused(self.librarika("riverside", WRONG))
        self.assertEqual(self.trips(), ["POST tokens"])

    def test_a_library_that_does_not_exist_is_asked_for_once_a_minute_whoever_asks(self) -> None:
        self.trips()
        for number in range(20):
            self.assertEqual(
                self.refused(self.login("west", f"kiosk{number}", "x")).code, "library_not_found"
            )
        self.assertEqual(self.trips(), ["POST tokens"])
        self.assertFalse(self.librarika.asks("west", KIOSK))
        self.clock.advance(60)
        self.assertTrue(self.librarika.asks("west", KIOSK))

    def test_the_number_of_licences_is_one_of_the_rules(self) -> None:
        self.assertEqual(self.done(self.library.rules()).terminals, 25)
        self.sandbox.change_library("riverside", sip2={"terminals_licensed": 7})
        self.assertEqual(self.done(self.library.confirm()).terminals, 7)
        self.assertEqual(self.done(self.library.rules()).terminals, 7)

    def test_sessions_of_an_account_share_its_token_and_rules(self) -> None:
        other = self.done(self.librarika("riverside", KIOSK))
        self.trips()
        self.done(other.rules())
        self.assertEqual(self.trips(), [])

    def test_an_account_that_nobody_uses_is_forgotten(self) -> None:
        del self.library
        gc.collect()
        self.assertEqual(len(self.librarika._accounts), 1, "its login is remembered for a while")
        self.clock.advance(600)
        self.assertTrue(self.librarika.asks("riverside", KIOSK))
        gc.collect()
        self.assertEqual(len(self.librarika._accounts), 0)
        self.assertEqual(len(self.librarika._sign_ins), 0)

    def test_a_token_is_renewed_before_it_expires(self) -> None:
        self.clock.advance(3539)
        self.done(self.library.patron("M-1001"))
        self.assertNotIn("POST refresh", self.trips())
        self.clock.advance(2)
        self.done(self.library.patron("M-1001"))
        self.assertEqual(self.trips()[0], "POST refresh")

    def test_what_is_left_of_a_token_will_do(self) -> None:
        self.clock.advance(3541)
        self.sandbox.misbehave("error", endpoint="refresh_token")
        self.done(self.library.patron("M-1001"))
        self.clock.advance(60)
        self.assertIsInstance(
            self.failureResultOf(Deferred.fromCoroutine(self.library.patron("M-1001"))).value, Unavailable
        )

    def test_F61_nobody_waits_for_a_renewal_while_the_token_holds(self) -> None:
        self.clock.advance(3541)
        self.sandbox.misbehave("hang", endpoint="refresh_token")
        for _ in range(3):
            self.assertEqual(self.done(self.library.patron("M-1001")).patron.patron_id, "M-1001")
        self.assertEqual(self.trips().count("POST refresh"), 1, "one renewal is under way for all")
        self.clock.advance(10)
        self.sandbox.behave()
        self.done(self.library.patron("M-1001"))
        self.assertEqual(self.trips().count("POST refresh"), 1)
        self.clock.advance(60)
        self.done(self.library.patron("M-1001"))
        self.assertEqual(self.trips(), ["POST members/find"], "with the new one")

    def test_F61_a_token_that_expires_while_its_renewal_hangs(self) -> None:
        self.clock.advance(3595)
        self.sandbox.misbehave("hang", endpoint="refresh_token")
        self.done(self.library.patron("M-1001"))
        self.clock.advance(5)
        asking = Deferred.fromCoroutine(self.library.patron("M-1001"))
        self.assertNoResult(asking)
        self.clock.advance(5)
        self.failureResultOf(asking, Unavailable)

    def test_whoever_asks_after_a_renewal_that_was_refused_hears_it(self) -> None:
        self.clock.advance(3539)
        self.done(self.library.patron("M-1001"))
        self.clock.advance(2)
        for endpoint in ("refresh_token", "create_token"):
            self.sandbox.misbehave("unauthorized", endpoint=endpoint)
        self.done(self.library.patron("M-1001"))
        self.assertEqual(self.refused(self.library.patron("M-1001")).code, "unauthorized")

    def test_a_refresh_token_that_is_no_good(self) -> None:
        self.clock.advance(30 * 86400)
        self.done(self.library.patron("M-1001"))
        self.assertEqual(self.trips()[:2], ["POST refresh", "POST tokens"])

    def test_a_password_that_was_changed_under_way(self) -> None:
        self.sandbox.change_user("riverside", KIOSK.username, password="new-secret")
        for _ in range(3):
            self.assertEqual(self.refused(self.library.patron("M-1001")).code, "invalid_credentials")
        self.assertEqual(self.trips().count("POST tokens"), 1)
        library = self.done(self.login("riverside", KIOSK.username, "new-secret"))
        self.done(library.patron("M-1001"))
        self.assertEqual(self.refused(self.library.patron("M-1001")).code, "invalid_credentials")

    def test_F53_the_old_password_is_no_good_from_the_moment_that_a_new_one_is_right(self) -> None:
        self.sandbox.change_user("riverside", KIOSK.username, password="new-secret")
        library = self.done(self.login("riverside", KIOSK.username, "new-secret"))
        self.assertTrue(self.librarika.asks("riverside", KIOSK))
        self.trips()
        for _ in range(3):
            self.assertEqual(self.refused(self.library.patron("M-1001")).code, "invalid_credentials")
        self.assertEqual(
            self.trips(), ["POST tokens"], "it is asked about once, and not tried again and again"
        )
        self.done(library.patron("M-1001"))
        self.assertFalse(self.librarika.asks("riverside", Credentials(KIOSK.username, "new-secret")))

    def test_an_account_that_was_closed_under_way(self) -> None:
        self.sandbox.change_user("riverside", KIOSK.username, sip2_activated=False)
        self.assertEqual(self.refused(self.library.patron("M-1001")).code, "sip2_not_activated")

    def test_F51_401_twice_is_a_refusal(self) -> None:
        self.sandbox.misbehave("unauthorized", endpoint="issue")
        self.assertEqual(self.refused(self.lend("M-1001", "10001")).code, "invalid_credentials")
        self.assertEqual(self.trips().count("POST loans"), 2)
        self.assertEqual(self.effects(), [])

    def test_nothing_secret_is_in_a_repr(self) -> None:
        for thing in (
            self.library,
            self.library._calls.account,
            self.library._calls.account._tokens,
            self.librarika,
            KIOSK,
        ):
            for secret in ("kiosk-secret", self.library._calls.account._tokens.access_token.reveal()):
                self.assertNotIn(secret, repr(thing))


class AtTheSameTime(ServerCase, TestCase):
    """Over sockets, where requests overlap."""

    timeout = 120

    async def test_F53_one_sign_in_for_the_same_credentials(self) -> None:
        librarika = self.serve()
        opened = [Deferred.fromCoroutine(librarika("riverside", SCRIPTED_KIOSK)) for _ in range(20)]
        opened[3].cancel()
        libraries = [await one for one in (*opened[:3], *opened[4:])]
        await self.assertFailure(opened[3], Exception)
        self.assertEqual(self.server.count("POST tokens"), 1)
        self.assertEqual({library.nickname for library in libraries}, {"riverside"})

    async def test_F51_one_refresh_for_all_and_each_is_asked_once_more(self) -> None:
        library = await self.serve()("riverside", SCRIPTED_KIOSK)
        await library.rules()

        def by_token(transport: Any) -> None:
            _, _, headers, _ = self.server.requests[-1]
            (says(200, MEMBER) if headers["authorization"] == "Bearer tok-2" else says(401, b""))(transport)

        self.server.script["POST members/find"] = by_token
        asking = [Deferred.fromCoroutine(library.patron("M-1001")) for _ in range(20)]
        self.assertEqual({(await one).patron.name for one in asking}, {"Amina Rahman"})
        self.assertEqual(self.server.count("POST refresh"), 1)
        self.assertEqual(self.server.count("POST members/find"), 40)

    async def test_one_request_for_the_rules(self) -> None:
        library = await self.serve()("riverside", SCRIPTED_KIOSK)
        asking = [Deferred.fromCoroutine(library.rules()) for _ in range(20)]
        self.assertEqual({(await one).name for one in asking}, {"Riverside"})
        self.assertEqual(self.server.count("GET library"), 1)

    async def test_a_refresh_that_hangs_ends_with_the_question(self) -> None:
        library = await self.serve()("riverside", SCRIPTED_KIOSK)
        await library.rules()
        self.server.script["POST members/find"] = says(401, b"")
        self.server.script["POST refresh"] = silence
        come = self.server.asked("POST refresh")
        asking = Deferred.fromCoroutine(library.patron("M-1001"))
        await come
        self.still.advance(20.1)
        with self.assertRaises(Unavailable):
            await asking

    async def test_a_life_beyond_all_clocks(self) -> None:
        librarika = self.serve()
        self.server.script["POST tokens"] = says(200, {**TOKENS, "expires_in": 10**400})
        library = await librarika("riverside", SCRIPTED_KIOSK)
        self.assertEqual((await library.rules()).name, "Riverside")

    async def test_answers_to_a_login_that_make_no_sense(self) -> None:
        librarika = self.serve()
        for document in (
            {},
            {**TOKENS, "expires_in": "3600"},
            {**TOKENS, "access_token": "a\nb"},
            {**TOKENS, "access_token": "é"},
            [],
        ):
            self.server.script["POST tokens"] = says(200, document)
            with self.assertRaises(Unavailable):
                await librarika("riverside", SCRIPTED_KIOSK)
        self.server.script["POST tokens"] = refuses(401, "invalid_credentials")
        with self.assertRaises(Refused) as caught:
            await librarika("riverside", SCRIPTED_KIOSK)
        self.assertEqual(caught.exception.code, "invalid_credentials")
        with self.assertRaises((Refused, Unavailable)):
            await librarika("xn--zzzzz", SCRIPTED_KIOSK)

    async def test_rules_that_make_no_sense(self) -> None:
        library = await self.serve()("riverside", SCRIPTED_KIOSK)
        for zone in ("Mars/Olympus", "../../etc/passwd", "", "\x00", 7):
            self.server.script["GET library"] = says(
                200, {"nickname": "riverside", "name": "R", "timezone": zone}
            )
            with self.assertRaises(Unavailable):
                await library.rules()
            self.still.advance(11)

    async def test_a_member_of_another_number_is_nobody(self) -> None:
        library = await self.serve()("riverside", SCRIPTED_KIOSK)
        self.server.script["POST members/find"] = says(200, {**MEMBER, "member_no": "M-1002"})
        with self.assertRaises(Refused) as caught:
            await library.patron("M-1001")
        self.assertEqual(caught.exception.code, "member_not_found")

    async def test_logs_name_operations_and_nobody(self) -> None:
        said: list[str] = []
        globalLogPublisher.addObserver(lambda event: said.append(repr(event)))
        self.addCleanup(globalLogPublisher.removeObserver, globalLogPublisher._observers[-1])
        library = await self.serve()("riverside", SCRIPTED_KIOSK)
        self.server.script["POST members/find"] = says(500, b"M-1001 Amina Rahman")
        with self.assertRaises(Unavailable):
            await library.patron("M-1001")
        self.server.script["POST members/find"] = says(200, MEMBER)
        self.server.script["POST loans"] = says(200, b"Amina")
        with self.assertRaises(InDoubt):
            await self.settled(library.lend("M-1001", "10001", OCCASION, renewal=True))
        text = "\n".join(said)
        self.assertIn("librarika_call_failed", text)
        for secret in ("M-1001", "Amina", "tok-1", "s3cret"):
            self.assertNotIn(secret, text)
