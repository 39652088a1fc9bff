"""List the terminals that are logged in, and the seats of their libraries, in JSON, for clients on this machine.

An operator has to find a terminal, so addresses are shown in full; accounts and patrons never appear.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

from attrs import asdict
from twisted.internet.defer import Deferred
from twisted.web.http import FORBIDDEN, OK, Request

from sip2gw.addresses import is_loopback
from sip2gw.admin.health import Answer, Content
from sip2gw.gateway.seating import Occupancy, Seen
from sip2gw.pages.http import address_of


def listed(terminals: Iterable[Seen], seats: Iterable[Occupancy]) -> dict[str, Any]:
    """Return the content of the page."""
    return {
        "libraries": [
            {**asdict(one), "full": one.licensed is not None and one.used >= one.licensed} for one in seats
        ],
        "terminals": [
            {**asdict(one), "since": one.since.isoformat(), "idle": round(one.idle)} for one in terminals
        ],
    }


class TerminalsPage(Answer):
    """The page `/terminals`; 403 for clients on other machines."""

    def __init__(self, look: Callable[[], dict[str, Any] | Deferred[dict[str, Any]]]) -> None:
        super().__init__(partial(_found, look))
        self._elsewhere = Answer(lambda: (FORBIDDEN, {"error": "only from this machine"}))

    def render(self, request: Request) -> bytes | int:
        address = address_of(request)
        if address and not is_loopback(address):
            return self._elsewhere.render(request)
        return super().render(request)


def _found(look: Callable[[], dict[str, Any] | Deferred[dict[str, Any]]]) -> Content | Deferred[Content]:
    found = look()
    return found.addCallback(lambda shown: (OK, shown)) if isinstance(found, Deferred) else (OK, found)
