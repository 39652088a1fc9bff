"""Give each connection a session of its own; terminals share no state but the answers to their writes.

The answers to a terminal's writes outlive its connection.
"""

from __future__ import annotations

from collections.abc import Callable
from secrets import token_hex

from twisted.internet.defer import Deferred, DeferredList
from twisted.internet.interfaces import IAddress, IReactorTime
from twisted.internet.protocol import ServerFactory

from sip2gw.addresses import Peer
from sip2gw.alarm import Alarm
from sip2gw.event_counts import EventCounts
from sip2gw.events import Events, conn_codes, ref_codes
from sip2gw.gateway.answering import Answering
from sip2gw.gateway.connection_events import ConnectionEvents
from sip2gw.gateway.connection_limits import ConnectionLimits
from sip2gw.gateway.logins import Logins
from sip2gw.gateway.near_numbers import NearNumbers
from sip2gw.gateway.pace import Pace, SharedPace, Turns
from sip2gw.gateway.protocol import TerminalProtocol
from sip2gw.gateway.stored_logins import StoredLogins
from sip2gw.gateway.terminal import Terminal
from sip2gw.limits import Limits
from sip2gw.log.events import EventLog
from sip2gw.metrics import Metrics
from sip2gw.seats import SeatStore
from sip2gw.session import KeptAnswers, Login, Session
from sip2gw.sip2 import DEFAULT, Dialect
from sip2gw.tenants import Directory

GAP = 0.005
"""The longest pause, in seconds, between two disconnects while the gateway stops."""


class TerminalFactory(ServerFactory):
    """Make the connections of terminals, and list the live ones.

    `shared` means that other processes serve the same terminals: then only the journal knows the answers to repeats.
    `process` names this process among all. `events` get what happens. `limits` and `deferred_login` may be replaced
    at any time.
    """

    noisy = False

    def __init__(
        self,
        directory: Directory,
        *,
        reactor: IReactorTime,
        deferred_login: bool = True,
        limits: Limits = Limits(),  # noqa: B008 (frozen)
        metrics: Metrics | None = None,
        dialect: Dialect = DEFAULT,
        session: Callable[..., Session] = Session,
        seats: SeatStore | None = None,
        stored_logins: StoredLogins | None = None,
        shared: bool = False,
        process: str = "",
        events: Events | None = None,
    ) -> None:
        self.sessions: set[TerminalProtocol] = set()
        self.events = Events() if events is None else events
        self._conns, self._refs = conn_codes(), ref_codes()
        self.process = process or token_hex(4)
        self._draining = False
        self.directory = directory
        self.limits = limits
        # Made once, because each connection would keep bound methods of its own.
        self._limits: Callable[[], Limits] = lambda: self.limits
        self._most_fields: Callable[[], int] = lambda: self.limits.fields
        self.metrics = metrics or Metrics()
        self.event_log = EventLog(reactor.seconds, self.metrics.log_lines_left_out.inc)
        self.events.subscribe(self.event_log.take)
        self.events.subscribe(EventCounts(self.metrics).take)
        self.logins = Logins(directory, self.metrics, self._limits, reactor, seats, stored_logins)
        self.connection_limits = ConnectionLimits(self._limits, self.metrics, reactor.seconds)
        self._reactor = reactor
        self.deferred_login = deferred_login
        self._dialect = dialect
        self._session = session
        self.answers = KeptAnswers(reactor.seconds, keeps=not shared)
        self._pace = SharedPace(reactor.seconds)
        self._turns = Turns(reactor)
        self._alarm = Alarm(reactor)
        self._near_numbers = NearNumbers(reactor)

    def turned_away(self, where: str, address: str, text: str, fix: str) -> None:
        """Say why a connection to the port `where` got no terminal, and what to do."""
        events = self._connection_events()
        events.opened(where, address)
        events.noticed("proxy", text, fix)
        events.closed("gateway", "no PROXY header")

    def _connection_events(self) -> ConnectionEvents:
        return ConnectionEvents(self.events, next(self._conns), self.directory.tags, self._refs)

    def buildProtocol(
        self, addr: IAddress | None, given: Callable[[Peer], Login | None] = lambda _: None
    ) -> TerminalProtocol | None:
        """Return a connection for a terminal at this address, or None if a limit is reached or the gateway stops.

        `given` returns the login that a terminal has without a 93, once its identity is known.
        """
        if self._draining:  # the balancer sent its header too late
            return None
        slot = self.connection_limits.admit(str(getattr(addr, "host", "")))
        if slot is None:
            return None
        terminal: Terminal
        session = self._session(
            dialect=self._dialect,
            deferred_login=self.deferred_login,
            most_fields=self._most_fields,
            expects=self.directory.expects,
            answers=self.answers,
            clock=self._reactor.seconds,
            now=self.directory.clock,
            given=lambda: given(terminal.peer),
        )
        events = self._connection_events()
        terminal = Terminal(session, slot, f"{self.process}.{token_hex(8)}", events)
        answering = Answering(
            terminal,
            self.directory,
            self.logins,
            self.metrics,
            self._reactor,
            self._limits,
            self._alarm,
            self._near_numbers,
        )
        protocol = TerminalProtocol(
            terminal,
            answering,
            reactor=self._reactor,
            limits=self._limits,
            metrics=self.metrics,
            gone=self._gone,
            pace=Pace(self._pace),
            turns=self._turns,
        )
        terminal.leave = protocol.leave
        slot.give_way = protocol.give_way
        self.sessions.add(protocol)
        return protocol

    def connection(self, conn: str) -> TerminalProtocol | None:
        """Return the live connection of this code; None if there is none."""
        return next((one for one in self.sessions if one.terminal.events.conn == conn), None)

    def shed(self) -> None:
        """Close the connections of strangers without a request in progress, because memory is short."""
        for protocol in list(self.sessions):
            if not (protocol.slot.library or protocol.busy):
                protocol.too_much("memory")

    def drain(self) -> Deferred[None]:
        """Take no more requests, answer those in progress, and disconnect. Fires when the last connection has ended.

        Idle connections are closed one after the other, so that the terminals don't all reconnect at one moment.
        """
        self._draining = True
        live = list(self.sessions)
        idle = [protocol for protocol in live if not protocol.busy]
        gap = min(GAP, self.limits.drain_spread / max(len(idle), 1))
        places = {protocol: number for number, protocol in enumerate(idle)}
        for protocol in live:
            protocol.leave(after=gap * places.get(protocol, 0))
        return DeferredList([protocol.closed for protocol in live]).addCallback(lambda _: None)

    def cut(self) -> None:
        """Close the remaining connections at once."""
        for protocol in list(self.sessions):
            protocol.abort()

    def _gone(self, protocol: TerminalProtocol) -> None:
        self.sessions.discard(protocol)
        self.logins.leave(protocol.terminal)
