"""A library system is anything with these methods. Every one may raise `Refused` and `Unavailable`; writes, `InDoubt`.

One method is all that one request of a terminal asks. Patrons are named by the number of their card, item ids are given
as the terminal scanned them: which copy is meant is the library's to say. Where there is a `password`, it is the
patron's as it was entered: unless it is right, nothing is done, and `Refused` says `password_wrong`, `no_password_set`
or `sso_only`. Without one nothing is compared.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import date
from decimal import Decimal
from typing import Protocol

from sip2gw.library.records import (
    Credentials,
    Found,
    Hold,
    Item,
    ItemStatus,
    Listing,
    Loan,
    Occasion,
    Patron,
    Payment,
    RenewedAll,
    Return,
    Rules,
)
from sip2gw.secret import Secret

Still = Callable[[], Awaitable[bool]]
"""Whether a terminal may still write: its request may have waited for long."""


class Library(Protocol):
    """One library, opened with one account."""

    @property
    def nickname(self) -> str:
        """The name under which the library is known; lower case."""
        ...

    def reading(self, identifiers: tuple[str, ...]) -> Library:
        """The same library, for terminals that read labels as these (`accession`, `barcode`, `isbn`) and no others."""
        ...

    def within(self, seconds: float, still: Still | None = None) -> Library:
        """The same library for one request: all that it is asked this way must have its answers so soon.

        Right before each write `still` is asked; unless it says yes, nothing is written: `Unavailable`.
        """
        ...

    def language_of(self, patron_id: str) -> str:
        """The language of a patron, as far as it is known at this moment without asking; else empty."""
        ...

    async def rules(self) -> Rules:
        """What this library is and allows: some minutes old at most, and at once when it was asked before."""
        ...

    async def confirm(self) -> Rules:
        """Ask whether the library still has this account, and what its rules are now.

        `Refused` with the code of a login when it has not; `Unavailable` when nobody knows.
        """
        ...

    async def reachable(self) -> bool:
        """Whether the library can be asked at this moment. Never raises."""
        ...

    # -- patrons

    async def patron(
        self, patron_id: str, *, password: Secret | None = None, listing: Listing | None = None
    ) -> Found:
        """Look a patron up, with a page of one list. `Refused("member_not_found")` when there is none.

        A wrong password is no refusal here: `Found.password` says what came of it.
        """
        ...

    async def block(self, patron_id: str, reason: str, occasion: Occasion) -> Patron:
        """Take the patron's privileges away. The patron as they stand then."""
        ...

    async def enable(self, patron_id: str, occasion: Occasion, *, password: Secret | None = None) -> Patron:
        """Undo `block`. The patron as they stand then."""
        ...

    # -- items

    async def item(self, item_id: str) -> ItemStatus:
        """What is known of an item. `Refused` with `copy_not_found` or `item_ambiguous` if it isn't clear which."""
        ...

    async def update_item(self, item_id: str, properties: str, occasion: Occasion) -> Item:
        """Store what a terminal knows of an item (CH)."""
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
        """Lend an item. One that the patron has already is renewed if `renewal`, else refused.

        A loan that this terminal has made for this patron just now is the answer itself: the terminal asks anew.

        A loan that costs something is `Refused("fee_required")` with the facts `amount`, `currency` and `kind`
        (a `FeeKind` value) until the occasion says that the fee is acknowledged.
        """
        ...

    async def undo_return(
        self, patron_id: str, item_id: str, occasion: Occasion, *, password: Secret | None = None
    ) -> Loan:
        """As if the patron's last return of the item had never been. `Refused("cannot_revert")` if there is none."""
        ...

    async def take_back(self, item_id: str, occasion: Occasion, *, reader: str | None) -> Return:
        """Take an item back. `reader` is the patron id of whoever is at the terminal, if known."""
        ...

    async def undo_loan(self, item_id: str, occasion: Occasion) -> Return:
        """As if the item's current loan had never been. `Refused("cannot_revert")` if there is none to undo."""
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
        """Renew the loan of an item, or of the only one that the patron has of a title.

        `Refused` with `not_on_loan`, `on_loan_to_other` (unless `third_party`), `item_ambiguous`, `not_renewable`, or
        `fee_required` as in `lend`.
        """
        ...

    async def renew_all(
        self, patron_id: str, occasion: Occasion, *, limit: int, password: Secret | None = None
    ) -> RenewedAll:
        """Renew all that the patron has, at most `limit` loans; what is beyond that is refused `not_tried`."""
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
        """Have an item, or any copy of its title unless `this_copy`, kept for the patron.

        `Refused` with `requests_disabled`, `already_reserved`, `unknown_branch`, or `fee_required` as in `lend`.
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
        """Change where, or until when, a hold is kept. `Refused("hold_not_found")`."""
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
        """Give a hold up. `Refused("hold_not_found")`."""
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
        """Book a payment, for one fee or for the oldest ones. The same `transaction_id` again pays once.

        With `overpayment`, what is more than is owed stays as a credit. `Refused` with `payment_too_large`,
        `currency_mismatch`, `fees_disabled`, `fee_not_found`; with `payment_differs` if another amount was booked under
        this `transaction_id`.
        """
        ...


class OpenLibrary(Protocol):
    """How a library is opened: signs in, and raises `Refused` or `Unavailable` when that fails."""

    async def __call__(self, nickname: str, credentials: Credentials) -> Library: ...

    def asks(self, nickname: str, credentials: Credentials) -> bool:
        """Whether opening it so would ask the library, rather than go by what it has just said of the same login."""
        ...
