"""Log the events of terminals: one line for each connection, login and request. Formatted later, by the log's thread.

Writes and refusals are logged at info, reads and strangers' connections at debug. What strangers or one terminal can
cause to be logged is limited.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from attrs import define, field
from twisted.logger import Logger, LogLevel

from sip2gw.addresses import Peer, counted_network
from sip2gw.events import (
    Closed,
    Event,
    Exchange,
    LoggedIn,
    LoginRefused,
    Noticed,
    Opened,
    Secured,
)
from sip2gw.log.log_line import READS, LogLine
from sip2gw.log.sparing import Sparing

LOGINS = 60
"""Lines of strangers about logins and connections in a minute, for each kind."""


@define(eq=False, repr=False)
class _Live:
    """What is known of a live connection. `source` is what limits its lines; empty for a stranger."""

    peer: Peer = field(factory=Peer)
    library: str = ""
    terminal: str = ""
    source: str = ""


class EventLog:
    """A reader of events that logs them. `left_out` is called for each line that is left out.

    `wants_reads` returns whether lines at debug are wanted: making them costs nothing where they are not.
    """

    log = Logger()

    def __init__(self, seconds: Callable[[], float], left_out: Callable[[], None]) -> None:
        self.wants_reads: Callable[[], bool] = lambda: True
        self._few = Sparing(seconds, left_out=left_out)
        self._logins = Sparing(seconds, lines=LOGINS, left_out=left_out)
        self._live: dict[str, _Live] = {}

    def take(self, event: Event) -> None:
        """Log this event."""
        live = self._live.get(event.conn) or _Live()
        match event:
            case Exchange():
                self._exchange(event, live)
            case Noticed():
                live.library = live.library or event.library  # of a connection that has ended meanwhile
                self._emit(self._few, LogLevel.warn, event.kind, event, live)
            case LoginRefused():
                self._emit(self._logins, LogLevel.warn, f"login {event.code}", event, live)
            case LoggedIn():
                live.library, live.terminal = event.library, event.terminal
                live.source = f"{event.library} {live.peer.certificate or counted_network(live.peer.address)}"
                self._emit(self._logins, LogLevel.info, "logged in", event, live)
            case Opened():
                live = self._live[event.conn] = _Live(Peer(event.peer))
                self._emit(self._logins, LogLevel.debug, "opened", event, live)
            case Secured():
                live.peer = Peer(live.peer.address, event.certificate)
                self._emit(self._logins, LogLevel.debug, "secured", event, live)
            case Closed():
                self._closed(event, live)

    def _exchange(self, event: Exchange, live: _Live) -> None:
        if event.outcome != "answered":
            kind = event.outcome if event.outcome == "bug" else f"{event.outcome} {event.code}"
            self._emit(self._few, LogLevel.info, kind, event, live)
        elif event.message not in READS:
            self._emit(self._few, LogLevel.info, "answered", event, live)
        elif self.wants_reads():
            self._emit(self._few, LogLevel.debug, "read", event, live)

    def _closed(self, event: Closed, live: _Live) -> None:
        self._live.pop(event.conn, None)
        level = LogLevel.info if live.library else LogLevel.debug
        self._emit(self._logins, level, "closed", event, live)

    def _emit(self, sparing: Sparing, level: Any, kind: str, event: Event, live: _Live) -> None:
        if level is LogLevel.debug and not self.wants_reads():
            return
        more = sparing.left_out(kind, live.source)
        if more is None:
            sparing.count_one()
        else:
            known = event if isinstance(event, Exchange) else live
            ended = isinstance(event, Noticed) and event.conn not in self._live
            peer = None if ended else live.peer
            line = LogLine(event, peer, known.library, known.terminal, more)
            self.log.emit(level, "{line}", line=line)
