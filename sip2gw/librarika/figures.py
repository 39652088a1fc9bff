"""What is counted of one library's calls. Its name is no label before a terminal was let in there."""

from __future__ import annotations

from sip2gw.librarika.availability import State
from sip2gw.librarika.verdicts import Failed, How
from sip2gw.metrics import OTHER, Metrics

_HEIGHT = {State.SHUT: 0, State.PROBING: 1, State.OPEN: 2}


class Figures:
    """The counters of one library."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        self._library = OTHER
        self.known = False

    def name(self, nickname: str) -> None:
        """A terminal was let in: the library exists."""
        if not self.known:
            self.known = True
            self._library = self._metrics.library(nickname)
            self.breaker(State.SHUT)

    def answered(self) -> None:
        """A call got what it was for."""
        self._count("answered")

    def refused(self) -> None:
        """The library said no."""
        self._count("refused")

    def failed(self, failed: Failed, *, writes: bool) -> None:
        """A call came to nothing."""
        if failed.how in (How.NOT_ASKED, How.NO_TURN):
            self._count("not_asked")
        else:
            self._count("in_doubt" if writes and failed.sent else "unavailable")
        self._metrics.call_failures.labels(failed.how.value).inc()

    def retried(self) -> None:
        """A call is made again."""
        self._metrics.call_retries.labels(self._library).inc()

    def rested(self) -> None:
        """A call waits because the library asked for it."""
        self._metrics.call_rests.labels(self._library).inc()

    def looked_up(self, outcome: str) -> None:
        """A write in doubt was `settled`, or `left` in doubt."""
        self._metrics.in_doubt.labels(self._library, outcome).inc()

    def breaker(self, state: State) -> None:
        """The library's breaker has a new state. Those that share a name have none that could be told."""
        if self._library != OTHER:
            self._metrics.breakers.labels(self._library).set(_HEIGHT[state])
        if state is State.OPEN:
            self._metrics.breaker_openings.labels(self._library).inc()

    def _count(self, outcome: str) -> None:
        self._metrics.of(self._metrics.calls, self._library, outcome).inc()
