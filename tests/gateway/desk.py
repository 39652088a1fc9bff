"""A gateway over the sandbox without sockets: what it hears and says are bytes, and time passes when told."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import partial
from inspect import iscoroutinefunction
from typing import Any

from attrs import evolve
from treq.testing import StubTreq
from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport

from sip2gw.circulation.settings import LibrarySettings, Settings, TerminalSettings
from sip2gw.gateway import TerminalFactory
from sip2gw.gateway.logins import JITTER
from sip2gw.librarika import Librarika
from sip2gw.sandbox import Sandbox
from sip2gw.tenants import Directory

START = datetime(2026, 3, 1, 17, 0, tzinfo=UTC)
DATE = "20260301    101500"
LOGIN = "9300CN|CO|CPDesk|AOriverside|ACkiosk@riverside.example:kiosk-secret|"
STATUS = "9900802.00AY1AZFCA0"
PATRON = f"23001{DATE}AOriverside|AAM-1001|AC|AD1234|"
CHECKOUT = f"11YN{DATE}{DATE}AOriverside|AAM-1001|AB10001|AC|"
CHECKIN = f"09N{DATE}{DATE}AP|AOriverside|AB10001|AC|"
LINES = [LOGIN, STATUS, PATRON, CHECKOUT, CHECKIN, STATUS]


def told(logs: Any, *levels: str) -> list[str]:
    """Return the lines that were logged at these levels, without the code of their connection."""
    return [
        re.sub(r"\b[0-9a-f]{5}(#\d+)? ", "", event["log_format"].format(**event), count=1)
        for event in logs
        if event["log_level"].name in levels
    ]


class Transport(StringTransport):
    """Remembers how it was closed."""

    aborted = False

    def abortConnection(self) -> None:
        self.aborted = True


class Calls:
    """Makes the calls to the sandbox, and knows of which paths those were. Such as are in `held` wait."""

    def __init__(self, http: Any) -> None:
        self._http = http
        self._waiting: list[Deferred[None]] = []
        self.made: list[str] = []
        self.passwords = 0
        """How many calls have brought a patron's password."""
        self.held: set[str] = set()

    def request(self, method: str, url: Any, **how: Any) -> Deferred[Any]:
        path = url.to_text().partition("/api/v1")[2]
        self.made.append(path)
        self.passwords += b'"member_no"' in (data := how.get("data") or b"") and b'"password"' in data
        if path not in self.held:
            return self._http.request(method, url, **how)
        gate: Deferred[None] = Deferred()
        self._waiting.append(gate)
        return gate.addCallback(lambda _: self._http.request(method, url, **how))

    def flush(self) -> None:
        """Have answers that are there by now arrive."""
        self._http.flush()

    def let_go(self) -> None:
        """Those that wait go on."""
        while self._waiting:
            self._waiting.pop(0).callback(None)


class MovingClock(Clock):
    """A clock that goes on by a microsecond at each look, as real ones do: no two moments are the same.

    What is true only while time stands still is not true.
    """

    def seconds(self) -> float:
        self.rightNow += 1e-6
        return self.rightNow


class Bench:
    """A gateway over the sandbox, in which everything answers at once. Time passes on `clock`."""

    def __init__(
        self, data: Mapping[str, Any] | None = None, clock: Clock | None = None, **settings: Any
    ) -> None:
        self.clock = clock or MovingClock()
        self.clock.advance(START.timestamp())
        self.sandbox = Sandbox(data, clock=self.clock)
        self.calls = Calls(StubTreq(self.sandbox.resource))
        self.librarika = Librarika(self.clock, "http://localhost/{library}/api/v1", http=self.calls)
        self.directory = Directory(
            self.librarika, clock=lambda: datetime.fromtimestamp(self.clock.seconds(), UTC)
        )
        self.factory = TerminalFactory(self.directory, reactor=self.clock, **settings)
        self.connect()

    def connect(self, address: str = "192.168.1.1") -> bool:
        """Another terminal connects from there; whether there is a place for it."""
        peer = (IPv6Address if ":" in address else IPv4Address)("TCP", address, 54321)
        terminal = self.factory.buildProtocol(peer)
        if terminal is None:
            return False
        self.terminal, self.transport = terminal, Transport(peerAddress=peer)
        self.terminal.makeConnection(self.transport)
        return True

    def settle(self, library: str, **knobs: Any) -> None:
        """What the configuration says of all terminals of this library; of no other it says anything then."""
        terminals = (TerminalSettings(knobs=knobs),)
        settings = Settings(libraries={library: LibrarySettings(library, terminals=terminals)})
        self.directory.reconfigure(self.directory.policy, settings)

    def slow_logins(self) -> list[Deferred[None]]:
        """Have logins wait from now on. Each puts into the list what lets it go on."""
        waiting: list[Deferred[None]] = []
        log_in = self.directory.log_in

        async def wait(*who: Any) -> Any:
            gate: Deferred[None] = Deferred()
            waiting.append(gate)
            await gate
            return await log_in(*who)

        self.directory.log_in = wait
        return waiting

    def counted(self, limit: str) -> float:
        """How often this limit has struck."""
        strikes = self.factory.metrics.registry.get_sample_value(
            "sip2gw_limit_strikes_total", {"limit": limit}
        )
        return strikes or 0.0

    def hear(self, *pieces: bytes) -> bytes:
        """What the gateway says to these pieces of bytes."""
        self.transport.clear()
        self.clock.advance(0)  # the loop has come round since the last time
        for piece in pieces:
            self.terminal.dataReceived(piece)
        return self.transport.value()

    def denied(self, line: str, slowness: float = 1.0) -> str:
        """What is said to a login that fails, once its time is over, which may be so many times the shortest."""
        self.hear(line.encode() + b"\r")
        self.clock.advance(self.factory.limits.login_floor * slowness * (1 + JITTER))
        return self.transport.value().decode().rstrip("\r")

    def say(self, line: str) -> str:
        return self.hear(line.encode() + b"\r").decode().rstrip("\r")

    def slow_answers(self) -> list[Deferred[None]]:
        """Have each request that was asked of the library wait. Each puts into the list what lets it go on."""
        waiting: list[Deferred[None]] = []
        self.meet(lambda library: Slow(library, waiting))
        return waiting

    def meet(self, wrap: Callable[[Any], Any]) -> None:
        """Have each request from now on be asked of what `wrap` makes of the library."""
        place = self.directory.place

        def wrapped(*arguments: Any, **named: Any) -> Any:
            found = place(*arguments, **named)
            return evolve(found, library=Wrapped(found.library, wrap))

        self.directory.place = wrapped
        self.directory.settings = evolve(self.directory.settings)  # so that places are made again


class Wrapped:
    """A library that is wrapped for each request."""

    def __init__(self, library: Any, wrap: Callable[[Any], Any]) -> None:
        self._library = library
        self._wrap = wrap

    def within(self, *of: Any) -> Any:
        return self._wrap(self._library.within(*of))


class Slow:
    """A library that waits until it is told to go on, the first time that it is asked something."""

    def __init__(self, library: Any, waiting: list[Deferred[None]]) -> None:
        self._library = library
        self._waiting = waiting
        self._asked = False

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._library, name)
        return partial(self._wait, found) if iscoroutinefunction(found) else found

    async def _wait(self, ask: Any, *arguments: Any, **named: Any) -> Any:
        if not self._asked:
            self._asked = True
            gate: Deferred[None] = Deferred()
            self._waiting.append(gate)
            await gate
        return await ask(*arguments, **named)
