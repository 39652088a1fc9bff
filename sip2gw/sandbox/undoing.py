"""Undo a loan or a return: its bookings are again as before, and its fee is taken back."""

from __future__ import annotations

from typing import Any

from attrs import field, frozen

from sip2gw.sandbox import bookings, history, members, reservations, resolution
from sip2gw.sandbox.call import Call
from sip2gw.sandbox.copies import TYPES, Types
from sip2gw.sandbox.passwords import Password
from sip2gw.sandbox.problem import Problem
from sip2gw.sandbox.strict_json import Name


@frozen
class UndoLoan:
    """The body of `undo_loan`."""

    identifier: Name
    types: Types = TYPES
    reader: Name | None = None


@frozen
class UndoReturn:
    """The body of `undo_return`."""

    member_no: Name
    identifier: Name
    types: Types = TYPES
    password: Password | None = field(default=None, repr=False)
    password_entered: bool = False


def undo_loan(call: Call, body: UndoLoan) -> tuple[int, Any]:
    """Serve `undo_loan`: the newest action of the copy's open loan."""
    members.language(call, body.reader)
    found = resolution.candidates(call, body.identifier, body.types)
    wanted = resolution.meant(call, resolution.to_return(found, body.reader))
    if wanted.loan is None:
        raise Problem("cannot_revert", "the copy is not on loan")
    return 200, _undone(call, wanted.loan["id"], wanted.loan["media_id"])


def undo_return(call: Call, body: UndoReturn) -> tuple[int, Any]:
    """Serve `undo_return`: the member's newest return of the copy, or of any copy of its title."""
    member = members.admitted(call, body)
    found = resolution.candidates(call, body.identifier, body.types)
    media_id = resolution.one_title(found)
    query = (
        "SELECT * FROM bookings WHERE member_id = ?1 AND status = 'Returned' AND media_id = ?2"
        " AND (?3 IS NULL OR copy_id = ?3) ORDER BY coalesce(received_at, created_at) DESC, id DESC LIMIT 1"
    )
    copy_id = found[0].copy["id"] if len(found) == 1 else None
    last = call.database.execute(query, (member["id"], media_id, copy_id)).fetchone()
    if last is None:
        raise Problem("cannot_revert", "the member has returned no such item")
    return 200, _undone(call, last["id"], media_id)


def _undone(call: Call, booking_id: int, media_id: int) -> dict[str, Any]:
    """Give a copy that is free again to the next reservation."""
    history.undo(call, booking_id)
    reservations.settle(call, media_id)
    return bookings.done(call, booking_id)
