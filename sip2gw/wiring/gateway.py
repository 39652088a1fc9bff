"""Build the gateway from its configuration, and stop it in order: listeners first, the admin endpoint last."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from itertools import chain
from typing import Any

from attrs import asdict
from twisted.application.service import Service
from twisted.internet.defer import Deferred, DeferredList
from twisted.logger import Logger, LogLevel

from sip2gw import __version__
from sip2gw.admin.health import Content, Health, Status
from sip2gw.admin.journal import Question
from sip2gw.admin.journal_answers import answer
from sip2gw.admin.terminals import listed
from sip2gw.config import Config, Listen
from sip2gw.connect.ladder import Ladder
from sip2gw.gateway import TerminalFactory
from sip2gw.gateway.given import EndpointFactory
from sip2gw.gateway.listener import Listener, listen_on_all
from sip2gw.librarika import BackEnd
from sip2gw.log import Log
from sip2gw.log.tags import Tags
from sip2gw.machines import Rounds
from sip2gw.metrics import Metrics
from sip2gw.process.descriptors import ceiling
from sip2gw.process.memory import MemoryWatch
from sip2gw.process.watchdog import Watchdog
from sip2gw.tenants import Directory
from sip2gw.tls.server import ServerTLS
from sip2gw.wiring.configured import Remedies, given, libraries, make_librarika, policy, tls_files
from sip2gw.wiring.journaling import Journaling
from sip2gw.wiring.machines import own, state
from sip2gw.wiring.new_configuration import prepared, refused_reload, report, report_warnings
from sip2gw.wiring.pages import AdminEndpoint, Pages, ports
from sip2gw.wiring.recording import alone, enter, recorded
from sip2gw.wiring.share import Worker
from sip2gw.wiring.wrong_port import WrongPort

RENEWAL_DUE = 14
"""Days before a certificate's end from which health warns of it."""


