"""The writes whose truth is checked: how each is sent, what answer means yes, and what the ledger has afterwards.

Each write has its own reader and its own item, so that every row of the ledger belongs to one write.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from attrs import field, frozen

from sip2gw.sip2 import PatronFlag, Request, Response, Trailer, format, messages, parse

ACCOUNT = "kiosk@witness.example"
PASSWORD = "kiosk-secret"
BEGAN = datetime.now(UTC).replace(tzinfo=None, microsecond=0) - timedelta(hours=2)
"""The clock of the terminals: the first write is so old, each other a second younger."""
UNSURE = b"It is not certain"


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
        if not self.kind.first:
            return b""
        request = BY_NAME[self.kind.first].request(self, self.moment - timedelta(minutes=5))
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
    first: str = ""
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


def _of(kind: type[Request], **more: Any) -> Callable[[Write, datetime], Request]:
    def made(write: Write, moment: datetime) -> Request:
        fields: dict[str, Any] = {"transaction_date": moment, "institution_id": write.library}
        fields |= {name: value(write) if callable(value) else value for name, value in more.items()}
        return kind(**fields)

    return made


def _patron(write: Write) -> str:
    return write.patron


def _item(write: Write) -> str:
    return write.item


def _one(kind: str, *, of_item: bool = True) -> Callable[[Write], Counter[tuple[str, str]]]:
    return lambda write: Counter({(kind, write.item if of_item else ""): 1})


def _both_renewed(write: Write) -> Counter[tuple[str, str]]:
    return Counter({("renewal", write.item): 1, ("renewal", write.second): 1})


def _ok(answer: Any) -> bool:
    return bool(answer.ok)


_LENDING = {"patron_identifier": _patron, "item_identifier": _item}
_LENT, _WAITED_FOR, _OWES = {"lent": True}, {"others": True}, {"owes": True}
_PAYING = {"patron_identifier": _patron, "currency_type": "USD", "fee_amount": Decimal("2.50")}
_HOLDING = {"patron_identifier": _patron, "item_identifier": _item}


def _till(write: Write) -> str:
    return f"till-{write.n}"


KINDS = (
    Kind("checkout", _of(messages.Checkout, **_LENDING), _ok, _one("loan")),
    Kind("checkout, policy Y", _of(messages.Checkout, **_LENDING, sc_renewal_policy=True), _ok, _one("loan")),
    Kind("checkout, no block", _of(messages.Checkout, **_LENDING, no_block=True), _ok, _one("loan")),
    Kind("checkin", _of(messages.Checkin, item_identifier=_item), _ok, _one("return"), _LENT),
    Kind(
        "checkin, no block",
        _of(messages.Checkin, item_identifier=_item, no_block=True),
        _ok,
        _one("return"),
        _LENT,
    ),
    Kind("renew", _of(messages.Renew, **_LENDING), _ok, _one("renewal"), _LENT),
    Kind(
        "renew all",
        _of(messages.RenewAll, patron_identifier=_patron),
        lambda answer: answer.ok and answer.renewed_count == 2,
        _both_renewed,
        {"lent": True, "two": True},
    ),
    Kind(
        "payment with BK",
        _of(messages.FeePaid, **_PAYING, transaction_id=_till),
        lambda answer: bool(answer.payment_accepted),
        _one("payment", of_item=False),
        _OWES,
    ),
    Kind(
        "payment",
        _of(messages.FeePaid, **_PAYING),
        lambda answer: bool(answer.payment_accepted),
        _one("payment", of_item=False),
        _OWES,
    ),
    Kind(
        "hold",
        _of(messages.Hold, **_HOLDING, hold_mode="+"),
        _ok,
        _one("reservation", of_item=False),
        _WAITED_FOR,
    ),
    Kind(
        "cancel hold",
        _of(messages.Hold, **_HOLDING, hold_mode="-"),
        _ok,
        _one("cancellation", of_item=False),
        {"others": True, "reserved": True},
    ),
    Kind(
        "undo loan",
        _of(messages.Checkin, item_identifier=_item, cancel=True),
        _ok,
        lambda write: Counter({("loan", write.item): 1, ("reversal", write.item): 1}),
        first="checkout",
    ),
    Kind(
        "undo return",
        _of(messages.Checkout, **_LENDING, cancel=True),
        _ok,
        lambda write: Counter({("return", write.item): 1, ("reversal", write.item): 1}),
        _LENT,
        first="checkin",
    ),
    Kind(
        "block",
        _of(messages.BlockPatron, patron_identifier=_patron, blocked_card_msg="kept", card_retained=True),
        lambda answer: PatronFlag.CHARGE_PRIVILEGES_DENIED in answer.patron_status and answer.valid_patron,
        _one("member_update", of_item=False),
        state=True,
    ),
    Kind(
        "item properties",
        _of(messages.ItemStatusUpdate, item_identifier=_item, item_properties="size 4"),
        lambda answer: bool(answer.item_properties_ok),
        _one("copy_update"),
        state=True,
    ),
)
"""All writes that a terminal can ask for."""

BY_NAME = {kind.name: kind for kind in KINDS}
