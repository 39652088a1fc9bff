"""The port's suite: what a network does to a library system, and which of the port's errors it is.

Another library system passes it by another class beside `LibrarikaFailures`, which says how it is served, how it is
opened, and what of a request tells that it writes.
"""

from __future__ import annotations

from typing import Any

from scenes import _LIBRARY, START
from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.endpoints import TCP4ClientEndpoint
from twisted.internet.task import deferLater
from twisted.trial.unittest import TestCase

from sip2gw.librarika import CallLimits, Librarika
from sip2gw.library import Credentials, InDoubt, Library, Loan, Occasion, Unavailable
from sip2gw.sandbox import Sandbox
from sip2gw.sandbox.fault_proxy import FaultProxy
from sip2gw.sandbox.faults import Fault


class Failures:
    """The suite, for a server with the scene's library in it (see `scenes`) behind a fault proxy."""

    timeout = 120
    writes = ""
    """A text that is in a request that lends, and in none that reads."""

    def serve(self) -> int:
        """Start the server, and give its port on 127.0.0.1."""
        raise NotImplementedError

    async def open(self, port: int) -> Library:
        """The library of the scene, reached on this port. It asks nothing again by itself."""
        raise NotImplementedError

    def effects(self) -> int:
        """How many changes the library has seen."""
        raise NotImplementedError

    def setUp(self) -> None:
        self.proxy = FaultProxy(reactor, TCP4ClientEndpoint(reactor, "127.0.0.1", self.serve()))
        self.door = reactor.listenTCP(0, self.proxy, interface="127.0.0.1")
        self.addCleanup(lambda: deferLater(reactor, 0.01))
        self.addCleanup(self.proxy.cut)
        self.addCleanup(self.door.stopListening)

    async def opened(self, *faults: Fault) -> Library:
        """The library, opened before the faults begin."""
        library = await self.open(self.door.getHost().port)
        await library.rules()
        self.proxy.faults += faults
        return library

    def lending(self, library: Library) -> Any:
        occasion = Occasion(terminal="kiosk-1", happened_at=START, key="the-key", branch="Main")
        return library.lend("A-1", "103", occasion, renewal=False)

    async def test_F60_nobody_is_there(self) -> None:
        library = await self.opened()
        await self.door.stopListening()
        self.proxy.cut()
        with self.assertRaises(Unavailable):
            await library.patron("A-1")
        with self.assertRaises(Unavailable):
            await self.lending(library)
        self.assertFalse(await library.reachable())
        self.assertEqual(self.effects(), 0)

    async def in_doubt(self, writing: Any) -> None:
        """A write in doubt may be tried again for some seconds; a caller does not wait so long here."""
        with self.assertRaises(InDoubt):
            await Deferred.fromCoroutine(writing).addTimeout(
                0.3, reactor, onTimeoutCancel=lambda error, _: error
            )

    async def test_F61_every_answer_to_a_write_is_lost(self) -> None:
        for kind in ("drop_reply", "limit_data"):
            library = await self.opened(Fault(kind, when=self.writes, seconds=0.02, size=40))
            await self.in_doubt(self.lending(library))
            self.proxy.faults.clear()
        self.assertEqual(self.effects(), 1)

    async def test_F61_F62_R1_one_answer_to_a_write_is_lost_and_it_is_done_once(self) -> None:
        for kind in ("reset_peer", "drop_reply", "limit_data"):
            library = await self.opened(Fault(kind, when=self.writes, seconds=0.02, size=40, times=1))
            loan = await self.lending(library)
            self.assertIsInstance(loan, Loan)
            self.assertEqual(loan.item.item_id, "103")
            self.assertEqual((self.effects(), self.proxy.suffered[kind]), (1, 1))

    async def test_F61_F62_reads_are_never_in_doubt(self) -> None:
        library = await self.opened()
        for kind in ("reset_peer", "timeout", "drop_reply", "limit_data"):
            self.proxy.faults[:] = [Fault(kind, seconds=0.02, size=40)]
            with self.assertRaises(Unavailable):
                await library.patron("A-1")
        self.proxy.faults.clear()
        self.proxy.cut()
        await deferLater(reactor, 0.01)
        self.assertEqual((await library.patron("A-1")).patron.name, "Ann")

    async def test_F65_an_answer_without_an_end(self) -> None:
        library = await self.opened(Fault("slicer", size=1, seconds=0.2))
        with self.assertRaises(Unavailable):
            await library.within(0.5).patron("A-1")

    async def test_slow_and_in_pieces_is_no_failure(self) -> None:
        library = await self.opened(Fault("latency", seconds=0.02), Fault("slicer", size=100, seconds=0.001))
        self.assertEqual((await self.lending(library)).item.item_id, "103")
        self.assertEqual(self.effects(), 1)


class LibrarikaFailures(Failures, TestCase):
    """The shipped adapter over the sandbox."""

    writes = "POST /contract/api/v1/loans"

    def serve(self) -> int:
        self.sandbox = Sandbox({"libraries": [_LIBRARY]})
        self.addCleanup(self.sandbox.close)
        port = reactor.listenTCP(0, self.sandbox.site(), interface="127.0.0.1")
        self.addCleanup(port.stopListening)
        return int(port.getHost().port)

    async def open(self, port: int) -> Library:
        librarika = Librarika(
            reactor,
            f"http://127.0.0.1:{port}/{{library}}/api/v1",
            limits=CallLimits(retry_share=0.0),
        )
        self.addCleanup(librarika.close)
        return await librarika("contract", Credentials("kiosk", "secret"))

    def effects(self) -> int:
        return len(self.sandbox.ledger())


del Failures  # It is no suite by itself.
