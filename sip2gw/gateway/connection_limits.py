"""Count connections by address, network and library, and reject those above a limit.

A connection is a stranger until a terminal logs in on it; then it belongs to a library until it ends. A connection
whose balancer has not sent the PROXY header takes a slot as well, without an address.
"""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Callable

from twisted.logger import Logger, LogLevel

from sip2gw.addresses import counted_network, network_around
from sip2gw.library import Unavailable
from sip2gw.limits import Limits
from sip2gw.log.sparing import Sparing
from sip2gw.metrics import Metrics

WIDER = 4
"""How many times the limits of one address apply to one /48 of IPv6."""
_DAY = 86_400.0
_MOST_KNOWN = 10_000
"""Networks that are remembered for a day. The one used longest ago is dropped first."""


class Slot:
    """The slot of one connection. `library` is its library's nickname; empty for a stranger."""

    __slots__ = ("_connection_limits", "_left", "give_way", "known", "library", "network", "wide")

    def __init__(self, connection_limits: ConnectionLimits, network: str, wide: str, known: bool) -> None:
        self._connection_limits = connection_limits
        self._left = False
        self.network = network
        self.wide = wide
        """The wider network of the address, for limits on strangers: for IPv6 the /48."""
        self.known = known
        """Whether a terminal logged in from this network during the last day."""
        self.library = ""
        self.give_way: Callable[[], bool] = _stay
        """Close this connection for a newcomer unless a request is in progress, and return whether it was closed."""

    def heard(self) -> None:
        """Note that the peer has sent a line."""
        if not (self.library or self._left):
            self._connection_limits.heard(self)

    def check_memory(self) -> None:
        """Raise `Unavailable` if the process has no memory for another terminal."""
        if self._connection_limits.full and not self.library:
            self._connection_limits.metrics.struck("memory")
            raise Unavailable("the gateway is short of memory: the limit is memory")

    def bind(self, library: str) -> None:
        """Assign the connection to a library at login. Raises `Unavailable` if the library's limit is reached."""
        if not (self.library or self._left):
            self._connection_limits.bind(self, library)

    def leave(self) -> None:
        """Free the slot, because the connection has ended."""
        if not self._left:
            self._left = True
            self._connection_limits.leave(self)


def _stay() -> bool:
    return False


class Tally:
    """Counts by key, and their sum."""

    def __init__(self) -> None:
        self.total = 0
        self._of: Counter[str] = Counter()

    def of(self, kind: str) -> int:
        """Return the count of this key."""
        return self._of[kind]

    def add(self, kind: str) -> None:
        """Add one."""
        self.total += 1
        self._of[kind] += 1

    def take(self, kind: str) -> None:
        """Subtract one, and drop a key whose count is zero, so that the counter does not grow with each address."""
        self.total -= 1
        self._of[kind] -= 1
        if not self._of[kind]:
            del self._of[kind]


class KnownNetworks:
    """Networks from which a terminal logged in during the last day: strangers from there have a share of their own."""

    def __init__(self, seconds: Callable[[], float]) -> None:
        self._seconds = seconds
        self._until: OrderedDict[str, float] = OrderedDict()

    def add(self, network: str) -> None:
        """Remember a login from this network."""
        self._until[network] = self._seconds() + _DAY
        self._until.move_to_end(network)
        if len(self._until) > _MOST_KNOWN:
            self._until.popitem(last=False)

    def has(self, network: str) -> bool:
        """Return whether a terminal logged in from this network during the last day."""
        return self._until.get(network, 0.0) > self._seconds()


