"""The record of one process: it reads the events of terminals, and answers questions about what happened.

At most about 60 MiB with 10,000 terminals and 5,000 libraries: 25,000 exchanges, 2,000 ended connections, 1,000 groups
of attempts, 8 traces. Nothing of a person is in it but tags, and the redacted lines of a trace.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sip2gw.events import Event, Events, Exchange
from sip2gw.log.tags import Tags
from sip2gw.record.asked import NotUnderstood, text
from sip2gw.record.attempts import FailedAttempts
from sip2gw.record.connections import Connections
from sip2gw.record.exchanges import Exchanges
from sip2gw.record.facts import GatewayAccess
from sip2gw.record.libraries import Libraries
from sip2gw.record.load import LimitHits, Load
from sip2gw.record.questions import QUESTIONS
from sip2gw.record.traces import MINUTES, Target, Traces


class Record:
    """What is kept in memory of `events`. `tags` are those of the events; `gateway` is what is looked up there."""

    def __init__(self, events: Events, tags: Tags, gateway: GatewayAccess | None = None) -> None:
        self.now = events.now
        self.gateway = gateway or GatewayAccess()
        self.connections = Connections()
        self.failed_attempts = FailedAttempts()
        self.exchanges = Exchanges()
        self.libraries = Libraries()
        self.load = Load()
        self.limit_hits = LimitHits()
        self._tags = tags
        self._events = events
        self.traces = Traces(tags, self._watch, self._address)
        events.subscribe(self.take)
        events.look_on(lambda origin: self.traces.looks_on(origin, self.now()))

    def take(self, event: Event) -> None:
        """Note an event."""
        one = self.connections.take(event)
        self.libraries.take(event)
        if isinstance(event, Exchange):
            self.exchanges.add(event)
            self.load.take(event)
        else:
            self.failed_attempts.take(event, one)

    def struck(self, limit: str) -> None:
        """Note that a limit was reached, by the name of its setting."""
        self.limit_hits.take(limit, self.now())

    def tag(self, kind: str, library: str, number: str) -> str:
        """Return today's tag of a card (`patron`) or an item (`item`) of a library."""
        make = self._tags.patron if kind == "patron" else self._tags.item
        return make(library, number)

    def part(self, what: str, about: Mapping[str, str]) -> Any:
        """Return this process's part of an answer, as plain values; None if there is no such thing.

        Raises `NotUnderstood`.
        """
        match what:
            case "disconnect":
                return {"done": True} if self.gateway.disconnect(text(about, "conn")) else None
            case "free":
                return {"done": True} if self.gateway.free(text(about, "session")) else None
            case "trace":
                return self._trace(about)
            case "stop":
                stopped = self.traces.stop(text(about, "trace"), self.now())
                return None if stopped is None else {"done": True}
        question = QUESTIONS.get(what)
        if question is None:
            raise NotUnderstood(f"there is no question {what[:40]!r}")
        return question.part(self, about)

    def _trace(self, about: Mapping[str, str]) -> dict[str, Any]:
        library, terminal = text(about, "library").lower(), text(about, "terminal")
        address, patron = text(about, "address"), text(about, "patron")
        if patron and not patron.startswith("p:"):
            patron = self.tag("patron", library, patron) if library else ""
        target = Target(library, terminal, address, patron)
        if target == Target():
            raise NotUnderstood("name a library, a terminal, an address or a patron")
        minutes = _minutes(text(about, "minutes"))
        here = (
            one.address
            for one in self.connections.live.values()
            if terminal and one.address and (one.library, one.terminal) == (library, terminal)
        )
        trace = self.traces.start(text(about, "trace"), target, self.now(), 60 * minutes, here)
        return {"trace": trace.name, "target": str(target), "ends": trace.ends}

    def _watch(self, take: Any) -> None:
        self._events.lines = take

    def _address(self, conn: str) -> str:
        one = self.connections.live.get(conn)
        return one.address if one is not None else ""


def _minutes(value: str) -> float:
    if not value:
        return MINUTES
    if not value.isdecimal() or not 1 <= int(value[:4]) <= MINUTES:
        raise NotUnderstood(f"minutes is a number from 1 to {MINUTES}")
    return int(value)
