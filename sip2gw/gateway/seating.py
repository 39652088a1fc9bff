"""Give each terminal that logs in a seat of its library, and disconnect it when the seat is lost.

If no seat is free, a terminal takes over the seat of its own session that has been silent longest: so a dead
connection never keeps its own terminal out.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from attrs import evolve, frozen
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger

from sip2gw.addresses import Peer
from sip2gw.concurrency import shielded
from sip2gw.gateway.terminal import Terminal
from sip2gw.library import Refused, Unavailable
from sip2gw.metrics import Metrics
from sip2gw.seats import Full, Holder, InMemory, Lease, Seats, SeatStore
from sip2gw.seats.leases import RENEWED_EVERY
from sip2gw.tenants import Tenant

TAKEN = "another connection with the same account and location took its seat, and no other was free"
FREED = "an operator has freed its seat"
ALIKE = "if they are two terminals, give each its own location (CP)"


@frozen
class Seen:
    """A terminal that is logged in, for the operator. Has no patron data and no account."""

    library: str
    address: str
    certificate: str
    location: str
    since: datetime
    idle: float
    """Seconds since its last request."""
    state: str
    """`busy`, `idle`, or `without a seat` where the store of seats could not be asked, or had none left."""


@frozen
class Occupancy:
    """A library's seats: how many the terminals of this process use, and how many there are (None: no limit)."""

    library: str
    used: int
    licensed: int | None


