"""Say what was nearly right in the number of a card or label, while a person looks on.

In ordinary service no further call is made. The terminal's answer does not wait for the search.
"""

from __future__ import annotations

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

from sip2gw.circulation import Desk
from sip2gw.circulation.other_spellings import NOT_FOUND, near_number, number_of
from sip2gw.gateway.connection_events import ConnectionEvents
from sip2gw.gateway.near_misses import Seen
from sip2gw.library import Library, LibraryError
from sip2gw.sip2 import Request

SECONDS = 5.0
"""The time for one search, so that its result comes while the person still looks."""


class NearNumbers:
    """Search for one number at a time for each library; further ones are left out meanwhile."""

    log = Logger()

    def __init__(self, reactor: IReactorTime) -> None:
        self._reactor = reactor
        self._searching: set[str] = set()

    def search(self, code: str, request: Request, desk: Desk, events: ConnectionEvents) -> None:
        """Begin a search for the number in a request that was refused with `code`, if a person looks on."""
        what, library = NOT_FOUND.get(code), desk.library.nickname
        if what is None or library in self._searching or not events.watched:
            return
        number = number_of(what, request, desk)
        if not number:
            return
        self._searching.add(library)
        # After the answer, so that what was seen of the refusal is published before.
        self._reactor.callLater(0, self._begin, what, number, desk.place.library, events)

    def _begin(self, what: str, number: str, library: Library, events: ConnectionEvents) -> None:
        searching = Deferred.fromCoroutine(self._search(what, number, library, events))
        searching.addErrback(
            lambda failure: self.log.failure("a search for a near number hit a bug", failure)
        )
        searching.addBoth(lambda _: self._searching.discard(library.nickname))

    async def _search(self, what: str, number: str, library: Library, events: ConnectionEvents) -> None:
        try:
            found = await near_number(what, number, library.in_background().within(SECONDS))
        except LibraryError:
            return
        if found is not None:
            events.saw(Seen(what, f"the {what} is found {found.how}", found.fix), once=False)
