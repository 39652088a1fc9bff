"""What JSON may come to, and where a library's name may lead."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twisted.internet import reactor
from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IHostnameResolver
from twisted.trial.unittest import TestCase
from wire_server import KIOSK, Scripted, ServerCase, StillReactor
from zope.interface import implementer

from sip2gw.librarika.http.connections import is_public
from sip2gw.librarika.http.structuring import Misshapen, parsed
from sip2gw.library import Unavailable


@given(st.binary(max_size=200) | st.text(alphabet='[]{}"\\,:', max_size=200).map(str.encode))
def test_F66_any_bytes_are_json_or_a_value_error(body: bytes) -> None:
    try:
        document = parsed(body)
    except Misshapen:
        return
    assert isinstance(document, dict)


@pytest.mark.parametrize("text", ["10.0.0.1", "192.168.1.1", "172.16.0.1", "127.0.0.1", "169.254.169.254", "0.0.0.0",
                                  "100.64.0.1", "::1", "fe80::1%eth0", "fc00::1", "::ffff:10.0.0.1", "224.0.0.1",
                                  "ff02::1", "example", ""])  # fmt: skip
def test_F72_private_addresses(text: str) -> None:
    assert not is_public(text)


def test_F72_public_addresses() -> None:
    assert all(map(is_public, ("93.184.215.14", "2606:2800:21f:cb07::1", "::ffff:93.184.215.14")))


@implementer(IHostnameResolver)
class Rebound:
    """Says first that a name is out there, and then that it is here."""

    def __init__(self, *answers: list[str]) -> None:
        self.answers = list(answers)

    def resolveHostName(self, receiver: object, hostName: str, portNumber: int = 0, *_: object) -> object:
        receiver.resolutionBegan(None)
        for host in self.answers.pop(0):
            kind = IPv6Address if ":" in host else IPv4Address
            receiver.addressResolved(kind("TCP", host, portNumber))
        receiver.resolutionComplete()
        return receiver


class Tried(StillReactor):
    """Notes where it was to connect to, and connects nowhere."""

    def __init__(self, resolver: Rebound) -> None:
        super().__init__()
        self.nameResolver = resolver
        self.tried: list[str] = []

    def connectTCP(self, host: str, port: int, factory: object, *args: object, **kwargs: object) -> object:
        self.tried.append(host)
        return reactor.connectTCP("127.0.0.1", 1, factory, *args, **kwargs)


class Guard(ServerCase, TestCase):
    timeout = 120

    async def opens(self, still: Tried, url: str = "https://{library}.example/api/v1", **more: bool) -> None:
        with self.assertRaises(Unavailable):
            await self.pumped(self.adapter(url, still, **more)("riverside", KIOSK))

    async def test_F72_a_name_that_leads_to_private_addresses_is_not_connected_to(self) -> None:
        still = Tried(Rebound(["10.0.0.7", "93.184.215.14", "fc00::7"], ["127.0.0.1", "169.254.169.254"]))
        await self.opens(still)
        self.assertEqual(still.tried, ["93.184.215.14"])
        await self.opens(still)
        self.assertEqual(still.tried, ["93.184.215.14"])

    async def test_F72_unless_the_operator_says_so(self) -> None:
        still = Tried(Rebound(["10.0.0.7"]))
        await self.opens(still, private_networks=True)
        self.assertEqual(still.tried, ["10.0.0.7"])

    async def test_F72_or_names_the_address(self) -> None:
        server = Scripted()
        port = self.listen(server)
        librarika = self.adapter(f"http://127.0.0.1:{port}/{{library}}/api/v1")
        await Deferred.fromCoroutine(librarika("riverside", KIOSK))
        self.assertEqual(server.count("POST tokens"), 1)
        for connection in list(server.connections):
            connection.transport.abortConnection()
        await self.turn()
