"""Count in the metrics what events say: requests, terminals and what is wrong with lines, by library."""

from __future__ import annotations

from attrs import define, field

from sip2gw.events import Closed, Event, Exchange, LoggedIn, Noticed
from sip2gw.metrics import OTHER, Metrics
from sip2gw.sip2 import REQUESTS

LINE_FAULTS = frozenset({"resent", "repeated", "bad_checksum"})
"""Codes of an exchange that say what is wrong with its line."""
UNDECODABLE = frozenset({"charset", "utf_16"})
"""Kinds of what is noticed, once for each connection: bytes that are no text."""
_REASONS = 100
"""Reasons of disconnects that get a label. They are words of the program, about twenty."""


@define(eq=False)
class EventCounts:
    """A reader of events. A library gets its label at a login."""

    metrics: Metrics
    _library: dict[str, str] = field(factory=dict)
    """Of each terminal that is logged in, by its connection."""
    _terminals: dict[str, int] = field(factory=dict)
    _reasons: set[str] = field(factory=set)

    def take(self, event: Event) -> None:
        """Count this event."""
        match event:
            case Exchange():
                self._exchange(event)
            case Noticed() if event.kind in UNDECODABLE:
                self._fault(event.library, "undecodable")
            case LoggedIn():
                self._logged_in(event)
            case Closed():
                self._closed(event)

    def _exchange(self, event: Exchange) -> None:
        label = self.metrics.known(event.library)
        message = event.message if event.message in REQUESTS else OTHER
        self.metrics.messages.inc(label, message, event.outcome)
        self.metrics.message_seconds.observe(event.ms / 1000, message)
        if event.code in LINE_FAULTS:
            self._fault(event.library, event.code)
        if event.library:
            self.metrics.last_activity.note(event.library, event.at)

    def _fault(self, library: str, fault: str) -> None:
        self.metrics.line_faults.inc(self.metrics.known(library), fault)

    def _logged_in(self, event: LoggedIn) -> None:
        before = self._library.get(event.conn, "")
        self._library[event.conn] = event.library
        self.metrics.last_activity.note(event.library, event.at)
        if before != event.library:
            self._change(event.library, 1)
            self._change(before, -1)

    def _closed(self, event: Closed) -> None:
        self._change(self._library.pop(event.conn, ""), -1)
        reason = event.why or "none given"
        if len(self._reasons) < _REASONS:
            self._reasons.add(reason)
        self.metrics.disconnects.inc(event.by, reason if reason in self._reasons else OTHER)

    def _change(self, library: str, by: int) -> None:
        if not library:
            return
        count = self._terminals.pop(library, 0) + by
        if count:
            self._terminals[library] = count
        self.metrics.terminals.set(library, count)