class Gateway(Service):
    """The whole gateway as one service of `reactor`.

    `remedies` says by place (such as `listen[0].endpoint`) how to choose another endpoint; without it the text names
    the place in the configuration file. `worker` is set if this is one of several processes. Raises `Wrong` for a
    certificate that became unusable.
    """

    log = Logger()

    def __init__(
        self,
        config: Config,
        reactor: Any,
        *,
        remedies: Mapping[str, str] | None = None,
        log: Log | None = None,
        worker: Worker | None = None,
    ) -> None:
        self.worker = worker
        self._config = self._started = config
        self._reactor = reactor
        self._remedies = Remedies(remedies or {})
        self._status = Status.STARTING
        self._enough: Deferred[None] = Deferred()
        self.metrics = Metrics(named=config.settings.libraries)
        self.write_log = log
        if log is not None:
            self.metrics.registry.register(log)
        self.librarika = make_librarika(config, reactor, self.metrics)
        self.librarika.name(libraries(config))
        self.journaling = Journaling(config, reactor, self.librarika, self.metrics, worker=worker is not None)
        self.tags = Tags(items_in_clear=config.log.items, shared=worker.day_key if worker else None)
        directory = Directory(
            self.journaling.libraries,
            tags=self.tags,
            policy=policy(config),
            settings=config.settings,
        )
        self.terminals = TerminalFactory(
            directory,
            reactor=reactor,
            deferred_login=config.terminals.deferred_login,
            limits=config.limits,
            metrics=self.metrics,
            seats=self.journaling.seats,
            stored_logins=self.journaling.logins,
            shared=self.journaling.shared,
            process=worker.process if worker else "",
        )
        if log is not None:
            self.terminals.event_log.wants_reads = lambda: log.settings.level == "debug"
        self.record = recorded(self)
        self.wrong_port = WrongPort(
            reactor, lambda: ports(self._started, self.listeners), self.metrics.log_lines_left_out.inc
        )
        self.joined_record = alone(self.record, self.wrong_port.beside)
        self.refused_reload = ""
        """The first fault of the configuration that was refused last; empty if a later one was applied."""
        self.ladder = Ladder(self.terminals.events.now)
        self.terminals.events.subscribe(self.ladder.take)
        self.terminals.events.look_on(self.ladder.looks_on)
        self.memory = MemoryWatch(self.terminals, reactor)
        self.factories = [
            EndpointFactory(self.terminals, given(config, n)) for n in range(len(config.listen))
        ]
        """The accounts that each endpoint gives to its terminals, in the order of `listeners`."""
        self.listeners = [
            self._listener(n, listen, self.factories[n]) for n, listen in enumerate(config.listen)
        ]
        self.watchdog = Watchdog(reactor, self.metrics)
        seats = self.terminals.logins.seating.seats.store
        opened = self.journaling.store, self.journaling.journal.keys, seats
        self.rounds = Rounds(
            self.journaling.store, reactor, self.joined_record, seats, lambda: state(self._status),
            lambda: [self.terminals.process],
        )  # fmt: skip
        self.joined_record.others = self.rounds
        remedy = self._remedies["admin.endpoint"]
        self.admin = AdminEndpoint(config, reactor, self._pages(), opened, self.rounds, self.metrics, remedy)
        self.admin_listener = self.admin.admin_listener

    def _pages(self) -> Pages:
        return Pages(
            lambda: self._status,
            self.health,
            lambda: self.metrics.registry,
            self.logged_in,
            self.joined_record,
            partial(enter, self.journaling.store),
            self.operator,
            self.ladder.shown,
            lambda: ports(self._started, self.listeners),
            self.wrong_port,
        )

    def health(self) -> Health:
        """Return the current state of the gateway."""
        return Health(
            status=self._status,
            version=__version__,
            terminals=len(self.terminals.sessions),
            listening=tuple(one.address or one.where for one in self.listeners if one.port is not None),
            warnings=(*self._config.warnings, *chain.from_iterable(self._warnings())),
            back_ends=tuple(map(_in_json, self.librarika.back_ends())),
        )

    def logged_in(self) -> dict[str, Any]:
        """Return the terminals that are logged in, for the operator."""
        seating = self.terminals.logins.seating
        return listed(seating.seen(), seating.occupancy())

    def operator(self, question: Question) -> Deferred[Content]:
        """Answer a question of the operator about the journal."""
        return Deferred.fromCoroutine(answer(self.journaling.store, self.journaling.accounts, question))

    def _warnings(self) -> Iterator[tuple[str, ...]]:
        yield refused_reload(self.refused_reload)
        if failed := self.journaling.store.failure:
            yield (f"writes are refused, because the store has failed ({failed.kind}): {failed.reason}",)
        yield from (listener.warnings(RENEWAL_DUE) for listener in self.listeners)

    def privilegedStartService(self) -> None:
        """Listen on all endpoints. Raises `CannotListen` with a line for each endpoint that can't be listened on."""
        super().privilegedStartService()  # type: ignore[no-untyped-call]  # Twisted's
        self.terminals.connection_limits.ceiling = ceiling(self.terminals.limits.connections)
        listen_on_all(self._all_listeners())

    def startService(self) -> None:
        """Open the store and serve. Raises `StoreFailed`."""
        super().startService()  # type: ignore[no-untyped-call]  # Twisted's
        self.journaling.start()
        for listener in self._all_listeners():
            listener.startService()
        self.memory.startService()
        self.watchdog.startService()
        self._status = Status.OK
        if self.worker is None:  # otherwise the parent does it once
            report_warnings(self._config)
            self.rounds.start(own(self._config, self.listeners, self.admin_listener))

    def stopService(self) -> Deferred[None]:
        """Finish the requests in progress and disconnect all terminals, within `drain_deadline`. Fires when done."""
        super().stopService()  # type: ignore[no-untyped-call]  # Twisted's
        self._status = Status.STOPPING
        self.rounds.hurry()
        self.log.info("stopping: {count} terminals are connected", count=len(self.terminals.sessions))
        timer = self._reactor.callLater(self.terminals.limits.drain_deadline, self._out_of_time)
        self._enough.addCallback(lambda _: timer.active() and timer.cancel())
        return Deferred.fromCoroutine(self._stop())

    def reload(self, config: Config) -> None:
        """Apply a configuration: all of it, or, if this raises `Wrong`, nothing.

        Keys that need a restart are named in the log.
        """
        commit, left = self.prepare(config)
        commit()
        report(config, left)

    def prepare(self, config: Config) -> tuple[Callable[[], None], list[str]]:
        """Return a function that applies a configuration, and the keys that need a restart. Raises `Wrong`."""
        commits, left = prepared(self, self._started, config)

        def commit() -> None:
            for one in commits:
                one()
            self._config = config
            self.admin.configured.use(config)

        return commit, left

    def hurry(self) -> None:
        """Disconnect at once, while the gateway stops."""
        if not self._enough.called:
            self._enough.callback(None)

    def _out_of_time(self) -> None:
        self.metrics.struck("drain_deadline")
        self.hurry()

    async def _stop(self) -> None:
        await self._unless_enough(*(listener.stopService() for listener in self.listeners))
        await self._unless_enough(self.terminals.drain())
        if left := len(self.terminals.sessions):
            self.log.warn("{count} terminals were disconnected", count=left)
            self.terminals.cut()
        self.memory.stopService()
        self.watchdog.stopService()
        await self.rounds.stop()
        await self.journaling.stop()
        await self._unless_enough(self.librarika.close())
        await self._unless_enough(self.admin.stop())
        self.hurry()

    async def _unless_enough(self, *steps: Deferred[Any]) -> None:
        both: list[Deferred[Any]] = [DeferredList(steps), self._enough]
        await DeferredList(both, fireOnOneCallback=True)

    def _all_listeners(self) -> list[Listener]:
        return [*self.listeners, *([self.admin_listener] if self.admin_listener else [])]

    def _listener(self, number: int, listen: Listen, factory: EndpointFactory) -> Listener:
        files = tls_files(listen)
        on = partial(listen.endpoint.on, self._reactor)
        return Listener(
            "SIP2",
            str(listen.endpoint),
            partial(self.worker.endpoint, number) if self.worker else on,
            factory,
            reactor=self._reactor,
            tls=ServerTLS(files, where=str(listen.endpoint), metrics=self.metrics) if files else None,
            balancers=listen.proxy_from or (),
            connection_limits=self.terminals.connection_limits,
            turned_away=self.terminals.turned_away,
            remedy=self._remedies[f"listen[{number}].endpoint"],
            level=LogLevel.debug if self.worker else LogLevel.info,
        )


def _in_json(back_end: BackEnd) -> dict[str, Any]:
    return {**asdict(back_end), "since": back_end.since.isoformat()}
