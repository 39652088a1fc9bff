"""A library with fixed answers: for results that the sandbox's rules do not have, and for tables.

It records its calls, so that a test sees what has crossed the port.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from sip2gw.circulation import Desk, Place, answer, decline
from sip2gw.library import LibraryError, Rules
from sip2gw.sip2 import Request, Response

NOON = datetime(2026, 3, 1, 17, 0, tzinfo=UTC)
RULES = Rules(
    name="Riverside Public Library",
    zone=ZoneInfo("America/New_York"),
    currency="USD",
    branches=("Main", "North"),
    item_updates=True,
)


class Said:
    """A library whose methods return, or raise, the values that it is made with."""

    nickname = "riverside"

    def __init__(self, rules: Rules | LibraryError = RULES, **answers: Any) -> None:
        self._answers = {"rules": rules, **answers}
        self.asked: list[tuple[str, tuple[Any, ...], dict[str, Any]]] = []

    def within(self, *_: object) -> Said:
        return self

    def fresh_rules(self) -> Rules | None:
        rules = self._answers["rules"]
        return None if isinstance(rules, LibraryError) else rules

    def language_of(self, patron_id: str) -> str:
        del patron_id
        return ""

    def __getattr__(self, name: str) -> Callable[..., Awaitable[Any]]:
        if name not in self._answers:
            raise AttributeError(name)

        async def method(*positional: Any, **named: Any) -> Any:
            if name != "rules":
                self.asked.append((name, positional, named))
            said = self._answers[name]
            if isinstance(said, LibraryError):
                raise said
            return said

        return method


class SaidCase(SynchronousTestCase):
    """A terminal of such a library. `notes` are the lines in the log for staff."""

    def setUp(self) -> None:
        self.notes: list[str] = []

    def tell(self, library: Said, request: Request, **desk: Any) -> Any:
        """Return the gateway's response to a request."""
        settled = {"rules": RULES, "terminal": "T1", "clock": lambda: NOON, "note": self.notes.append} | desk
        own = {name: settled.pop(name) for name in list(settled) if not hasattr(Place, name)}
        place = Place(library=library, **settled)  # type: ignore[arg-type]
        at = Desk(place, library, **own)  # type: ignore[arg-type]
        return self.successResultOf(Deferred.fromCoroutine(_answered(request, at)))


async def _answered(request: Request, desk: Desk) -> Response:
    try:
        return await answer(request, desk)
    except LibraryError as error:
        return decline(request, desk, error)
