"""Put redaction and the queue before all observers of the process's log, and remove them at the end."""

from __future__ import annotations

import atexit
from collections import Counter
from collections.abc import Iterator

from attrs import frozen
from prometheus_client.core import CounterMetricFamily
from prometheus_client.registry import Collector
from twisted.logger import FileLogObserver, ILogObserver, LogEvent, LogLevel, LogPublisher

from sip2gw.log.forms import as_json
from sip2gw.log.queued import Queued
from sip2gw.log.redaction import redacted

PATIENCE = 2.0
"""Seconds that the end of the process waits for the log to be written."""

_LEVELS = list(LogLevel.iterconstants())
_WANTED = {level.name: frozenset(_LEVELS[number:]) for number, level in enumerate(_LEVELS)}
"""The levels that are logged, by the least of them. Comparing two levels of Twisted costs more than all else here."""


@frozen
class LogSettings:
    """How much is logged."""

    level: str = "info"
    form: str = "text"
    """`text` or `json`, where the log goes to a file or a stream."""
    waiting: int = 10_000
    """Lines that may wait for a slow disk, some MiB; further lines are left out."""


class Log(Collector):
    """Filter and queue the events of `publisher`, after `begin`. `settings` may be replaced at any time."""

    def __init__(self, publisher: LogPublisher, settings: LogSettings) -> None:
        self.settings = settings
        self.lost: Counter[str] = Counter()
        """How many fields, texts and events were left out."""
        self._publisher = publisher
        self._queued: list[Queued] = []

    def begin(self) -> None:
        """Redact and queue events for all current observers; a further call does so for new observers."""
        if not self._queued:  # a process that ends without stopping its services writes its log too
            atexit.register(self.flush)
        there = [
            one for one in self._publisher._observers if one not in self._queued
        ]  # the only way to reach twistd's
        for observer in there:
            self._publisher.removeObserver(observer)
            waiting = self.settings.waiting
            queued = Queued(
                observer, self._is_wanted, self._made, waiting, self._lose, self._writer(observer)
            )
            self._queued.append(queued)
            self._publisher.addObserver(queued)

    def take(self, event: LogEvent) -> None:
        """Write an event of a worker process, which has redacted it."""
        for queued in self._queued:
            queued.take(event)

    def flush(self) -> None:
        """Wait for a short time until all events are written."""
        for queued in self._queued:
            queued.flush(PATIENCE)

    def end(self) -> None:
        """Restore the original observers."""
        self.flush()
        for queued in self._queued:
            self._publisher.removeObserver(queued)
            self._publisher.addObserver(queued.observer)
        self._queued.clear()
        atexit.unregister(self.flush)

    def collect(self) -> Iterator[CounterMetricFamily]:
        """Yield the metric of left-out parts."""
        family = CounterMetricFamily(
            "sip2gw_log_lost", "Left out of the log: fields, foreign texts, whole events.", labels=["what"]
        )
        for what in ("field", "text", "event"):
            family.add_metric([what], self.lost[what])
        yield family

    def _writer(self, observer: ILogObserver) -> ILogObserver | None:
        """Return an observer for the same file that writes the form in the settings; None if it is no file."""
        if not isinstance(observer, FileLogObserver):
            return None
        as_text = observer.formatEvent

        def form(event: LogEvent) -> str | None:
            return as_json(event) if self.settings.form == "json" else as_text(event)

        return FileLogObserver(observer._outFile, form)  # the file is not to be had otherwise

    def _is_wanted(self, event: LogEvent) -> bool:
        return event.get("log_level", LogLevel.info) in _WANTED[self.settings.level]

    def _made(self, event: LogEvent) -> LogEvent | None:
        return redacted(event, self._lose)

    def _lose(self, what: str) -> None:
        self.lost[what] += 1
