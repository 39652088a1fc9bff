"""How treq is held, seen from the server: kept connections, turns, and requests that carry nothing they needn't."""

from __future__ import annotations

import json
from socket import SHUT_RDWR
from typing import Any

from test_librarika_failures import OCCASION, silence
from twisted.internet.defer import Deferred
from twisted.trial.unittest import TestCase
from wire_server import KIOSK, MEMBER, Scripted, ServerCase, StillReactor, refuses, says

from sip2gw.librarika import CallLimits, Timeouts
from sip2gw.librarika.http.connections import OriginEndpoints, trusting
from sip2gw.librarika.http.transport import Agent, StraightClient, body_of
from sip2gw.librarika.http.urls import ReadyURL
from sip2gw.library import Block, Refused, Unavailable


class Wire(ServerCase, TestCase):
    timeout = 120

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
        agent = Agent(still, OriginEndpoints(still, trusting(None), lambda: 3.0), lambda: limits)
        client = StraightClient(agent)
        self.addCleanup(agent.pool.close)
        servers = [Scripted() for _ in range(4)]
        for server in servers:
            answer = await client.get(ReadyURL(f"http://127.0.0.1:{self.listen(server)}/library"))
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
        await library.patron("M-1001")
        await self.turn()
        (kept,) = self.server.connections
        self.server.script["POST block"] = says(200, {**MEMBER, "status": "Inactive"})
        self.server.requests.clear()
        kept.transport.getHandle().shutdown(SHUT_RDWR)  # We don't know of it before the reactor's next turn.
        self.assertEqual((await library.block("M-1001", "lost", OCCASION)).blocks, {Block.INACTIVE})
        (request,) = self.server.came(
            "POST block"
        )  # It may have been sent before: so it goes out under the same key.
        self.assertEqual(request[0]["idempotency-key"], "the-key")

    async def test_what_a_request_carries(self) -> None:
        library = await self.opened()
        self.server.script["POST members/find"] = says(200, MEMBER, Set_Cookie="session=1; Path=/")
        await library.patron("M-1001")
        await library.take_back("10001", OCCASION, reader=None)
        for method, target, headers, body in self.server.requests:
            self.assertEqual(headers["accept-encoding"], "identity")
            self.assertEqual(headers["accept"], "application/json")
            self.assertEqual(headers["authorization"], "Bearer tok-1")
            self.assertNotIn("cookie", headers)
            self.assertEqual((method, headers["content-type"]), ("POST", "application/json"))
            writes = target.endswith("/riverside/api/v1/returns")
            self.assertEqual(headers.get("idempotency-key"), "the-key" if writes else None)
            said = {"member_no": "M-1001"}
            if writes:
                said = {
                    "identifier": "10001",
                    "types": ["accession", "barcode"],
                    "branch": "Main",
                    "terminal": "kiosk-1",
                    "returned_at": "2026-11-23T20:00:00+00:00",
                }
            self.assertEqual(json.loads(body), said)
        names = [headers["x-request-id"] for _, _, headers, _ in self.server.requests]
        self.assertEqual(len(set(names)), 2)

    async def test_F75_a_library_that_hangs_leaves_room_for_others(self) -> None:
        library = await self.opened(limits=CallLimits(calls=3, calls_per_library=2))
        self.server.script["POST members/find"] = silence
        hanging = [Deferred.fromCoroutine(library.patron("M-1001")) for _ in range(4)]
        while self.server.count("POST members/find") < 2:
            await self.turn()
        other = await self.librarika("hillcrest", KIOSK)
        self.assertEqual((await other.rules()).name, "Riverside")
        self.still.advance(10.1)
        for asked in hanging:
            with self.assertRaises(Unavailable):
                await asked
        self.assertEqual(self.server.count("POST members/find"), 2)

    async def test_turns_are_given_back(self) -> None:
        library = await self.opened(limits=CallLimits(calls=1, retry_share=0.0))
        for misdeed in (says(500, b""), says(401, b""), refuses(409, "member_inactive"), says(200, b"?")):
            self.server.script["POST members/find"] = misdeed
            with self.assertRaises((Refused, Unavailable)):
                await library.patron("M-1001")
        self.server.script["POST members/find"] = says(200, MEMBER)
        self.assertEqual((await library.patron("M-1001")).patron.name, "Amina Rahman")

    def test_deadlines_are_positive(self) -> None:
        for name in ("connect", "headers", "call", "probe"):
            with self.assertRaises(ValueError):
                Timeouts(**{name: 0.0})