class ConnectionLimits:
    """Count and limit connections. `called` is one name for all limits of a listener that does not serve terminals."""

    log = Logger()

    def __init__(
        self, limits: Callable[[], Limits], metrics: Metrics, seconds: Callable[[], float], called: str = ""
    ) -> None:
        self.metrics = metrics
        self._called = called
        self.ceiling: int | None = None
        """The most connections that the process can hold, above all settings. None: no such bound."""
        self.short = False
        """Memory is short: new connections are rejected."""
        self.full = False
        """Memory is used up: logins fail."""
        self.limits = limits
        self._sparing = Sparing(seconds)
        self._connections = Tally()
        self._strangers = Tally()
        self._libraries = Tally()
        self._wide = Tally()
        self._silent: dict[str, OrderedDict[Slot, None]] = {}
        """Strangers by wide network; the one that has been silent longest comes first."""
        self._known_strangers = 0
        self._known = KnownNetworks(seconds)
        self._count()

    @property
    def open(self) -> int:
        """How many connections there are."""
        return self._connections.total

    def admit(self, address: str) -> Slot | None:
        """Return a slot for a connection from this address, or None if a limit is reached."""
        network, wide = counted_network(address), network_around(address, 32, 48)
        known = self._known.has(wide)
        limit = self._reached(network, wide, known)
        if limit in ("strangers", "connections") and self._make_room(limit, known):
            self.metrics.struck(self._called or limit)
            limit = None
        if limit:
            limit = self._called or limit
            self.metrics.struck(limit)
            self._sparing.tell(
                self.log, LogLevel.warn, limit,
                "rejected a connection from {address}: the limit is {limit}",
                address=address or "an unknown address", limit=limit,
            )  # fmt: skip
            return None
        self._connections.add(network)
        self._wide.add(wide)
        self._strangers.add(network)
        slot = Slot(self, network, wide, known)
        self._known_strangers += known
        self._silent.setdefault(wide, OrderedDict())[slot] = None
        self._count()
        return slot

    def heard(self, slot: Slot) -> None:
        """See `Slot.heard`."""
        self._silent[slot.wide].move_to_end(slot)

    def bind(self, slot: Slot, library: str) -> None:
        """See `Slot.bind`."""
        most = self.limits().connections_per_library
        if self._libraries.of(library) >= most:
            self.metrics.struck("connections_per_library")
            raise Unavailable(f"it has {most} connections already: the limit is connections_per_library")
        slot.library = library
        self._libraries.add(library)
        self._no_stranger(slot)
        self._known.add(slot.wide)
        self._count()

    def leave(self, slot: Slot) -> None:
        """See `Slot.leave`."""
        self._connections.take(slot.network)
        self._wide.take(slot.wide)
        if slot.library:
            self._libraries.take(slot.library)
        else:
            self._no_stranger(slot)
        self._count()

    def _no_stranger(self, slot: Slot) -> None:
        self._strangers.take(slot.network)
        self._known_strangers -= slot.known
        del self._silent[slot.wide][slot]
        if not self._silent[slot.wide]:
            del self._silent[slot.wide]

    def _make_room(self, limit: str, known: bool) -> bool:
        """Close the longest silent stranger in the network with most strangers; return whether there was one.

        Strangers of known networks have a share of their own, which other strangers never take.
        """
        crowds = sorted(self._silent.values(), key=len, reverse=True)
        for slot in (slot for crowd in crowds for slot in crowd):
            same_share = slot.known == known if limit == "strangers" else slot.known <= known
            if same_share and slot.give_way():
                slot.leave()
                return True
        return False

    def _reached(self, network: str, wide: str, known: bool) -> str | None:
        """Return the limit that one more connection from there would exceed, the narrower one first; or None."""
        limits = self.limits()
        if self.short:
            return "memory"
        if network and self._strangers.of(network) >= limits.strangers_per_address:
            return "strangers_per_address"
        if network and len(self._silent.get(wide, ())) >= WIDER * limits.strangers_per_address:
            return "strangers_per_address"
        if network and self._connections.of(network) >= limits.connections_per_address:
            return "connections_per_address"
        if network and self._wide.of(wide) >= WIDER * limits.connections_per_address:
            return "connections_per_address"
        strangers = self._known_strangers if known else self._strangers.total - self._known_strangers
        if strangers >= limits.strangers:
            return "strangers"
        most = limits.connections if self.ceiling is None else min(limits.connections, self.ceiling)
        return "connections" if self._connections.total >= most else None

    def _count(self) -> None:
        if self._called:
            return
        strangers = self._strangers.total
        self.metrics.connections.labels(state="stranger").set(strangers)
        self.metrics.connections.labels(state="bound").set(self._connections.total - strangers)
