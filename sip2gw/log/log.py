"""Everything that observes the process's log is put behind the veil and the queue, and taken out again in the end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from attrs import frozen
from prometheus_client.core import CounterMetricFamily
from prometheus_client.registry import Collector
from twisted.logger import LogEvent, LogLevel, LogPublisher

from sip2gw.log.queued import Queued
from sip2gw.log.veil import veiled

PATIENCE = 2.0
"""Seconds that the end of the process waits for the log to be written."""


@frozen
class LogSettings:
    """How much is written."""

    level: str = "info"
    waiting: int = 10_000


class Log(Collector):
    """What goes from `publisher` to its observers, from `begin` on. `settings` may be replaced at any time."""

    def __init__(self, publisher: LogPublisher, settings: LogSettings) -> None:
        self.settings = settings
        self.lost: Counter[str] = Counter()
        """How many fields, texts and events were left out."""
        self._publisher = publisher
        self._queued: list[Queued] = []

    def begin(self) -> None:
        """Put all who observe now behind the veil. Called again, it does so with those who have come meanwhile."""
        there = [
            one for one in self._publisher._observers if one not in self._queued
        ]  # the only way to twistd's
        for observer in there:
            self._publisher.removeObserver(observer)
            self._queued.append(Queued(observer, self._let_through, self.settings.waiting, self._lose))
            self._publisher.addObserver(self._queued[-1])

    def flush(self) -> None:
        """Wait a little for what is not written yet."""
        for queued in self._queued:
            queued.flush(PATIENCE)

    def end(self) -> None:
        """Have all observe as they did."""
        self.flush()
        for queued in self._queued:
            self._publisher.removeObserver(queued)
            self._publisher.addObserver(queued.observer)
        self._queued.clear()

    def collect(self) -> Iterator[CounterMetricFamily]:
        """For the metrics."""
        family = CounterMetricFamily(
            "sip2gw_log_lost", "Left out of the log: fields, foreign texts, whole events.", labels=["what"]
        )
        for what in ("field", "text", "event"):
            family.add_metric([what], self.lost[what])
        yield family

    def _let_through(self, event: LogEvent) -> LogEvent | None:
        if event.get("log_level", LogLevel.info) < LogLevel.lookupByName(self.settings.level):
            return None
        return veiled(event, self._lose)

    def _lose(self, what: str) -> None:
        self.lost[what] += 1
