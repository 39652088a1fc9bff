"""Terminals that connect to the admin endpoint: log, board and installer's page say so, and name the right ports.

They have a record of their own, because with several workers the admin endpoint is in a process without terminals.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime

from sip2gw.connect.ladder import SHOWN, Asked, Ladder
from sip2gw.connect.pages import Found
from sip2gw.events import Events, conn_codes
from sip2gw.gateway.connection_events import ConnectionEvents
from sip2gw.log.events import EventLog
from sip2gw.log.tags import Tags
from sip2gw.record import Record
from sip2gw.wiring.recording import Part

PORT = "admin port"


class WrongPort:
    """The terminals at the admin endpoint. `ports` returns those of terminals, by the name of what they speak.

    `left_out` is called for each line that the log leaves out.
    """

    def __init__(
        self, reactor: IReactorTime, ports: Callable[[], Mapping[str, int]], left_out: Callable[[], None]
    ) -> None:
        self._ports = ports
        self._conns = conn_codes()
        self._events = Events()
        self._tags = Tags()
        self._record = Record(self._events, self._tags)
        self._ladder = Ladder(self._events.now)
        self._events.subscribe(self._ladder.take)
        self._events.subscribe(EventLog(reactor.seconds, left_out).take)

    def came(self, address: str, language: str) -> None:
        """Note that a terminal at this address has begun to speak `TLS` or `plain SIP2`, and was disconnected."""
        events = ConnectionEvents(self._events, next(self._conns), self._tags, iter(()))
        events.opened(PORT, address)
        events.noticed("port", f"it speaks {language} to the {PORT}", self._fix())
        events.closed("gateway", "wrong port")

    def beside(self, parts: Part) -> Part:
        """Return the parts of an answer of the record, with the attempts that came here."""

        async def all_parts(what: str, about: Mapping[str, str], worker: str) -> list[tuple[str, Any]]:
            here = [("", self._record.part(what, about))] if what == "door" else []
            return [*await parts(what, about, worker), *here]

        return all_parts

    def with_attempts(
        self, attempts: Callable[[Asked], Found | Deferred[Found]]
    ) -> Callable[[Asked], Deferred[Found]]:
        """Return the attempts on an installer's page, with those that came here."""

        async def all_attempts(asked: Asked) -> Found:
            found = attempts(asked)
            others = await found if isinstance(found, Deferred) else found
            every = [*others, *self._ladder.shown(asked)]
            return sorted(every, key=lambda one: -float(one["at"]))[:SHOWN]

        return lambda asked: Deferred.fromCoroutine(all_attempts(asked))

    def _fix(self) -> str:
        known = ", ".join(f"{port} ({language})" for language, port in self._ports().items())
        return f"set the port at the terminal: {known}" if known else "connect to a port of [[listen]]"
