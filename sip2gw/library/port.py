"""The port: the methods of a library system. Each may raise `Refused` and `Unavailable`, and each write `InDoubt`.

One request of a terminal needs one method. A `patron_id` is the number of a card. An `item_id` is what the terminal has
scanned, and the library finds the copy. A `password` is the patron's, as it was entered. If it is wrong, nothing is
done, and the code of `Refused` is `password_wrong`, `no_password_set` or `sso_only`. Without one nothing is compared.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, Protocol

from sip2gw.library.fees import Payment
from sip2gw.library.items import Item, ItemStatus
from sip2gw.library.loans import Hold, Loan, RenewedAll, Return
from sip2gw.library.made import Made
from sip2gw.library.patrons import Found, Listing, Patron
from sip2gw.library.rules import Rules
from sip2gw.library.terminals import Credentials, Occasion
from sip2gw.secret import Secret

MayWrite = Callable[[], Coroutine[Any, Any, bool]]
"""Return whether a terminal may still write. Its request may have waited for long."""

Hears = Callable[[], bool]
"""Return whether a terminal still gets an answer: its connection is open, as far as is known."""


class Library(Protocol):
    """One library, opened with one account."""

    @property
    def nickname(self) -> str:
        """The library's short name, in lower case."""
        ...

    @property
    def calls_made(self) -> Sequence[Made]:
        """The calls of this request so far; empty for a library that is not `within` one."""
        ...

    def reading(self, identifiers: tuple[str, ...]) -> Library:
        """Return the same library for terminals whose labels are only these: `accession`, `barcode`, `isbn`."""
        ...

    def within(
        self, seconds: float, may_write: MayWrite | None = None, hears: Hears | None = None
    ) -> Library:
        """Return the same library for one request, whose calls must be answered within `seconds`.

        `may_write` is called right before each write. If it returns false, the write raises `Unavailable`. `hears` is
        called once the library has done it.
        """
        ...

    async def denied(self) -> None:
        """Note that the terminal is told no, although the write of this request has returned a result."""
        ...

    def in_background(self) -> Library:
        """Return the same library for work that no terminal waits for: it takes no place of a terminal."""
        ...

    def accepts_later(self) -> bool:
        """Whether writes are taken at this moment although the library can't be reached (see `Occasion.when_down`)."""
        ...

    def language_of(self, patron_id: str) -> str:
        """Return the language of a patron if it is known without a call; else an empty text."""
        ...

    def fresh_rules(self) -> Rules | None:
        """Return the library's rules if they are known and new; None if a call is needed."""
        ...

    async def rules(self) -> Rules:
        """Return the library's rules. Old ones are returned at once, and fetched again in the background."""
        ...

    async def confirm(self) -> Rules:
        """Call the library to check the account, and return the current rules.

        Raises `Refused` with the code of a login if the account is not valid, and `Unavailable` if it is not known.
        """
        ...

    async def reachable(self) -> bool:
        """Return whether the library's API answers now. Never raises."""
        ...

    # -- patrons

    async def patron(
        self, patron_id: str, *, password: Secret | None = None, listing: Listing | None = None
    ) -> Found:
        """Look up a patron, with a page of one list. Raises `Refused("member_not_found")`.

        A wrong password is not an error here: `Found.password` has the result of the check.
        """
        ...

    async def block(self, patron_id: str, reason: str, occasion: Occasion) -> Patron:
        """Block the patron, and return the patron as it is afterwards."""
        ...

    async def enable(self, patron_id: str, occasion: Occasion, *, password: Secret | None = None) -> Patron:
        """Undo `block`, and return the patron as it is afterwards."""
        ...

    # -- items

    async def item(self, item_id: str) -> ItemStatus:
        """Look up an item. Raises `Refused` with `copy_not_found`, or `item_ambiguous` if several have this number."""
        ...

    async def update_item(self, item_id: str, properties: str, occasion: Occasion) -> Item:
        """Store the properties of an item (CH)."""
        ...

    # -- loans

    async def lend(
        self,
        patron_id: str,
        item_id: str,
        occasion: Occasion,
        *,
        renewal: bool,
        password: Secret | None = None,
    ) -> Loan:
        """Lend an item. If the patron has it already, renew the loan with `renewal`, and refuse it without.

        A loan that this terminal has just made for this patron is returned again: the terminal repeats its request.

        A loan that is not free raises `Refused("fee_required")`, with the facts `amount`, `currency` and `kind` (a
        `FeeKind` value), until the occasion says that the patron accepts the fee.
        """
        ...

    async def undo_return(
        self, patron_id: str, item_id: str, occasion: Occasion, *, password: Secret | None = None
    ) -> Loan:
        """Undo the patron's last return of the item. Raises `Refused("cannot_revert")` if there is none."""
        ...

    async def take_back(self, item_id: str, occasion: Occasion, *, reader: str | None) -> Return:
        """Take an item back. `reader` is the patron at the terminal, if it is known."""
        ...

    async def undo_loan(self, item_id: str, occasion: Occasion) -> Return:
        """Undo the item's current loan. Raises `Refused("cannot_revert")` if there is none to undo."""
        ...

    async def renew(
        self,
        patron_id: str,
        item_id: str | None,
        title: str | None,
        occasion: Occasion,
        *,
        third_party: bool,
        password: Secret | None = None,
    ) -> Loan:
        """Renew the loan of an item, or the patron's only loan of a title.

        Raises `Refused` with `not_on_loan`, `on_loan_to_other` (unless `third_party`), `item_ambiguous`,
        `not_renewable`, or `fee_required` as in `lend`.
        """
        ...

    async def renew_all(
        self, patron_id: str, occasion: Occasion, *, limit: int, password: Secret | None = None
    ) -> RenewedAll:
        """Renew the loans of the patron, at most `limit`. The others are refused with `not_tried`."""
        ...

    # -- holds

    async def place_hold(
        self,
        patron_id: str,
        item_id: str | None,
        title: str | None,
        occasion: Occasion,
        *,
        pickup: str,
        expires: date | None,
        this_copy: bool,
        password: Secret | None = None,
    ) -> Hold:
        """Place a hold on an item, or on any copy of its title unless `this_copy`.

        Raises `Refused` with `requests_disabled`, `already_reserved`, `unknown_branch`, or `fee_required` as in `lend`.
        """
        ...

    async def change_hold(
        self,
        patron_id: str,
        item_id: str | None,
        title: str | None,
        occasion: Occasion,
        *,
        pickup: str,
        expires: date | None,
        password: Secret | None = None,
    ) -> Hold:
        """Change the branch or the last day of a hold. Raises `Refused("hold_not_found")`."""
        ...

    async def cancel_hold(
        self,
        patron_id: str,
        item_id: str | None,
        title: str | None,
        occasion: Occasion,
        *,
        password: Secret | None = None,
    ) -> Hold:
        """Cancel a hold. Raises `Refused("hold_not_found")`."""
        ...

    # -- fees

    async def pay(
        self,
        patron_id: str,
        amount: Decimal,
        currency: str,
        occasion: Occasion,
        *,
        payment_type: str,
        transaction_id: str,
        fee: str | None,
        overpayment: bool = False,
        password: Secret | None = None,
    ) -> Payment:
        """Book a payment for one fee, or for the oldest fees. A `transaction_id` is booked only once.

        With `overpayment`, the amount beyond what is owed becomes a credit. Raises `Refused` with `payment_too_large`,
        `currency_mismatch`, `fees_disabled` or `fee_not_found`, and with `payment_differs` if another amount is booked
        under this `transaction_id`.
        """
        ...


class OpenLibrary(Protocol):
    """A way to open a library with an account."""

    async def __call__(self, nickname: str, credentials: Credentials) -> Library:
        """Log in, and return the library. Raises `Refused` or `Unavailable`."""
        ...

    def asks(self, nickname: str, credentials: Credentials) -> bool:
        """Return whether this login would call the library. If not, its recent answer to the same login is used."""
        ...
