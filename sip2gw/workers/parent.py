"""The parent of the workers, in place of a gateway: it opens the sockets, and has the admin endpoint of them all."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import partial
from secrets import token_bytes, token_hex
from typing import Any

from twisted.application.service import Service
from twisted.internet.defer import Deferred, DeferredList
from twisted.logger import Logger, globalLogPublisher

from sip2gw import __version__
from sip2gw.admin.health import Health
from sip2gw.config import Config
from sip2gw.gateway.listener import Listener, listen_on_all
from sip2gw.log import Log
from sip2gw.log.tags import DayKey, Tags
from sip2gw.machines import Rounds
from sip2gw.metrics import Metrics
from sip2gw.process.watchdog import Watchdog
from sip2gw.wiring.configured import Remedies, log_settings, token
from sip2gw.wiring.journaling import SharedStore
from sip2gw.wiring.machines import own, state
from sip2gw.wiring.new_configuration import (
    needing_a_restart,
    refused_reload,
    report,
    report_warnings,
    same_admin_endpoint,
)
from sip2gw.wiring.pages import AdminEndpoint, Pages, ports
from sip2gw.wiring.recording import JoinedRecord
from sip2gw.wiring.share import share
from sip2gw.wiring.wrong_port import WrongPort
from sip2gw.workers.accepting import SharedListener
from sip2gw.workers.admin_pages import AdminPages
from sip2gw.workers.change import change
from sip2gw.workers.channel import Start
from sip2gw.workers.pool import Pool
from sip2gw.workers.supervisor import BEAT, PAUSES

AFTER = 5.0
"""Seconds after `drain_deadline` in which the workers must have ended."""


class Workers(Service):
    """The parent and its workers as one service of `reactor`. `remedies` are as for a gateway.

    `pauses` are the seconds before a worker is started again, `beat` those between two of its signs of life. Raises
    `Wrong` for a token or a key that became unusable.
    """

    log = Logger()

    def __init__(
        self,
        config: Config,
        reactor: Any,
        *,
        remedies: Mapping[str, str] | None = None,
        log: Log | None = None,
        pauses: tuple[float, ...] = PAUSES,
        beat: float = BEAT,
    ) -> None:
        self._config = self._started = config
        self._part = share(config, config.process.workers)
        self._reactor = reactor
        self._remedies = Remedies(remedies or {})
        self._log = log
        self._beat = beat
        self._day_key = DayKey(shared=(datetime.now(UTC).date(), token_bytes(32)))
        self.metrics = Metrics()
        if log is not None:
            self.metrics.registry.register(log)
        self.watchdog = Watchdog(reactor, self.metrics)
        take = log.take if log is not None else globalLogPublisher
        self.pool = Pool(
            reactor, config.process.workers, self._begin,
            errors=lambda: self.watchdog.file, take=take, pauses=pauses, beat=beat,
        )  # fmt: skip
        self.serving = self.pool.complete
        """Fires as soon as all workers serve terminals."""
        self.listeners = [self._listener(place) for place in range(len(config.listen))]
        self.store = SharedStore(config)
        self._opened = self.store.opened(reactor)
        self._admin_pages = AdminPages(self.pool.workers, self.metrics)
        self.refused_reload = ""
        """As for a gateway."""
        self.wrong_port = WrongPort(
            reactor, lambda: ports(self._started, self.listeners), self.metrics.log_lines_left_out.inc
        )
        self.joined_record = JoinedRecord(
            self.wrong_port.beside(self._admin_pages.record),
            self._tag,
            lambda: refused_reload(self.refused_reload),
        )
        store, _, seats = self._opened
        self.rounds = Rounds(
            store, reactor, self.joined_record, seats, lambda: state(self.pool.status()),
            lambda: [process.start.process for process in self.pool.running()],
        )  # fmt: skip
        self.serving.addCallback(lambda _: self.rounds.hurry())
        self.joined_record.others = self.rounds
        remedy = self._remedies["admin.endpoint"]
        self.admin = AdminEndpoint(
            config, reactor, self._pages(), self._opened, self.rounds, self.metrics, remedy
        )
        self.admin_listener = self.admin.admin_listener

    def is_alive(self) -> bool:
        """Return whether systemd may be told that all is well."""
        return all(worker.is_alive for worker in self.pool.workers)

    def privilegedStartService(self) -> None:
        """Listen on all endpoints. Raises `CannotListen` with a line for each endpoint that can't be listened on."""
        super().privilegedStartService()  # type: ignore[no-untyped-call]  # Twisted's
        listen_on_all(self._all_listeners())

    def startService(self) -> None:
        """Start the workers, as the user that the parent is by now. Raises `StoreFailed`."""
        super().startService()  # type: ignore[no-untyped-call]  # Twisted's
        self.store.start()
        self._opened[0].start()
        for listener in self._all_listeners():
            listener.startService()
        self.watchdog.startService()
        report_warnings(self._config)
        self.pool.start()
        self.rounds.start(own(self._config, self.listeners, self.admin_listener))

    def stopService(self) -> Deferred[None]:
        """Have all workers finish the requests in progress and end, within `drain_deadline`. Fires when they have."""
        super().stopService()  # type: ignore[no-untyped-call]  # Twisted's
        self.pool.stopping = True
        self.rounds.hurry()
        self.log.info("stopping: {count} workers finish their requests", count=len(self.pool.serving()))
        return Deferred.fromCoroutine(self._stop())

    def reload(self, config: Config) -> Deferred[None]:
        """Apply a configuration in all workers. Fails with `Wrong` if one can't use it; then nothing changes."""
        return Deferred.fromCoroutine(self._reload(config))

    def hurry(self) -> None:
        """Disconnect at once, while the workers stop."""
        self.pool.hurry()

    async def _stop(self) -> None:
        await DeferredList([listener.stopService() for listener in self.listeners])
        await self.pool.stop(self._config.limits.drain_deadline + AFTER)
        await self.rounds.stop()
        await self._opened[0].close()
        self.store.stop()
        self.watchdog.stopService()
        await self.admin.stop()

    async def _reload(self, config: Config) -> None:
        bearer, part = token(config), share(config, len(self.pool.workers))
        left = await change(self.pool.running(), part)
        self._config, self._part = config, part
        self.admin.configured.use(config)
        # Those that were started while the others were asked.
        left += await change([process for process in self.pool.running() if process.config is not part], part)
        if same_admin_endpoint(self._started, config):
            self.admin.guard.token = bearer
        if self._log is not None:
            self._log.settings = log_settings(config)
        report(config, list(dict.fromkeys([*left, *needing_a_restart(self._started, config)])))

    def _begin(self, number: int) -> Start:
        """Return what a worker gets at its start."""
        self.metrics.worker_starts.labels(str(number)).inc()
        addresses = tuple(listener.port.getHost() for listener in self.listeners if listener.port is not None)
        name = token_hex(4)
        return Start(self._part, number, name, addresses, self._day_key.now(), self._beat)

    def _all_listeners(self) -> list[Listener]:
        return [*self.listeners, *([self.admin_listener] if self.admin_listener else [])]

    def _pages(self) -> Pages:
        pages = self._admin_pages
        return Pages(
            self.pool.status,
            lambda: Deferred.fromCoroutine(pages.health(self._health())),
            lambda: Deferred.fromCoroutine(pages.metrics()),
            lambda: Deferred.fromCoroutine(pages.terminals()),
            self.joined_record,
            pages.enter,
            lambda question: Deferred.fromCoroutine(pages.operator(question)),
            lambda asked: Deferred.fromCoroutine(pages.attempts(asked)),
            lambda: ports(self._started, self.listeners),
            self.wrong_port,
        )

    def _tag(self, kind: str, library: str, number: str) -> str:
        tags = Tags(items_in_clear=self._config.log.items, shared=self._day_key.now())
        return tags.patron(library, number) if kind == "patron" else tags.item(library, number)

    def _health(self) -> Health:
        """Return what the parent knows by itself."""
        return Health(
            status=self.pool.status(),
            version=__version__,
            terminals=0,
            listening=tuple(one.address or one.where for one in self.listeners if one.port is not None),
            warnings=(*self._config.warnings, *refused_reload(self.refused_reload)),
        )

    def _listener(self, place: int) -> SharedListener:
        listen = self._config.listen[place]
        return SharedListener(
            "SIP2 over TLS" if listen.certificates else "SIP2",
            str(listen.endpoint),
            partial(listen.endpoint.on, self._reactor),
            accepting=self.pool.accepting,
            place=place,
            reactor=self._reactor,
            remedy=self._remedies[f"listen[{place}].endpoint"],
        )
