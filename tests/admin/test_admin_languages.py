"""A terminal that connects to the admin endpoint is named in the log, on the board and to its installer."""

from __future__ import annotations

import json
import os
from pathlib import Path
from ssl import MemoryBIO, SSLWantReadError, create_default_context
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from attrs import evolve
from twisted.internet import reactor
from twisted.internet.threads import deferToThread
from twisted.logger import capturedLogs
from twisted.trial.unittest import TestCase

from sip2gw.config import Process, load
from sip2gw.connect.ladder import Asked
from sip2gw.wiring.gateway import Gateway
from sip2gw.workers import Workers

from .test_admin_attacks import LIVE, exchange

CONFIG = """
[[listen]]
endpoint = "tcp:0:interface=127.0.0.1"
[admin]
endpoint = "tcp:0:interface=127.0.0.1"
[limits]
drain_spread = 0
[librarika]
url = "http://127.0.0.1:9/{library}/api/v1"
"""
SIP2 = b"9900802.00\r"


def client_hello() -> bytes:
    hello = MemoryBIO()
    with pytest.raises(SSLWantReadError):
        create_default_context().wrap_bio(MemoryBIO(), hello, server_hostname="localhost").do_handshake()
    return hello.read()


def asking(path: str) -> bytes:
    return f"GET {path} HTTP/1.1\r\nhost: localhost\r\n\r\n".encode()


class AtTheAdminPort(TestCase):
    timeout = 60

    def setUp(self) -> None:
        folder = TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.patch(os, "environ", {**os.environ, "STATE_DIRECTORY": folder.name})
        path = Path(folder.name) / "sip2gw.toml"
        path.write_text(CONFIG)
        self.config = load(path)

    def serve(self, service: Any) -> None:
        service.privilegedStartService()
        service.startService()
        self.addCleanup(service.stopService)
        self.port = service.admin_listener.port.getHost().port
        terminals = service.listeners[0].port.getHost().port
        self.fix = f"set the port at the terminal: {terminals} (plain SIP2)"

    async def ask(self, path: str) -> Any:
        answer = await deferToThread(exchange, self.port, asking(path))
        return json.loads(answer.partition(b"\r\n\r\n")[2])

    async def come(self) -> list[str]:
        """Two terminals and a probe come; return what is logged of them."""
        with capturedLogs() as logs:
            for first in (client_hello(), SIP2, SIP2, LIVE):
                await deferToThread(exchange, self.port, first)
        said = [event["log_format"].format(**event) for event in logs if event["log_level"].name == "warn"]
        return [line.partition(" ")[2] for line in said if "speaks" in line]

    async def seen(self) -> None:
        assert await self.come() == [
            f"it speaks {what} to the admin port; {self.fix} (terminal at 127.0.0.1)"
            for what in ("TLS", "plain SIP2", "plain SIP2")
        ]
        rows = (await self.ask("/api/door"))["rows"]
        assert [(one["network"], one["reason"], one["fix"], one["count"]) for one in rows] == [
            ("127.0.0.1", "it speaks plain SIP2 to the admin port", self.fix, 2),
            ("127.0.0.1", "it speaks TLS to the admin port", self.fix, 1),
        ]
        assert (await self.ask("/api/door?reason=TLS"))["total"] == 1
        assert (await self.ask("/api/terminals"))["rows"] == []

    async def test_log_board_and_installer_of_one_process_say_the_right_port(self) -> None:
        gateway = Gateway(self.config, reactor)
        self.serve(gateway)
        await self.seen()
        attempts = gateway.wrong_port.with_attempts(gateway.ladder.shown)
        shown = await attempts(Asked("riverside", frozenset({"127.0.0.1"})))
        assert [one["where"] for one in shown] == ["admin port"] * 3
        assert [one["text"] for one in shown[0]["rungs"] if one["state"] == "bad"] == [
            "It speaks plain SIP2 to the admin port"
        ]
        assert await attempts(Asked("riverside", frozenset({"192.0.2.1"}))) == []

    async def test_the_parent_of_workers_says_the_right_port(self) -> None:
        workers = Workers(evolve(self.config, process=Process(1)), reactor)
        self.serve(workers)
        await workers.serving
        await self.seen()
