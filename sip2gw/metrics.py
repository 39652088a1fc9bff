"""Every figure that the gateway counts is declared here, and every label takes its values from a fixed set.

Nothing off the wire is ever a label's value: a library is named once a terminal was logged in there or the
configuration names it, and only the first so many; all others are `other`. Nothing of a patron is counted by person.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeVar

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector
from prometheus_client.metrics import MetricWrapperBase

from sip2gw.library_gauges import OTHER, Sum, Trouble

__all__ = ["OTHER", "Metrics"]

Figure = TypeVar("Figure", bound=MetricWrapperBase)

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 30)


class Metrics:
    """The figures of one process. `libraries` of them are named at most, those in `named` first."""

    def __init__(self, *, libraries: int = 500, named: Iterable[str] = ()) -> None:
        self.registry = CollectorRegistry()
        self._most = libraries
        self._named: set[str] = set()
        self._labelled: dict[tuple[MetricWrapperBase, tuple[str, ...]], Any] = {}
        for nickname in named:
            self.library(nickname)
        self._declare_the_door()
        self._declare_who()
        self._declare_the_cloud()
        self._declare_certificates()
        self._declare_the_process()

    def library(self, nickname: str) -> str:
        """The label of a library. Call it only for one that is in the configuration or has logged a terminal in."""
        if nickname not in self._named and len(self._named) < self._most:
            self._named.add(nickname)
        return nickname if nickname in self._named else OTHER

    def of(self, figure: Figure, *labels: str) -> Figure:
        """`figure.labels(*labels)`, for what each message counts: it is looked up once, and not under a lock."""
        found: Figure | None = self._labelled.get((figure, labels))
        if found is None:
            found = self._labelled[figure, labels] = figure.labels(*labels)
        return found

    def struck(self, limit: str) -> None:
        """A limit was reached; `limit` is the name of its setting."""
        self.of(self.limit_strikes, limit).inc()

    def _declare_the_door(self) -> None:
        self.limit_strikes = self._counter("limit_strikes", "A limit was reached, by its setting.", "limit")
        self.connections = self._gauge("connections", "Connections at this moment.", "state")
        """`stranger` until a terminal has logged in, `bound` from then on."""
        self.handshakes = self._counter("handshakes", "TLS handshakes that ended.", "outcome")
        self.proxy_headers = self._counter("proxy_headers", "PROXY headers of balancers.", "outcome")
        self.logins = self._counter("logins", "Logins, by what came of them.", "outcome")
        self.messages = self._counter("messages", "Requests.", "library", "message", "outcome")
        self.log_lines_left_out = self._counter(
            "log_lines_left_out", "Lines that were not logged, as there were many of their kind."
        )
        self.message_seconds = self._histogram("message_seconds", "From request to answer.", "message")

    def _declare_who(self) -> None:
        self.declined = self._counter("declined", "Requests that nobody was asked about.", "reason")
        self.seats = Sum(
            self._gauge("seats", "Seats of terminals, by library.", "library", "state"), self.library
        )
        """`used`, and `licensed` where the library has a limit."""
        self.seats_taken_over = self._counter("seats_taken_over", "Seats that a terminal took from itself.")
        self.seats_without_store = self._counter(
            "seats_without_store", "Sessions let in without the seat store."
        )
        self.account_checks = self._counter("account_checks", "Accounts asked about again.", "outcome")

    def _declare_the_cloud(self) -> None:
        self.calls = self._counter("calls", "Calls to the libraries' API.", "library", "outcome")
        """`answered`, `refused`, `unavailable`, `in_doubt`, or `not_asked` (left alone, or no turn)."""
        self.call_seconds = self._histogram("call_seconds", "Calls to the libraries' API.", "operation")
        self.call_failures = self._counter("call_failures", "Calls that failed, by how they did.", "failure")
        self.call_retries = self._counter("call_retries", "Calls that were made again.", "library")
        self.call_rests = self._counter("call_rests", "Calls that waited as Retry-After asks.", "library")
        self.calls_in_flight = self._gauge("calls_in_flight", "Calls under way at this moment.")
        self.calls_waiting = self._gauge("calls_waiting", "Calls that wait for their turn at this moment.")
        self.breakers = Trouble(
            self._gauge("breaker", "Calls go out: 0 yes, 1 some, 2 none.", "library"), self.library
        )
        self.calls_failed_in_a_row = Trouble(
            self._gauge("calls_failed_in_a_row", "Calls that failed since the last answer.", "library"),
            self.library,
        )
        """For libraries that have too few calls for a breaker to open; 0 until there are three."""
        self.breaker_openings = self._counter("breaker_openings", "Breakers that opened.", "library")
        self.in_doubt = self._counter(
            "in_doubt",
            "Writes whose answer was lost, by what making them again has come to.",
            "library",
            "outcome",
        )
        """`settled`: it is known what became of them. `left`: it is not."""

    def _declare_certificates(self) -> None:
        """`listener` is its endpoint in the configuration, `certificate` the name of its file or folder."""
        self.certificate_days_left = self._gauge(
            "certificate_days_left", "Whole days until it expires.", "listener", "certificate"
        )
        self.certificate_faults = self._gauge(
            "certificate_faults", "What changed on disk and can't be used; the old one stays.", "listener"
        )
        self.certificate_renewals = self._counter(
            "certificate_renewals", "Changes on disk that were found.", "outcome"
        )

    def _declare_the_process(self) -> None:
        """Memory, processor time, file descriptors and start time are prometheus_client's own."""
        ProcessCollector(registry=self.registry)
        self.loop_lag = self._gauge(
            "loop_lag_seconds", "The latest that the event loop came round in a minute."
        )
        self.loop_blocks = self._counter("loop_blocks", "Times that the event loop stood still for too long.")
        self.reloads = self._counter("reloads", "Configurations read again on SIGHUP.", "outcome")

    def _counter(self, name: str, text: str, *labels: str) -> Counter:
        return Counter(f"sip2gw_{name}", text, labels, registry=self.registry)

    def _gauge(self, name: str, text: str, *labels: str) -> Gauge:
        return Gauge(f"sip2gw_{name}", text, labels, registry=self.registry)

    def _histogram(self, name: str, text: str, *labels: str) -> Histogram:
        return Histogram(f"sip2gw_{name}", text, labels, registry=self.registry, buckets=_SECONDS)
