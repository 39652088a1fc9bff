"""A journal in a real file between the shipped adapter and a sandbox on a socket, and gateways that die."""

from __future__ import annotations

from collections.abc import Coroutine
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from socket import AF_INET, SO_REUSEADDR, SOL_SOCKET, socket
from typing import Any

from twisted.internet import reactor
from twisted.internet.defer import Deferred, ensureDeferred
from twisted.internet.task import deferLater
from twisted.trial.unittest import TestCase

from sip2gw.journal import listing
from sip2gw.journal.crypto import Keys
from sip2gw.journal.forwarder import Forwarder
from sip2gw.journal.journal import Journal
from sip2gw.journal.library import JournaledLibrary
from sip2gw.journal.listing import Listed, Wanted
from sip2gw.journal.opening import Accounts, JournaledLibraries
from sip2gw.librarika import CallLimits, Librarika, Timeouts
from sip2gw.library import Credentials, LibraryError, Occasion
from sip2gw.metrics import Metrics
from sip2gw.sandbox import Sandbox
from sip2gw.store import SQLiteStore, StoreFailed

KIOSK = Credentials("kiosk@riverside.example", "kiosk-secret")
PATIENT = Timeouts(connect=5.0, headers=8.0, call=10.0, probe=5.0)
SHORT = Timeouts(connect=0.3, headers=0.4, call=0.6, probe=0.3)
"""So that an answer that never comes is missed soon."""
MASTER = b"0123456789abcdef0123456789abcdef"


class Gateway:
    """What one process of the gateway has: a journal, its forwarder, and an adapter."""

    def __init__(self, store: Any, url: str, *, alone: bool = True, keys: Keys | None = None) -> None:
        self.metrics = Metrics()
        self.librarika = Librarika(reactor, url, timeouts=PATIENT)
        self.journal = Journal(store, keys or Keys([MASTER]), reactor, self.metrics, alone=alone)
        self.service: dict[str, Credentials] = {}
        self.accounts = Accounts(self.librarika, self.journal, self.service)
        self.forwarder = Forwarder(self.journal, self.accounts, jitter=lambda _: 0.0)
        self.libraries = JournaledLibraries(
            self.librarika, self.journal, self.accounts, self.forwarder.heard_from
        )

    async def open(self) -> JournaledLibrary:
        """The library as a terminal gets it that logs in."""
        library = await self.libraries("riverside", KIOSK)
        await library.rules()
        return library

    async def forward(self) -> None:
        """What upkeep and forwarder do, once, when every wait is over."""
        await self.journal.store.change(
            lambda tx: tx.rows("UPDATE journal SET next_try = 0 WHERE next_try > 0")
        )
        await self.journal.beat()
        for library in self.journal.counts.waiting:
            await self.forwarder.forward(library)
        await self.journal.beat()


class JournalCase(TestCase):
    """A sandbox, a store, and a gateway. `die` ends the gateway without any warning; another one takes its place."""

    timeout = 120

    def setUp(self) -> None:
        self.sandbox = Sandbox()
        self.addCleanup(self.sandbox.close)
        self.port: Any = reactor.listenTCP(0, self.sandbox.site(), interface="127.0.0.1")
        self.number = int(self.port.getHost().port)
        self.kept = socket(AF_INET)
        self.addCleanup(lambda: self.kept.close())
        self.addCleanup(self.stop_listening)
        self.url = f"http://127.0.0.1:{self.number}/{{library}}/api/v1"
        self.path = Path(self.mktemp())
        self.store = self.make_store()
        self.store.start()
        self.addCleanup(lambda: ensureDeferred(self.store.close()))
        self.gateway = self.born()
        self.numbers = 0

    def make_store(self) -> Any:
        """The store, which is not started."""
        return SQLiteStore(self.path, reactor)

    def born(self, **settings: Any) -> Gateway:
        """Another gateway on the same store."""
        gateway = Gateway(self.store, self.url, **settings)
        self.addCleanup(gateway.librarika.close)
        return gateway

    def die(self) -> None:
        """The gateway is gone, and its successor runs."""
        self.gateway = self.born()

    async def stop_listening(self) -> None:
        """The library can't be connected to. Its port stays ours: another test's sandbox would answer there."""
        port, self.port = self.port, None
        if port is not None:
            await port.stopListening()
            self.kept.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1)
            self.kept.bind(("127.0.0.1", self.number))
            await self.gateway.librarika.close()

    def listen_again(self) -> None:
        """The library is back, at its old port."""
        self.port = reactor.listenTCP(self.number, self.sandbox.site(), interface="127.0.0.1")
        self.kept.close()
        self.kept = socket(AF_INET)

    async def back(self) -> None:
        """The library is back, and a terminal has logged in at a gateway that does not know that it was away."""
        self.listen_again()
        self.die()
        await self.gateway.open()

    def take_away(self) -> None:
        """The store's file is gone; `put_back` brings it again."""
        self.path.rename(self.path.with_name("elsewhere"))

    async def put_back(self) -> None:
        """The store's file is where it was, and the store has noticed."""
        self.path.with_name("elsewhere").rename(self.path)
        while self.store.failure is not None:
            with suppress(StoreFailed):
                await self.store.change(lambda tx: tx.now)
            await deferLater(reactor, 0.01)

    def occasion(self, **more: Any) -> Occasion:
        """A transaction with a key of its own."""
        self.numbers += 1
        said = {"terminal": "kiosk-1", "happened_at": datetime.now(UTC), "key": f"key-{self.numbers}"}
        return Occasion(**{**said, **more})

    def kinds(self) -> list[str]:
        """What was done at the library so far."""
        return [effect["kind"] for effect in self.sandbox.ledger("riverside")]

    async def rows(self) -> list[tuple[str, str, str]]:
        """Method, state, and what the terminal was told, of each row, once all outcomes are stored."""
        for write in list(self.gateway.journal.in_progress.values()):
            await write.stored.wait()
        found = await self.store.change(
            lambda tx: tx.rows("SELECT method, state, told FROM journal ORDER BY id")
        )
        return [(row["method"], row["state"], row["told"]) for row in found]

    async def listed(self) -> list[Listed]:
        """What a person sees of the rows that are open or need one."""
        return await self.store.read(partial(listing.find, wanted=Wanted()))

    async def outcome(self, asking: Coroutine[Any, Any, Any]) -> str:
        """`done`, or how the port says no."""
        try:
            await asking
        except LibraryError as error:
            return getattr(error, "code", type(error).__name__)
        return "done"

    async def lost(self, asking: Coroutine[Any, Any, Any]) -> str:
        """The outcome of a request whose answer does not come. The wait for it is short."""
        self.gateway.librarika.reconfigure(SHORT, CallLimits())
        try:
            return await self.outcome(asking)
        finally:
            self.gateway.librarika.reconfigure(PATIENT, CallLimits())

    def begun(self, asking: Coroutine[Any, Any, Any]) -> Deferred[Any]:
        """A request that goes on by itself."""
        return Deferred.fromCoroutine(asking)
