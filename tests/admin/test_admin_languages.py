"""A terminal that connects to the admin endpoint is named in the log."""

from __future__ import annotations

from ssl import MemoryBIO, SSLWantReadError, create_default_context

import pytest
from twisted.internet import reactor
from twisted.internet.endpoints import TCP4ServerEndpoint
from twisted.internet.threads import deferToThread
from twisted.logger import capturedLogs
from twisted.trial.unittest import TestCase

from sip2gw.admin.guard import Guard
from sip2gw.admin.health import Health, Status, site
from sip2gw.metrics import Metrics

from .test_admin_attacks import LIVE, exchange


def client_hello() -> bytes:
    hello = MemoryBIO()
    with pytest.raises(SSLWantReadError):
        create_default_context().wrap_bio(MemoryBIO(), hello, server_hostname="localhost").do_handshake()
    return hello.read()


class Languages(TestCase):
    async def test_tls_and_plain_sip2_to_the_admin_port_are_named(self) -> None:
        window = site(
            lambda: Health(Status.OK, "1", terminals=0),
            guard=Guard(None),
            metrics=Metrics(),
            status=lambda: Status.OK,
        )
        port = await TCP4ServerEndpoint(reactor, 0, interface="127.0.0.1").listen(window)
        self.addCleanup(port.stopListening)
        number = port.getHost().port
        for first, what in ((client_hello(), "TLS"), (b"9900802.00\r", "plain SIP2"), (LIVE, "")):
            with capturedLogs() as logs:
                await deferToThread(exchange, number, first)
            said = [event["log_format"].format(**event) for event in logs if "speaks" in event["log_format"]]
            assert said == (
                [
                    f"a terminal at 127.0.0.1 speaks {what} to the admin port; "
                    "terminals connect to a port of [[listen]]"
                ]
                if what
                else []
            )
