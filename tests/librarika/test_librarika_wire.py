"""How treq is held, seen from the server: kept connections, turns, and requests that carry nothing they needn't."""

from __future__ import annotations

from socket import SHUT_RDWR
from typing import Any

from test_librarika_failures import OCCASION, silence
from twisted.internet.defer import Deferred
from twisted.trial.unittest import TestCase
from wire_server import KIOSK, LENT, MEMBER, Scripted, ServerCase, StillReactor, refuses, says

from sip2gw.librarika import CallLimits, Timeouts
from sip2gw.librarika.http.connections import Lines, trusting
from sip2gw.librarika.http.transport import Agent, StraightClient, body_of
from sip2gw.librarika.http.urls import ReadyURL
from sip2gw.library import Block, Refused, Unavailable


class Wire(ServerCase, TestCase):
    timeout = 20

    async def opened(self, nickname: str = "riverside", **settings: Any) -> Any:
        self.librarika = self.serve(**settings)
        library = await self.librarika(nickname, KIOSK)
        await library.rules()
        self.server.requests.clear()
        return library

    async def test_F63_one_connection_for_one_call_after_the_other(self) -> None:
        library = await self.opened()
        for _ in range(5):
            await library.patron("M-1001")
        self.assertEqual(len(self.server.connections), 1)
        self.still.advance(10.1)
        await self.turn()
        self.assertEqual(self.server.connections, [])

    async def test_F63_no_more_connections_are_kept_than_calls_may_be_made(self) -> None:
        still, limits = StillReactor(), CallLimits(calls=2)
        agent = Agent(still, Lines(still, trusting(None), lambda: 3.0), lambda: limits)
        client = StraightClient(agent)
        self.addCleanup(agent.pool.close)
        servers = [Scripted() for _ in range(4)]
        for server in servers:
            server.script["GET members"] = says(200, MEMBER)
            answer = await client.get(ReadyURL(f"http://127.0.0.1:{self.listen(server)}/members"))
            await body_of(answer, 1000)
            still.advance(1)
        await self.turn()
        self.assertEqual([len(server.connections) for server in servers], [0, 0, 1, 1])
        self.assertEqual(len(agent.pool), 2)
        still.advance(10.1)
        await self.turn()
        self.assertEqual([len(server.connections) for server in servers], [0, 0, 0, 0])
        self.assertEqual(len(agent.pool), 0)

    async def test_F63_a_connection_that_is_closed_while_we_write(self) -> None:
        library = await self.opened()
        patron = await library.patron("M-1001")
        await self.turn()
        (kept,) = self.server.connections
        self.server.script["PATCH 7"] = says(200, {**MEMBER, "status": "Inactive"})
        self.server.requests.clear()
        kept.transport.getHandle().shutdown(SHUT_RDWR)  # We don't know of it before the reactor's next turn.
        self.assertEqual((await library.block(patron, "lost", OCCASION)).blocks, {Block.INACTIVE})
        (request,) = self.server.came(
            "PATCH 7"
        )  # It may have been sent before: so it goes out under the same key.
        self.assertEqual(request[0]["idempotency-key"], "the-key")

    async def test_reads_of_a_checkout_go_out_together(self) -> None:
        library = await self.opened()
        self.server.script["GET members"] = self.server.script["GET copies"] = silence
        both = [self.server.asked("GET members"), self.server.asked("GET copies")]
        lending = Deferred.fromCoroutine(library.lend("M-1001", "10001", OCCASION, renewal=True))
        for asked in both:
            await asked
        lending.cancel()
        with self.assertRaises(Unavailable):
            await lending
        await self.turn()
        self.assertEqual(self.server.connections, [])

    async def test_one_read_refused_and_the_other_never_answered(self) -> None:
        library = await self.opened()
        self.server.script["GET members"] = refuses(404, "member_not_found")
        self.server.script["GET copies"] = silence
        with self.assertRaises(Refused):
            await library.lend("M-1001", "10001", OCCASION, renewal=True)
        self.still.advance(20.1)
        await self.turn()
        self.assertEqual(self.server.count("POST bookings"), 0)

    async def test_a_copy_that_came_back_since_it_was_looked_up(self) -> None:
        library = await self.opened()
        self.server.script["GET copies"] = says(200, {"items": [LENT]})
        self.server.script["POST return"] = refuses(409, "not_on_loan")
        result = await library.take_back("10001", OCCASION, reader=None)
        self.assertEqual((result.was_on_loan, result.item.title), (False, "Emma"))

    async def test_what_a_request_carries(self) -> None:
        library = await self.opened()
        self.server.script["GET members"] = says(200, MEMBER, Set_Cookie="session=1; Path=/")
        self.server.script["GET copies"] = says(200, {"items": [LENT]}, Set_Cookie="session=1; Path=/")
        await library.patron("M-1001")
        await library.take_back("10001", OCCASION, reader=None)
        for method, target, headers, body in self.server.requests:
            self.assertEqual(headers["accept-encoding"], "identity")
            self.assertEqual(headers["accept"], "application/json")
            self.assertEqual(headers["authorization"], "Bearer tok-1")
            self.assertNotIn("cookie", headers)
            self.assertEqual(headers.get("idempotency-key"), "the-key" if method == "POST" else None)
            if method == "POST":
                self.assertTrue(target.endswith("/riverside/api/v1/bookings/21/return"))
                self.assertEqual(headers["content-type"], "application/json")
                self.assertEqual(
                    body,
                    b'{"returned_at":"2026-11-23T20:00:00+00:00","branch":"Main","terminal":"kiosk-1"}',
                )
        names = [headers["x-request-id"] for _, _, headers, _ in self.server.requests]
        self.assertEqual(len(set(names)), 3)

    async def test_F75_a_library_that_hangs_leaves_room_for_others(self) -> None:
        library = await self.opened(limits=CallLimits(calls=3, calls_per_library=2))
        self.server.script["GET members"] = silence
        hanging = [Deferred.fromCoroutine(library.patron("M-1001")) for _ in range(4)]
        while self.server.count("GET members") < 2:
            await self.turn()
        other = await self.librarika("hillcrest", KIOSK)
        self.assertEqual((await other.rules()).name, "Riverside")
        self.still.advance(10.1)
        for asked in hanging:
            with self.assertRaises(Unavailable):
                await asked
        self.assertEqual(self.server.count("GET members"), 2)

    async def test_turns_are_given_back(self) -> None:
        library = await self.opened(limits=CallLimits(calls=1, retry_share=0.0))
        for misdeed in (says(500, b""), says(401, b""), refuses(409, "member_inactive"), says(200, b"?")):
            self.server.script["GET members"] = misdeed
            with self.assertRaises((Refused, Unavailable)):
                await library.patron("M-1001")
        self.server.script["GET members"] = says(200, MEMBER)
        self.assertEqual((await library.patron("M-1001")).ref, "7")

    def test_deadlines_are_positive(self) -> None:
        for name in ("connect", "headers", "call", "probe"):
            with self.assertRaises(ValueError):
                Timeouts(**{name: 0.0})
