"""Names that came off the wire and that nobody knows are looked up apart from the names of libraries."""

from __future__ import annotations

from socket import AF_INET, SOCK_STREAM, gaierror
from threading import Event
from typing import Any

from twisted.internet import reactor
from twisted.internet._resolver import GAIResolver
from twisted.internet.defer import Deferred, gatherResults
from twisted.internet.interfaces import IResolutionReceiver
from twisted.trial.unittest import TestCase
from zope.interface import implementer

from sip2gw.librarika import Librarika
from sip2gw.librarika.http.names import AT_ONCE, MOST_WAITING, NO_NAME_FOR, Names

FOUND = [(AF_INET, SOCK_STREAM, 6, "", ("192.0.2.1", 443))]


@implementer(IResolutionReceiver)
class Receiver:
    def __init__(self) -> None:
        self.addresses: list[Any] = []
        self.over: Deferred[list[Any]] = Deferred()

    def resolutionBegan(self, resolutionInProgress: Any) -> None:
        pass

    def addressResolved(self, address: Any) -> None:
        self.addresses.append(address)

    def resolutionComplete(self) -> None:
        self.over.callback(self.addresses)


class NameServer:
    """Finds what does not begin with `no-`; names that begin with `slow-` when it is let go."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.go = Event()

    def __call__(self, name: str, *_: Any) -> Any:
        self.asked.append(name)
        if name.startswith("slow-"):
            self.go.wait(30)
        if "no-" in name:
            raise gaierror("no such name")
        return FOUND


class Reactor:
    """The reactor with this name server, and a clock that can be put forward."""

    def __init__(self, server: NameServer) -> None:
        self.nameResolver = GAIResolver(reactor, getaddrinfo=server)
        self.later = 0.0

    def seconds(self) -> float:
        return reactor.seconds() + self.later

    def __getattr__(self, name: str) -> Any:
        return getattr(reactor, name)


class UnknownNames(TestCase):
    def setUp(self) -> None:
        self.server = NameServer()
        self.addCleanup(self.server.go.set)
        self.reactor = Reactor(self.server)
        self.names = Names(self.reactor, lambda name: "known" in name)

    def look(self, name: str) -> Deferred[list[Any]]:
        receiver = Receiver()
        self.names.nameResolver.resolveHostName(receiver, name)
        return receiver.over

    async def test_R5_names_that_nobody_knows_keep_no_library_waiting(self) -> None:
        waiting = [self.look(f"slow-{number}") for number in range(40)]
        assert len(await self.look("known")) == 1
        assert not any(one.called for one in waiting)
        assert len([name for name in self.server.asked if name.startswith("slow-")]) <= AT_ONCE
        self.server.go.set()
        found = await gatherResults(waiting)
        assert [len(one) for one in found] == [1] * 40

    async def test_R5_more_unknown_names_than_may_wait_are_not_found_at_once(self) -> None:
        waiting = [self.look(f"slow-{number}") for number in range(MOST_WAITING + AT_ONCE)]
        assert await self.look("another") == []
        self.server.go.set()
        await gatherResults(waiting)
        assert len(await self.look("another")) == 1

    async def test_R5_that_there_is_no_such_name_is_remembered_for_a_short_while(self) -> None:
        for _ in range(5):
            assert await self.look("no-library") == []
        assert self.server.asked == ["no-library"]
        self.reactor.later = NO_NAME_FOR
        assert await self.look("no-library") == []
        assert self.server.asked == ["no-library"] * 2

    async def test_R5_a_known_name_that_is_not_found_is_asked_about_again(self) -> None:
        for _ in range(2):
            assert await self.look("no-known") == []
        assert self.server.asked == ["no-known"] * 2


class KnownNames(TestCase):
    def test_R5_configured_libraries_are_known_and_others_are_not(self) -> None:
        librarika = Librarika(reactor, "https://{library}.librarika.example/api/v1")
        self.addCleanup(librarika.close)
        librarika.name(["riverside"])
        assert librarika._is_known("riverside.librarika.example")
        assert not librarika._is_known("a.librarika.example")

    def test_R5_one_host_for_all_libraries_is_known(self) -> None:
        librarika = Librarika(reactor, "https://api.example/{library}")
        self.addCleanup(librarika.close)
        assert librarika._is_known("api.example")
