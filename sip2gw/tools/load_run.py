"""A load from the first connection to the last checkin: which terminal asks next, and for how long.

With a rate, requests are due at even intervals whether or not a terminal is free, and latency counts from the moment
at which a request was due. So a slow gateway can't hide its latency by slowing down the terminals.
"""

from __future__ import annotations

import resource
import time
from collections import deque
from collections.abc import Callable
from datetime import datetime
from typing import Any

from twisted.internet import reactor as _reactor
from twisted.internet.defer import Deferred, DeferredSemaphore, gatherResults
from twisted.internet.endpoints import connectProtocol
from twisted.internet.interfaces import IDelayedCall, IStreamClientEndpoint
from twisted.internet.task import LoopingCall, deferLater, react
from twisted.python.failure import Failure

from sip2gw.tools.address import Unreachable, connect, endpoint_of
from sip2gw.tools.load_result import LoadResult
from sip2gw.tools.load_terminal import LoadTerminal, Plan, Script
from sip2gw.tools.options import Setup

Progress = Callable[[float, int], None]
"""Called with the elapsed seconds and the answers so far."""

_AT_ONCE = 32
"""Connections that are opened at the same time: a listener has a backlog, and handshakes cost time."""
_RECONNECT_DELAY = 1.0
"""Seconds before a lost terminal connects again."""
_OVERDUE_INTERVAL = 0.25
"""Seconds between two checks for answers that are overdue."""


