"""A listener on a free port, with TLS whose files are in a folder of its own."""

from __future__ import annotations

import tempfile
from functools import partial
from pathlib import Path
from typing import Any

from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.endpoints import serverFromString
from twisted.internet.interfaces import IProtocolFactory
from twisted.internet.threads import deferToThread
from twisted.logger import globalLogPublisher
from twisted.trial.unittest import TestCase

from sip2gw.gateway.connection_limits import ConnectionLimits
from sip2gw.gateway.listener import Listener
from sip2gw.limits import Limits
from sip2gw.metrics import Metrics
from sip2gw.tls.contexts import TLSFiles
from sip2gw.tls.server import ServerTLS

from .authority import Authority
from .sockets import EchoFactory, Seen, failure_of, trusting, visit

ENDPOINT = "tcp:0:interface=127.0.0.1"


class AServer(TestCase):
    """`folder` is for files; `told` is what was logged, and `metrics` what was counted."""

    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.authority = Authority()
        self.metrics = Metrics()
        self.told: list[dict[str, Any]] = []
        globalLogPublisher.addObserver(self.told.append)
        self.addCleanup(globalLogPublisher.removeObserver, self.told.append)

    def serve(
        self,
        files: TLSFiles | None = None,
        factory: IProtocolFactory | None = None,
        *,
        limits: Limits = Limits(),  # noqa: B008 (frozen)
        **how: Any,
    ) -> Listener:
        """Listen; without `factory` whatever is heard is said back."""
        self.factory = factory or EchoFactory()
        tls = ServerTLS(files, where="the door", metrics=self.metrics) if files else None
        listener = Listener(
            "echo",
            ENDPOINT,
            partial(serverFromString, reactor, ENDPOINT),
            self.factory,
            reactor=reactor,
            tls=tls,
            connection_limits=ConnectionLimits(lambda: limits, self.metrics, reactor.seconds),
            **how,
        )
        listener.startService()
        self.addCleanup(listener.stopService)
        self.port = listener.port.getHost().port
        return listener

    def visit(self, *, trusted: Path | None = None, name: str | None = None, **how: Any) -> Deferred[Seen]:
        """What a client sees that trusts this certificate, or anybody."""
        return deferToThread(visit, self.port, trusting(trusted, **how), name)

    def failure(self, *, trusted: Path | None = None, **how: Any) -> Deferred[str]:
        """Why a client's handshake fails."""
        return deferToThread(failure_of, visit, self.port, trusting(trusted, **how), "localhost")

    def said(self, *levels: str) -> list[str]:
        """What was logged at these levels."""
        return [
            event["log_format"].format(**event)
            for event in self.told
            if event["log_level"].name in (levels or ("info", "warn", "error", "critical"))
            and event["log_namespace"].startswith("sip2gw")
        ]

    def handshakes(self, outcome: str) -> float:
        """How many ended so."""
        return self.count("sip2gw_handshakes_total", outcome=outcome)

    def struck(self, limit: str) -> float:
        """How often a limit was reached."""
        return self.count("sip2gw_limit_strikes_total", limit=limit)

    def count(self, figure: str, **labels: str) -> float:
        """How far a figure is; 0 if it was not counted yet."""
        return self.metrics.registry.get_sample_value(figure, labels) or 0.0

    async def until(self, holds: Any, turns: int = 20_000) -> None:
        """Let the reactor run until something holds."""
        while not holds():
            turns -= 1
            assert turns, "it did not come to pass"
            await turn()


def turn() -> Deferred[None]:
    """Fires in one of the reactor's next turns."""
    later: Deferred[None] = Deferred()
    reactor.callLater(0.001, later.callback, None)
    return later
