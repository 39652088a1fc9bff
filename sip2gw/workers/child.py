"""A worker process: `python -m sip2gw.workers.child`, started by the parent with open file descriptors.

It ends when the parent tells it to, when it gets SIGTERM, and when the parent is gone.
"""

from __future__ import annotations

import json
import signal
import socket
from collections.abc import Awaitable, Callable
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.task import LoopingCall, deferLater
from twisted.logger import Logger, globalLogBeginner, globalLogPublisher

from sip2gw.config import Config
from sip2gw.log import Log, LogSettings
from sip2gw.process.clock import use_a_steady_clock
from sip2gw.process.hardening import keep_memory_private
from sip2gw.process.interpreter import settle
from sip2gw.process.memory import resident
from sip2gw.process.signals import Signals
from sip2gw.record import NotUnderstood
from sip2gw.slices import in_slices
from sip2gw.store import StoreFailed
from sip2gw.wiring.configured import log_settings
from sip2gw.wiring.gateway import Gateway
from sip2gw.wiring.recording import enter
from sip2gw.wiring.share import Worker
from sip2gw.workers.channel import CHANNEL, CONNECTIONS, LINES, Start, WorkerEnd, WorkerRefused, adopt
from sip2gw.workers.handing import HandedEndpoint, Taking
from sip2gw.workers.sums import samples
from sip2gw.workers.worker_log import write_to


class Child:
    """The worker's side: a gateway, once the parent has sent the configuration, with which `begin` is called first."""

    log = Logger()

    def __init__(
        self, reactor: Any, taking: Taking, log: Log | None, begin: Callable[[Config], None]
    ) -> None:
        self._reactor = reactor
        self._taking = taking
        self._log = log
        self._begin = begin
        self.channel = WorkerEnd(self._answer, self.stop)
        self.gateway: Gateway | None = None
        self._commit: Callable[[], None] | None = None
        self._stopping = False
        self._beating = LoopingCall(self._beat)
        self._beating.clock = reactor

    def stop(self) -> None:
        """Finish the requests in progress, disconnect all terminals, and end the process."""
        if not self._stopping:
            self._stopping = True
            self._beat()  # so that no more connections come
            self._reactor.stop()

    def _answer(self, what: str, about: Any) -> Any:
        """Do what the parent asks for. Raises `Wrong`, or `WorkerRefused`."""
        if what == "start":
            return self._start(about)
        if what == "stop":
            return self.stop()
        if self.gateway is None:
            raise WorkerRefused("it has not started")
        match what:
            case "hurry":
                return self.gateway.hurry()
            case "prepare":
                self._commit, left = self.gateway.prepare(about)
                return left
            case "commit" if self._commit is not None:
                return self._commit()
            case "health":
                return self._health(self.gateway)
            case "metrics":
                parts = samples(self.gateway.metrics.registry)
                return Deferred.fromCoroutine(in_slices(map(json.dumps, parts)))
            case "terminals":
                return self.gateway.logged_in()
            case "attempts":
                return self.gateway.ladder.shown(about)
            case "operator":
                return self.gateway.operator(about)
            case "record":
                return _part(self.gateway, *about)
            case "free":
                return Deferred.fromCoroutine(_stored(self.gateway.journaling.free(about)))
            case "audit":
                return Deferred.fromCoroutine(_stored(enter(self.gateway.journaling.store, *about)))
        raise WorkerRefused(f"it does not know {what}")

    def _start(self, start: Start) -> None:
        if self._log is not None:
            self._log.settings = log_settings(start.config)

        def endpoint(place: int) -> HandedEndpoint:
            return HandedEndpoint(self._taking, place, start.addresses[place])

        worker = Worker(start.number, start.process, endpoint, start.day_key)
        gateway = Gateway(start.config, self._reactor, log=self._log, worker=worker)
        gateway.privilegedStartService()
        try:
            gateway.startService()
        except StoreFailed as failed:
            raise WorkerRefused(failed.reason) from None
        self.gateway = gateway
        self._reactor.addSystemEventTrigger("before", "shutdown", self._end)
        self._beating.start(start.beat)

    def _end(self) -> Deferred[None]:
        assert self.gateway is not None  # noqa: S101 (this is called only with one)
        # Connections that are reset at last are closed in the next turn of the reactor.
        return self.gateway.stopService().addCallback(lambda _: deferLater(self._reactor, 0))

    def _health(self, gateway: Gateway) -> dict[str, Any]:
        health = gateway.health()
        return {
            "status": health.status.value,
            "terminals": health.terminals,
            "warnings": health.warnings,
            "back_ends": health.back_ends,
        }

    def _beat(self) -> None:
        if self.gateway is not None:
            self.channel.beat(
                {
                    "open": self.gateway.terminals.connection_limits.open,
                    "taken": self._taking.taken,
                    "memory": resident(),
                    "leaving": self._stopping,
                }
            )


def _part(gateway: Gateway, what: str, about: dict[str, str]) -> dict[str, Any]:
    """Return this worker's part of an answer of the record, or why the question can't be answered."""
    try:
        return {"part": gateway.record.part(what, about)}
    except NotUnderstood as wrong:
        return {"wrong": str(wrong)}


async def _stored(change: Awaitable[None]) -> None:
    try:
        await change
    except StoreFailed as failed:
        raise WorkerRefused(failed.reason) from None


def main() -> None:
    """Run until told to end."""
    from twisted.internet import reactor

    for number in (
        signal.SIGINT,
        signal.SIGHUP,
    ):  # a terminal sends them to the parent and its workers at once
        signal.signal(number, signal.SIG_IGN)
    globalLogBeginner.beginLoggingTo([write_to(LINES)], redirectStandardIO=False)
    log = Log(globalLogPublisher, LogSettings())
    log.begin()
    use_a_steady_clock(reactor)
    keep_memory_private()

    def begin(config: Config) -> None:
        log.settings = log_settings(config)
        reactor.callLater(0, settle)  # type: ignore[attr-defined]  # once the gateway has been built

    child = Child(reactor, Taking(reactor, socket.socket(fileno=CONNECTIONS)), log, begin)
    adopt(reactor, socket.socket(fileno=CHANNEL), child.channel)
    Signals(reactor).on(signal.SIGTERM, child.stop)
    reactor.run(installSignalHandlers=False)  # type: ignore[attr-defined, call-arg]
    log.flush()


if __name__ == "__main__":
    main()