class Run:
    """One load."""

    def __init__(self, reactor: Any, setup: Setup, plan: Plan, progress: Progress | None = None) -> None:
        self.result = LoadResult(plan.terminals)
        self._reactor = reactor
        self._setup = setup
        self._plan = plan
        self._progress = progress
        self._endpoint: IStreamClientEndpoint = endpoint_of(reactor, setup.address, setup.timeout)
        self._terminals: dict[LoadTerminal, int] = {}
        self._waiting: dict[LoadTerminal, Deferred[None]] = {}
        """Terminals that are not logged in yet, or check their item in at the end."""
        self._reconnecting: set[Deferred[None]] = set()
        self._idle: deque[LoadTerminal] = deque()
        self._due: deque[float] = deque()
        self._next_due: IDelayedCall | None = None
        self._asked = 0
        self._started: float | None = None
        self._running = False
        self._date = b""

    async def measure(self, announce: Callable[[str], None]) -> LoadResult:
        """Connect all terminals, let them ask, then clean up. Raises `Unreachable` if the first can't log in."""
        self._check_overdue()
        await self._connect(0)
        limit = DeferredSemaphore(_AT_ONCE)
        others = range(1, self._plan.terminals)
        await gatherResults([limit.run(self._try_to_connect, number) for number in others])
        announce(f"{len(self._terminals)} terminals are logged in")
        overdue = LoopingCall(self._check_overdue)
        overdue.clock = self._reactor
        overdue.start(_OVERDUE_INTERVAL, now=False)
        self._started, self._running = time.monotonic(), True
        if self._plan.rate is None:
            for terminal in list(self._terminals):
                terminal.ask()
        else:
            self._idle.extend(self._terminals)
            if self._plan.rate:
                self._give_due(self._started, self._plan.rate)
        await deferLater(self._reactor, self._plan.seconds)
        self._running = False
        if self._next_due is not None:
            self._next_due.cancel()
        self.result.seconds = time.monotonic() - self._started
        await self._clean_up()
        overdue.stop()
        return self.result

    async def _connect(self, number: int) -> None:
        """Connect one terminal and wait until it is logged in. Raises `Unreachable`."""
        plan = self._plan
        script = Script.of(
            self._setup, plan.patrons[number % len(plan.patrons)], plan.items[number % len(plan.items)]
        )
        terminal = LoadTerminal(script, plan.mix, self, lambda: self._date, self._setup.address)
        logged_in: Deferred[None] = Deferred()
        self._waiting[terminal] = logged_in
        self._terminals[terminal] = number
        try:
            await connectProtocol(self._endpoint, terminal)
        except Exception as error:  # each kind of endpoint raises errors of its own
            self._forget(terminal)
            raise Unreachable(f"no connection to {self._setup.address}: {error}") from None
        try:
            await logged_in.addTimeout(self._setup.timeout, self._reactor, onTimeoutCancel=_too_late)
        except Unreachable:
            self._forget(terminal)
            terminal.disconnect()
            raise

    async def _try_to_connect(self, number: int) -> None:
        try:
            await self._connect(number)
        except Unreachable as error:
            self.result.errors[str(error)] += 1

    async def _clean_up(self) -> None:
        """Wait for the last answers, check every item in, disconnect."""
        await gatherResults(list(self._reconnecting))
        for terminal in self._terminals:
            self._waiting.setdefault(terminal, Deferred())
        pending = list(self._waiting.values())
        for terminal in list(self._terminals):
            if terminal.sent_at is None:
                self.ready(terminal)
        for done in pending:
            try:
                await done.addTimeout(2 * self._setup.timeout, self._reactor, onTimeoutCancel=_too_late)
            except Unreachable as error:
                self.result.errors[str(error)] += 1
        leaving = list(self._terminals)
        self._terminals.clear()
        await gatherResults([terminal.disconnect() for terminal in leaving])

    def ready(self, terminal: LoadTerminal) -> None:
        """Give the next request to a terminal that waits for no answer."""
        if self._running:
            if (login := self._waiting.pop(terminal, None)) is not None:
                login.callback(None)
            if self._plan.rate is None:
                terminal.ask()
            elif self._due:
                terminal.ask(self._due.popleft())
            else:
                self._idle.append(terminal)
        elif self._started is not None and terminal.has_item_out:
            terminal.check_in()
        elif (done := self._waiting.pop(terminal, None)) is not None:
            done.callback(None)

    def answered(self, code: str, due: float, accepted: bool) -> None:
        """Count an answer, until the time is over. `due` is a moment of the monotonic clock."""
        if self._running:
            self.result.answered(code, time.monotonic() - due, accepted)

    def lost(self, terminal: LoadTerminal, why: str) -> None:
        """Count a lost connection as an error, and replace it while the load runs."""
        number = self._terminals.get(terminal)
        if number is None:
            return
        done = self._waiting.get(terminal)
        self._forget(terminal)
        if done is not None:
            done.errback(Failure(Unreachable(why)))
            return
        self.result.errors[why] += 1
        if self._running:
            again = Deferred.fromCoroutine(self._reconnect(number))
            self._reconnecting.add(again)
            again.addBoth(lambda _: self._reconnecting.discard(again))

    async def _reconnect(self, number: int) -> None:
        await deferLater(self._reactor, _RECONNECT_DELAY)
        if self._running:
            await self._try_to_connect(number)

    def _forget(self, terminal: LoadTerminal) -> None:
        self._terminals.pop(terminal, None)
        self._waiting.pop(terminal, None)
        if terminal in self._idle:
            self._idle.remove(terminal)

    def _give_due(self, started: float, rate: float) -> None:
        """Give the requests that are due to terminals that are free, and do so again when the next one is due."""
        due = int((time.monotonic() - started) * rate) + 1
        for number in range(self._asked, due):
            moment = started + number / rate
            if self._idle:
                self._idle.popleft().ask(moment)
            else:
                self._due.append(moment)
        self._asked = due
        wait = max(started + due / rate - time.monotonic(), 0.0)
        self._next_due = self._reactor.callLater(wait, self._give_due, started, rate)

    def _check_overdue(self) -> None:
        """Advance the clock of the terminals, and give up on answers that are overdue."""
        self._date = f"{datetime.now():%Y%m%d    %H%M%S}".encode()
        oldest = time.monotonic() - self._setup.timeout
        for terminal in list(self._terminals):
            if terminal.sent_at is not None and terminal.sent_at < oldest:
                terminal.reset("no answer in time")
        if self._progress is not None and self._running and self._started is not None:
            self._progress(time.monotonic() - self._started, self.result.answers)


def _too_late(result: object, timeout: float) -> None:
    raise Unreachable("no answer in time")


def run(
    setup: Setup, plan: Plan, announce: Callable[[str], None], progress: Progress | None = None
) -> LoadResult:
    """Run a load in a reactor of its own. Raises `Unreachable`."""
    # One connection with plain sockets first: they report in words what is wrong with a certificate.
    connect(setup.address, setup.timeout).close()
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    load = Run(_reactor, setup, plan, progress)
    failure: list[Unreachable] = []

    async def main(_: object) -> None:
        try:
            await load.measure(announce)
        except Unreachable as lost:
            failure.append(lost)

    try:
        react(main)
    except SystemExit as over:
        if over.code:
            raise
    if failure:
        raise failure[0]
    return load.result
