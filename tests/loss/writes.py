"""The writes whose truth is checked: how each is sent, what answer means yes, and what the ledger has afterwards.

Each write has its own reader and its own item, so that every row of the ledger belongs to one write.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from attrs import field, frozen

from sip2gw.sip2 import Request, Response, Trailer, format, parse

ACCOUNT = "kiosk@witness.example"
PASSWORD = "kiosk-secret"
BEGAN = datetime.now(UTC).replace(tzinfo=None, microsecond=0) - timedelta(hours=2)
"""The clock of the terminals: the first write is so old, each other a second younger."""
UNSURE = b"It is not certain"
AGAIN = b"Please try again"


@frozen
class Write:
    """One write of one terminal: number `n` in `library`, at a moment of its own."""

    kind: Kind
    library: str
    n: int

    @property
    def patron(self) -> str:
        return f"M-{self.n:05d}"

    @property
    def other(self) -> str:
        """Another reader."""
        return f"X-{self.n:05d}"

    @property
    def item(self) -> str:
        return f"1{self.n:05d}"

    @property
    def second(self) -> str:
        """Another item."""
        return f"2{self.n:05d}"

    @property
    def moment(self) -> datetime:
        """When it happened, by the terminal's clock."""
        return BEGAN + timedelta(seconds=self.n)

    def first(self) -> bytes:
        """The bytes of what has to be done before; empty if there is nothing."""
        if self.kind.first is None:
            return b""
        request = self.kind.first.request(self, self.moment - timedelta(minutes=5))
        return format(request, Trailer("2", True))

    def line(self) -> bytes:
        """The bytes of the request: a terminal that repeats it sends the same ones."""
        return format(self.kind.request(self, self.moment), Trailer("3", True))

    def effects(self, ledger: Iterable[Mapping[str, Any]]) -> Counter[tuple[str, str]]:
        """What the ledger has of this write: how often each effect, by its kind and item."""
        mine = {self.patron, self.item, self.second}
        return Counter(
            (row["kind"], row["accession_no"] or "")
            for row in ledger
            if row["library"] == self.library and mine & {row["member_no"], row["accession_no"]}
        )


@frozen
class Kind:
    """A kind of write. `expected` is what it does, by the ledger; a `state` may be set twice."""

    name: str
    request: Callable[[Write, datetime], Request]
    yes: Callable[[Any], bool]
    expected: Callable[[Write], Counter[tuple[str, str]]]
    before: Mapping[str, Any] = field(factory=dict)
    """What the library has before: `lent`, `two`, `reserved`, `owes`, `others`."""
    state: bool = False
    first: Kind | None = None
    """The kind of write that a terminal sends before, because this one undoes it."""

    def stock(self, write: Write) -> dict[str, list[dict[str, Any]]]:
        """What the data file needs for this write."""
        bookings: list[dict[str, Any]] = []
        items = [write.item, write.second] if self.before.get("two") else [write.item]
        for item in items:
            if self.before.get("lent"):
                bookings.append({"member_no": write.patron, "accession_no": item, "booking_date": "-3d"})
            if self.before.get("others"):
                bookings.append({"member_no": write.other, "accession_no": item, "booking_date": "-3d"})
            if self.before.get("reserved"):
                waiting = {"title": f"Book {write.n}", "status": "Pending"}
                bookings.append({"member_no": write.patron, **waiting})
        return {
            "members": [{"member_no": write.patron}, {"member_no": write.other}],
            "media": [{
                "title": f"Book {write.n}", "type": "Books", "copies": [{"accession_no": item} for item in items]
            }],
            "bookings": bookings,
            "transactions": [{"member_no": write.patron, "type": "overdue", "amount": "9.00"}]
            if self.before.get("owes")
            else [],
        }  # fmt: skip


def stocked(library: str, writes: Iterable[Write], terminals: int = 50) -> dict[str, Any]:
    """A library of the sandbox's data file in which each of these writes can be done once."""
    lists: dict[str, list[Any]] = {"members": [], "media": [], "bookings": [], "transactions": []}
    for write in writes:
        for name, entries in write.kind.stock(write).items():
            lists[name] += entries
    return {
        "nickname": library,
        "name": library,
        "plan": "gold",
        "timezone": "UTC",
        "sip2": {"enabled": True, "terminals_licensed": terminals},
        "preferences": {
            "booking_quota": None, "renewals": 9, "item_updates": True, "member_updates": True, "fees": True
        },
        "users": [{"username": ACCOUNT, "password": PASSWORD, "groups": ["Library Staff"], "status": "Active",
                   "sip2_activated": True}],
        **lists,
    }  # fmt: skip


def login(library: str, location: str) -> bytes:
    """The login of the terminal at this location."""
    return f"9300CN{ACCOUNT}|CO{PASSWORD}|CP{location}|AO{library}|\r".encode()


def said_yes(write: Write, line: bytes) -> bool:
    """Whether this answer tells the terminal that the write was done."""
    answer: Response = parse(line)[0]
    return write.kind.yes(answer)


def is_unsure(line: bytes) -> bool:
    """Whether an answer that is not a yes leaves open what came of the write."""
    return UNSURE in line
