"""Pass each event to all that read it."""

from __future__ import annotations

from collections.abc import Callable
from time import time

from attrs import frozen
from twisted.logger import Logger

from sip2gw.events.events import Event
from sip2gw.events.lines import LinesSeen

Subscriber = Callable[[Event], None]


@frozen
class Origin:
    """Where a request comes from. `patron` is the tag of the patron in it."""

    conn: str
    library: str
    terminal: str
    patron: str


Onlooker = Callable[[Origin], bool]
"""Return whether a person looks on there: a trace runs, or an installer's page is open."""


class Events:
    """The readers of events. `now` returns seconds since 1970.

    A subscriber is called at once, on the path of a request: it must be quick and must not block. If it raises, that is
    logged, and the others still get the event.
    """

    log = Logger()

    def __init__(self, now: Callable[[], float] = time) -> None:
        self.now = now
        self._subscribers: tuple[Subscriber, ...] = ()
        self._onlookers: tuple[Onlooker, ...] = ()
        self.lines: Callable[[LinesSeen], None] | None = None
        """Gets each line and its answer while a trace runs; None else."""

    def subscribe(self, take: Subscriber) -> Callable[[], None]:
        """Pass each later event to `take`. Return a function that ends that."""
        self._subscribers += (take,)

        def leave() -> None:
            self._subscribers = tuple(one for one in self._subscribers if one is not take)

        return leave

    def look_on(self, looks: Onlooker) -> None:
        """Ask `looks` from now on, too, whether a person looks on."""
        self._onlookers += (looks,)

    def watched(self, origin: Origin) -> bool:
        """Return whether a person looks on at this place."""
        return any(looks(origin) for looks in self._onlookers)

    def publish(self, event: Event) -> None:
        """Pass an event to all subscribers."""
        for take in self._subscribers:
            try:
                take(event)
            except Exception:  # what only watches must not cost a terminal its answer
                self.log.failure("a reader of events hit a bug")
