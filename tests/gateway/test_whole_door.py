"""What the configuration says of a door is what runs: balancers outside, TLS within, and a terminal with a name."""

import socket
import ssl

from attrs import evolve
from twisted.internet import reactor
from twisted.internet.defer import gatherResults
from twisted.internet.threads import deferToThread

from sip2gw.config import load
from sip2gw.limits import Limits
from sip2gw.wiring.configured import tls_files
from sip2gw.wiring.gateway import Gateway

from .servers import AServer
from .sockets import TIMEOUT, trusting

HEADER = b"PROXY TCP4 192.0.2.7 198.51.100.1 36895 6009\r\n"
STATUS = b"9900302.00\r"


class Kiosk:
    """A terminal behind a balancer, for use in threads: it asks for the status as often as it is told to."""

    def __init__(self, port: int, context: ssl.SSLContext, name: str | None) -> None:
        plain = socket.create_connection(("127.0.0.1", port), TIMEOUT)
        plain.sendall(HEADER)
        self.secure = context.wrap_socket(plain, server_hostname=name)
        self.certificate = self.secure.getpeercert(True)

    def ask(self) -> bool:
        self.secure.sendall(STATUS)
        return self.secure.recv(1000).startswith(b"98")


class AGateway(AServer):
    """All of the gateway, from its configuration on."""

    def start(self, text: str) -> None:
        self.path = self.folder / "sip2gw.toml"
        self.path.write_text(text)
        self.gateway = Gateway(load(self.path), reactor)
        self.metrics = self.gateway.metrics
        self.gateway.listeners[0].interval = 0.02
        self.gateway.privilegedStartService()
        self.gateway.startService()
        self.addCleanup(self.gateway.stopService)
        self.port = self.gateway.listeners[0].port.getHost().port


class StrangersTests(AGateway):
    async def test_F1_a_silent_connection_takes_a_stranger_slot_for_a_short_time(self) -> None:
        self.authority.write_pair(self.folder / "tls.pem", "localhost")
        self.start("""
            [[listen]]
            endpoint = "tcp:0:interface=127.0.0.1"
            certificates = "tls.pem"
            [limits]
            strangers = 20
            handshake_deadline = 0.3
        """)
        live = self.gateway.terminals.sessions
        most = 0

        def all_gone() -> bool:
            nonlocal most
            most = max(most, self.count("sip2gw_connections", state="stranger"))
            return waiting.called

        waiting = deferToThread(be_silent, self.port, 45)
        await self.until(all_gone)
        await self.until(lambda: not live)
        cut_off, turned_away = self.struck("handshake_deadline"), self.struck("strangers")
        assert most == 20
        assert cut_off >= 20
        assert cut_off + turned_away == 45, "each was counted once"
        assert self.handshakes("deadline") == cut_off
        assert self.count("sip2gw_connections", state="stranger") == 0
        assert len(self.said("warn", "info")) < 20, "many strangers are not worth many lines"
        assert not any("log_failure" in event for event in self.told)
        assert await waiting == [b""] * 45


def be_silent(port: int, times: int) -> list[bytes]:
    """Connect so often, say nothing, and wait until all of them were hung up on."""
    silent = [socket.create_connection(("127.0.0.1", port), TIMEOUT) for _ in range(times)]
    return [hear_the_end(one) for one in silent]


def hear_the_end(plain: socket.socket) -> bytes:
    with plain:
        try:
            return plain.recv(1)
        except ConnectionResetError:
            return b""


class WholeDoorTests(AGateway):
    def setUp(self) -> None:
        super().setUp()
        (self.folder / "live").mkdir()
        (self.folder / "ca.pem").write_bytes(self.authority.pem)
        self.authority.write_client(self.folder / "kiosk.pem", "kiosk-1")
        self.first = self.renew("one.example")
        self.second = self.renew("two.example")
        self.start("""
            [[listen]]
            endpoint = "tcp:0:interface=127.0.0.1"
            certificates = "live"
            default_certificate = "two.example"
            client_authorities = "ca.pem"
            proxy_from = ["127.0.0.0/8"]
        """)

    def renew(self, name: str) -> bytes:
        return self.authority.write_pair(self.folder / "live" / name, name)

    async def kiosk(self, name: str | None = None) -> Kiosk:
        context = trusting(None, client=self.folder / "kiosk.pem")
        kiosk = await deferToThread(Kiosk, self.port, context, name)
        self.addCleanup(kiosk.secure.close)
        return kiosk

    async def test_F16_F20_the_name_the_address_and_the_certificate_are_right(self) -> None:
        one, other = await self.kiosk("one.example"), await self.kiosk()
        assert (one.certificate, other.certificate) == (self.first, self.second)
        assert await deferToThread(one.ask)
        assert await deferToThread(other.ask)
        peers = [f"{session.peer:full}" for session in self.gateway.terminals.sessions]
        assert peers == ["kiosk-1 at 192.0.2.7"] * 2

    async def test_F18_terminals_go_on_while_certificates_are_renewed(self) -> None:
        there = [await self.kiosk() for _ in range(5)]
        for round in range(3):
            made = self.renew("two.example")
            while (await self.kiosk()).certificate != made:
                await gatherResults([deferToThread(kiosk.ask) for kiosk in there])
            asked = await gatherResults([deferToThread(kiosk.ask) for kiosk in there])
            assert asked == [True] * 5, round
        assert {kiosk.certificate for kiosk in there} == {self.second}
        assert self.gateway.health().warnings == ()

    async def test_a_changed_configuration_applies_to_new_connections(self) -> None:
        there = await self.kiosk()
        door = self.gateway.listeners[0]
        self.path.write_text(
            self.path.read_text().replace('default_certificate = "two', 'default_certificate = "one')
        )
        config = load(self.path)
        [listen] = config.listen
        commit = door.prepare(tls_files(listen), listen.proxy_from or ())
        assert (await self.kiosk()).certificate == self.second
        commit()
        assert (await self.kiosk()).certificate == self.first
        assert await deferToThread(there.ask)

    async def test_changed_limits_apply_at_a_listener_without_an_entry(self) -> None:
        self.path.write_text(self.path.read_text().replace("interface=127.0.0.1", "interface=127.0.0.2"))
        self.gateway.reload(evolve(load(self.path), limits=Limits(proxy_deadline=0.05)))
        assert await deferToThread(be_silent, self.port, 1) == [b""]
        assert self.struck("proxy_deadline") == 1
