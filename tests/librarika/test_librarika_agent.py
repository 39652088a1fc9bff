"""The agent under treq, over real sockets: what it keeps, what it takes for an answer, and how much of one it reads."""

from __future__ import annotations

import json
from socket import socket
from typing import Any

from test_librarika_canary import reachable
from test_librarika_failures import OCCASION, once, writes
from twisted.internet.defer import Deferred
from twisted.internet.protocol import Factory, Protocol
from twisted.trial.unittest import TestCase
from twisted.web.client import URI
from wire_server import BOOKING, KIOSK, MEMBER, ServerCase, StillReactor, response, says

from sip2gw.librarika import CallLimits
from sip2gw.librarika.http.connections import NotConnected, OriginEndpoints, trusting
from sip2gw.librarika.http.exchange import MOST_INTERIM, MOST_PIECES
from sip2gw.librarika.http.transport import Agent, Whole, body_of
from sip2gw.library import InDoubt, Unavailable

GOOD = json.dumps(MEMBER).encode()
OTHER = json.dumps({**MEMBER, "name": "Somebody Else"}).encode()
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
LIMITS = CallLimits(retry_share=0.0, answer_body=200_000, answer_head=4096)


def chunks(body: bytes, size: int, extension: bytes = b"") -> bytes:
    """A chunked body, without the last chunk."""
    return b"".join(
        b"%x%s\r\n%s\r\n" % (len(piece), extension, piece)
        for piece in (body[at : at + size] for at in range(0, len(body), size))
    )


TOO_MUCH = {
    "one byte a chunk": CHUNKED + chunks(b" " * (MOST_PIECES + 9), 1) + b"0\r\n\r\n",
    "a chunk extension without end": CHUNKED + b"1;" + b"x" * 300_000,
    "chunk extensions": CHUNKED + chunks(b" " * 400, 1, b";" + b"x" * 1000) + b"0\r\n\r\n",
    "a trailer without end": CHUNKED + b"0\r\nX: " + b"x" * 300_000,
    "trailers without end": CHUNKED + b"0\r\n" + b"X: x\r\n" * 50_000,
    "interim answers": b"HTTP/1.1 100 Continue\r\n\r\n" * (MOST_INTERIM + 1)
    + HEAD
    + b"Content-Length: 2\r\n\r\n{}",
    "interim heads": b"HTTP/1.1 103 Early\r\nLink: " + b"x" * 5000 + b"\r\n\r\n",
    "interim heads together": (b"HTTP/1.1 103 Early\r\nLink: " + b"x" * 900 + b"\r\n\r\n") * 6,
    "an endless flood of interim answers": b"HTTP/1.1 100 Continue\r\n\r\n" * 50_000,
    "a status line without end": b"HTTP/1.1 200 " + b"O" * 300_000,
    "a header without end": HEAD + b"X: " + b"x" * 300_000,
    "headers without end": HEAD + b"X: x\r\n" * 50_000,
    "a body that is larger than it may be": HEAD + b"Content-Length: 200001\r\n\r\n" + b" " * 200_001,
    "a body without a length that is": HEAD + b"\r\n" + b" " * 200_001,
    "chunks that are": CHUNKED + chunks(b" " * 200_001, 50_000) + b"0\r\n\r\n",
    "a length that no memory has": HEAD + b"Content-Length: 999999999999999\r\n\r\n{",
}
NOT_HTTP = {
    "a length that is not a number": HEAD + b"Content-Length: x\r\n\r\n{}",
    "a length below zero": HEAD + b"Content-Length: -1\r\n\r\n{}",
    "two lengths": HEAD + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
    "a length and chunks": HEAD + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "a chunk's size that is not a number": CHUNKED + b"z\r\n{}\r\n0\r\n\r\n",
    "a chunk that is longer than it says": CHUNKED + b"1\r\n{}\r\n0\r\n\r\n",
    "a switch of protocols": b"HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
    "a switch without a word": b"HTTP/1.1 101 Switching\r\n\r\n",
    "HTTP/2": b"HTTP/2 200\r\n\r\n",
    "a request": b"GET / HTTP/1.1\r\n\r\n",
    "a header without a colon": b"HTTP/1.1 200 OK\r\nnothing\r\n\r\n{}",
    "a folded header": HEAD + b" folded: x\r\n\r\n{}",
}
CUT = {
    "cut in its length": HEAD + b"Content-Length: 9\r\n\r\n{}",
    "cut in a chunk": CHUNKED + b"5\r\n{}",
    "cut before the last chunk": CHUNKED + chunks(GOOD, 99),
    "cut in its head": HEAD,
}


