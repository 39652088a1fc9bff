"""A real connection over a fake transport, with a fake library that answers at once and stores nothing."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from twisted.internet.address import IPv4Address
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.logger import globalLogPublisher

from sip2gw.gateway import TerminalFactory
from sip2gw.library import (
    Credentials,
    Found,
    Hears,
    Item,
    ItemState,
    ItemStatus,
    Listing,
    Loan,
    MayWrite,
    PasswordCheck,
    Patron,
    Refused,
    Return,
    Rules,
)
from sip2gw.secret import Secret
from sip2gw.tenants import Directory

ITEM = Item("10001", "A title")
MOMENTS = 8
HOUR = 3600.0
NOW = datetime(2026, 3, 1, 10, 15, tzinfo=UTC)


class AnyLibrary:
    """A library that knows every patron and every item, and refuses all other requests."""

    def __init__(self, nickname: str) -> None:
        self.nickname = nickname
        self.calls_made = ()

    def reading(self, _: tuple[str, ...]) -> AnyLibrary:
        return self

    def within(self, _: float, __: MayWrite | None = None, ___: Hears | None = None) -> AnyLibrary:
        return self

    async def denied(self) -> None:
        """Do nothing."""

    def language_of(self, _: str) -> str:
        return ""

    def fresh_rules(self) -> Rules:
        return Rules(name="A library", zone=UTC)

    async def rules(self) -> Rules:
        return self.fresh_rules()

    async def confirm(self) -> Rules:
        return await self.rules()

    async def reachable(self) -> bool:
        return True

    async def patron(
        self, patron_id: str, *, password: Secret | None = None, listing: Listing | None = None
    ) -> Found:
        del listing
        right = password is None or password.reveal() == "1234"
        check = PasswordCheck.RIGHT if right else PasswordCheck.WRONG
        return Found(Patron(patron_id, "A reader"), None if password is None else check)

    async def item(self, _: str) -> ItemStatus:
        return ItemStatus(ITEM, ItemState.AVAILABLE)

    async def lend(self, *_: Any, **__: Any) -> Loan:
        return Loan(ITEM, NOW.date())

    async def take_back(self, *_: Any, **__: Any) -> Return:
        return Return(ITEM, was_on_loan=True)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)

        async def refuse(*_: Any, **__: Any) -> Any:
            raise Refused("refused")

        return refuse


class Door:
    """An adapter that accepts every login except with the password `wrong`."""

    async def __call__(self, nickname: str, credentials: Credentials) -> AnyLibrary:
        if credentials.password.reveal() == "wrong":
            raise Refused("invalid_credentials")
        return AnyLibrary(nickname)

    def asks(self, _: str, __: Credentials) -> bool:
        return False


class Transport(StringTransport):
    """A transport that remembers whether it was aborted."""

    aborted = False

    def abortConnection(self) -> None:
        self.aborted = True


class Conversation:
    """One connection. A failure that the program logs is raised."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.factory = TerminalFactory(Directory(Door(), clock=lambda: NOW), reactor=self.clock)
        peer = IPv4Address("TCP", "192.168.1.1", 54321)
        self.terminal = self.factory.buildProtocol(peer)
        self.transport = Transport(peerAddress=peer)
        self.terminal.makeConnection(self.transport)

    def hear(self, *pieces: bytes) -> bytes:
        """Return the answers to these pieces of bytes, also those a little later; then disconnect the terminal."""
        failures: list[Any] = []

        def observe(event: dict[str, Any]) -> None:
            if "log_failure" in event:
                failures.append(event["log_failure"])

        globalLogPublisher.addObserver(observe)
        try:
            for piece in pieces:
                if self.transport.aborted or self.transport.disconnecting:
                    break
                self.terminal.dataReceived(piece)
                self.clock.advance(0)
            for _ in range(MOMENTS):
                self.clock.advance(0.25)
            self.terminal.connectionLost()
            self.clock.advance(HOUR)
        finally:
            globalLogPublisher.removeObserver(observe)
        for failure in failures:
            failure.raiseException()
        assert not self.factory.sessions
        assert not self.clock.getDelayedCalls()
        return self.transport.value()
