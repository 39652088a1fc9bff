"""Stop calls to an API that fails, and let them in again slowly: one, then two, four, and so on.

    ========= =============================== ============================================================
    state     event                           next state
    ========= =============================== ============================================================
    closed    half of 20 calls or more failed open, for a second
    closed    5 in a row did not connect      open, for a second
    open      the pause is over, and a call   half-open; the call waits for one health check
    half-open a call fails                    open, for twice as long as before, at most half a minute
    half-open all that were let in passed     half-open, twice as many at once; closed when that is the most
    ========= =============================== ============================================================

The outcome of a call that began before the breaker opened does not count.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from enum import StrEnum
from typing import Protocol

from attrs import frozen
from automat import TypeMachineBuilder, pep614


class State(StrEnum):
    """A state of a breaker, as the log and the health page name it."""

    CLOSED = "closed"
    HALF_OPEN = "half-open"
    OPEN = "open"


@frozen
class Patience:
    """When a breaker opens, and for how long."""

    window: float = 10.0
    """Seconds over which calls are counted."""
    calls: int = 20
    """The least number of calls in `window` seconds; with fewer, the share of failures does not count."""
    share: float = 0.5
    """The share of failed calls at which the breaker opens."""
    unconnected: int = 5
    """Calls in a row without a connection at which the breaker opens."""
    pause: float = 1.0
    """Seconds for which it stays open the first time; each time after that twice as many."""
    longest: float = 30.0
    """Seconds for which it stays open at most."""


class _Breaking(Protocol):
    """The inputs of the state machine."""

    def passed(self) -> None: ...
    def failed(self, connected: bool) -> None: ...
    def open(self) -> None: ...
    def resume(self) -> None: ...
    def close(self) -> None: ...


class Breaker:
    """One breaker. `most` returns how many calls may be in progress at the same time while it is closed.

    `changed` is called after each new state and width. `era` is a number that grows each time the breaker opens. A call
    takes it when it begins, and gives it back with its outcome.
    """

    def __init__(
        self,
        now: Callable[[], float],
        *,
        most: Callable[[], int] = lambda: 1,
        changed: Callable[[], None] = lambda: None,
        patience: Patience = Patience(),
    ) -> None:
        self.now, self.most, self.changed, self.patience = now, most, changed, patience
        self.state = State.CLOSED
        self.since = now()
        self.era = 0
        self.width = 0
        """Calls that may be in progress while it is half-open."""
        self.until = 0.0
        """The end of the pause, by `now`."""
        self.recent = Window(patience.window)
        self.unconnected = 0
        self.openings = 0
        self.passes = 0
        self._machine: _Breaking = _machine(self)

    @property
    def due(self) -> bool:
        """Whether it is open, and its pause is over."""
        return self.state is State.OPEN and self.now() >= self.until

    @property
    def admits(self) -> bool:
        """Whether a call may go out now. The health check of a half-open breaker goes out without this question."""
        return self.state is not State.OPEN and not self.unproved

    @property
    def unproved(self) -> bool:
        """Whether it is half-open, and its health check has not passed yet."""
        return self.state is State.HALF_OPEN and self.width == 1

    def resume(self) -> None:
        """Become half-open, because a health check is about to go out."""
        self._machine.resume()

    def passed(self, era: int) -> None:
        """Count a call of this era that was answered. The state machine is not needed while the breaker is closed."""
        if era != self.era:
            return
        if self.state is State.CLOSED:
            self.unconnected = 0
            self.recent.add(self.now())
        else:
            self._machine.passed()

    def failed(self, era: int, *, connected: bool) -> None:
        """Count a call of this era that failed. `connected` is whether a connection was made."""
        if era == self.era:
            self._machine.failed(connected)

    def enter(self, state: State) -> None:
        """Take over a new state of the machine."""
        self.state, self.since = state, self.now()
        self.changed()


def _make() -> Callable[[Breaker], _Breaking]:
    builder = TypeMachineBuilder(_Breaking, Breaker)
    closed, opened, half_open = (
        builder.state(state.value) for state in (State.CLOSED, State.OPEN, State.HALF_OPEN)
    )

    @pep614(closed.upon(_Breaking.failed).loop())
    def judge(machine: _Breaking, core: Breaker, connected: bool) -> None:
        core.unconnected = 0 if connected else core.unconnected + 1
        core.recent.add(core.now(), marked=1)
        recent, patience = core.recent, core.patience
        many = recent.all >= patience.calls and recent.marked >= patience.share * recent.all
        if many or core.unconnected >= patience.unconnected:
            machine.open()

    def pause(_: _Breaking, core: Breaker) -> None:
        core.until = core.now() + min(core.patience.pause * 2**core.openings, core.patience.longest)
        core.openings = min(core.openings + 1, 32)
        core.era += 1
        core.enter(State.OPEN)

    pep614(closed.upon(_Breaking.open).to(opened))(pause)
    pep614(half_open.upon(_Breaking.open).to(opened))(pause)

    @pep614(opened.upon(_Breaking.resume).to(half_open))
    def begin(_: _Breaking, core: Breaker) -> None:
        core.width, core.passes = 1, 0
        core.enter(State.HALF_OPEN)

    @pep614(half_open.upon(_Breaking.passed).loop())
    def ramp(machine: _Breaking, core: Breaker) -> None:
        core.passes += 1
        if core.passes < core.width:
            return
        core.width, core.passes = core.width * 2, 0
        if core.width > core.most():
            machine.close()
        else:
            core.changed()

    @pep614(half_open.upon(_Breaking.failed).loop())
    def relapse(machine: _Breaking, _: Breaker, connected: bool) -> None:
        del connected
        machine.open()

    @pep614(half_open.upon(_Breaking.close).to(closed))
    def trust(_: _Breaking, core: Breaker) -> None:
        core.openings = core.unconnected = 0
        core.recent.clear()
        core.enter(State.CLOSED)

    return builder.build()


_machine = _make()


class Window:
    """Count calls of the last `window` seconds: `all` of them, and those `marked`, which failed or were retries."""

    def __init__(self, window: float) -> None:
        self._window = window
        self._seconds: deque[list[int]] = deque()
        self.all = 0
        self.marked = 0

    def add(self, now: float, *, more: int = 1, marked: int = 0) -> None:
        """Count calls at this moment; `now` is in seconds."""
        second = int(now)
        if not self._seconds or self._seconds[-1][0] != second:
            self._forget(now)
            self._seconds.append([second, 0, 0])
        self._seconds[-1][1] += more
        self._seconds[-1][2] += marked
        self.all += more
        self.marked += marked

    def clear(self) -> None:
        """Forget all calls."""
        self._seconds.clear()
        self.all = self.marked = 0

    def _forget(self, now: float) -> None:
        while self._seconds and self._seconds[0][0] <= now - self._window:
            _, more, marked = self._seconds.popleft()
            self.all -= more
            self.marked -= marked


class RetryBudget:
    """Limit how many of a library's calls are tried again, so that many failures do not lead to as many retries."""

    _WINDOW = 10.0
    _FLOOR = 2

    def __init__(self) -> None:
        self._calls = Window(self._WINDOW)

    def asked(self, now: float) -> None:
        """Count a call that is made for the first time."""
        self._calls.add(now)

    def spend(self, now: float, share: float) -> bool:
        """Return whether a call may be tried again, and count it. `share` is the part of all calls; two always may."""
        self._calls.add(now, more=0)
        most = max(self._FLOOR, int(share * self._calls.all)) if share else 0
        if self._calls.marked >= most:
            return False
        self._calls.add(now, more=0, marked=1)
        return True
