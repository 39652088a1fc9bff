"""Records of loans, returns, renewals and holds. None of them shows its values in a repr.

Each `ref` is the library system's own key.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from attrs import frozen

from sip2gw.library.fees import Charge
from sip2gw.library.items import Item


@frozen(repr=False)
class Loan:
    """An item on loan until the end of the day `due`. `renewed` means that the same patron had it before.

    `conflicts` are the codes of the rules that an offline loan (no block) has broken.
    """

    item: Item
    due: date
    renewed: bool = False
    overdue: bool = False
    ref: str = ""
    charge: Charge | None = None
    conflicts: tuple[str, ...] = ()
    accepted: bool = False
    """See `Patron.accepted`. The due date is not known either, unless the terminal has sent it."""


@frozen(repr=False)
class Hold:
    """A patron waits for an item, which is collected at `branch`.

    `position` in the queue counts from 1. `item` is None while it is not known which copy it will be.
    """

    patron_id: str
    branch: str = ""
    patron_name: str = ""
    title: str = ""
    item: Item | None = None
    ready: bool = False
    position: int | None = None
    expires: date | None = None
    ref: str = ""
    charge: Charge | None = None


@frozen(repr=False)
class Return:
    """The result of a return. `hold` is the next hold that the item can fill.

    `due_amount` is what the patron owes because it is late. `patron_id` is the patron who had it.
    """

    item: Item
    was_on_loan: bool = True
    hold: Hold | None = None
    patron_id: str = ""
    due_amount: Decimal | None = None
    conflicts: tuple[str, ...] = ()
    accepted: bool = False
    """See `Patron.accepted`."""


@frozen(repr=False)
class RenewedAll:
    """The result of the renewal of all loans. `refused` has items with the code of their refusal.

    If a loan is not renewable and the reason has a code, such as `reserved_for_other`, it is that code. `more` counts
    loans that were not renewed either, and are not listed.
    """

    renewed: tuple[Loan, ...] = ()
    refused: tuple[tuple[Item, str], ...] = ()
    more: int = 0
