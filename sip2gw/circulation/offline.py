"""What a terminal did while it was off-line is a fact, and its own dates count; what it undoes (BI) is no new loan.

Only a profile may say that this terminal is not to be believed, and that before anything was asked. Where a rule had to
give way, or a fact could not be recorded, the staff read it in the log, since nobody stands at the terminal any more.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime

from sip2gw.circulation.desk import Desk
from sip2gw.library import LibraryError, Occasion, Refused
from sip2gw.sip2.kinds import Timestamp
from sip2gw.sip2.messages import Checkin, Checkout, Renew, RenewAll

Transaction = Checkout | Checkin | Renew | RenewAll


def occasion(request: Transaction, desk: Desk, happened: Timestamp, due: Timestamp = None) -> Occasion:
    """What is true of a transaction beside who and what. `happened` and `due` are the terminal's word for it.

    Raises `Refused("offline_not_allowed")`; never for an undoing, which comes before all policy.
    """
    no_block, cancel = getattr(request, "no_block", False), bool(getattr(request, "cancel", None))
    if no_block and not cancel and not desk.place.profile.offline:
        raise Refused("offline_not_allowed", f"profile {desk.place.profile.name}")
    happened_at = desk.happened(happened)
    if no_block and happened is not None and desk.believed(happened) is None:
        desk.place.note(
            f"{request.name} from off-line, terminal at {desk.place.location!r}: its date {happened} can't be true, "
            "recorded as of now"
        )
    return Occasion(
        terminal=desk.place.terminal,
        happened_at=happened_at,
        key=desk.place.new_key(),
        branch=desk.branch,
        no_block=no_block,
        due_date=_due_date(due, happened_at, desk) if no_block else None,
        cancel=cancel,
        fee_acknowledged=bool(getattr(request, "fee_acknowledged", None)),
    )


def lending(request: Checkout | Renew, desk: Desk) -> Occasion:
    """The occasion of a loan: without no-block it happens now, whatever the terminal's clock says."""
    happened = request.transaction_date if request.no_block else None
    return occasion(request, desk, happened, request.nb_due_date)


def _due_date(due: Timestamp, happened_at: datetime, desk: Desk) -> datetime | None:
    """The date that was given out; None if there was none: a copy of the loan's own moment means that, too."""
    if due is None:
        return None
    due = due.replace(tzinfo=due.tzinfo or desk.rules.zone)
    return due if due > happened_at else None


def note_conflicts(request: Transaction, desk: Desk, ref: str, conflicts: Iterable[str]) -> None:
    """Tell the staff which rules gave way. `ref` is the library's own number of the loan or the item."""
    if codes := ", ".join(conflicts):
        desk.place.note(
            f"{request.name} from off-line, terminal at {desk.place.location!r}, number {ref}: conflicts {codes}"
        )


@contextmanager
def exceptions_noted(request: Checkout | Checkin | Renew, desk: Desk) -> Iterator[None]:
    """Tell the staff of what was done off-line and could not be recorded. No patron is named."""
    try:
        yield
    except LibraryError as error:
        if request.no_block and not getattr(request, "cancel", None):
            why = error.code if isinstance(error, Refused) else type(error).__name__
            desk.place.note(
                f"{request.name} from off-line, terminal at {desk.place.location!r}, is not recorded ({why}): "
                f"item {desk.place.item_tag(request.item_identifier or '')}, {request.transaction_date}"
            )
        raise
