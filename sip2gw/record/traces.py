"""Traces: the lines of one library, terminal, address or patron, redacted, for a quarter of an hour at most.

Without a trace no line is kept. A trace goes on when its terminal connects again.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable

from attrs import define, evolve, field, frozen

from sip2gw.events import LinesSeen, Origin
from sip2gw.log.tags import Tags
from sip2gw.record.redaction import Tagging, redacted
from sip2gw.sip2 import DEFAULT

MINUTES = 15
"""Minutes after which a trace ends."""
LINES = 4_000
"""Lines of one trace; the oldest are dropped first."""
LONGEST = 1_200
"""Characters of one line; more are cut off."""
TRACES = 8
"""Traces that are kept, those that have ended included; the oldest is dropped first."""
KEPT = 3600.0
"""Seconds after its end for which a trace can still be fetched."""
ADDRESSES = 16


@frozen
class Target:
    """What is traced. Empty values are not compared; one is given at least. `patron` is a tag."""

    library: str = ""
    terminal: str = ""
    address: str = field(default="", repr=False)
    patron: str = ""

    def __str__(self) -> str:
        named = "/".join(filter(None, (self.library, self.terminal)))
        return " ".join(filter(None, (named, self.address and "one address", self.patron)))


@frozen
class Traced:
    """One line. `sent` is true if the gateway sent it."""

    at: float
    conn: str
    seq: int
    sent: bool
    text: str = field(repr=False)


@define(eq=False)
class Trace:
    """One trace. `name` stands for it."""

    name: str
    target: Target
    began: float
    ends: float
    lines: deque[Traced] = field(factory=lambda: deque(maxlen=LINES), repr=False)
    dropped: int = 0
    addresses: deque[str] = field(factory=lambda: deque(maxlen=ADDRESSES), repr=False)
    """Addresses of the target, from which its next attempts to log in may come."""

    def fits(self, seen: LinesSeen | Origin, address: str) -> bool:
        """Return whether what was seen is of the target."""
        target = self.target
        if target.address and target.address != address:
            return False
        if target.patron and target.patron != seen.patron:
            return False
        if not seen.library and not target.patron:
            return bool(target.address) or address in self.addresses
        here = not target.library or target.library == seen.library
        if not here or (target.terminal and target.terminal != seen.terminal):
            return False
        if target.terminal and address not in self.addresses:
            self.addresses.append(address)
        return True


class Traces:
    """The traces of one process. `watch` is called with a function that takes lines, or with None.

    `address` returns the whole address of a connection.
    """

    def __init__(
        self,
        tags: Tags,
        watch: Callable[[Callable[[LinesSeen], None] | None], None],
        address: Callable[[str], str],
    ) -> None:
        self.all: dict[str, Trace] = {}
        self._tags = tags
        self._watch = watch
        self._address = address

    def start(
        self, name: str, target: Target, now: float, seconds: float, addresses: Iterable[str] = ()
    ) -> Trace:
        """Begin a trace. `addresses` are those of the target by now."""
        self.forget(now)
        while len(self.all) >= TRACES:
            del self.all[next(iter(self.all))]
        trace = self.all[name] = Trace(name, target, now, now + min(seconds, MINUTES * 60.0))
        trace.addresses.extend(addresses)
        self._watch(self._take)
        return trace

    def stop(self, name: str, now: float) -> Trace | None:
        """End a trace, and return it; None if there is none of this name."""
        trace = self.all.get(name)
        if trace is not None:
            trace.ends = min(trace.ends, now)
            self._look(now)
        return trace

    def forget(self, now: float) -> None:
        """Drop traces that ended long ago."""
        for name in [name for name, one in self.all.items() if now - one.ends > KEPT]:
            del self.all[name]
        self._look(now)

    def of(self, conn: str, seq: int) -> list[Traced]:
        """Return the lines of one exchange, if a trace has them."""
        for trace in self.all.values():
            if found := [one for one in trace.lines if (one.conn, one.seq) == (conn, seq)]:
                return found
        return []

    def looks_on(self, origin: Origin, now: float) -> bool:
        """Return whether a trace runs there."""
        return any(
            now < one.ends and one.fits(origin, self._address(origin.conn)) for one in self.all.values()
        )

    def _look(self, now: float) -> None:
        if all(one.ends <= now for one in self.all.values()):
            self._watch(None)

    def _take(self, seen: LinesSeen) -> None:
        address = self._address(seen.conn)
        running = [one for one in self.all.values() if seen.at < one.ends]
        if not running:
            self._watch(None)
        fitting = [one for one in running if one.fits(seen, address)]
        if not fitting:
            return
        lines = [Traced(seen.at, seen.conn, seen.seq, False, self._text(seen, seen.line))]
        if seen.answer:
            lines.append(Traced(seen.at, seen.conn, seen.seq, True, self._text(seen, seen.answer)))
        for trace in fitting:
            trace.dropped += max(len(trace.lines) + len(lines) - LINES, 0)
            trace.lines.extend(lines)

    def _text(self, seen: LinesSeen, line: bytes) -> str:
        tags, library = self._tags, seen.library
        tagging = Tagging(
            lambda number: tags.patron(library, number),
            lambda number: tags.item(library, number),
            frozenset({library, seen.terminal}),
        )
        dialect = evolve(DEFAULT, charset=seen.charset, delimiter=seen.delimiter)
        text = redacted(line, dialect, tagging)
        return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"