class Answers(ServerCase, TestCase):
    timeout = 120

    async def opened(self, **settings: Any) -> Any:
        self.librarika = self.serve(**{"limits": LIMITS, **settings})
        library = await self.librarika("riverside", KIOSK)
        await library.rules()
        return library

    async def lost(self, library: Any, raw: bytes, then: str = "") -> None:
        self.server.script["POST members/find"] = writes(raw, then)
        with self.assertRaises(Unavailable):
            await library.patron("M-1001")
        while self.server.connections:  # It is ended, and that is all that ends it.
            await self.turn()
        self.server.script["POST members/find"] = says(200, MEMBER)
        self.assertEqual((await library.patron("M-1001")).patron.name, "Amina Rahman")

    async def test_R2_an_answer_that_is_too_much_is_lost_and_its_connection_ended(self) -> None:
        for name, raw in TOO_MUCH.items():
            await self.lost(await self.opened(), raw)
            failed = self.librarika._client.metrics.registry.get_sample_value(
                "sip2gw_call_failures_total",
                {"failure": "broken" if "interim answers" in name else "too_large"},
            )
            self.assertEqual(failed, 1, name)

    async def test_R2_an_answer_that_is_not_http_is_lost(self) -> None:
        library = await self.opened()
        for raw in NOT_HTTP.values():
            await self.lost(library, raw, "loseConnection")
            self.still.advance(11)

    async def test_R2_an_end_of_the_connection_is_no_end_of_an_answer_with_a_length(self) -> None:
        library = await self.opened()
        for raw in CUT.values():
            await self.lost(library, raw, "loseConnection")
            self.still.advance(11)

    async def test_R2_a_write_whose_answer_is_not_http_was_sent_and_is_in_doubt(self) -> None:
        for raw in (*NOT_HTTP.values(), *CUT.values()):
            library = await self.opened()
            self.server.script["POST loans"] = writes(raw, "loseConnection")
            with self.assertRaises(InDoubt):
                await self.settled(library.lend("M-1001", "10001", OCCASION, renewal=True))

    async def test_an_answer_in_any_pieces_is_the_same_answer(self) -> None:
        library = await self.opened()
        for raw in (
            response(200, GOOD),
            CHUNKED + chunks(GOOD, 7) + b"0\r\nX: trailer\r\n\r\n",
            b"HTTP/1.1 100 Continue\r\n\r\n" + response(200, GOOD),
        ):
            for size in (1, 5, 64):

                def slowly(transport: Any, raw: bytes = raw, size: int = size) -> None:
                    for at in range(0, len(raw), size):
                        transport.getHandle().send(raw[at : at + size])

                self.server.script["POST members/find"] = slowly
                self.assertEqual((await library.patron("M-1001")).patron.name, "Amina Rahman")
        self.assertEqual(len(self.server.connections), 1)


class Kept(ServerCase, TestCase):
    """Whether a connection is used for another call."""

    timeout = 120

    async def opened(self, **settings: Any) -> Any:
        self.librarika = self.serve(**settings)
        library = await self.librarika("riverside", KIOSK)
        await library.rules()
        (self.first,) = self.server.connections
        return library

    async def test_R2_the_second_of_two_answers_in_one_segment_is_nobodys(self) -> None:
        for second in (response(200, OTHER), b"HTTP/1.1 ", b"\x00", OTHER):
            library = await self.opened()
            self.server.script["POST members/find"] = once(
                writes(response(200, GOOD) + second), says(200, MEMBER)
            )
            for _ in range(2):
                self.assertEqual((await library.patron("M-1001")).patron.name, "Amina Rahman")
            await self.turn()
            self.assertNotIn(self.first, self.server.connections)

    async def test_R2_bytes_on_an_idle_connection_end_it(self) -> None:
        for unasked in (response(200, OTHER), b"\r\n", b"HTTP/1.1 408 Too Slow\r\n\r\n", b"x"):
            library = await self.opened()
            self.server.script["POST members/find"] = says(200, MEMBER)
            await library.patron("M-1001")
            self.first.transport.write(unasked)
            while self.server.connections:
                await self.turn()
            self.assertEqual(len(self.librarika._agent.pool), 0)
            self.assertEqual((await library.patron("M-1001")).patron.name, "Amina Rahman")

    async def test_a_connection_is_kept_only_by_the_servers_word(self) -> None:
        for raw, kept in (
            (response(200, GOOD), True),
            (response(200, GOOD, Connection="close"), False),
            (response(200, GOOD).replace(b"HTTP/1.1", b"HTTP/1.0"), False),
            (response(200, GOOD, Connection="keep-alive").replace(b"HTTP/1.1", b"HTTP/1.0"), True),
        ):
            library = await self.opened()
            self.server.script["POST members/find"] = writes(raw)
            self.assertEqual((await library.patron("M-1001")).patron.name, "Amina Rahman")
            await self.turn()
            self.assertEqual(self.first in self.server.connections, kept, raw[:60])

    async def test_nothing_is_kept_once_it_is_closed(self) -> None:
        library = await self.opened()
        waiting: list[Any] = []
        self.server.script["POST members/find"] = waiting.append
        come = self.server.asked("POST members/find")
        asking = Deferred.fromCoroutine(library.patron("M-1001"))
        await come
        await self.librarika.close()
        says(200, MEMBER)(waiting[0])
        self.assertEqual((await asking).patron.name, "Amina Rahman")
        await self.turn()
        self.assertEqual(self.server.connections, [])

    async def test_F77_nothing_of_an_answer_stays_behind_on_an_idle_connection(self) -> None:
        library = await self.opened()
        self.server.script["POST members/find"] = says(200, MEMBER, X_Secret="h3ader-of-the-answer")
        await library.patron("M-1001")
        await self.settled(library.lend("M-1001", "10001", OCCASION, renewal=True))
        self.assertEqual(len(self.librarika._agent.pool), 1)
        held: list[Any] = []
        for connection in self.librarika._agent.pool._since:
            own, transport = vars(connection), connection.transport
            held += [own[name] for name in own.keys() - {"transport", "_idle", "_gone", "_limits"}]
            held += [transport.dataBuffer, transport._tempDataBuffer]
        kept = "\n".join(reachable(held))
        for secret in ("M-1001", "Amina", "h3ader", "10001", "the-key", "Emma"):
            self.assertNotIn(secret, kept)


