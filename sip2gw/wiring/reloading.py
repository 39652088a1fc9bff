"""Reload at SIGHUP: read the configuration file in a thread, and apply it as a whole or not at all."""

from __future__ import annotations

import os
from signal import SIGHUP
from time import time
from typing import TYPE_CHECKING, Any, Protocol

from twisted.application.service import Service
from twisted.internet.defer import CancelledError, Deferred, maybeDeferred, succeed
from twisted.internet.task import deferLater
from twisted.internet.threads import deferToThreadPool
from twisted.logger import Logger
from twisted.python.threadpool import ThreadPool

from sip2gw.config import Config, load
from sip2gw.faults import ConfigFaults, Wrong
from sip2gw.metrics import Metrics
from sip2gw.process.signals import Signals
from sip2gw.process.systemd import Systemd

if TYPE_CHECKING:
    from sip2gw.wiring.pages import AdminEndpoint

PAUSE = 1.0
"""Seconds after a reload before another signal is answered: each holds up terminals a little."""


class Reloadable(Protocol):
    """A gateway, or several worker processes."""

    metrics: Metrics
    refused_reload: str
    admin: AdminEndpoint

    def reload(self, config: Config) -> Deferred[None] | None:
        """Apply a configuration as a whole. Raises `Wrong`, or fails with it."""
        ...


class Reloading(Service):
    """Apply the file at `path` to `gateway` at each SIGHUP."""

    log = Logger()

    def __init__(
        self, path: str, gateway: Reloadable, signals: Signals, systemd: Systemd, reactor: Any
    ) -> None:
        self._path = os.path.abspath(path)  # twistd may change the working directory
        self._gateway = gateway
        gateway.admin.configured.reloading = self
        self._signals = signals
        self._systemd = systemd
        self._reactor = reactor
        # An own thread, because those of the reactor may all be waiting for name servers.
        self._reader = ThreadPool(0, 1, "configuration")
        self._reading = False
        self._waiting: list[Deferred[None]] = []
        self._stopped: Deferred[None] = Deferred()
        self._signalled = self._answering = False
        self._pause: Deferred[None] | None = None
        self.refused: tuple[float, tuple[str, ...]] | None = None
        """When the last reload was refused, in seconds of the epoch, and why; None if it was not."""

    @property
    def path(self) -> str:
        """The path of the file."""
        return self._path

    async def read(self) -> Config:
        """Read the file in a thread, and change nothing. Raises `ConfigFaults` or `Wrong`."""
        found: Config = await deferToThreadPool(self._reactor, self._reader, load, self._path)
        return found

    def startService(self) -> None:
        super().startService()  # type: ignore[no-untyped-call]  # Twisted's
        self._reader.start()
        self._signals.on(SIGHUP, self._on_signal)

    def stopService(self) -> Deferred[None]:
        """Wait for a thread that reads the file. Fires when none does."""
        super().stopService()  # type: ignore[no-untyped-call]  # Twisted's
        if self._pause is not None:
            self._pause.cancel()
        if not self._reading:
            self._end()
        return self._stopped

    def _on_signal(self) -> None:
        """Reload, or have it done after the pause, once for all signals that come until then."""
        self._signalled = True
        if not self._answering:
            Deferred.fromCoroutine(self._answer_signals())

    async def _answer_signals(self) -> None:
        self._answering = True
        while self._signalled:
            self._signalled = False
            await self.reload()
            if self.running:
                await self._wait()
        self._answering = False

    async def _wait(self) -> None:
        self._pause = deferLater(self._reactor, PAUSE)
        try:
            await self._pause
        except CancelledError:
            self._signalled = False  # the gateway stops
        self._pause = None

    def reload(self) -> Deferred[None]:
        """Read the file in a thread, without a pause for terminals, and apply it. Fires when done, and never fails.

        Faults of the file are logged, and the old configuration stays; it also stays while the gateway stops. All
        calls during a reload are answered by one further reload, because the file may have changed since it was read.
        """
        if self._is_over():
            return succeed(None)
        waiting: Deferred[None] = Deferred()
        self._waiting.append(waiting)
        if not self._reading:
            Deferred.fromCoroutine(self._reload_for_all())
        return waiting

    async def _reload_for_all(self) -> None:
        self._reading = True
        while self._waiting:
            waiting, self._waiting = self._waiting, []
            if not self._is_over():
                await self._reload()
            for one in waiting:
                one.callback(None)
        self._reading = False
        if not self.running:
            self._end()

    def _end(self) -> None:
        self._reader.stop()
        self._stopped.callback(None)

    async def _reload(self) -> None:
        reloads, begun = self._gateway.metrics.reloads, self._reactor.seconds()
        self._systemd.reloading()
        try:
            config = await self.read()
            if self._is_over():
                return
            await maybeDeferred(self._gateway.reload, config)
        except (ConfigFaults, Wrong) as faults:
            reloads.labels(outcome="refused").inc()
            self._gateway.refused_reload = str(faults).splitlines()[0]
            self.refused = time(), tuple(str(faults).splitlines())
            for fault in str(faults).splitlines():
                self.log.error("not reloaded, the old configuration stays: {fault}", fault=fault)
        except Exception:  # a bug; but the caller waits for the end of the reload
            reloads.labels(outcome="refused").inc()
            self.refused = time(), ("a bug of the gateway; the log has it",)
            self.log.failure("reloading hit a bug")
        else:
            reloads.labels(outcome="ok").inc()
            self._gateway.refused_reload = ""
            self.refused = None
            self.log.info("reloaded")
        self._gateway.metrics.reload_seconds.set(self._reactor.seconds() - begun)
        self._systemd.ready()

    def _is_over(self) -> bool:
        if not self.running:
            self.log.warn("not reloaded: the gateway is stopping")
        return not self.running
