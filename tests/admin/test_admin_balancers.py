"""Who comes to a port of load balancers without a PROXY header is named in the log, on the board, to the installer."""

from __future__ import annotations

import json
import os
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from twisted.internet import reactor
from twisted.internet.threads import deferToThread
from twisted.logger import capturedLogs
from twisted.trial.unittest import TestCase

from sip2gw.config import load
from sip2gw.connect.ladder import Asked
from sip2gw.wiring.gateway import Gateway

from .test_admin_attacks import exchange
from .test_admin_languages import CONFIG, SIP2, asking

DIRECTLY = (
    "it came directly to a port of load balancers",
    "connect to the load balancer; if it is one itself, list it in proxy_from",
)
WITHOUT_HEADER = (
    "the load balancer sent no PROXY header",
    "have the load balancer send a PROXY header of version 1 or 2, or remove it from proxy_from",
)


class AtAPortOfBalancers(TestCase):
    timeout = 60

    def serve(self, balancers: str) -> Gateway:
        folder = TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.patch(os, "environ", {**os.environ, "STATE_DIRECTORY": folder.name})
        path = Path(folder.name) / "sip2gw.toml"
        path.write_text(CONFIG.replace("[admin]", f'proxy_from = ["{balancers}"]\n[admin]'))
        gateway = Gateway(load(path), reactor)
        gateway.privilegedStartService()
        gateway.startService()
        self.addCleanup(gateway.stopService)
        return gateway

    async def seen(self, balancers: str, why: str, fix: str) -> None:
        gateway = self.serve(balancers)
        port = gateway.listeners[0].port.getHost().port
        with capturedLogs() as logs:
            for _ in range(2):
                assert await deferToThread(exchange, port, SIP2) == b""
        said = [event["log_format"].format(**event) for event in logs if event["log_level"].name == "warn"]
        assert [line.partition(" ")[2] for line in said] == [f"{why}; {fix} (terminal at 127.0.0.1)"] * 2

        at = gateway.admin_listener.port.getHost().port
        answer: Any = await deferToThread(exchange, at, asking("/api/door"))
        rows = json.loads(answer.partition(b"\r\n\r\n")[2])["rows"]
        found = [(one["network"], one["reason"], one["fix"], one["count"]) for one in rows]
        assert found == [("127.0.0.1", why, fix, 2)]

        shown = gateway.ladder.shown(Asked("riverside", frozenset({"127.0.0.1"})))
        assert [one["where"] for one in shown] == [f"plain port {port}"] * 2
        [bad] = [one for one in shown[0]["rungs"] if one["state"] == "bad"]
        assert (bad["name"], bad["text"].lower(), bad["fix"]) == ("connection", why.lower(), fix)

    async def test_a_terminal_that_comes_directly(self) -> None:
        await self.seen("192.0.2.0/24", *DIRECTLY)

    async def test_a_balancer_that_sends_no_header(self) -> None:
        await self.seen("127.0.0.1", *WITHOUT_HEADER)
