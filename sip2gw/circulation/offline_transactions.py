"""Offline loans, returns and renewals (no block), which a terminal reports afterwards.

They have happened, so the terminal's own dates count. Only the profile can forbid them, before the library is called.
Staff find in the log which rules they broke, and what could not be recorded, because no patron is at the terminal.
"""

from __future__ import annotations

from collections.abc import Awaitable, Collection
from datetime import datetime
from typing import TypeVar

from sip2gw.circulation.desk import Desk
from sip2gw.library import LibraryError, Occasion, Refused
from sip2gw.sip2.kinds import Timestamp
from sip2gw.sip2.messages import Checkin, Checkout, Renew

T = TypeVar("T")
Transaction = Checkout | Checkin | Renew


def offline_occasion(
    request: Transaction, desk: Desk, happened: Timestamp, due: Timestamp = None
) -> Occasion:
    """Return the occasion of an offline transaction. `happened` and `due` are the terminal's dates.

    Raises `Refused("offline_not_allowed")`, but not if the transaction is undone (BI): no rule forbids that.
    """
    place, cancel = desk.place, bool(getattr(request, "cancel", None))
    if not cancel and not place.profile.offline:
        raise Refused("offline_not_allowed", f"profile {place.profile.name}")
    happened_at = desk.happened(happened)
    if happened is not None and desk.believed(happened) is None:
        place.note(
            f"{request.name} from offline, terminal at {place.location!r}: its date {happened} can't be true, "
            "recorded as of now"
        )
    return Occasion(
        terminal=place.terminal,
        happened_at=happened_at,
        key=place.new_key(),
        branch=place.branch,
        no_block=True,
        due_date=_due_date(due, happened_at, desk),
        cancel=cancel,
        fee_acknowledged=bool(getattr(request, "fee_acknowledged", None)),
        when_down=not cancel,  # it has happened
        line=desk.line,
        dated=desk.dated,
    )


def _due_date(due: Timestamp, happened_at: datetime, desk: Desk) -> datetime | None:
    """Return the due date that the patron was given; None if there is none. A copy of the loan's date is none."""
    if due is None:
        return None
    due = due.replace(tzinfo=due.tzinfo or desk.place.rules.zone)
    return due if due > happened_at else None


def note_conflicts(request: Transaction, desk: Desk, ref: str, conflicts: Collection[str]) -> None:
    """Log which rules a transaction broke, if any. `ref` is the library's own number of the loan or the item."""
    if conflicts:
        desk.place.note(
            f"{request.name} from offline, terminal at {desk.place.location!r}, number {ref}: "
            f"conflicts {', '.join(conflicts)}"
        )


async def noting_failure(request: Transaction, desk: Desk, writing: Awaitable[T]) -> T:
    """Return what `writing` returns. If an offline one fails, log what is not recorded, without the patron.

    Raises its error.
    """
    try:
        return await writing
    except LibraryError as error:
        if request.no_block and not getattr(request, "cancel", None):
            why = error.code if isinstance(error, Refused) else type(error).__name__
            item = desk.place.item_tag(request.item_identifier or "")
            desk.place.note(
                f"{request.name} from offline, terminal at {desk.place.location!r}, is not recorded ({why}): "
                f"item {item}, {request.transaction_date}"
            )
        raise
