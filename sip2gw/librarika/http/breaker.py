"""A breaker stops calls to what fails, and lets them in again slowly: one, then two, four, and so on.

    ======= =============================== ========================================================
    state   event                           next state
    ======= =============================== ========================================================
    shut    half of 20 calls or more failed open, for a second
    shut    5 in a row did not connect      open, for a second
    open    the pause is over, and a call   probing; the call waits for one health check
    probing a call fails                    open, for twice as long as before, at most half a minute
    probing all that were let in passed     probing, twice as many at once; shut when it is the most
    ======= =============================== ========================================================

A call that began before the breaker opened tells nothing any more, however it ends.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from enum import StrEnum
from typing import Protocol

from attrs import frozen
from automat import TypeMachineBuilder, pep614


class State(StrEnum):
    """Of a breaker, as its figures and the health page name it."""

    SHUT = "shut"
    PROBING = "probing"
    OPEN = "open"


@frozen
class Patience:
    """When a breaker opens, and for how long."""

    window: float = 10.0
    calls: int = 20
    """So many in `window` seconds at least, before their failures count."""
    share: float = 0.5
    unconnected: int = 5
    """So many in a row."""
    pause: float = 1.0
    longest: float = 30.0


class _Breaking(Protocol):
    """What drives the machine."""

    def passed(self) -> None: ...
    def failed(self, connected: bool) -> None: ...
    def open(self) -> None: ...
    def resume(self) -> None: ...
    def shut(self) -> None: ...


class Breaker:
    """One breaker. `most` says how many calls may be under way once all is well.

    `changed` hears of each new state and width. `era` is the time since it last opened: it is taken when a call begins,
    and told when that ends.
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
        self.state = State.SHUT
        self.since = now()
        self.era = 0
        self.width = 0
        """Calls that may be under way while probing."""
        self.until = 0.0
        """The end of the pause."""
        self.recent = Window(patience.window)
        self.unconnected = 0
        self.openings = 0
        self.passes = 0
        self._machine: _Breaking = _machine(self)

    @property
    def due(self) -> bool:
        """Whether it is open, and its pause over."""
        return self.state is State.OPEN and self.now() >= self.until

    @property
    def admits(self) -> bool:
        """Whether a call may go out now. The one that probes does not ask."""
        return self.state is not State.OPEN and not self.unproved

    @property
    def unproved(self) -> bool:
        """Whether the first call that probes has not passed yet."""
        return self.state is State.PROBING and self.width == 1

    def resume(self) -> None:
        """Somebody probes."""
        self._machine.resume()

    def passed(self, era: int) -> None:
        """A call of that era got an answer. While all is well that moves nothing, so the machine is not asked."""
        if era != self.era:
            return
        if self.state is State.SHUT:
            self.unconnected = 0
            self.recent.add(self.now())
        else:
            self._machine.passed()

    def failed(self, era: int, *, connected: bool) -> None:
        """A call of that era failed, with or without a connection."""
        if era == self.era:
            self._machine.failed(connected)

    def enter(self, state: State) -> None:
        """The machine is in a new state."""
        self.state, self.since = state, self.now()
        self.changed()


def _make() -> Callable[[Breaker], _Breaking]:
    builder = TypeMachineBuilder(_Breaking, Breaker)
    shut, opened, probing = (builder.state(state.value) for state in (State.SHUT, State.OPEN, State.PROBING))

    @pep614(shut.upon(_Breaking.failed).loop())
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

    pep614(shut.upon(_Breaking.open).to(opened))(pause)
    pep614(probing.upon(_Breaking.open).to(opened))(pause)

    @pep614(opened.upon(_Breaking.resume).to(probing))
    def begin(_: _Breaking, core: Breaker) -> None:
        core.width, core.passes = 1, 0
        core.enter(State.PROBING)

    @pep614(probing.upon(_Breaking.passed).loop())
    def ramp(machine: _Breaking, core: Breaker) -> None:
        core.passes += 1
        if core.passes < core.width:
            return
        core.width, core.passes = core.width * 2, 0
        if core.width > core.most():
            machine.shut()
        else:
            core.changed()

    @pep614(probing.upon(_Breaking.failed).loop())
    def relapse(machine: _Breaking, _: Breaker, connected: bool) -> None:
        del connected
        machine.open()

    @pep614(probing.upon(_Breaking.shut).to(shut))
    def trust(_: _Breaking, core: Breaker) -> None:
        core.openings = core.unconnected = 0
        core.recent.clear()
        core.enter(State.SHUT)

    return builder.build()


_machine = _make()


class Window:
    """How many there were of two kinds in the last `window` seconds: all, and the marked ones among them."""

    def __init__(self, window: float) -> None:
        self._window = window
        self._seconds: deque[list[int]] = deque()
        self.all = 0
        self.marked = 0

    def add(self, now: float, *, more: int = 1, marked: int = 0) -> None:
        """Count, at this moment."""
        second = int(now)
        if not self._seconds or self._seconds[-1][0] != second:
            self._forget(now)
            self._seconds.append([second, 0, 0])
        self._seconds[-1][1] += more
        self._seconds[-1][2] += marked
        self.all += more
        self.marked += marked

    def clear(self) -> None:
        """Forget it all."""
        self._seconds.clear()
        self.all = self.marked = 0

    def _forget(self, now: float) -> None:
        while self._seconds and self._seconds[0][0] <= now - self._window:
            _, more, marked = self._seconds.popleft()
            self.all -= more
            self.marked -= marked


class RetryBudget:
    """A part of a library's calls may be tried again; so a storm of failures is not answered by a storm of retries."""

    _WINDOW = 10.0
    _FLOOR = 2

    def __init__(self) -> None:
        self._calls = Window(self._WINDOW)

    def asked(self, now: float) -> None:
        """A call is made for the first time."""
        self._calls.add(now)

    def spend(self, now: float, share: float) -> bool:
        """Whether one may be tried again, `share` being the part of all that may; a few may at any rate."""
        self._calls.add(now, more=0)
        most = max(self._FLOOR, int(share * self._calls.all)) if share else 0
        if self._calls.marked >= most:
            return False
        self._calls.add(now, more=0, marked=1)
        return True
