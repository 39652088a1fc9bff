"""Declare all metrics of the gateway. Each label has a fixed set of values.

No text from a client becomes a label's value: a library gets a label once a terminal logged in there or if the
configuration names it, and only the first `LIBRARIES`; all others together are `other`. No metric is per patron.
"""

from __future__ import annotations

import platform
import ssl
from collections.abc import Callable, Iterable

from prometheus_client import CollectorRegistry, Counter, Gauge, ProcessCollector

import twisted
from sip2gw import __version__
from sip2gw.library_gauges import OTHER, Latest, Sum, Trouble
from sip2gw.plain_metrics import Counts, Histogram, Values

__all__ = ["LIBRARIES", "OTHER", "Metrics"]

LIBRARIES = 5_000
"""Libraries that get a label. Prometheus copes with the series of so many, some 20 for each."""

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 30)


def _nothing(_: str) -> None:
    """Do nothing."""


class Metrics:
    """The metrics of one process. At most `libraries` of them get labels, those in `named` first."""

    def __init__(self, *, libraries: int = LIBRARIES, named: Iterable[str] = ()) -> None:
        self.registry = CollectorRegistry()
        self._most = libraries
        self.on_strike: Callable[[str], None] = _nothing
        """Is called with each limit that was reached."""
        self._named: set[str] = set()
        for nickname in named:
            self.library(nickname)
        self._declare_connections()
        self._declare_seats()
        self._declare_calls()
        self._declare_journal()
        self._declare_certificates()
        self._declare_store()
        self._declare_process()

    def library(self, nickname: str) -> str:
        """Return the label of a library. Call it only for a library in the configuration, or after a login there."""
        if nickname not in self._named and len(self._named) < self._most:
            self._named.add(nickname)
        return nickname if nickname in self._named else OTHER

    def known(self, nickname: str) -> str:
        """Return the label that a library has by now, or `other`; for a name that may be a client's."""
        return nickname if nickname in self._named else OTHER

    def struck(self, limit: str) -> None:
        """Count a reached limit; `limit` is the name of its setting."""
        self.limit_strikes.inc(limit)
        self.on_strike(limit)

    def _declare_connections(self) -> None:
        self.limit_strikes = self._counts("limit_strikes", "A limit was reached, by its setting.", "limit")
        self.connections = self._gauge("connections", "Open connections.", "state")
        """`stranger` until a terminal logs in, `bound` after that."""
        self.handshakes = self._counter("handshakes", "TLS handshakes that ended.", "outcome")
        self.proxy_headers = self._counter("proxy_headers", "PROXY headers of balancers.", "outcome")
        self.disconnects = self._counts(
            "disconnects", "Connections that ended, by who ended them and why.", "by", "reason"
        )
        self.logins = self._counts("logins", "Logins, by outcome.", "library", "outcome")
        """`ok`, or the code of the refusal. A library without a label, such as one that does not exist, is `other`."""
        self.messages = self._counts("messages", "Requests.", "library", "message", "outcome")
        """`answered`, `refused`, `not_offered`, `unavailable`, `in_doubt` or `bug`."""
        self.line_faults = self._counts(
            "line_faults", "Lines sent again, with a bad checksum, or in another charset.", "library", "fault"
        )
        """`resent` (97), `repeated`, `bad_checksum`; or `undecodable`, once for each connection."""
        self.log_lines_left_out = self._counter(
            "log_lines_left_out", "Lines that were not logged, because there were many of their kind."
        )
        self.message_seconds = self._histogram("message_seconds", "From request to answer.", "message")

    def _declare_seats(self) -> None:
        self.declined = self._counter(
            "declined", "Requests that were refused without a call to the library.", "reason"
        )
        self.seats = Sum(
            self._values("seats", "Seats of terminals, by library.", "library", "state"), self.library
        )
        """`used`; and `licensed` if the library has a limit."""
        self.terminals = Sum(
            self._values("terminals", "Terminals that are logged in, by library.", "library"), self.library
        )
        self.last_activity = Latest(
            "sip2gw_last_activity_seconds",
            "When a library's terminals last sent a request, in seconds since 1970.",
            self.library,
            self.registry,
        )
        self.seats_taken_over = self._counter("seats_taken_over", "Seats that a terminal took from itself.")
        self.seats_without_store = self._counter(
            "seats_without_store", "Sessions admitted without the seat store."
        )
        self.account_checks = self._counter("account_checks", "Checks of accounts in use.", "outcome")

    def _declare_calls(self) -> None:
        self.calls = self._counts("calls", "Calls to the libraries' API.", "library", "outcome")
        """`answered`, `refused`, `unavailable`, `in_doubt`, or `not_asked` (the breaker is open, or no slot was
        free)."""
        self.call_seconds = self._histogram("call_seconds", "Calls to the libraries' API.", "operation")
        self.call_failures = self._counter(
            "call_failures", "Calls that failed, by kind of failure.", "failure"
        )
        self.call_retries = self._counter("call_retries", "Calls that were made again.", "library")
        self.call_rests = self._counter("call_rests", "Calls that waited as Retry-After asks.", "library")
        self.calls_in_flight = self._gauge("calls_in_flight", "Calls in progress.")
        self.calls_waiting = self._gauge("calls_waiting", "Calls that wait for a slot.")
        self.breakers = Trouble(
            self._values("breaker", "State of the breaker: 0 closed, 1 half-open, 2 open.", "library"),
            self.library,
        )
        self.calls_failed_in_a_row = Trouble(
            self._values("calls_failed_in_a_row", "Calls that failed since the last answer.", "library"),
            self.library,
        )
        """For libraries with too few calls for their breaker to open; 0 until there are three."""
        self.offline = Sum(
            self._values("library_offline", "Whether terminals are told that it is offline.", "library"),
            self.library,
        )
        """1 or 0; `other` is how many are offline."""
        self.breaker_openings = self._counter("breaker_openings", "Breakers that opened.", "library")
        self.in_doubt = self._counter(
            "in_doubt",
            "Writes whose answer was lost, by the outcome of the retry.",
            "library",
            "outcome",
        )
        """`settled`: their outcome is known. `left`: it is not."""

    def _declare_journal(self) -> None:
        self.journal_rows = self._gauge(
            "journal_rows", "Writes in the journal that are not finished.", "state"
        )
        self.journal_oldest = self._gauge("journal_oldest_seconds", "Age of the oldest write that is open.")

    def _declare_certificates(self) -> None:
        """Declare metrics by `listener`, an endpoint in the configuration, and `certificate`, a file or folder name."""
        self.certificate_days_left = self._gauge(
            "certificate_days_left", "Whole days until it expires.", "listener", "certificate"
        )
        self.certificate_faults = self._gauge(
            "certificate_faults", "Changed files that can't be used; the old ones stay.", "listener"
        )
        self.certificate_renewals = self._counter(
            "certificate_renewals", "Changed files on disk that were found.", "outcome"
        )

    def _declare_store(self) -> None:
        self.store_changes = self._counter(
            "store_changes", "Changes of the store, of which one commit has many."
        )
        self.store_commit_seconds = self._histogram("store_commit_seconds", "Commits of the store.")
        self.store_failures = self._counter("store_failures", "Uses of the store that failed.", "kind")
        """`gone`, `slow`, `full`, `damaged`, `read-only`, `newer schema` or `locked`."""

    def _declare_process(self) -> None:
        """Memory, processor time, file descriptors and start time are prometheus_client's own."""
        ProcessCollector(registry=self.registry)
        self.loop_lag = self._gauge("loop_lag_seconds", "Longest delay of the event loop within a minute.")
        self.loop_blocks = self._counter("loop_blocks", "Times that the event loop was blocked for too long.")
        self.worker_up = self._gauge(
            "worker_up", "Whether a worker process serves terminals and answers.", "worker"
        )
        """Only if there are several workers, as the next one."""
        self.worker_starts = self._counter("worker_starts", "Starts of a worker process.", "worker")
        self.reloads = self._counter("reloads", "Configurations read again on SIGHUP.", "outcome")
        self.reload_seconds = self._gauge("reload_seconds", "How long the last one took.")
        build = self._gauge("build_info", "Always 1.", "version", "python", "twisted", "openssl")
        build.labels(
            __version__, platform.python_version(), twisted.__version__, ssl.OPENSSL_VERSION.split()[1]
        ).set(1)

    def _counter(self, name: str, text: str, *labels: str) -> Counter:
        return Counter(f"sip2gw_{name}", text, labels, registry=self.registry)

    def _counts(self, name: str, text: str, *labels: str) -> Counts:
        """Make a counter for the hot path."""
        return Counts(f"sip2gw_{name}", text, labels, self.registry)

    def _gauge(self, name: str, text: str, *labels: str) -> Gauge:
        return Gauge(f"sip2gw_{name}", text, labels, registry=self.registry)

    def _values(self, name: str, text: str, *labels: str) -> Values:
        """Make a gauge that may have a series for each library."""
        return Values(f"sip2gw_{name}", text, labels, self.registry)

    def _histogram(self, name: str, text: str, *labels: str) -> Histogram:
        return Histogram(f"sip2gw_{name}", text, labels, self.registry, bounds=_SECONDS)