class Seating:
    """Assign seats to terminals. `clock` returns the current time, aware of its zone."""

    log = Logger()

    def __init__(
        self,
        metrics: Metrics,
        reactor: IReactorTime,
        clock: Callable[[], datetime],
        store: SeatStore | None = None,
    ) -> None:
        self.seats = Seats(store or InMemory(reactor.seconds), reactor.seconds)
        self._metrics = metrics
        self._reactor = reactor
        self._clock = clock
        self._terminals: dict[str, Terminal] = {}
        self._next: IDelayedCall | None = None
        """The next renewal of leases, or the one in progress."""

    async def seat(self, terminal: Terminal, tenant: Tenant, location: str) -> None:
        """Raise `Refused("terminal_limit_reached")`, or `Unavailable` if the store can't give seats."""
        library, most = tenant.nickname, tenant.rules.terminals
        holder = terminal.holder(tenant, location, self._clock().timestamp())
        try:
            lease, ousted = await self.seats.take(library, holder, most, self._idle_longest(library))
        except Full as full:
            self._count(library, most)
            raise Refused("terminal_limit_reached", self._who(full, most)) from None
        except Exception as error:  # a store may fail in any way: see SeatStore
            raise Unavailable(f"no seat can be given ({type(error).__name__})") from None
        terminal.lease = lease
        self._terminals[terminal.name] = terminal
        if ousted is not None:
            self._metrics.seats_taken_over.inc()
            self._send_away(self._terminals.get(ousted), TAKEN, ALIKE)
        if lease.seat is None:
            self._metrics.seats_without_store.inc()
            self.log.warn(
                "{library}: a terminal logged in without the seat store ({peer})",
                library=library, peer=terminal.peer,
            )  # fmt: skip
        self._count(library, most)
        self._plan()
        if terminal.gone:
            self.leave(terminal)
            raise Unavailable("the terminal has disconnected")

    def move(self, terminal: Terminal, location: str) -> None:
        """Record the location that a further login of the terminal names. It keeps its seat."""
        if terminal.lease is not None:
            terminal.lease.holder = evolve(terminal.lease.holder, location=location)

    def is_sure(self, lease: Lease | None, now: float) -> bool:
        """Return whether the terminal with this lease has its seat for sure. If not, `holds_seat` asks the store.

        A terminal that is served has a lease until it ends. None: it has ended, and its last request is finished.
        """
        if lease is None:
            return True
        return lease.state != "lost" and (lease.seat is None or now < lease.seat.expires)

    async def holds_seat(self, terminal: Terminal, lease: Lease | None) -> bool:
        """Return whether the terminal still has the seat of its lease. If another session has it, it is disconnected.

        A request of a terminal that has ended may be finished, if the terminal had its seat until its end.
        """
        if lease is None:
            return True
        known = lease.state == "lost"
        if await shielded(self.seats.holds(lease)):  # the deadline is not the store's
            return True
        if not known:
            self._send_away(terminal, "its seat has been given to another session")
        return False

    def leave(self, terminal: Terminal) -> None:
        """Release the seat of a terminal that has ended."""
        lease, terminal.lease = terminal.lease, None
        self._terminals.pop(terminal.name, None)
        if lease is not None:
            Deferred.fromCoroutine(self.seats.leave(lease)).addErrback(
                lambda failure: self.log.failure("a seat could not be released", failure)
            )
            self._count(lease.library, lease.most)
        if not self._terminals and self._next is not None and self._next.active():
            self._next.cancel()
            self._next = None

    def held(self, library: str) -> dict[str, str]:
        """Return the sessions of a library's terminals here, by the code of their connection."""
        sessions = (lease.holder.session for lease in self.seats.of(library))
        return {self._terminals[one].events.conn: one for one in sessions if one in self._terminals}

    def free(self, session: str) -> bool:
        """Disconnect a terminal whose seat an operator has freed; return whether it was here."""
        terminal = self._terminals.get(session)
        if terminal is None or terminal.lease is None:
            return False
        self.seats.lose(terminal.lease)
        self._send_away(terminal, FREED)
        return True

    def seen(self) -> tuple[Seen, ...]:
        """Return the terminals that are logged in, by library and login time."""
        now = self._reactor.seconds()
        found = [
            self._seen(terminal, terminal.lease, now)
            for terminal in self._terminals.values()
            if terminal.lease is not None
        ]
        return tuple(sorted(found, key=lambda one: (one.library, one.since)))

    def occupancy(self) -> tuple[Occupancy, ...]:
        """Return the seats of each library that has a terminal."""
        licensed = {
            terminal.lease.library: terminal.lease.most
            for terminal in self._terminals.values()
            if terminal.lease
        }
        return tuple(
            Occupancy(library, len(self.seats.of(library)), licensed[library]) for library in sorted(licensed)
        )

    def _seen(self, terminal: Terminal, lease: Lease, now: float) -> Seen:
        holder = lease.holder
        state = "busy" if terminal.busy else "idle"
        return Seen(
            lease.library,
            holder.address,
            holder.certificate,
            holder.location,
            datetime.fromtimestamp(int(holder.since), UTC),
            max(now - terminal.heard, 0.0),
            state if lease.seat is not None else "without a seat",
        )

    def _idle_longest(self, library: str) -> list[str]:
        """Return the library's idle terminals of this process, the one silent longest first."""
        here = (self._terminals.get(lease.holder.session) for lease in self.seats.of(library))
        idle = [terminal for terminal in here if terminal is not None and not terminal.busy]
        return [terminal.name for terminal in sorted(idle, key=lambda terminal: terminal.heard)]

    def _plan(self) -> None:
        if self._terminals and self._next is None:
            self._next = self._reactor.callLater(RENEWED_EVERY, self._begin)

    def _begin(self) -> None:
        renewing = Deferred.fromCoroutine(self._renew())
        renewing.addErrback(lambda failure: self.log.failure("renewing seats hit a bug", failure))
        renewing.addBoth(self._go_on)

    def _go_on(self, _: object) -> None:
        self._next = None
        self._plan()

    async def _renew(self) -> None:
        renewal = await self.seats.renew()
        for lease in renewal.lost:
            self._send_away(
                self._terminals.get(lease.holder.session), "its seat has been given to another session"
            )
        for lease in renewal.over:
            self.log.warn(
                "{library}: one terminal more than the {most} licences is logged in, {who}",
                library=lease.library, most=lease.most, who=_named(lease.holder),
            )  # fmt: skip

    def _send_away(self, terminal: Terminal | None, why: str, fix: str = "") -> None:
        if terminal is not None and terminal.lease is not None:
            terminal.events.noticed("seat", f"disconnected: {why}", fix)
            terminal.lease.state = "lost"
            terminal.leave()

    def _who(self, full: Full, most: int | None) -> str:
        holders = "; ".join(_named(seat.holder) for seat in full.seats)
        return f"{len(full.seats)} of {most} licences are in use, by {holders or 'no terminal'}"

    def _count(self, library: str, most: int | None) -> None:
        self._metrics.seats.set(library, len(self.seats.of(library)), "used")
        if most is not None:
            self._metrics.seats.set(library, most, "licensed")


def _named(holder: Holder) -> str:
    """Return a terminal's name for the log. Text that the terminal sent is quoted."""
    since = datetime.fromtimestamp(int(holder.since), UTC)
    place = f" {holder.location!r}" if holder.location else ""
    return f"{Peer(holder.address, holder.certificate):full}{place} since {since:%Y-%m-%d %H:%M:%SZ}"
