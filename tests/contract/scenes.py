"""The scene of the port's suite, and the library systems that are put into it.

Another library system passes the suite by another `Scene` in `SCENES`: it builds a library in which

* patrons A-1 (Ann, password 1234) and B-2 (Ben, without one) are active, may borrow five items, and owe 0.00 and 7.00:
  Ben an overdue fee of 3.00, of which 1.00 is paid, and then 5.00 for a card; C-3 (Cem) is not active;
* items 101 and 102 are copies of "Emma", 103 is "Atlas", 104 is "Lexicon" and not lent, 105 is "Film" and costs 1.50;
* a loan lasts 10 days and can be renewed twice, a late day costs 0.25, a reservation nothing; branches are Main and
  North; amounts are in EUR, days are in UTC; patrons may be blocked, and items noted, by terminals.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from treq.testing import StubTreq
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.python.failure import Failure

from sip2gw.librarika import Librarika
from sip2gw.library import Credentials, Library, Occasion
from sip2gw.sandbox import Sandbox

START = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


class Scene(Protocol):
    """One library system with the scene's library in it."""

    library: Library

    def ask(self, asking: Coroutine[Any, Any, Any]) -> Any:
        """What comes of asking: a result, or the error is raised."""
        ...

    def days(self, number: int) -> None:
        """Let days pass."""
        ...

    def come_anew(self) -> None:
        """Open the library again, as another gateway would."""
        ...

    def effects(self) -> int:
        """How many changes the library has seen."""
        ...

    def now(self) -> datetime:
        """The time it is."""
        ...

    def close(self) -> None:
        """Tidy up."""
        ...


def occasion(scene: Scene, key: str, **more: Any) -> Occasion:
    """A transaction at a terminal at this moment."""
    facts = {"terminal": "kiosk-1", "happened_at": scene.now(), "key": key, "branch": "Main"}
    return Occasion(**{**facts, **more})


_LIBRARY = {
    "nickname": "contract",
    "currency": "EUR",
    "preferences": {"booking_time_days": 10, "item_updates": True, "member_updates": True},
    "branches": ["Main", "North"],
    "users": [{"username": "kiosk", "password": "secret"}],
    "members": [
        {"member_no": "A-1", "name": "Ann", "password": "1234", "email": "ann@contract.example"},
        {"member_no": "B-2", "name": "Ben"},
        {"member_no": "C-3", "name": "Cem", "status": "Inactive"},
    ],
    "media": [
        {
            "title": "Emma",
            "isbn13": "9780141439587",
            "copies": [{"accession_no": "101"}, {"accession_no": "102"}],
        },
        {"title": "Atlas", "copies": [{"accession_no": "103", "location": "Maps"}]},
        {"title": "Lexicon", "copies": [{"accession_no": "104", "circulation": False}]},
        {"title": "Film", "borrowing_fee": "1.50", "copies": [{"accession_no": "105"}]},
    ],
    "transactions": [
        {"member_no": "B-2", "type": "overdue", "amount": "3.00", "paid": "1.00"},
        {"member_no": "B-2", "type": "card", "amount": "5.00"},
    ],
}


class LibrarikaOverSandbox:
    """The shipped adapter over the sandbox, without a socket."""

    def __init__(self) -> None:
        self._clock = Clock()
        self._clock.advance(START.timestamp())
        self._sandbox = Sandbox({"libraries": [_LIBRARY]}, clock=self._clock)
        self.come_anew()

    def ask(self, asking: Coroutine[Any, Any, Any]) -> Any:
        results: list[Any] = []
        Deferred.fromCoroutine(asking).addBoth(results.append)
        (result,) = results
        if isinstance(result, Failure):
            result.raiseException()
        return result

    def days(self, number: int) -> None:
        self._clock.advance(number * 86400)

    def come_anew(self) -> None:
        self._librarika = Librarika(
            self._clock, "http://localhost/{library}/api/v1", http=StubTreq(self._sandbox.resource)
        )
        self.library: Library = self.ask(self._librarika("contract", Credentials("kiosk", "secret")))

    def effects(self) -> int:
        return len(self._sandbox.ledger())

    def now(self) -> datetime:
        return START + timedelta(seconds=self._clock.seconds() - START.timestamp())

    def close(self) -> None:
        self._sandbox.close()


SCENES: tuple[Callable[[], Scene], ...] = (LibrarikaOverSandbox,)