class Big(Protocol):
    """Reads a request of any size and answers it."""

    def connectionMade(self) -> None:
        self.size, self.wanted = 0, self.factory.wanted

    def dataReceived(self, data: bytes) -> None:
        self.size += len(data)
        if self.size >= self.wanted:
            self.factory.sizes.append(self.size)
            self.transport.write(response(200, b"{}"))

    def connectionLost(self, reason: object = None) -> None:
        self.factory.gone.callback(None)


class Sent(ServerCase, TestCase):
    timeout = 120

    async def test_a_request_that_is_not_taken_at_once_is_sent_whole_and_its_connection_not_kept(
        self,
    ) -> None:
        still = StillReactor()
        agent = Agent(still, OriginEndpoints(still, trusting(None), lambda: 3.0), CallLimits)
        self.addCleanup(agent.pool.close)
        factory = Factory.forProtocol(Big)
        factory.sizes, factory.wanted, factory.gone = [], 20_000_000, Deferred()
        url = b"http://127.0.0.1:%d/" % self.listen(factory)
        answer = await agent.request(b"POST", url, None, Whole(b"x" * factory.wanted))
        self.assertEqual(await body_of(answer, 99), b"{}")
        await factory.gone
        self.assertEqual(len(agent.pool), 0)
        self.assertLess(factory.sizes[0] - factory.wanted, 200)

    async def test_an_address_that_refuses_a_connection_is_known_to_at_once(self) -> None:
        still = StillReactor()
        with socket() as kept:
            kept.bind(("127.0.0.1", 0))
            url = b"http://127.0.0.1:%d/" % kept.getsockname()[1]
            endpoint = OriginEndpoints(still, trusting(None), lambda: 3.0).endpointForURI(URI.fromBytes(url))
            refused = self.assertFailure(endpoint.connect(Factory()), NotConnected)
            for _ in range(5):
                await self.turn()
                still.advance(0.02)
            self.assertTrue(refused.called)

    async def test_F73_no_line_end_gets_into_a_request(self) -> None:
        still = StillReactor()
        agent = Agent(still, OriginEndpoints(still, trusting(None), lambda: 3.0), CallLimits)
        for method, url in (
            (b"GET", b"http://localhost/a\r\nX: y"),
            (b"GET x", b"http://localhost/"),
            (b"GET", b"x"),
        ):
            with self.assertRaises(ValueError):
                await agent.request(method, url)

    async def test_F73_a_line_end_in_a_key_makes_no_header(self) -> None:
        library = await self.serve()("riverside", KIOSK)
        self.server.script["POST loans"] = says(201, BOOKING)
        account = library._calls.account
        until = account.api.client.deadline()
        await account.request("x", "POST", "/loans", until=until, body={}, key="a\r\nX-Evil: 1\n\rb")
        ((headers, _),) = self.server.came("POST loans")
        self.assertNotIn("x-evil", headers)
